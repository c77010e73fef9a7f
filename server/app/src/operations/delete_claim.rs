//! Requests to delete a claim. The requester confirms it by typing the claim's name.

use portico_api::{DeletePage, Problem, names as field};
use portico_domain::authz;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::{Environment, Tenant};
use portico_domain::names::RequestId;
use portico_domain::placement::Placement;
use portico_domain::policy::{PolicyDecision, PolicyInput, Requester};
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;

use super::submit_request::SubmitOutcome;
use crate::draft::checks::preview;
use crate::draft::stages::Frozen;
use crate::names::plane_title;
use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result, Workspace, rows};

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
        authz::may_change(viewer, &claim).map_err(Attempt::Change(&configuration).error())?;
        let work = place_of(&claim)?;
        let (tenant, environment) = work.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let ruling = self.ruling_on_delete(viewer, tenant, environment, &claim)?;
        let open = self
            .store()
            .open_request_of(&self.rules().of_all_tenants(), reference)
            .await?;
        let mut consequences = vec![format!(
            "The {} {} is deleted on {}, with everything it is composed of.",
            rows::display(&catalog, &reference.offering).title,
            reference.name,
            plane_title(&configuration, &reference.plane)
        )];
        if claim.status.secret.is_some() {
            consequences.push("Its connection secret goes with it: what uses it stops working.".to_owned());
        }
        consequences.push("Data that is not kept elsewhere is lost.".to_owned());
        Ok(DeletePage {
            row: rows::claim(&configuration, &catalog, &claim),
            uid: claim.uid.clone(),
            request_id: command.id.unwrap_or_else(|| self.new_request_id()),
            consequences,
            approval: preview(&ruling, tenant.title()),
            typed: command.confirmation.clone(),
            note: command.note.clone(),
            problems: Vec::new(),
            in_the_way: open.map(|open| open.id),
            cost: crate::usage::cost(
                crate::usage::plan(&catalog, &reference.offering, claim.plan.as_ref()),
                None,
            ),
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
            let message =
                "The claim that you saw is gone, and another stands under its name. Look at that one before \
                           you delete it."
                    .to_owned();
            page.problems.push(Problem {
                field: String::new(),
                message,
            });
        }
        if page.typed.trim() != reference.name.as_str() {
            let message = format!("Type the claim’s name, {}, to delete it.", reference.name);
            page.problems.push(Problem {
                field: field::CONFIRM.to_owned(),
                message,
            });
        }
        if let Some(denied) = &page.approval.denied {
            page.problems.push(Problem {
                field: String::new(),
                message: format!("Policy refuses it: {denied}"),
            });
        }
        if page.in_the_way.is_some() {
            let message =
                "Another request about it is still under way. Wait for it, or withdraw it.".to_owned();
            page.problems.push(Problem {
                field: String::new(),
                message,
            });
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
        let work = place_of(&claim)?;
        let (tenant, environment) = work.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let ruling = self.ruling_on_delete(viewer, tenant, environment, &claim)?;
        let catalog = self.planes().catalog();
        let projection = crate::offering::projection(&catalog, reference);
        let manifest = projection.displayed(&claim.object, claim.own_machinery.as_deref());
        let placement = Placement {
            chosen: Some(reference.plane.clone()),
            reason: format!(
                "{}: it runs there.",
                plane_title(&configuration, &reference.plane)
            ),
            candidates: Vec::new(),
        };
        let frozen = Frozen::deletion(
            &grant,
            &ruling,
            &claim,
            manifest,
            placement,
            &command.note,
            self.now(),
        );
        Ok(SubmitOutcome::Created(self.send(caller, frozen).await?))
    }

    fn ruling_on_delete(
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
            plane: configuration.control_planes.get(&claim.reference.plane),
        }))
    }
}

/// The tenant and environment that a claim belongs to.
fn place_of(claim: &Claim) -> Result<Workspace> {
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
                .map(|problem| problem.message)
                .collect::<Vec<_>>()
                .join(" "),
            other => panic!("{other:?}"),
        };
        let unconfirmed = refused(DeleteClaim::of(&claim)).await;
        assert!(
            unconfirmed.contains("Type the claim’s name, files"),
            "{unconfirmed}"
        );
        let another = DeleteClaim {
            uid: Some("another".to_owned()),
            ..confirmed(&claim)
        };
        assert!(refused(another).await.contains("another stands under its name"));
        let sent = app
            .portal
            .submit_delete(caller(&developer(0)), &confirmed(&claim))
            .await;
        assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{sent:?}");
        assert!(refused(confirmed(&claim)).await.contains("still under way"));
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
