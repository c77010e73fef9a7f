//! Rows of lists: a claim or request as every list shows it.

use portico_api::words::request_status;
use portico_api::{ClaimRow, Link, RequestRow};
use portico_domain::claim::Claim;
use portico_domain::documents::{Audience, Category, Configuration};
use portico_domain::names::OfferingName;
use portico_domain::request::Request;
use portico_planes::Catalog;

use super::names::claim_place;

/// Title, icon and category of an offering, even if no control plane serves it any more.
pub(super) struct OfferingDisplay {
    pub(super) title: String,
    pub(super) icon: String,
    pub(super) category: Category,
}

pub(super) fn display(catalog: &Catalog, name: &OfferingName) -> OfferingDisplay {
    match catalog.get(name) {
        Some(offered) => OfferingDisplay {
            title: offered.title.clone(),
            icon: offered
                .icon
                .clone()
                .unwrap_or_else(|| offered.category.slug().to_owned()),
            category: offered.category,
        },
        None => OfferingDisplay {
            title: name.as_str().split('.').next().unwrap_or_default().to_owned(),
            icon: Category::Other.slug().to_owned(),
            category: Category::Other,
        },
    }
}

/// Returns the path of an offering's page, if the audience sees it there.
pub(super) fn offering_href(catalog: &Catalog, audience: Audience, name: &OfferingName) -> Option<Link> {
    let offered = catalog.get(name)?;
    offered
        .is_listed_for(audience)
        .then(|| Link::Offering(name.clone()))
}

pub(super) fn claim(configuration: &Configuration, catalog: &Catalog, claim: &Claim) -> ClaimRow {
    let looks = display(catalog, &claim.reference.offering);
    ClaimRow {
        reference: claim.reference.clone(),
        href: Link::Claim(claim.reference.clone()),
        offering_title: looks.title,
        icon: looks.icon,
        category: looks.category,
        tenant: claim.tenant.clone(),
        environment: claim.environment.clone(),
        deprecation: catalog
            .get(&claim.reference.offering)
            .and_then(|offered| offered.lifecycle.deprecation()),
        plan: claim.plan.clone(),
        version: claim.version.clone(),
        plane_title: claim_place(configuration, &claim.reference),
        health: claim.status.health,
        reason: claim.status.reason.clone(),
        requester: claim.requester.as_ref().map(|(_, name)| name.clone()),
        managed_by: claim.manager.as_deref().map(Into::into),
        expires_at: claim.expires_at,
        created_at: claim.created_at,
        observed_at: claim.observed_at,
    }
}

pub(super) fn request(catalog: &Catalog, request: &Request) -> RequestRow {
    let looks = display(catalog, &request.claim.offering);
    RequestRow {
        id: request.id,
        href: Link::Request(request.id),
        action: request.action,
        state: request.state,
        status: request_status(request),
        waiting_for: request.waiting_for.clone(),
        failure: request.failure.clone(),
        claim: request.claim.clone(),
        offering_title: looks.title,
        icon: looks.icon,
        tenant: request.tenant.clone(),
        environment: request.environment.clone(),
        plan: request.plan.clone(),
        requester: request.requester.name.clone(),
        created_at: request.created_at,
        updated_at: request.updated_at,
    }
}
