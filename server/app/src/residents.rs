//! What is on a control plane that is itself a claim. It is abandoned only if somebody saw it and agreed: that is frozen with
//! the request to delete it, and compared at each decision and before it is applied.

use portico_api::PlaneResidents;
use portico_domain::claim::Claim;
use portico_domain::documents::Configuration;
use portico_domain::obstacle::Obstacle;
use portico_domain::request::{Abandoned, Action, Request};
use portico_domain::tenancy::Viewer;
use portico_planes::ClaimFilter;
use portico_store::{Page, RequestFilter};

use super::claimed_planes::plane_of;
use super::{Portal, Result, rows};

/// Claims that the page of a deletion lists.
const MAX_RESIDENTS: usize = 20;
/// Requests for new claims that a deletion can abandon.
const MAX_REQUESTS: u32 = 500;
/// Claims that an obstacle names.
const MAX_NAMED: usize = 3;

impl Portal {
    /// What is on the control plane that this claim is, and what a deletion that is agreed to now abandons; `None` if it is
    /// none, or nothing is on it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn plane_residents(
        &self,
        viewer: &Viewer,
        claim: &Claim,
    ) -> Result<Option<(PlaneResidents, Abandoned)>> {
        let configuration = self.configuration();
        let Some(plane) = plane_of(&configuration, claim) else {
            return Ok(None);
        };
        let catalog = self.planes().catalog();
        let there = ClaimFilter {
            plane: Some(plane.name.clone()),
            ..ClaimFilter::default()
        };
        // The control plane is the tenant's own, so whoever may delete it sees them all.
        let claims = self.planes().claims(&viewer.scope(), &there);
        let open = RequestFilter {
            plane: Some(plane.name.clone()),
            action: Some(Action::Create),
            ..RequestFilter::open()
        };
        let rules = self.rules().of_all_tenants();
        let page = Page::first(MAX_REQUESTS);
        let under_way = self.store().requests(&rules, &open, &page).await?.items;
        let requested = self.store().count_requests(&rules, &open).await?.values().sum();
        if claims.is_empty() && requested == 0 {
            return Ok(None);
        }
        let abandoned = Abandoned {
            claims: claims.iter().map(|claim| claim.uid.clone()).collect(),
            requests: under_way.iter().map(|request| request.id).collect(),
        };
        let shown = claims.iter().take(MAX_RESIDENTS);
        let residents = PlaneResidents {
            plane: plane.name.clone(),
            plane_title: plane.title().to_owned(),
            claims: claims.len(),
            rows: shown
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect(),
            requested,
            hash: abandoned.digest(),
        };
        Ok(Some((residents, abandoned)))
    }

    /// Why a deletion may not be carried out: claims are on the control plane that it would end, which nobody agreed to
    /// abandon. Compared with what was frozen with the request.
    ///
    /// From the moment that the request is in the database nothing new is created by Portico (`Lookups::is_leaving`), and what
    /// was created before shows here once the watch has delivered it. So only a claim whose creation is under way in just the
    /// milliseconds between this check and the deletion is not seen, as one by the tenant's own tools: Kubernetes has no lock
    /// over two control planes.
    pub(crate) fn not_abandoned(
        &self,
        configuration: &Configuration,
        request: &Request,
        claim: &Claim,
    ) -> Option<Obstacle> {
        let plane = plane_of(configuration, claim).filter(|_| request.action == Action::Delete)?;
        let title = plane.title().to_owned();
        if self.is_ready(&plane.name) && !self.planes().claims_synced(&plane.name) {
            return Some(Obstacle::NotRead { plane: title });
        }
        let there = ClaimFilter {
            plane: Some(plane.name.clone()),
            ..ClaimFilter::default()
        };
        let is_agreed = |claim: &Claim| {
            let agreed = request.abandons.as_ref();
            agreed.is_some_and(|agreed| agreed.covers(claim))
        };
        let scope = self.rules().of_tenant(&request.tenant);
        let others = self
            .planes()
            .claims_where(&scope, &there, &|claim| !is_agreed(claim));
        let named: Vec<&str> = others
            .iter()
            .take(MAX_NAMED)
            .map(|claim| claim.reference.name.as_str())
            .collect();
        let more = match others.len().saturating_sub(named.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| Obstacle::NotAbandoned {
            plane: title,
            claims: format!("{}{more}", named.join(", ")),
        })
    }
}
