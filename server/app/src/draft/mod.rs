//! A request draft: offering, workspace, plan, placement. [`super::populate`] reads the form into it, [`super::checks`]
//! checks it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kube_schema::{Definition, Schema, Violation};
use portico_api::{ApprovalPreview, Problem, QuotaLine, names as field};
use portico_domain::authz::{self, Granted, Submission, Submit};
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::{Configuration, ControlPlane, Environment, Plan, ResourceRef, Tenant};
use portico_domain::lifetime::end_of_life;
use portico_domain::names::{ClaimName, OfferingName, PlaneName, RequestId};
use portico_domain::placement::{
    Candidate, Cordon, Placement, PlacementPreferences, PlacementRequest, PlaneFacts, may_use, place,
};
use portico_domain::policy::PolicyDecision;
use portico_domain::projection::Projection;
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;
use portico_planes::{Expect, Offered, PlaneError, Served};
use serde_json::Value;

use super::form_data::{FormData, FormTarget};
use super::names::plane_title;
use super::offering::{may_request, unreachable};
use super::permissions::Denial;
use super::{Portal, PortalError, Result, Workspace};

/// Values that an object may hold, lists and maps counted too. The largest that anybody writes by hand has some
/// hundreds.
const VALUES: usize = 20_000;
/// Characters of a note that are kept.
const NOTE: usize = 2000;

/// A request that is being prepared and is not submitted yet.
pub(super) struct RequestDraft {
    pub(super) configuration: Arc<Configuration>,
    pub(super) offered: Arc<Offered>,
    pub(super) action: Action,
    /// The permission to submit it.
    pub(super) grant: Granted<Submission, Submit>,
    pub(super) id: RequestId,
    pub(super) work: Workspace,
    pub(super) name: String,
    pub(super) name_problems: Vec<String>,
    pub(super) plan: Option<Plan>,
    pub(super) wish: PlacementPreferences,
    pub(super) note: String,
    pub(super) placement: Placement,
    /// What the form is made of: of the chosen control plane, or of one that would do were it not for a reason.
    pub(super) served: Option<(PlaneName, Served)>,
    pub(super) claim: Option<Arc<Claim>>,
    /// What of the claim a person may set, as a hash: of the claim as it is, or as the form was made over if what
    /// changed since was not looked at yet.
    pub(super) live_hash: Option<String>,
    /// When the claim will have to be renewed or deleted.
    pub(super) expires_at: Option<Timestamp>,
    /// What is in the form.
    pub(super) object: Value,
    /// What the form began with.
    pub(super) base: Value,
    /// What of its object people set.
    pub(super) projection: Projection,
    /// Texts that are no values, as typed.
    pub(super) typed: BTreeMap<String, String>,
    pub(super) command: Option<String>,
    /// Whether it was sent or put up for review before, and its page lists what is wrong.
    pub(super) tried: bool,
    pub(super) yaml_tab: bool,
    pub(super) yaml_text: Option<String>,
    pub(super) yaml_problem: Option<String>,
    pub(super) violations: Vec<Violation>,
    pub(super) problems: Vec<Problem>,
    /// What one should know of it, and need not act on.
    pub(super) notes: Vec<String>,
    /// What was filled in for another control plane, and is no part of the form here.
    pub(super) kept: Option<Value>,
    /// The exact manifest, once there is a control plane for it.
    pub(super) manifest: Option<Value>,
    /// The manifest as it would be if nobody asked for anything: of a claim as it is; of a new one as its plan and the
    /// defaults have it.
    pub(super) unchanged: Option<Value>,
    pub(super) ruling: PolicyDecision,
    pub(super) approval: ApprovalPreview,
    pub(super) quota: Vec<QuotaLine>,
    /// Why the control plane did not take it, or could not be asked.
    pub(super) trouble: Option<PlaneError>,
}

/// Inputs of a draft besides the form.
struct DraftStart {
    offered: Arc<Offered>,
    work: Workspace,
    plan: Option<Plan>,
    wish: PlacementPreferences,
    placement: Placement,
    served: Option<(PlaneName, Served)>,
    problems: Vec<Problem>,
    action: Action,
    grant: Granted<Submission, Submit>,
    expires_at: Option<Timestamp>,
    claim: Option<Arc<Claim>>,
}

impl RequestDraft {
    fn begin(configuration: Arc<Configuration>, start: DraftStart, posted: &FormData) -> Self {
        let DraftStart {
            offered,
            work,
            plan,
            wish,
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
            None => posted.get(field::NAME).unwrap_or_default().trim().to_owned(),
        };
        let projection = offered.projection(served.as_ref().map(|(plane, _)| plane));
        Self {
            configuration,
            offered,
            action,
            expires_at,
            id: grant.target().id,
            grant,
            work,
            name,
            name_problems: Vec::new(),
            plan,
            wish,
            note: posted
                .get(field::NOTE)
                .unwrap_or_default()
                .chars()
                .take(NOTE)
                .collect(),
            placement,
            served,
            live_hash: None,
            claim,
            object: Value::Null,
            base: Value::Null,
            projection,
            typed: BTreeMap::new(),
            command: None,
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
            ruling: PolicyDecision::Allow,
            approval: ApprovalPreview::default(),
            quota: Vec::new(),
            trouble: None,
        }
    }

    /// The schema that the form is made of.
    pub(super) fn schema(&self) -> Option<Arc<Schema>> {
        let version = &self.resource()?.version;
        self.definition()?.version(version)?.schema.clone().ok()
    }

    pub(super) fn tenant(&self) -> Option<&Tenant> {
        self.configuration.tenants.get(&self.work.tenant)
    }

    pub(super) fn environment(&self) -> Option<&Environment> {
        self.tenant()?.environment(&self.work.environment)
    }

    pub(super) fn definition(&self) -> Option<&Definition> {
        Some(&*self.served.as_ref()?.1.definition)
    }

    /// The claim that is asked for, once everything that names it is known.
    pub(super) fn claim_ref(&self) -> Option<ClaimRef> {
        if let Some(claim) = &self.claim {
            return Some(claim.reference.clone());
        }
        let (_, served) = self.served.as_ref()?;
        Some(ClaimRef {
            plane: self.placement.chosen.clone()?,
            offering: self.offered.name.clone(),
            namespace: served
                .resource
                .namespaced
                .then(|| self.environment().map(|it| it.namespace.clone()))
                .flatten(),
            name: ClaimName::new(self.name.clone()).ok()?,
        })
    }

    pub(super) fn resource(&self) -> Option<&ResourceRef> {
        match &self.claim {
            Some(claim) => Some(&claim.resource),
            None => self.served.as_ref().map(|(_, served)| &served.resource),
        }
    }

    /// What must hold on the control plane when it is applied.
    pub(super) fn expect(&self) -> Expect {
        self.claim
            .as_ref()
            .map_or(Expect::Absent, |claim| Expect::Uid(claim.uid.clone()))
    }

    pub(super) fn problem_count(&self) -> usize {
        self.name_problems.len()
            + self.violations.len()
            + self.problems.len()
            + usize::from(self.yaml_problem.is_some())
    }

    pub(super) fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            field: field.to_owned(),
            message: message.into(),
        });
    }
}

impl Portal {
    /// Populates a draft from the form and runs every check but the dry run.
    pub(super) async fn draft(
        &self,
        viewer: &Viewer,
        work: Option<&Workspace>,
        target: FormTarget<'_>,
        posted: &FormData,
    ) -> Result<RequestDraft> {
        let posted_for = self.posted_for(viewer, posted)?;
        let mut draft = match target {
            FormTarget::New(offering) => {
                let work = posted_for.as_ref().or(work);
                self.draft_of_new(viewer, work, offering, posted).await?
            }
            FormTarget::Change(claim) => self.draft_of_change(viewer, claim, Action::Change, posted)?,
            FormTarget::Renew(claim) => self.draft_of_change(viewer, claim, Action::Renew, posted)?,
        };
        // A claim is in one place only, whatever the form says.
        if posted_for.is_some_and(|work| work != draft.work) {
            return Err(PortalError::NotFound);
        }
        let (filled, asker) = (posted.clone(), viewer.clone());
        let judge = move || {
            draft.fill_in(&filled);
            // What is too large to be judged is not looked at any further.
            let bounded = within_bounds(&draft.object);
            if bounded {
                draft.check_schema(&asker);
            }
            bounded.then_some(draft)
        };
        let judged = self.shared.judging.run(&viewer.person.subject, judge).await?;
        let mut draft = judged.ok_or_else(too_many_values)?;
        self.check_policy(&mut draft, viewer)?;
        self.check_quota(&mut draft).await?;
        self.check_name(&mut draft, viewer).await?;
        Ok(draft)
    }

    /// The place that a form was made for, where it says so: one may have switched to another since, in another tab.
    fn posted_for(&self, viewer: &Viewer, posted: &FormData) -> Result<Option<Workspace>> {
        posted
            .get(field::WORK_IN)
            .map(|place| Workspace::named(viewer, &self.configuration(), place).ok_or(PortalError::NotFound))
            .transpose()
    }

    async fn draft_of_new(
        &self,
        viewer: &Viewer,
        work: Option<&Workspace>,
        offering: &OfferingName,
        posted: &FormData,
    ) -> Result<RequestDraft> {
        let configuration = self.configuration();
        let index = self.index(work);
        let entry = index
            .get(offering)
            .ok_or_else(|| self.offering_not_found(viewer))?;
        let may = may_request(viewer, work, None);
        let (Some(work), true) = (work, may.allowed) else {
            return Err(PortalError::Forbidden(may.why_not.unwrap_or_default()));
        };
        let id = posted.request_id();
        let grant = authz::create_claim(viewer, &work.tenant, &work.environment, id)
            .map_err(Denial::Create.error())?;
        let offered = Arc::clone(entry.offered());
        let mut wish = PlacementPreferences::default();
        let mut problems = Vec::new();
        if let Some(region) = posted.filled(field::REGION) {
            wish.region = Some(region.to_owned());
        }
        wish.labels = posted
            .below(field::LABEL)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        if let Some(plane) = posted.filled(field::PLANE) {
            match plane.parse() {
                Ok(plane) => wish.plane = Some(plane),
                Err(_) => problems.push(Problem {
                    field: "controlPlane".to_owned(),
                    message: format!("There is no control plane {plane:?}."),
                }),
            }
        }
        let plan = choose_plan(&offered, posted, &mut problems);
        let (tenant, environment) = work.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let cordons = self.store().cordons().await?;
        let placement = self.place(&configuration, &offered, tenant, environment, &wish, &cordons);
        let served = Self::form_source(&configuration, &offered, tenant, &placement);
        let expires_at = end_of_life(self.now(), offered.lifetime_days);
        let start = DraftStart {
            offered,
            work: work.clone(),
            plan,
            wish,
            placement,
            served,
            problems,
            action: Action::Create,
            grant,
            expires_at,
            claim: None,
        };
        Ok(RequestDraft::begin(configuration, start, posted))
    }

    fn draft_of_change(
        &self,
        viewer: &Viewer,
        reference: &ClaimRef,
        action: Action,
        posted: &FormData,
    ) -> Result<RequestDraft> {
        let configuration = self.configuration();
        let claim = self.visible_claim(viewer, reference)?;
        let grant = authz::submit_about(viewer, &claim, action, posted.request_id())
            .map_err(Denial::Change(&configuration).error())?;
        let claim = claim.into_inner();
        let catalog = self.planes().catalog();
        let offered = Arc::clone(
            catalog
                .get(&reference.offering)
                .ok_or_else(|| self.offering_not_found(viewer))?,
        );
        let mut problems = Vec::new();
        let plan = match posted.filled(field::PLAN) {
            Some(_) => choose_plan(&offered, posted, &mut problems),
            None => offered
                .plans
                .iter()
                .find(|plan| Some(&plan.name) == claim.plan.as_ref())
                .cloned(),
        };
        // What no plan locks could be changed to anything.
        if action == Action::Change && plan.is_none() && problems.is_empty() && !offered.plans.is_empty() {
            problems.push(Problem {
                field: "plan".to_owned(),
                message: match &claim.plan {
                    Some(name) => {
                        format!("Its plan, {name}, is no longer offered. Choose one of those shown.")
                    }
                    None => "It has no plan yet. Choose one.".to_owned(),
                },
            });
        }
        let title = plane_title(&configuration, &reference.plane);
        let placement = Placement {
            chosen: Some(reference.plane.clone()),
            reason: format!("{title}: it runs there."),
            candidates: vec![Candidate {
                plane: reference.plane.clone(),
                title,
                region: configuration
                    .control_planes
                    .get(&reference.plane)
                    .and_then(|plane| plane.spec.region.clone()),
                ruled_out: Vec::new(),
            }],
        };
        let served = offered
            .served
            .get(&reference.plane)
            .map(|served| (reference.plane.clone(), served.clone()));
        let work = Workspace {
            tenant: grant.target().tenant.clone(),
            environment: grant.target().environment.clone(),
        };
        let wish = PlacementPreferences::default();
        // A change is no way to keep a claim for longer.
        let expires_at = match action {
            Action::Renew => end_of_life(self.now(), offered.lifetime_days),
            _ => claim.expires_at,
        };
        let start = DraftStart {
            offered,
            work,
            plan,
            wish,
            placement,
            served,
            problems,
            action,
            grant,
            expires_at,
            claim: Some(claim),
        };
        Ok(RequestDraft::begin(configuration, start, posted))
    }

    /// Chooses a control plane for an offering.
    pub(super) fn place(
        &self,
        configuration: &Configuration,
        offered: &Offered,
        tenant: &Tenant,
        environment: &Environment,
        wish: &PlacementPreferences,
        cordons: &[Cordon],
    ) -> Placement {
        let statuses = self.planes().planes();
        let facts: Vec<PlaneFacts<'_>> = configuration
            .control_planes
            .values()
            .map(|document| {
                let status = statuses.iter().find(|status| status.name == document.name);
                let served = offered.served.get(&document.name);
                PlaneFacts {
                    document,
                    unreachable: unreachable(status).or_else(|| {
                        let rights = self.planes().missing_right(
                            &document.name,
                            &offered.name,
                            &environment.namespace,
                        );
                        rights.map(str::to_owned)
                    }),
                    cordon: cordons.iter().find(|cordon| cordon.plane == document.name),
                    serves: served.is_some(),
                    problem: served.and_then(|served| served.problem.clone()),
                    claims: status.map_or(0, |status| status.claims),
                }
            })
            .collect();
        let needs = PlacementRequest {
            tenant,
            environment,
            offering_title: &offered.title,
            offering_labels: &offered.control_plane_labels,
            preferences: wish,
        };
        place(&needs, &facts)
    }

    /// What to make the form of: the chosen control plane's schema; while none is chosen that of any the tenant
    /// may use, so that nothing typed is lost over a region that nobody serves.
    fn form_source(
        configuration: &Configuration,
        offered: &Offered,
        tenant: &Tenant,
        placement: &Placement,
    ) -> Option<(PlaneName, Served)> {
        let usable = configuration
            .control_planes
            .values()
            .filter(|plane| may_use(tenant, plane))
            .map(|plane: &ControlPlane| &plane.name);
        placement.chosen.iter().chain(usable).find_map(|plane| {
            offered
                .served
                .get(plane)
                .filter(|served| served.problem.is_none())
                .map(|served| (plane.clone(), served.clone()))
        })
    }
}

/// Refuses an object that holds more values than are judged. Quick, for what is a value already.
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
    PortalError::Malformed(format!(
        "It holds more than {VALUES} values, which is more than Portico checks. Make it smaller; nothing of it was kept."
    ))
}

fn within_bounds(object: &Value) -> bool {
    let mut left = VALUES;
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

/// The plan that was posted, or the first; none where the offering has none.
fn choose_plan(offered: &Offered, posted: &FormData, problems: &mut Vec<Problem>) -> Option<Plan> {
    let Some(wanted) = posted.filled(field::PLAN) else {
        return offered.plans.first().cloned();
    };
    let plan = offered
        .plans
        .iter()
        .find(|plan| plan.name.as_str() == wanted)
        .cloned();
    if plan.is_none() {
        let message = format!("There is no plan {wanted:?}. Choose one of those shown.");
        problems.push(Problem {
            field: "plan".to_owned(),
            message,
        });
    }
    plan
}
