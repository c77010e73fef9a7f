//! Requests to delete a claim. The requester confirms it by typing the claim's name.

use std::time::Duration;

use portico_api::words::{Consequence, DraftProblem, DryRunVerdict};
use portico_api::{ApprovalPreview, DeletePage, PlaneResidents, names as field};
use portico_domain::authz::{self, Granted, Submission, Submit};
use portico_domain::claim::{Claim, ClaimRef, Health};
use portico_domain::claimed_tenant;
use portico_domain::documents::{Configuration, Environment, Tenant};
use portico_domain::names::RequestId;
use portico_domain::obstacle::tenant_in_use;
use portico_domain::placement::{Candidate, Placement};
use portico_domain::policy::{PolicyDecision, PolicyInput, Requester};
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;
use portico_planes::{PlaneError, PlaneState};

use super::submit_request::SubmitOutcome;
use crate::claimed_planes::plane_of;
use crate::draft::stages::Frozen;
use crate::names::claim_place;
use crate::permissions::Attempt;
use crate::usage::Usage;
use crate::{Caller, Conflict, Portal, PortalError, Result, Workspace, rows};

/// How long the page of a deletion waits for the control plane's dry run: no page is slow because a control plane is.
const DRY_RUN_TIMEOUT: Duration = Duration::from_millis(500);

/// Asks for a claim to be deleted.
#[derive(Debug, Clone)]
pub struct DeleteClaim<'a> {
    /// The claim.
    pub claim: &'a ClaimRef,
    /// The request's id, chosen by the sender: sending it twice makes one request.
    pub id: Option<RequestId>,
    /// The claim's name, typed to confirm.
    pub confirmation: String,
    /// A note for the approvers.
    pub note: String,
    /// The uid of the claim that the sender saw: another claim of the same name is not deleted.
    pub uid: Option<String>,
    /// For a claim that is a control plane: deletes it although claims are on it.
    pub abandon: bool,
    /// [`PlaneResidents::hash`] of what the sender saw: if something else is on it, they are asked again. `None`: they agree
    /// to what is there.
    pub seen: Option<String>,
}

impl<'a> DeleteClaim<'a> {
    /// The deletion of a claim before anything is filled in.
    #[must_use]
    pub fn of(claim: &'a ClaimRef) -> Self {
        Self {
            claim,
            id: None,
            confirmation: String::new(),
            note: String::new(),
            uid: None,
            abandon: false,
            seen: None,
        }
    }
}

impl Portal {
    /// The page that asks for a claim's name before it is deleted.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer, [`PortalError::Forbidden`] when they may
    /// not delete it; when the database fails.
    pub async fn delete_page(&self, viewer: &Viewer, command: &DeleteClaim<'_>) -> Result<DeletePage> {
        let reference = command.claim;
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let claim = self.visible_claim(viewer, reference)?;
        let id = command.id.unwrap_or_else(|| self.new_request_id());
        let grant = authz::submit_about(viewer, &claim, Action::Delete, id)
            .map_err(Attempt::Change(&configuration).error())?;
        let refused = match self.tenant_residents(&claim).await? {
            Some(in_use) => Some(in_use),
            None => self
                .refused_deletion(&grant, &claim, &configuration)
                .await
                .map(|verdict| verdict.to_string()),
        };
        let workspace = workspace_of(&claim)?;
        let (tenant, environment) = workspace.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let decision = self.delete_decision(viewer, tenant, environment, &claim)?;
        let open = self
            .store()
            .open_request_of(&self.rules().of_all_tenants(), reference)
            .await?;
        let mut consequences = vec![Consequence::Deleted {
            offering: rows::display(&catalog, &reference.offering).title,
            claim: reference.name.clone(),
            plane: claim_place(&configuration, reference),
        }];
        if claim.status.secret.is_some() {
            consequences.push(Consequence::SecretLost);
        }
        consequences.push(Consequence::DataLost);
        if let Some(plane) = plane_of(&configuration, &claim) {
            let plane = plane.title().to_owned();
            consequences.push(Consequence::ControlPlaneLeaves { plane });
        }
        let plan = crate::usage::plan(&catalog, &reference.offering, claim.plan.as_ref());
        let price = crate::usage::price(plan, None);
        let residents = self.plane_residents(viewer, &claim).await?;
        let residents = residents.map(|(residents, _)| residents);
        Ok(DeletePage {
            row: rows::claim(&configuration, &catalog, &claim),
            uid: claim.uid.clone(),
            request_id: id,
            consequences: consequences.iter().map(ToString::to_string).collect(),
            approval: ApprovalPreview::of(&decision, tenant.title()),
            typed: command.confirmation.clone(),
            note: command.note.clone(),
            problems: Vec::new(),
            in_the_way: open.map(|open| open.id),
            refused,
            needed_by: self.needed_by(viewer, &claim),
            residents,
            abandon: command.abandon,
            cost: crate::usage::cost(price.as_ref()),
            price,
        })
    }

    /// Submits a deletion.
    ///
    /// # Errors
    /// As [`Portal::delete_page`]. A wrong confirmation is no error: it comes back with the page.
    pub async fn submit_delete(
        &self,
        caller: Caller<'_>,
        command: &DeleteClaim<'_>,
    ) -> Result<SubmitOutcome<DeletePage>> {
        let (viewer, reference) = (caller.viewer, command.claim);
        if let Some(known) = self.sent_before(viewer, command.id).await? {
            return Ok(SubmitOutcome::Created(known));
        }
        let mut page = self.delete_page(viewer, command).await?;
        if command.uid.as_ref().is_some_and(|shown| *shown != page.uid) {
            page.problems.push(DraftProblem::ClaimReplaced.of_whole());
        }
        if page.typed.trim() != reference.name.as_str() {
            let name = reference.name.clone();
            page.problems
                .push(DraftProblem::Unconfirmed { name }.of_field(field::CONFIRM));
        }
        if let Some(reasons) = page.approval.denied.clone() {
            page.problems
                .push(DraftProblem::DeniedByPolicy { reasons }.of_whole());
        }
        if let Some(residents) = page.residents.clone() {
            if !page.abandon {
                let residents = residents.summary();
                page.problems
                    .push(DraftProblem::ControlPlaneInUse { residents }.of_field(field::ABANDON));
            } else if command.seen.as_ref().is_some_and(|seen| *seen != residents.hash) {
                page.abandon = false;
                let residents = residents.summary();
                page.problems
                    .push(DraftProblem::ControlPlaneChanged { residents }.of_field(field::ABANDON));
            }
        }
        if let Some(message) = page.refused.clone() {
            page.problems.push(DraftProblem::DryRun { message }.of_whole());
        }
        if page.in_the_way.is_some() {
            page.problems.push(DraftProblem::RequestInProgress.of_whole());
        }
        if !page.problems.is_empty() {
            return Ok(SubmitOutcome::Invalid(Box::new(page)));
        }
        let configuration = self.configuration();
        let claim = self.visible_claim(viewer, reference)?;
        let id = page.request_id;
        let grant = authz::submit_about(viewer, &claim, Action::Delete, id)
            .map_err(Attempt::Change(&configuration).error())?;
        if claim.uid != page.uid {
            return Err(PortalError::Conflict(Conflict::ClaimReplaced));
        }
        let workspace = workspace_of(&claim)?;
        let (tenant, environment) = workspace.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let decision = self.delete_decision(viewer, tenant, environment, &claim)?;
        let catalog = self.planes().catalog();
        let projection = crate::offering::projection(&catalog, reference);
        let manifest = projection.displayed(&claim.object, claim.own_machinery.as_deref());
        let mut placement = Placement::of_existing(Candidate {
            plane: reference.plane.clone(),
            title: claim_place(&configuration, reference),
            region: None,
            ruled_out: Vec::new(),
            compared: None,
        });
        placement.candidates.clear();
        // Exactly what was agreed to is frozen with the request; whoever decides reads it in the note.
        let (residents, abandons) = self.plane_residents(viewer, &claim).await?.unzip();
        if residents.as_ref().map(|now| &now.hash) != page.residents.as_ref().map(|seen| &seen.hash) {
            return Err(PortalError::Conflict(Conflict::ResidentsChanged));
        }
        let abandoned = residents.as_ref().map(PlaneResidents::abandoned);
        let note = match (abandoned, command.note.trim()) {
            (None, note) => note.to_owned(),
            (Some(abandoned), "") => abandoned,
            (Some(abandoned), note) => format!("{abandoned} {note}"),
        };
        let frozen = Frozen::deletion(
            &grant,
            &decision,
            &claim,
            manifest,
            placement,
            (&note, abandons),
            self.now(),
        );
        Ok(SubmitOutcome::Created(self.send(caller, frozen).await?))
    }

    /// Says what is still in the tenant that the claim is; `None` if nothing is, or the claim is none.
    async fn tenant_residents(&self, claim: &Claim) -> Result<Option<String>> {
        let configuration = self.configuration();
        let (offering, name) = (&claim.reference.offering, claim.reference.name.as_str());
        let tenant = claimed_tenant::tenant_of(&configuration, offering, name)
            .filter(|tenant| tenant.spec.parent.is_some() && tenant.spec.parent == claim.tenant);
        let Some(tenant) = tenant else {
            return Ok(None);
        };
        let usage = self.usage_within(&configuration, [&tenant.name]).await?;
        let claims = usage.get(&tenant.name).map_or(0, Usage::claims);
        let tenants = configuration.children(&tenant.name).count();
        Ok((claims + tenants > 0).then(|| tenant_in_use(tenant.title(), claims, tenants)))
    }

    /// Why the control plane would refuse to delete the claim, asked by dry run. `None` if it would not, and if it does
    /// not say in time: then the worker asks it again.
    async fn refused_deletion(
        &self,
        grant: &Granted<Submission, Submit>,
        claim: &Claim,
        configuration: &Configuration,
    ) -> Option<DryRunVerdict> {
        let plane = self.planes().summary(&claim.reference.plane)?;
        if claim.status.health == Health::Deleting || plane.state != PlaneState::Ready {
            return None;
        }
        let asking = self.planes().dry_run_delete(grant, claim);
        let error = tokio::time::timeout(DRY_RUN_TIMEOUT, asking).await.ok()?.err()?;
        if error.is_retryable() {
            return None;
        }
        match error {
            // Its own words do not say whose they are.
            PlaneError::Conflict { .. } => Some(DryRunVerdict::Conflict {
                plane: claim_place(configuration, &claim.reference),
                error: error.to_string(),
                answered: true,
            }),
            PlaneError::Forbidden { .. } | PlaneError::Invalid { .. } | PlaneError::Refused { .. } => {
                Some(DryRunVerdict::Failed {
                    error: error.to_string(),
                    answered: true,
                })
            }
            _ => None,
        }
    }

    fn delete_decision(
        &self,
        viewer: &Viewer,
        tenant: &Tenant,
        environment: &Environment,
        claim: &Claim,
    ) -> Result<PolicyDecision> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let policies = self.policies()?;
        Ok(policies.1.evaluate(&PolicyInput {
            action: Action::Delete,
            manifest: &claim.object,
            previous: Some(&claim.object),
            offering: &claim.reference.offering,
            kind: &claim.resource.kind,
            category: rows::display(&catalog, &claim.reference.offering).category,
            plan: crate::usage::plan(&catalog, &claim.reference.offering, claim.plan.as_ref()),
            plans: crate::usage::plans(&catalog, &claim.reference.offering),
            tenant,
            environment,
            requester: Requester::of(viewer, &tenant.name),
            take_over: &[],
            plane: configuration.control_planes.get(&claim.reference.plane),
        }))
    }
}

/// The tenant and environment that a claim belongs to.
fn workspace_of(claim: &Claim) -> Result<Workspace> {
    let tenant = claim.tenant.clone().ok_or(PortalError::NotFound)?;
    let environment = claim.environment.clone().ok_or(PortalError::NotFound)?;
    Ok(Workspace { tenant, environment })
}

#[cfg(test)]
mod tests {
    use portico_domain::request::State;

    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone};

    fn confirmed(claim: &ClaimRef) -> DeleteClaim<'_> {
        DeleteClaim {
            confirmation: format!(" {} ", claim.name),
            ..DeleteClaim::of(claim)
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_confirmed_deletion_is_a_request_about_that_very_claim() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        let sent = app
            .portal
            .submit_delete(caller(&developer(0)), &confirmed(&claim))
            .await;
        let SubmitOutcome::Created(submission) = sent.unwrap() else {
            panic!("it was confirmed");
        };
        assert_eq!(submission.state, State::Approved);
        assert_eq!(
            submission.claim_href, None,
            "the claim goes: one looks at the request"
        );
        let page = app.portal.request(&developer(0), submission.id).await.unwrap();
        assert_eq!(page.row.action, Action::Delete);
        assert!(page.manifest.contains("sizeGb: 5"), "{}", page.manifest);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_stands_against_it_is_said() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        let refused = async |command: DeleteClaim<'_>| match app
            .portal
            .submit_delete(caller(&developer(0)), &command)
            .await
            .unwrap()
        {
            SubmitOutcome::Invalid(page) => page
                .problems
                .into_iter()
                .filter_map(|problem| problem.reason)
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(DeleteClaim::of(&claim)).await,
            [DraftProblem::Unconfirmed {
                name: claim.name.clone()
            }]
        );
        let another = DeleteClaim {
            uid: Some("another".to_owned()),
            ..confirmed(&claim)
        };
        assert_eq!(refused(another).await, [DraftProblem::ClaimReplaced]);
        let sent = app
            .portal
            .submit_delete(caller(&developer(0)), &confirmed(&claim))
            .await;
        assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{sent:?}");
        assert_eq!(
            refused(confirmed(&claim)).await,
            [DraftProblem::RequestInProgress]
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn developers_of_the_tenant_may_and_nobody_else() {
        let app = TestApp::new().await;
        for (who, viewer) in everyone() {
            let claim = app.bucket("t0-sandbox", &who.replace(' ', "-")).await;
            let sent = app
                .portal
                .submit_delete(caller(&viewer), &confirmed(&claim))
                .await;
            match who {
                "developer" | "tenant admin" => {
                    assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{who}: {sent:?}");
                }
                _ => assert!(
                    matches!(sent, Err(PortalError::Forbidden(_) | PortalError::NotFound)),
                    "{who}: {sent:?}"
                ),
            }
        }
    }
}
