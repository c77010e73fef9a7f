//! The form for a new claim, or for a change to one: what must I decide?

use portico_domain::claim::ClaimRef;
use portico_domain::manifest::{differences, settable, without_machinery};
use portico_domain::names::{OfferingName, RequestId};
use portico_domain::placement::may_use;
use portico_domain::schema::form::{self, Setup};
use portico_domain::schema::yaml;
use portico_domain::tenancy::Viewer;
use portico_domain::view::{RequestFormPage, names as field};
use serde_json::Value;
use uuid::Uuid;

use super::draft::Draft;
use super::names::{choice, plane_title};
use super::offering::{plan_columns, plan_title};
use super::{Portal, PortalError, Result, Work, sentence};

/// Differences from the plan that the summary lists.
const DIFFERENCES: usize = 30;

/// What a form is for.
#[derive(Debug, Clone, Copy)]
pub enum FormTarget<'a> {
    /// A new claim of an offering.
    New(&'a OfferingName),
    /// A change to a claim.
    Change(&'a ClaimRef),
}

/// What a form posted: names and values, as [`portico_domain::view::names`] has them. Nothing for a form just opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posted {
    /// In the order of the form.
    pub pairs: Vec<(String, String)>,
}

impl Posted {
    /// The last value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value of that name, unless it is blank.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether it holds a form that was filled in, and not only choices that came with a link.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        self.pairs
            .iter()
            .any(|(name, _)| name.starts_with('/') || name == field::YAML)
    }

    pub(super) fn request_id(&self) -> RequestId {
        self.get(field::REQUEST)
            .and_then(|id| id.parse().ok())
            .unwrap_or_else(|| RequestId(Uuid::now_v7()))
    }
}

impl Portal {
    /// The form: as it is to begin with, or as it stands after what was posted. With the command `review` it is
    /// checked whole, the control plane's dry run too.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such offering or claim for the viewer, [`PortalError::Forbidden`]
    /// when they may not ask for it; when the database fails.
    pub async fn form(
        &self,
        viewer: &Viewer,
        work: Option<&Work>,
        target: FormTarget<'_>,
        posted: &Posted,
    ) -> Result<RequestFormPage> {
        let mut draft = self.draft(viewer, work, target, posted).await?;
        let review = posted.has_fields() && matches!(draft.command.as_deref(), None | Some("review"));
        if review {
            self.notice_stale(&mut draft, posted);
        }
        let mut dry_run = None;
        if review && draft.problem_count() == 0 {
            dry_run = Some(self.dry_run(&mut draft, viewer).await);
        }
        let fresh = !posted.has_fields();
        let reviewed = review && draft.problem_count() == 0;
        self.form_page(work, draft, dry_run, reviewed, fresh)
    }

    /// Says so when the form was made by another schema than the one it would be judged by.
    pub(super) fn notice_stale(&self, draft: &mut Draft, posted: &Posted) -> bool {
        let stale = match (posted.filled(field::SCHEMA), &draft.served) {
            (Some(was), Some((_, served))) => was != served.schema_hash,
            _ => false,
        };
        if stale {
            draft.problem(
                "",
                "The form has changed since you opened it: the control plane now has other fields for it. \
                 What you typed is still here; look it over and send it again.",
            );
        }
        stale
    }

    pub(super) fn form_page(
        &self,
        work: Option<&Work>,
        draft: Draft,
        dry_run: Option<portico_domain::view::DryRunVerdict>,
        reviewed: bool,
        fresh: bool,
    ) -> Result<RequestFormPage> {
        let configuration = draft.configuration.clone();
        let policies = self.policies()?;
        let index = self.index(Some(&draft.work))?;
        let offering = match index.get(&draft.offered.name) {
            Some(entry) => entry.card(work.or(Some(&draft.work)), &configuration, &policies.1),
            // A claim may be changed after its offering was taken out of the catalog.
            None => return Err(PortalError::NotFound),
        };
        let tenant = draft.tenant().ok_or(PortalError::NotFound)?;
        let usable: Vec<_> = configuration
            .control_planes
            .values()
            .filter(|plane| may_use(tenant, plane) && draft.offered.served.contains_key(&plane.name))
            .collect();
        let mut regions: Vec<String> = usable
            .iter()
            .filter_map(|plane| plane.spec.region.clone())
            .collect();
        regions.sort();
        regions.dedup();

        // A form just opened says nothing of what is still empty.
        let violations = if fresh { &[][..] } else { &draft.violations };
        let form = draft.schema().map(|schema| {
            form::build(
                &schema,
                Setup {
                    is_composite: draft.is_composite(),
                    hints: &draft.offered.form,
                    plan: draft.plan.as_ref(),
                    object: &draft.object,
                    violations,
                    typed: Some(&draft.typed),
                    is_change: draft.claim.is_some(),
                },
            )
        });
        let mut facts: Vec<String> = Vec::new();
        for fact in draft.offered.plans.iter().flat_map(|plan| plan.facts.keys()) {
            if !facts.contains(fact) {
                facts.push(fact.clone());
            }
        }
        let plane = draft.placement.chosen.clone();
        let shown_problems = draft
            .problems
            .iter()
            .filter(|problem| !fresh || problem.field.is_empty())
            .cloned()
            .collect::<Vec<_>>();
        let name_problems = if fresh {
            Vec::new()
        } else {
            draft.name_problems.clone()
        };
        let problem_count = shown_problems.len()
            + name_problems.len()
            + usize::from(draft.yaml_problem.is_some())
            + form.as_ref().map_or(violations.len(), |form| form.problem_count);
        let mut compared = match &draft.claim {
            Some(claim) => {
                let live = Value::Object(settable(&without_machinery(&claim.object, draft.is_composite())));
                differences(&live, &draft.object)
            }
            None => differences(&draft.base, &draft.object),
        };
        compared.truncate(DIFFERENCES);
        Ok(RequestFormPage {
            action: draft.action,
            post_to: match &draft.claim {
                Some(claim) => format!("{}/change", super::names::claim_href(&claim.reference)),
                None => format!("/catalog/{}/request", draft.offered.name),
            },
            request_id: draft.id,
            tenant: draft.work.tenant.clone(),
            environment: draft.work.environment.clone(),
            name: draft.name.clone(),
            name_problems,
            plans: plan_columns(&draft.offered, &facts),
            plan: draft.plan.as_ref().map(|plan| plan.name.clone()),
            regions,
            region: draft.wish.region.clone(),
            planes: usable.iter().map(|plane| choice(plane)).collect(),
            plane: draft.wish.plane.clone(),
            form,
            schema_hash: draft
                .served
                .as_ref()
                .map(|(_, served)| served.schema_hash.clone())
                .unwrap_or_default(),
            yaml: draft
                .yaml_text
                .clone()
                .unwrap_or_else(|| yaml::print(&draft.object)),
            yaml_tab: draft.yaml_tab,
            yaml_problem: draft.yaml_problem.clone(),
            sentence: sentence::wish(
                draft.action,
                &draft.offered.title,
                draft.plan.as_ref().map(plan_title),
                &draft.name,
                draft.work.tenant.as_str(),
                draft.work.environment.as_str(),
                plane
                    .as_ref()
                    .map(|plane| plane_title(&configuration, plane))
                    .as_deref(),
            ),
            placement: draft.placement.clone(),
            approval: draft.approval.clone(),
            quota: draft.quota.clone(),
            differences: compared,
            manifest: draft.manifest.as_ref().map(yaml::print).unwrap_or_default(),
            dry_run,
            note: draft.note.clone(),
            problems: shown_problems,
            problem_count,
            reviewed,
            tried: !fresh && matches!(draft.command.as_deref(), None | Some("review" | "submit")),
            offering,
        })
    }
}
