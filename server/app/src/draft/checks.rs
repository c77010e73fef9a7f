//! Checks on a request draft: schema, policy, quota, name, dry run.

use std::sync::Arc;
use std::time::Duration;

use kube_schema::{Check, Reason, UnsatisfiableField, Violation};
use portico_api::ApprovalPreview;
use portico_api::words::{DraftNote, DraftProblem, DryRunVerdict, NameProblem, over_quota, placement_reason};
use portico_domain::claim::ClaimKind;
use portico_domain::claimed_tenant::{self, TenantFault, TenantRequest};
use portico_domain::documents::{ClaimedTenant, Permission, ResourceRef};
use portico_domain::manifest::{ClaimLabels, render, settle_connection_secret};
use portico_domain::names::{ClaimName, PlanName, is_dns_label};
use portico_domain::policy::{PolicyInput, Requester, quota_consumption};
use portico_domain::projection::requested_fields;
use portico_domain::quota;
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;
use portico_planes::{ClaimFilter, PlaneError};
use serde_json::Value;

use super::RequestDraft;
use super::input::RequestInput;
use crate::quota_lines::{Effect, bounding};
use crate::{Portal, PortalError, Result};

/// How long a request waits for the control plane's dry run.
pub(super) const DRY_RUN_TIMEOUT: Duration = Duration::from_secs(5);

impl RequestDraft {
    /// Renders the manifest and validates it by the schema that the control plane serves.
    pub(crate) fn check_schema(&mut self, viewer: &Viewer) {
        let Some(definition) = self.definition.clone() else {
            self.problem(self.no_control_plane());
            return;
        };
        let Some(resource) = self.resource().cloned() else {
            return;
        };
        // Without a good name yet, the rest is judged under another.
        let Ok(name) = ClaimName::new(self.name.clone()).or_else(|_| ClaimName::new("unnamed")) else {
            return;
        };
        let dead_ends = match self.action {
            Action::Create => definition.unsatisfiable_fields(&resource.version),
            _ => Vec::new(),
        };
        self.tell_dead_ends(&dead_ends);
        if let Some(schema) = self.schema() {
            let nulls = schema.drop_unknown_nulls(&mut self.object);
            let nulls = nulls.into_iter().map(|path| DraftNote::UnknownNull { path });
            self.notes.extend(nulls);
        }
        let old = self.claim.as_ref().map(|claim| Arc::clone(&claim.object));
        let merged = self.render(&resource, &name, &self.object, self.asked_marks(viewer));
        let base = self.live().unwrap_or_else(|| self.base.clone());
        let claim_labels = match &self.claim {
            Some(claim) => ClaimLabels {
                plan: claim.plan.as_ref(),
                expires_at: claim.expires_at,
                ..self.asked_marks(viewer)
            },
            None => self.asked_marks(viewer),
        };
        let mut unchanged = self.render(&resource, &name, &base, claim_labels);
        let mut manifest = merged.clone();
        for object in [&mut manifest, &mut unchanged] {
            self.leave_to_controllers(object, &merged);
        }
        self.unchanged = Some(unchanged);
        match definition.validate(&resource.version, &merged, old.as_deref()) {
            Ok(result) => {
                // Beside a field whose text could not be read, what else is said of it is noise.
                let unread: Vec<String> = self
                    .violations
                    .iter()
                    .map(|violation| violation.pointer.clone())
                    .collect();
                let said = result.violations.into_iter().filter(|violation| {
                    // What cannot be judged here, the control plane's dry run judges.
                    violation.reason != Reason::Indeterminate
                        && !unread.contains(&violation.pointer)
                        && !dead_ends
                            .iter()
                            .any(|dead_end| dead_end.pointer == violation.pointer)
                });
                self.violations.extend(said);
                for path in result.pruned {
                    self.field_problem(&path, DraftProblem::UnknownField { path: path.clone() });
                }
            }
            Err(error) => self.problem(DraftProblem::SchemaUnusable {
                error: error.to_string(),
            }),
        }
        if self.placement.chosen.is_none() {
            self.problem(self.no_control_plane());
        }
        self.manifest = Some(manifest);
        self.merged = Some(merged);
    }

    /// Removes what controllers set from `object`, where the request asks for nothing else. What a plan sets or counts is
    /// always part of a request.
    fn leave_to_controllers(&self, object: &mut Value, asked: &Value) {
        let Some(claim) = &self.claim else { return };
        if let Some(fields) = &claim.controller_fields {
            let keep = |path: &[String]| self.offered.plans.iter().any(|plan| plan.names(path));
            fields.remove_unchanged(object, asked, &claim.object, keep);
        }
    }

    fn no_control_plane(&self) -> DraftProblem {
        DraftProblem::NoControlPlane {
            reason: placement_reason(&self.placement.reason),
        }
    }

    /// Reports that a definition accepts no new objects, before anybody fills in the form.
    fn tell_dead_ends(&mut self, dead_ends: &[UnsatisfiableField]) {
        for UnsatisfiableField { reason, .. } in dead_ends {
            self.problem(DraftProblem::Unsatisfiable {
                offering: self.offered.title.clone(),
                reason: reason.clone(),
            });
        }
    }

    /// Returns the plan that the claim will have. A renewal or adoption keeps the plan, even one that is no longer offered.
    pub(crate) fn plan_name(&self) -> Option<&PlanName> {
        match self.action {
            action if action.keeps_values() => self.claim.as_ref().and_then(|claim| claim.plan.as_ref()),
            _ => self.plan.as_ref().map(|plan| &plan.name),
        }
    }

    /// False if the claim lands with another tenant, who may not know who asks.
    fn may_name_requester(&self) -> bool {
        let service = self.service();
        service.is_none_or(|service| service.holds(Permission::KnowRequesters, &self.workspace.tenant))
    }

    fn asked_marks<'a>(&'a self, viewer: &'a Viewer) -> ClaimLabels<'a> {
        ClaimLabels {
            tenant: &self.workspace.tenant,
            environment: &self.workspace.environment,
            plan: self.plan_name(),
            request: self.id,
            requester: Some(viewer.person()).filter(|_| self.may_name_requester()),
            expires_at: self.expires_at,
            placed: self.placed.as_deref(),
            portal: &self.configuration.portal.name,
        }
    }

    /// Renders the manifest for `content`: exactly what is applied.
    fn render(
        &self,
        resource: &ResourceRef,
        name: &ClaimName,
        content: &Value,
        claim_labels: ClaimLabels<'_>,
    ) -> Value {
        let namespace = self.namespace().filter(|_| resource.namespaced);
        let schema = self.schema();
        let content = match (&schema, &self.claim) {
            // What is taken out of a claim and has a default gets that: better shown before than found afterwards.
            (Some(schema), Some(_)) => self.projection.user_fields(&schema.defaulted(content)),
            _ => content.clone(),
        };
        let mut manifest = render(resource, namespace.as_deref(), name, &content, &claim_labels);
        if let Some(claim) = &self.claim {
            self.projection
                .restore_machinery(claim.own_machinery.as_deref(), &mut manifest);
        }
        if let Some(schema) = schema {
            let always = self.offered.claim_kind == ClaimKind::LegacyClaim;
            let live = self.claim.as_ref().map(|claim| claim.object.as_ref());
            settle_connection_secret(&mut manifest, &schema, live, always);
        }
        if let Some(tenant) = self.tenant().filter(|_| self.declared_tenant().is_some()) {
            claimed_tenant::settle(tenant, &mut manifest);
        }
        manifest
    }

    /// What the offering's document says of its claims, if they are tenants.
    fn declared_tenant(&self) -> Option<&ClaimedTenant> {
        let document = self.configuration.offerings.get(&self.offered.name)?;
        document.spec.tenant.as_ref()
    }

    /// Reports what is wrong with a request for a tenant.
    pub(crate) fn check_claimed_tenant(&mut self, viewer: &Viewer) {
        let configuration = Arc::clone(&self.configuration);
        let tenant = configuration.tenants.get(&self.workspace.tenant);
        let (Some(tenant), Some(manifest), Some(resource)) = (tenant, &self.manifest, self.resource()) else {
            return;
        };
        let request = TenantRequest {
            declared: self.declared_tenant(),
            configuration: &configuration,
            tenant,
            requester: viewer,
            plan: self.plan.as_ref(),
            manifest,
            before: self.claim.as_ref().map(|claim| claim.object.as_ref()),
        };
        let is_valid = self.violations.is_empty();
        for (field, fault) in request.faults(resource) {
            let is_said_already = match fault {
                TenantFault::Name { .. } => self.name.is_empty(),
                TenantFault::Malformed(_) => !is_valid,
                _ => false,
            };
            if is_said_already {
                continue;
            }
            let message = fault.to_string();
            self.field_problem(&field, DraftProblem::Tenant { message });
        }
    }

    /// Reports a form that was made from another schema than the one it is checked by.
    pub(crate) fn check_form_is_current(&mut self, input: &RequestInput) {
        let is_stale = match (&input.form.schema_hash, self.schema_hash()) {
            (Some(made_by), Some(now)) => made_by != now,
            _ => false,
        };
        // A name that is taken is reported alone: placement may have moved on because of it.
        if is_stale && (self.name.is_empty() || self.name_problems.is_empty()) {
            self.problem(DraftProblem::FormOutdated);
        }
    }

    /// Reports a claim that others have changed since the form was made: their change would be undone. Reported until
    /// the person reviews or submits; from then on the form is based on the current claim.
    pub(crate) fn check_claim_is_unchanged(&mut self, input: &RequestInput, is_looked_over: bool) {
        let Some(was) = &input.base_hash else {
            return;
        };
        if self.live_hash.as_ref().is_none_or(|is| is == was) {
            return;
        }
        if !is_looked_over {
            self.live_hash = Some(was.clone());
        }
        self.problem(DraftProblem::ClaimChanged);
    }

    /// Reports a change that changes nothing.
    pub(crate) fn check_changes_something(&mut self) {
        let (Some(unchanged), Some(manifest)) = (&self.unchanged, &self.manifest) else {
            return;
        };
        if self.action == Action::Change && requested_fields(unchanged) == requested_fields(manifest) {
            self.problem(DraftProblem::NothingChanges);
        }
    }

    /// Reports removed fields that would stay because other field managers set them, too.
    fn notice_what_stays(&mut self, applied: &Value) {
        let (Some(unchanged), Some(manifest), true) = (&self.unchanged, &self.manifest, self.claim.is_some())
        else {
            return;
        };
        let mut staying = Vec::new();
        let result = self.projection.user_fields(applied);
        stays(
            &mut String::new(),
            Some(&self.projection.user_fields(unchanged)),
            Some(&self.projection.user_fields(manifest)),
            Some(&result),
            &mut staying,
        );
        for path in staying {
            self.field_problem(&path, DraftProblem::ManagedByOthers);
        }
    }
}

/// Returns the fields that the control plane leaves as they were (`before`), although the request changes them (`now`).
fn stays(
    path: &mut String,
    before: Option<&Value>,
    now: Option<&Value>,
    result: Option<&Value>,
    found: &mut Vec<String>,
) {
    if now == result || now == before || result.is_none() {
        return;
    }
    match (before, now, result) {
        (Some(Value::Object(before)), now, Some(Value::Object(result)))
            if now.is_none_or(Value::is_object) =>
        {
            for (key, value) in result {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                let now = now.and_then(|now| now.get(key));
                stays(path, before.get(key), now, Some(value), found);
                path.truncate(length);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(now)), Some(Value::Array(result))) => {
            let stays = |item: &Value| !now.contains(item) && result.contains(item);
            if before.iter().any(stays) {
                found.push(path.clone());
            }
        }
        (before, _, result) if before == result => found.push(path.clone()),
        _ => {}
    }
}

impl Portal {
    pub(crate) fn check_policy(&self, draft: &mut RequestDraft, viewer: &Viewer) -> Result<()> {
        let policies = self.policies()?;
        let configuration = Arc::clone(&draft.configuration);
        let Some((tenant, environment)) = draft.workspace.resolve(&configuration) else {
            return Err(PortalError::NotFound);
        };
        let nothing = Value::Null;
        let facts = PolicyInput {
            action: draft.action,
            manifest: draft.merged.as_ref().unwrap_or(&nothing),
            previous: draft.claim.as_ref().map(|claim| claim.object.as_ref()),
            offering: &draft.offered.name,
            kind: &draft.offered.kind,
            category: draft.offered.category,
            plan: draft.plan.as_ref(),
            plans: &draft.offered.plans,
            tenant,
            environment,
            requester: Requester::of(viewer, &tenant.name),
            take_over: &draft.take_over,
            plane: draft
                .placement
                .chosen
                .as_ref()
                .and_then(|plane| configuration.control_planes.get(plane)),
        };
        let decision = policies.1.evaluate(&facts);
        let decision = match draft.service() {
            Some(service) => service.also_requires(&tenant.name, decision),
            None => decision,
        };
        draft.approval = ApprovalPreview::of(&decision, tenant.title());
        draft.decision = decision;
        if let Some(reasons) = draft.approval.denied.clone() {
            draft.problem(DraftProblem::DeniedByPolicy { reasons });
        }
        Ok(())
    }

    pub(crate) async fn check_quota(&self, draft: &mut RequestDraft) -> Result<()> {
        let configuration = Arc::clone(&draft.configuration);
        let Some(tenant) = configuration.tenants.get(&draft.workspace.tenant) else {
            return Ok(());
        };
        // It takes nothing that the claim does not take already.
        if draft.action.keeps_values() {
            return Ok(());
        }
        let bounding: Vec<_> = bounding(&configuration, tenant)
            .map(|tenant| &tenant.name)
            .collect();
        if bounding.is_empty() {
            return Ok(());
        }
        let usage = self.usage_within(&configuration, bounding).await?;
        let after = quota_consumption(
            &draft.offered.plans,
            draft.plan.as_ref().map(|plan| &plan.name),
            draft.merged.as_ref().unwrap_or(&draft.object),
        );
        let claim = draft.claim_ref();
        let effect = Effect {
            claim: claim.as_ref(),
            exists: draft.claim.is_some(),
            after: &after,
        };
        draft.quota = effect.lines(&configuration, tenant, &usage).unwrap_or_default();
        let exceeded: Vec<String> = quota::exceeded(&draft.quota).map(over_quota).collect();
        for message in exceeded {
            draft.problem(DraftProblem::OverQuota { message });
        }
        Ok(())
    }

    pub(crate) async fn check_name(&self, draft: &mut RequestDraft, viewer: &Viewer) -> Result<()> {
        let everything = self.rules().of_all_tenants();
        if draft.claim.is_some() {
            if let Some(reference) = draft.claim_ref()
                && let Some(open) = self.store().open_request_of(&everything, &reference).await?
                && open.id != draft.id
            {
                draft.problem(DraftProblem::RequestInProgress);
            }
            return Ok(());
        }
        if draft.name.is_empty() {
            draft.name_problems.push(NameProblem::Missing);
            return Ok(());
        }
        if !is_dns_label(&draft.name) || draft.name.len() > 50 {
            draft.name_problems.push(NameProblem::Invalid);
            return Ok(());
        }
        // A name is one name within an environment, whichever control plane it would come to.
        if let Some(taken) = self.name_taken(draft, viewer).await? {
            draft.name_problems.push(taken);
            return Ok(());
        }
        let Some(reference) = draft.claim_ref() else {
            return Ok(());
        };
        let filter = ClaimFilter {
            plane: Some(reference.plane.clone()),
            offering: Some(reference.offering.clone()),
            ..ClaimFilter::default()
        };
        // Whether the name is free is asked over all tenants; a cluster-scoped name may be another's.
        let taken = self
            .planes()
            .claims(&everything, &filter)
            .iter()
            .any(|claim| claim.reference == reference && claim.request != Some(draft.id));
        let spoken_for = match self.store().open_request_of(&everything, &reference).await? {
            Some(open) => open.id != draft.id,
            None => false,
        };
        if taken || spoken_for {
            draft.name_problems.push(NameProblem::Taken {
                offering: draft.offered.title.clone(),
                name: draft.name.clone(),
            });
        }
        Ok(())
    }

    /// Runs the dry run on the chosen control plane, so that its admission policies apply before approvers are asked.
    pub(crate) async fn ask_control_plane(&self, draft: &mut RequestDraft) -> DryRunVerdict {
        let (Some(plane), Some(resource), Some(manifest)) = (
            draft.placement.chosen.clone(),
            draft.resource().cloned(),
            draft.manifest.clone(),
        ) else {
            return DryRunVerdict::NotAsked;
        };
        let title = draft.place_title(&plane);
        let expect = draft.expect();
        let asked = self
            .planes()
            .dry_run(&draft.grant, &plane, &resource, &manifest, &expect);
        let answer = tokio::time::timeout(DRY_RUN_TIMEOUT, asked)
            .await
            .unwrap_or_else(|_| {
                Err(PlaneError::Timeout {
                    plane: title.clone(),
                    after: DRY_RUN_TIMEOUT,
                })
            });
        match answer {
            Ok(applied) => {
                draft.notice_what_stays(&applied.object);
                draft.conflicts = applied.taken_over;
                DryRunVerdict::Accepted { plane: title }
            }
            Err(PlaneError::Invalid { message, causes, .. }) => {
                for cause in &causes {
                    draft
                        .violations
                        .push(said_by_control_plane(&cause.field, &cause.message));
                }
                let verdict = DryRunVerdict::Refused {
                    plane: title,
                    message,
                };
                if causes.is_empty() {
                    draft.problem((&verdict).into());
                }
                verdict
            }
            Err(error) => {
                let answered = !error.is_retryable();
                let verdict = match &error {
                    // Their own words do not say whose they are.
                    PlaneError::Conflict { .. }
                    | PlaneError::NamespaceTerminating { .. }
                    | PlaneError::Gone { .. } => DryRunVerdict::Conflict {
                        plane: title,
                        error: error.to_string(),
                        answered,
                    },
                    error => DryRunVerdict::Failed {
                        error: error.to_string(),
                        answered,
                    },
                };
                draft.problem((&verdict).into());
                if let PlaneError::Conflict { fields, .. } = &error {
                    draft.conflicts.clone_from(fields);
                }
                draft.trouble = Some(error);
                verdict
            }
        }
    }
}

/// Makes a control plane's message about a field a violation.
fn said_by_control_plane(field: &str, message: &str) -> Violation {
    Violation {
        path: field.to_owned(),
        pointer: pointer(field),
        reason: Reason::Invalid,
        message: message.to_owned(),
        detail: message.to_owned(),
        check: Check::Schema,
        document: String::new(),
        about: Vec::new(),
    }
}

/// Converts `spec.users[0].name` to a JSON pointer.
fn pointer(field: &str) -> String {
    if field.is_empty() || field == "<nil>" {
        return String::new();
    }
    let mut pointer = String::new();
    for part in field.split(['.', '[']) {
        let part = part.trim_end_matches(']').trim_matches('"');
        if !part.is_empty() {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_control_planes_words_is_found_in_the_form() {
        assert_eq!(pointer("spec.users[0].name"), "/spec/users/0/name");
        assert_eq!(pointer("<nil>"), "");
    }
}
