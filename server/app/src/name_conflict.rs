//! Whether a name is free. Within an environment and an offering a name is unique over all control planes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use portico_api::words::NameProblem;
use portico_domain::authz::Visible;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::names::ClaimName;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::Viewer;
use portico_store::{Page, RequestFilter};

use super::draft::RequestDraft;
use super::{Portal, Result};

/// The newest requests about claims of the name, read at most.
const MAX_REQUESTS: u32 = 20;
/// How long a watch may take to report a new claim.
const WATCH_DELAY: SignedDuration = SignedDuration::from_secs(15);

impl Portal {
    /// Returns who has the name; `None` if it is free. Claims and open requests count.
    pub(super) async fn name_taken(
        &self,
        draft: &RequestDraft,
        viewer: &Viewer,
    ) -> Result<Option<NameProblem>> {
        let Ok(name) = ClaimName::new(draft.name.clone()) else {
            return Ok(None);
        };
        let scope = self.rules().of_tenant(&draft.workspace.tenant);
        let named = RequestFilter {
            tenant: Some(draft.workspace.tenant.clone()),
            environment: Some(draft.workspace.environment.clone()),
            offering: Some(draft.offered.name.clone()),
            name: Some(name.clone()),
            ..RequestFilter::default()
        };
        let mut requests = self
            .store()
            .requests(&scope, &named, &Page::first(MAX_REQUESTS))
            .await?
            .items;
        requests.retain(|request| request.id != draft.id);
        let claim = self.claim_named(draft, &name);
        let claim = claim.as_deref();
        let by = claim
            .and_then(|claim| {
                requests
                    .iter()
                    .find(|request| request.action == Action::Create && request.claim == claim.reference)
            })
            .or_else(|| requests.iter().find(|request| !request.state.is_end()))
            .or_else(|| just_made(&requests, self.now()).filter(|request| !self.is_deleted_again(request)));
        if claim.is_none() && by.is_none() {
            return Ok(None);
        }
        Ok(Some(self.who_has_it(draft, viewer, claim, by)))
    }

    /// True if what the request made was seen, and its deletion too: no watch is awaited for it.
    pub(super) fn is_deleted_again(&self, request: &Request) -> bool {
        let uid = request.uid.as_deref();
        uid.is_some_and(|uid| self.planes().has_seen_deleted(&request.claim.plane, uid))
    }

    /// Returns the environment's claim of the name on any control plane, other than the draft's own.
    fn claim_named(&self, draft: &RequestDraft, name: &ClaimName) -> Option<Arc<Claim>> {
        let scope = self.rules().of_tenant(&draft.workspace.tenant);
        let tenant = draft.configuration.tenants.get(&draft.workspace.tenant);
        let environment = tenant.and_then(|tenant| tenant.environment(&draft.workspace.environment));
        let (configuration, offering) = (&draft.configuration, &draft.offered.name);
        let namespace_on = |plane| {
            let (tenant, environment) = tenant.zip(environment)?;
            configuration.namespace_on(tenant, environment, plane, offering)
        };
        let planes = configuration.control_planes.values();
        planes
            .flat_map(|plane| [(plane, namespace_on(plane)), (plane, None)])
            .filter_map(|(plane, namespace)| {
                let reference = ClaimRef {
                    plane: plane.name.clone(),
                    offering: draft.offered.name.clone(),
                    namespace,
                    name: name.clone(),
                };
                self.planes().claim(&scope, &reference).map(Visible::into_inner)
            })
            .find(|claim| {
                claim.environment.as_ref() == Some(&draft.workspace.environment)
                    && claim.request != Some(draft.id)
            })
    }

    fn who_has_it(
        &self,
        draft: &RequestDraft,
        viewer: &Viewer,
        claim: Option<&Claim>,
        by: Option<&Request>,
    ) -> NameProblem {
        let (offering, name) = (draft.offered.title.clone(), draft.name.clone());
        let (tenant, environment) = (
            draft.workspace.tenant.clone(),
            draft.workspace.environment.clone(),
        );
        let now = self.now();
        match by {
            Some(request) => NameProblem::TakenByRequest {
                by: Some(request.requester.name.clone())
                    .filter(|_| request.requester.subject != viewer.person().subject),
                offering,
                name,
                tenant,
                environment,
                now,
                at: request.created_at,
            },
            None => NameProblem::TakenByClaim {
                offering,
                name,
                tenant,
                environment,
                made: claim.map(|claim| (now, claim.created_at)),
            },
        }
    }
}

/// Returns a claim that was created a moment ago, unless there is a later request about it.
fn just_made(requests: &[Request], now: Timestamp) -> Option<&Request> {
    let latest = requests.iter().max_by_key(|request| request.updated_at)?;
    let lately = now.duration_since(latest.updated_at) < WATCH_DELAY;
    (latest.state == State::Fulfilled && latest.action != Action::Delete && lately).then_some(latest)
}
