//! Requests to delete a claim. The requester confirms it by typing the claim's name.

use portico_api::{DeletePage, Problem, names as field};
use portico_domain::authz;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::{Environment, Tenant};
use portico_domain::placement::Placement;
use portico_domain::policy::{PolicyDecision, PolicyInput};
use portico_domain::request::{Action, Request, State, manifest_hash};
use portico_domain::tenancy::Viewer;

use super::checks::preview;
use super::form_data::FormData;
use super::names::plane_title;
use super::permissions::Denial;
use super::submit::SubmitOutcome;
use super::{Conflict, Portal, PortalError, Result, Workspace, rows};

impl Portal {
    /// The page that asks for a claim's name before it is deleted.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer, [`PortalError::Forbidden`] when they may
    /// not delete it; when the database fails.
    pub async fn delete_page(
        &self,
        viewer: &Viewer,
        reference: &ClaimRef,
        posted: &FormData,
    ) -> Result<DeletePage> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let claim = self.visible_claim(viewer, reference)?;
        authz::may_change(viewer, &claim).map_err(Denial::Change(&configuration).error())?;
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
            request_id: posted.request_id(),
            consequences,
            approval: preview(&ruling, tenant.title()),
            typed: posted.get(field::CONFIRM).unwrap_or_default().to_owned(),
            note: posted.get(field::NOTE).unwrap_or_default().to_owned(),
            problems: Vec::new(),
            in_the_way: open.map(|open| open.id),
            cost: super::usage::cost(
                super::usage::plan(&catalog, &reference.offering, claim.plan.as_ref()),
                None,
            ),
        })
    }

    /// Asks for a claim to be deleted. Its name must have been typed.
    ///
    /// # Errors
    /// As [`Portal::delete_page`]. A name that is not the claim's is no error but the page again.
    pub async fn submit_delete(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        reference: &ClaimRef,
        posted: &FormData,
    ) -> Result<SubmitOutcome<DeletePage>> {
        if let Some(known) = self.sent_before(viewer, posted).await? {
            return Ok(SubmitOutcome::Created(known));
        }
        let mut page = self.delete_page(viewer, reference, posted).await?;
        if posted.filled(field::UID).is_some_and(|shown| shown != page.uid) {
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
        let id = posted.request_id();
        let grant = authz::submit_about(viewer, &claim, Action::Delete, id)
            .map_err(Denial::Change(&configuration).error())?;
        if claim.uid != page.uid {
            return Err(PortalError::Conflict(
                Conflict::Changed,
                "It was deleted and created again just now. Check it, then try again.".to_owned(),
            ));
        }
        let work = place_of(&claim)?;
        let (tenant, environment) = work.resolve(&configuration).ok_or(PortalError::NotFound)?;
        let ruling = self.ruling_on_delete(viewer, tenant, environment, &claim)?;
        let catalog = self.planes().catalog();
        let projection = super::offering::projection(&catalog, reference);
        let manifest = projection.displayed(&claim.object, claim.own_machinery.as_deref());
        let now = self.now();
        let request = Request {
            id,
            action: Action::Delete,
            state: State::Draft,
            tenant: work.tenant.clone(),
            environment: work.environment.clone(),
            claim: reference.clone(),
            resource: claim.resource.clone(),
            plan: claim.plan.clone(),
            manifest_hash: manifest_hash(&manifest),
            manifest,
            // A deletion means the same by whatever schema.
            schema_hash: None,
            previous: None,
            uid: Some(claim.uid.clone()),
            placement: Placement {
                chosen: Some(reference.plane.clone()),
                reason: format!(
                    "{}: it runs there.",
                    plane_title(&configuration, &reference.plane)
                ),
                candidates: Vec::new(),
            },
            requester: grant.person().clone(),
            requester_groups: grant.groups().clone(),
            note: posted.filled(field::NOTE).map(str::to_owned),
            approval: None,
            decisions: Vec::new(),
            attempts: 0,
            next_attempt_at: None,
            waiting_for: None,
            failure: None,
            traceparent: super::trace::current().map(|parent| parent.to_string()),
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        Ok(SubmitOutcome::Created(
            self.send(&grant, remote, request, &ruling).await?,
        ))
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
            plan: super::usage::plan(&catalog, &claim.reference.offering, claim.plan.as_ref()),
            plans: super::usage::plans(&catalog, &claim.reference.offering),
            tenant,
            environment,
            requester: viewer,
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
