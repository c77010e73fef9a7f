//! The form's page: its values, the results of the checks, and the manifest.

use std::collections::{BTreeMap, BTreeSet};

use kube_schema::yaml;
use portico_api::words::RequestSentence;
use portico_api::{CatalogCard, DryRunResult, LabelChoice, LineProblem, Link, Problem, RequestFormPage};
use portico_domain::documents::{ControlPlane, Plan};
use portico_domain::manifest::differences;
use portico_domain::placement::may_use;
use portico_domain::projection::requested_fields;
use portico_form::{self as form, Form, FormInput};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::RequestDraft;
use crate::index::Entry;
use crate::names::choice;
use crate::offering::{facts, plan_columns, plan_title};
use crate::usage::{cost, price};
use crate::{Portal, PortalError, Result};

/// Differences that the summary lists at most.
const MAX_DIFFERENCES: usize = 30;

impl Portal {
    /// Returns the page. `fresh` for a form that was just opened, `reviewed` for one that was checked completely and
    /// can be sent.
    pub(crate) fn form_page(
        &self,
        draft: &RequestDraft,
        dry_run: Option<DryRunResult>,
        reviewed: bool,
        fresh: bool,
    ) -> Result<RequestFormPage> {
        // A form over thousands of rows takes a while to make: others are served meanwhile.
        let make = || self.make_form_page(draft, dry_run, reviewed, fresh);
        let others =
            Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if others {
            tokio::task::block_in_place(make)
        } else {
            make()
        }
    }

    /// The card of the offering.
    fn card_of(&self, draft: &RequestDraft) -> Result<CatalogCard> {
        let policies = self.policies()?;
        let index = self.index(draft.audience, Some(&draft.workspace));
        let unreachable = self.unreachable_planes();
        let workspace = Some(&draft.workspace);
        let card = |entry: &Entry| {
            entry.card(
                workspace,
                &draft.configuration,
                &policies.1,
                &unreachable,
                self.now(),
            )
        };
        Ok(match index.get(&draft.offered.name) {
            Some(entry) => card(entry),
            // A claim may be changed after its offering was taken out of the catalog.
            None => card(&self.entry_of_claim(draft.audience, &draft.workspace, &draft.offered)),
        })
    }

    fn make_form_page(
        &self,
        draft: &RequestDraft,
        dry_run: Option<DryRunResult>,
        reviewed: bool,
        fresh: bool,
    ) -> Result<RequestFormPage> {
        let configuration = draft.configuration.clone();
        let offering = self.card_of(draft)?;
        let tenant = draft.tenant().ok_or(PortalError::NotFound)?;
        let usable: Vec<_> = configuration
            .control_planes
            .values()
            .filter(|plane| may_use(tenant, plane) && draft.offered.served.contains_key(&plane.name))
            .filter(|plane| {
                let environment = draft.environment();
                environment.is_none_or(|environment| plane.serves_environment(&environment.name))
            })
            .collect();
        // A form just opened says nothing of what is still empty; nor does one that is still being filled in of its
        // name, and none asks what else an empty field can mean before it was checked whole.
        let checked = !fresh && draft.purpose.checks_everything();
        let tried = checked || !fresh && draft.tried;
        let form = draft.form(fresh, tried);
        let plane = draft.placement.chosen.clone();
        let name_problems = if fresh || draft.name.is_empty() && !tried {
            Vec::new()
        } else {
            draft.name_problems.iter().map(ToString::to_string).collect()
        };
        let problems: Vec<Problem> = draft
            .problems
            .iter()
            .filter(|problem| !fresh || problem.field.is_empty())
            .cloned()
            .collect();
        let problem_count = problems.len()
            + name_problems.len()
            + usize::from(draft.yaml_problem.is_some())
            + form.as_ref().map_or(0, |form| form.problem_count);
        let price = price(draft.plan.as_ref(), draft.plan_now());
        Ok(RequestFormPage {
            action: draft.action,
            post_to: match &draft.claim {
                Some(claim) => Link::ChangeClaim(claim.reference.clone()),
                None => Link::NewRequest(draft.offered.name.clone()),
            },
            request_id: draft.id,
            tenant: draft.workspace.tenant.clone(),
            environment: draft.workspace.environment.clone(),
            name: draft.name.clone(),
            name_problems,
            plans: plan_columns(&draft.offered, &facts(&draft.offered)),
            plan_facts: facts(&draft.offered),
            plan: draft.plan.as_ref().map(|plan| plan.name.clone()),
            regions: regions(&usable),
            region: draft.preferences.region.clone(),
            planes: usable.iter().map(|plane| choice(plane)).collect(),
            plane: draft.preferences.plane.clone(),
            labels: labels(&usable, &draft.preferences.labels),
            whole: form.as_ref().and_then(|form| draft.whole(form)),
            form,
            schema_hash: draft
                .served
                .as_ref()
                .map(|(_, served)| served.schema_hash.clone())
                .unwrap_or_default(),
            live_hash: draft.live_hash.clone(),
            kept: draft.kept.as_ref().map(ToString::to_string),
            notes: draft.notes.iter().map(ToString::to_string).collect(),
            yaml: draft
                .yaml_text
                .clone()
                .unwrap_or_else(|| yaml::print(&draft.object)),
            yaml_tab: draft.yaml_tab,
            yaml_problem: draft.yaml_problem.as_ref().map(ToString::to_string),
            yaml_problems: draft.yaml_problems(&problems),
            sentence: RequestSentence {
                action: draft.action,
                offering: &draft.offered.title,
                plan: draft.plan.as_ref().map(plan_title),
                name: &draft.name,
                tenant: draft.workspace.tenant.as_str(),
                environment: draft.workspace.environment.as_str(),
                plane: plane.as_ref().map(|plane| draft.place_title(plane)).as_deref(),
                until: None,
            }
            .to_string(),
            placement: (&draft.placement).into(),
            approval: draft.approval.clone(),
            quota: draft.quota.clone(),
            cost: cost(price.as_ref()),
            price,
            differences: draft.differences(),
            manifest: draft.manifest.as_ref().map(yaml::print).unwrap_or_default(),
            conflicts: draft.contested_fields(),
            dry_run,
            note: draft.note.clone(),
            problems,
            problem_count,
            reviewed,
            tried,
            checked,
            fresh,
            offering,
        })
    }
}

impl RequestDraft {
    /// Returns the claim's current plan.
    fn plan_now(&self) -> Option<&Plan> {
        let name = self.claim.as_ref()?.plan.as_ref()?;
        self.offered.plans.iter().find(|plan| plan.name == *name)
    }

    /// Builds the fields from the schema, with their problems.
    fn form(&self, fresh: bool, is_checked: bool) -> Option<Form> {
        let schema = self.schema()?;
        let hints = self.projection.hints(&schema, &self.offered.form);
        let setup = FormInput {
            is_change: self.claim.is_some(),
            hints: &hints,
            plan: self.plan.as_ref().map(Plan::for_form),
            object: &self.object,
            typed: Some(&self.typed),
            violations: if fresh { &[] } else { &self.violations },
            is_checked,
        };
        Some(form::build(&schema, setup))
    }

    /// Returns the problems of the YAML tab by line.
    fn yaml_problems(&self, problems: &[Problem]) -> Vec<LineProblem> {
        let Some(text) = self.yaml_text.as_deref().filter(|_| self.yaml_tab) else {
            return Vec::new();
        };
        // Where the text cannot be read, what is said of fields is about what stood there before.
        if self.yaml_problem.is_some() {
            return Vec::new();
        }
        let placed = problems.iter().filter(|problem| is_of_a_field(problem));
        let said = self
            .violations
            .iter()
            .map(|violation| (violation.path.as_str(), violation.detail.as_str()))
            .chain(placed.map(|problem| (problem.field.as_str(), problem.message.as_str())));
        let mut found: Vec<LineProblem> = said
            .map(|(path, message)| LineProblem {
                line: yaml::line_of(text, path),
                message: if path.is_empty() || message.contains(path) {
                    message.to_owned()
                } else {
                    format!("{path}: {message}")
                },
            })
            .collect();
        found.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        found.dedup();
        found
    }

    /// Returns the differences from the live object; for a new claim from the plan and the defaults.
    fn differences(&self) -> Vec<(String, String, String)> {
        let mut found = match (&self.unchanged, &self.manifest) {
            (Some(unchanged), Some(manifest)) => {
                differences(&requested_fields(unchanged), &requested_fields(manifest))
            }
            _ => differences(&self.base, &self.object),
        };
        found.truncate(MAX_DIFFERENCES);
        found
    }
}

/// True if the problem is about a field of the object, not about a choice beside it.
fn is_of_a_field(problem: &Problem) -> bool {
    !matches!(problem.field.as_str(), "" | "plan" | "controlPlane")
}

fn regions(planes: &[&ControlPlane]) -> Vec<String> {
    let mut regions: Vec<String> = planes
        .iter()
        .filter_map(|plane| plane.spec.region.clone())
        .collect();
    regions.sort();
    regions.dedup();
    regions
}

/// Returns the labels that differ between control planes, and those that were requested.
fn labels(planes: &[&ControlPlane], asked: &BTreeMap<String, String>) -> Vec<LabelChoice> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, value) in planes.iter().flat_map(|plane| &plane.labels) {
        values.entry(key).or_default().insert(value);
    }
    // What all of them have alike is no choice.
    values.retain(|key, _| {
        let first = planes.first().and_then(|plane| plane.labels.get(*key));
        planes.iter().any(|plane| plane.labels.get(*key) != first)
    });
    for (key, value) in asked {
        values.entry(key).or_default().insert(value);
    }
    values
        .into_iter()
        .map(|(key, values)| LabelChoice {
            key: key.to_owned(),
            title: form::label(key.rsplit('/').next().unwrap_or(key)),
            values: values.into_iter().map(str::to_owned).collect(),
            chosen: asked.get(key).cloned(),
        })
        .collect()
}
