//! A request draft: offering, workspace, plan, placement. [`populate`] fills it in, [`checks`] checks it, [`stages`]
//! has the order.

mod adoption;
pub(crate) mod checks;
mod form_page;
pub(crate) mod input;
mod place;
mod populate;
mod preview;
pub(crate) mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kube_schema::{Definition, Schema, Violation};
use portico_api::words::{DocumentProblem, DraftNote, DraftProblem, NameProblem, placement_reason};
use portico_api::{ApprovalPreview, Problem, QuotaLine};
use portico_domain::authz::{self, Granted, Submission, Submit};
use portico_domain::claim::{Claim, ClaimRef, FieldConflict, labels};
use portico_domain::documents::{
    Audience, Configuration, ControlPlane, Environment, Plan, ResourceRef, Tenant,
};
use portico_domain::lifetime::end_of_life;
use portico_domain::names::{ClaimName, OfferingName, PlaneName, RequestId};
use portico_domain::placement::{Candidate, Placement, PlacementPreferences};
use portico_domain::policy::PolicyDecision;
use portico_domain::projection::Projection;
use portico_domain::publication::{PlaneUse, Service};
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;
use portico_planes::{Expect, Offered, PlaneError, Served};
use serde_json::Value;

use crate::names::{claim_place, plane_title};
use crate::offering::{may_request, takes_new_claims};
use crate::permissions::Attempt;
use crate::service::service_is_open;
use crate::{InputError, Portal, PortalError, Result, Workspace};
use input::{RequestInput, RequestTarget};
pub(crate) use place::open_service;
use stages::Purpose;

/// Values that an object may have, counting lists and maps. The largest written by hand have some hundreds.
const MAX_VALUES: usize = 20_000;
/// Fields that a request may take over.
const MAX_TAKEN_OVER: usize = 100;
/// A longer note is cut off.
const MAX_NOTE_CHARACTERS: usize = 2000;

/// A request that is not submitted yet.
pub(crate) struct RequestDraft {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) offered: Arc<Offered>,
    /// Whose catalog its page shows.
    pub(crate) audience: Audience,
    pub(crate) action: Action,
    /// The permission to submit it.
    pub(crate) grant: Granted<Submission, Submit>,
    pub(crate) id: RequestId,
    pub(crate) workspace: Workspace,
    pub(crate) name: String,
    pub(crate) name_problems: Vec<NameProblem>,
    pub(crate) plan: Option<Plan>,
    pub(crate) preferences: PlacementPreferences,
    pub(crate) note: String,
    pub(crate) placement: Placement,
    /// Why it is placed where it is, as the claim says: a change keeps what it says.
    pub(crate) placed: Option<String>,
    /// The schema's source: the chosen control plane; if none is chosen, another that serves the offering.
    pub(crate) served: Option<(PlaneName, Arc<Served>)>,
    /// The definition that it serves.
    definition: Option<Arc<Definition>>,
    /// The schema that the form was made from, if another control plane was chosen since.
    made_by: Option<Arc<Schema>>,
    pub(crate) claim: Option<Arc<Claim>>,
    /// Hash of the claim's user fields that the form is based on: the current ones, or those of an earlier form that
    /// the user has not reviewed since.
    pub(crate) live_hash: Option<String>,
    /// When the claim expires.
    pub(crate) expires_at: Option<Timestamp>,
    /// The object in the form.
    pub(crate) object: Value,
    /// The object that the form started with.
    pub(crate) base: Value,
    /// Which fields people set.
    pub(crate) projection: Projection,
    /// Inputs that are no valid values, as typed.
    pub(crate) typed: BTreeMap<String, String>,
    pub(crate) purpose: Purpose,
    /// True if it was sent or reviewed before, so that its page lists the problems.
    pub(crate) tried: bool,
    pub(crate) yaml_tab: bool,
    pub(crate) yaml_text: Option<String>,
    pub(crate) yaml_problem: Option<DocumentProblem>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) problems: Vec<Problem>,
    /// Notes that need no action.
    pub(crate) notes: Vec<DraftNote>,
    /// Values for fields of another control plane that this one does not have.
    pub(crate) kept: Option<Value>,
    /// The exact manifest, once a control plane is chosen.
    pub(crate) manifest: Option<Value>,
    /// The manifest merged with what controllers set, as the API server will: what rules and quota judge.
    pub(crate) merged: Option<Value>,
    /// The manifest without this request's changes: the live object, or for a new claim what plan and defaults set.
    pub(crate) unchanged: Option<Value>,
    pub(crate) decision: PolicyDecision,
    pub(crate) approval: ApprovalPreview,
    pub(crate) quota: Vec<QuotaLine>,
    /// Fields that it may take over from other field managers.
    pub(crate) take_over: Vec<String>,
    /// Fields of other managers that it would change, by the dry run; those that it takes over, too.
    pub(crate) conflicts: Vec<FieldConflict>,
    /// Why the control plane rejected the dry run, or could not be asked.
    pub(crate) trouble: Option<PlaneError>,
}

/// Inputs of a draft besides the form.
struct DraftStart {
    offered: Arc<Offered>,
    audience: Audience,
    workspace: Workspace,
    plan: Option<Plan>,
    preferences: PlacementPreferences,
    placement: Placement,
    served: Option<(PlaneName, Arc<Served>)>,
    problems: Vec<Problem>,
    action: Action,
    grant: Granted<Submission, Submit>,
    expires_at: Option<Timestamp>,
    claim: Option<Arc<Claim>>,
}

impl RequestDraft {
    fn begin(configuration: Arc<Configuration>, start: DraftStart, input: &RequestInput) -> Self {
        let DraftStart {
            offered,
            audience,
            workspace,
            plan,
            preferences,
            placement,
            served,
            problems,
            action,
            grant,
            expires_at,
            claim,
        } = start;
        let name = match &claim {
            Some(claim) => claim.reference.name.to_string(),
            None => input.name.trim().to_owned(),
        };
        let placed = match &claim {
            Some(claim) => placed(&claim.object),
            None => placement
                .chosen
                .as_ref()
                .map(|_| placement_reason(&placement.reason)),
        };
        let projection = offered.projection(served.as_ref().map(|(plane, _)| plane));
        Self {
            configuration,
            offered,
            audience,
            action,
            expires_at,
            id: grant.target().id,
            grant,
            workspace,
            name,
            name_problems: Vec::new(),
            plan,
            preferences,
            note: input.note.chars().take(MAX_NOTE_CHARACTERS).collect(),
            placement,
            placed,
            served,
            definition: None,
            made_by: None,
            live_hash: None,
            claim,
            object: Value::Null,
            base: Value::Null,
            projection,
            typed: BTreeMap::new(),
            purpose: Purpose::Submit,
            tried: false,
            yaml_tab: false,
            yaml_text: None,
            yaml_problem: None,
            violations: Vec::new(),
            problems,
            notes: Vec::new(),
            kept: None,
            manifest: None,
            unchanged: None,
            merged: None,
            decision: PolicyDecision::Allow,
            approval: ApprovalPreview::default(),
            quota: Vec::new(),
            take_over: input.take_over.iter().take(MAX_TAKEN_OVER).cloned().collect(),
            conflicts: Vec::new(),
            trouble: None,
        }
    }

    /// Returns the schema that the form is made from.
    pub(crate) fn schema(&self) -> Option<Arc<Schema>> {
        let version = &self.resource()?.version;
        self.definition()?.version(version)?.schema.clone().ok()
    }

    pub(crate) fn tenant(&self) -> Option<&Tenant> {
        self.configuration.tenants.get(&self.workspace.tenant)
    }

    pub(crate) fn environment(&self) -> Option<&Environment> {
        self.tenant()?.environment(&self.workspace.environment)
    }

    /// The control plane whose schema the form is made from.
    fn plane(&self) -> Option<&ControlPlane> {
        let (plane, _) = self.served.as_ref()?;
        self.configuration.control_planes.get(plane)
    }

    /// Returns the service of another tenant that it is a request for.
    pub(crate) fn service(&self) -> Option<Service<'_>> {
        match self
            .configuration
            .plane_use(self.tenant()?, self.plane()?, &self.offered.name)?
        {
            PlaneUse::Consumer(service) => Some(service),
            PlaneUse::Direct => None,
        }
    }

    /// Returns what is shown in place of a control plane's title.
    pub(crate) fn place_title(&self, plane: &PlaneName) -> String {
        match self.service() {
            Some(service) => service.title(),
            None => plane_title(&self.configuration, plane),
        }
    }

    /// Returns the namespace of the claim.
    pub(crate) fn namespace(&self) -> Option<String> {
        if let Some(claim) = &self.claim {
            return claim.reference.namespace.clone();
        }
        let environment = self.environment()?;
        let Some(plane) = self.plane() else {
            return Some(environment.namespace.clone());
        };
        self.configuration
            .namespace_on(self.tenant()?, environment, plane, &self.offered.name)
    }

    pub(crate) fn definition(&self) -> Option<&Definition> {
        self.definition.as_deref()
    }

    /// Returns the requested claim, once everything that names it is known.
    pub(crate) fn claim_ref(&self) -> Option<ClaimRef> {
        if let Some(claim) = &self.claim {
            return Some(claim.reference.clone());
        }
        let (_, served) = self.served.as_ref()?;
        Some(ClaimRef {
            plane: self.placement.chosen.clone()?,
            offering: self.offered.name.clone(),
            namespace: served.resource.namespaced.then(|| self.namespace()).flatten(),
            name: ClaimName::new(self.name.clone()).ok()?,
        })
    }

    pub(crate) fn resource(&self) -> Option<&ResourceRef> {
        match &self.claim {
            Some(claim) => Some(&claim.resource),
            None => self.served.as_ref().map(|(_, served)| &*served.resource),
        }
    }

    /// Returns the hash of the schema that the form is made from.
    pub(crate) fn schema_hash(&self) -> Option<&str> {
        self.served
            .as_ref()
            .map(|(_, served)| served.schema_hash.as_str())
    }

    /// Returns the precondition for applying it.
    pub(crate) fn expect(&self) -> Expect {
        match &self.claim {
            None => Expect::Absent,
            Some(claim) if self.take_over.is_empty() => Expect::Uid(claim.uid.clone()),
            Some(claim) => Expect::Taking {
                uid: claim.uid.clone(),
                fields: self.take_over.clone(),
            },
        }
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.name_problems.len()
            + self.violations.len()
            + self.problems.len()
            + usize::from(self.yaml_problem.is_some())
    }

    pub(crate) fn problem(&mut self, problem: DraftProblem) {
        self.problems.push(problem.of_whole());
    }

    pub(crate) fn field_problem(&mut self, field: &str, problem: DraftProblem) {
        self.problems.push(problem.of_field(field));
    }
}

impl Portal {
    /// Begins a draft and chooses its control plane. Nothing is filled in.
    async fn place_request(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        target: RequestTarget<'_>,
        input: &RequestInput,
    ) -> Result<RequestDraft> {
        self.configuration_now().await?;
        let opened_in = self.opened_in(viewer, input)?;
        let draft = match target {
            RequestTarget::New(offering) => {
                let workspace = opened_in.as_ref().or(workspace);
                self.draft_of_new(viewer, workspace, offering, input).await?
            }
            RequestTarget::Change(claim) => self.draft_of_change(viewer, claim, Action::Change, input)?,
            RequestTarget::Renew(claim) => self.draft_of_change(viewer, claim, Action::Renew, input)?,
            RequestTarget::Adopt(claim) => self.draft_of_change(viewer, claim, Action::Adopt, input)?,
        };
        // A claim is in one place only, whatever the form says.
        if opened_in.is_some_and(|workspace| workspace != draft.workspace) {
            return Err(PortalError::NotFound);
        }
        Ok(draft)
    }

    /// Returns the workspace that the form was opened in, if it says so: the person may have switched in another tab
    /// since.
    fn opened_in(&self, viewer: &Viewer, input: &RequestInput) -> Result<Option<Workspace>> {
        input
            .workspace
            .as_deref()
            .map(|name| Workspace::named(viewer, &self.configuration(), name).ok_or(PortalError::NotFound))
            .transpose()
    }

    async fn draft_of_new(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        offering: &OfferingName,
        input: &RequestInput,
    ) -> Result<RequestDraft> {
        let configuration = self.configuration();
        let index = self.index(viewer.audience(), workspace);
        let entry = index
            .get(offering)
            .ok_or_else(|| self.offering_not_there(viewer, workspace, offering))?;
        let workspace = may_request(viewer, workspace, None).map_err(PortalError::Forbidden)?;
        let id = input.id.unwrap_or_else(|| self.new_request_id());
        let grant = authz::create_claim(viewer, &workspace.tenant, &workspace.environment, id)
            .map_err(Attempt::Create.error())?;
        takes_new_claims(entry.title(), &entry.lifecycle(self.now())).map_err(PortalError::Forbidden)?;
        let offered = Arc::clone(entry.offered());
        let mut problems = Vec::new();
        let mut preferences = PlacementPreferences {
            region: filled(input.region.as_ref()).map(str::to_owned),
            labels: labels(input),
            ..PlacementPreferences::default()
        };
        if let Some(plane) = filled(input.plane.as_ref()) {
            if let Ok(plane) = plane.parse() {
                preferences.plane = Some(plane);
            } else {
                let plane = plane.to_owned();
                problems.push(DraftProblem::UnknownControlPlane { plane }.of_field("controlPlane"));
            }
        }
        let plan = choose_plan(&offered, input, &mut problems);
        let (tenant, environment) = workspace.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let shown = filled(input.shown_plane.as_ref()).and_then(|plane| plane.parse().ok());
        let placement = self
            .place(
                &configuration,
                &offered,
                tenant,
                environment,
                &preferences,
                shown.as_ref(),
            )
            .await?;
        let served = Self::form_source(&configuration, &offered, tenant, &placement);
        let expires_at = end_of_life(self.now(), offered.lifetime_days);
        let start = DraftStart {
            offered,
            audience: viewer.audience(),
            workspace: workspace.clone(),
            plan,
            preferences,
            placement,
            served,
            problems,
            action: Action::Create,
            grant,
            expires_at,
            claim: None,
        };
        Ok(RequestDraft::begin(configuration, start, input))
    }

    fn draft_of_change(
        &self,
        viewer: &Viewer,
        reference: &ClaimRef,
        action: Action,
        input: &RequestInput,
    ) -> Result<RequestDraft> {
        let configuration = self.configuration();
        let claim = self.visible_claim(viewer, reference)?;
        let grant = authz::submit_about(
            viewer,
            &claim,
            action,
            input.id.unwrap_or_else(|| self.new_request_id()),
        )
        .map_err(
            match action {
                Action::Adopt => Attempt::Adopt(&configuration),
                _ => Attempt::Change(&configuration),
            }
            .error(),
        )?;
        let claim = claim.into_inner();
        service_is_open(&configuration, &claim)?;
        let catalog = self.planes().catalog();
        let offered = Arc::clone(
            catalog
                .get(&reference.offering)
                .ok_or_else(|| self.offering_not_found(viewer))?,
        );
        let mut problems = Vec::new();
        let plan = match filled(input.plan.as_ref()) {
            Some(_) => choose_plan(&offered, input, &mut problems),
            None => offered
                .plans
                .iter()
                .find(|plan| Some(&plan.name) == claim.plan.as_ref())
                .cloned(),
        };
        // What no plan locks could be changed to anything.
        if action == Action::Change && plan.is_none() && problems.is_empty() && !offered.plans.is_empty() {
            let problem = match &claim.plan {
                Some(plan) => DraftProblem::PlanGone { plan: plan.clone() },
                None => DraftProblem::NoPlan,
            };
            problems.push(problem.of_field("plan"));
        }
        let title = claim_place(&configuration, reference);
        let placement = Placement::of_existing(Candidate {
            plane: reference.plane.clone(),
            title,
            region: configuration
                .control_planes
                .get(&reference.plane)
                .filter(|_| configuration.service_of(reference).is_none())
                .and_then(|plane| plane.spec.region.clone()),
            ruled_out: Vec::new(),
            compared: None,
        });
        let served = offered
            .served
            .get(&reference.plane)
            .map(|served| (reference.plane.clone(), served.clone()));
        let workspace = Workspace {
            tenant: grant.target().tenant.clone(),
            environment: grant.target().environment.clone(),
        };
        let preferences = PlacementPreferences::default();
        // A change is no way to keep a claim for longer.
        let expires_at = match action {
            Action::Renew => end_of_life(self.now(), offered.lifetime_days),
            Action::Adopt => claim
                .expires_at
                .or_else(|| end_of_life(self.now(), offered.lifetime_days)),
            _ => claim.expires_at,
        };
        let start = DraftStart {
            offered,
            audience: viewer.audience(),
            workspace,
            plan,
            preferences,
            placement,
            served,
            problems,
            action,
            grant,
            expires_at,
            claim: Some(claim),
        };
        Ok(RequestDraft::begin(configuration, start, input))
    }
}

/// Rejects an object with more than [`MAX_VALUES`] values. This is fast.
///
/// # Errors
/// [`PortalError::Malformed`] when it does.
pub fn bounded(object: &Value) -> Result<()> {
    if within_bounds(object) {
        Ok(())
    } else {
        Err(too_many_values())
    }
}

fn too_many_values() -> PortalError {
    PortalError::Malformed(InputError::TooManyValues { most: MAX_VALUES })
}

fn within_bounds(object: &Value) -> bool {
    let mut left = MAX_VALUES;
    let mut open = vec![object];
    while let Some(value) = open.pop() {
        let Some(less) = left.checked_sub(1) else {
            return false;
        };
        left = less;
        match value {
            Value::Object(map) => open.extend(map.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    true
}

/// Returns the requested plan, or the first; `None` if the offering has none.
fn choose_plan(offered: &Offered, input: &RequestInput, problems: &mut Vec<Problem>) -> Option<Plan> {
    let Some(wanted) = filled(input.plan.as_ref()) else {
        return offered.plans.first().cloned();
    };
    let plan = offered
        .plans
        .iter()
        .find(|plan| plan.name.as_str() == wanted)
        .cloned();
    if plan.is_none() {
        let plan = wanted.to_owned();
        problems.push(DraftProblem::UnknownPlan { plan }.of_field("plan"));
    }
    plan
}

/// Returns the trimmed text; `None` if it is empty.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Returns the required labels of the control plane, without empty ones.
fn labels(input: &RequestInput) -> BTreeMap<String, String> {
    let labels = input.labels.iter();
    labels
        .map(|(key, value)| (key.clone(), value.trim().to_owned()))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .collect()
}

/// Why a claim was placed where it is, as its annotation says.
fn placed(object: &Value) -> Option<String> {
    let annotations = object.get("metadata")?.get("annotations")?;
    Some(annotations.get(labels::PLACED)?.as_str()?.to_owned())
}
