//! Which claims a claim depends on, and which depend on it.

use std::sync::Arc;

use portico_api::{Link, RelatedClaim};
use portico_domain::claim::{Claim, Dependency};
use portico_domain::tenancy::Viewer;
use portico_planes::ClaimFilter;

use super::{Portal, rows};

/// Claims that are listed at most.
const MAX: usize = 50;

impl Portal {
    /// The viewer's claims that the specification of this one names.
    pub(super) fn depends_on(&self, viewer: &Viewer, claim: &Claim) -> Vec<RelatedClaim> {
        let Some(named) = &claim.dependencies else {
            return Vec::new();
        };
        self.related(viewer, claim, |other| fields(named, other, claim))
    }

    /// The viewer's claims whose specification names this one.
    pub(super) fn needed_by(&self, viewer: &Viewer, claim: &Claim) -> Vec<RelatedClaim> {
        self.related(viewer, claim, |other| match &other.dependencies {
            Some(named) => fields(named, claim, other),
            None => Vec::new(),
        })
    }

    /// Claims beside this one, by name, each with the fields because of which it is one of them.
    fn related(
        &self,
        viewer: &Viewer,
        claim: &Claim,
        because_of: impl Fn(&Claim) -> Vec<String>,
    ) -> Vec<RelatedClaim> {
        let near = ClaimFilter {
            plane: Some(claim.reference.plane.clone()),
            ..ClaimFilter::default()
        };
        let is_related = |other: &Claim| {
            other.reference.namespace == claim.reference.namespace && !because_of(other).is_empty()
        };
        let mut found: Vec<Arc<Claim>> = self.planes().claims_where(&viewer.scope(), &near, &is_related);
        found.sort_by(|one, other| one.reference.name.cmp(&other.reference.name));
        let catalog = self.planes().catalog();
        found
            .iter()
            .take(MAX)
            .map(|other| RelatedClaim {
                name: other.reference.name.clone(),
                href: Link::Claim(other.reference.clone()),
                offering_title: rows::display(&catalog, &other.reference.offering).title,
                health: other.status.health,
                fields: because_of(other),
            })
            .collect()
    }
}

/// The fields by which the claim `of` names this one.
fn fields(named: &[Dependency], claim: &Claim, of: &Claim) -> Vec<String> {
    named
        .iter()
        .filter(|dependency| dependency.is_on(claim, &of.reference))
        .map(|dependency| dependency.field.clone())
        .collect()
}
