//! The list of claims.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use portico_api::{ClaimRow, ClaimsFilter, ClaimsPage, Paged};
use portico_domain::claim::{Claim, Health};
use portico_domain::names::{OfferingName, TenantName};
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::ClaimFilter;

use super::names::{choice, claim_place};
use super::{Portal, Workspace, rows};

/// Claims on a page.
const PER_PAGE: usize = 50;

impl Portal {
    /// Returns the claims that the viewer may see and that match the filter. Reads caches only: it waits for no control
    /// plane.
    #[must_use]
    pub fn claims(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        filter: ClaimsFilter,
        page: usize,
    ) -> ClaimsPage {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let mut found = self.found_claims(viewer, workspace, &filter);
        let mut healths: BTreeMap<Health, usize> = BTreeMap::new();
        for claim in &found {
            *healths.entry(claim.status.health).or_default() += 1;
        }
        if let Some(health) = filter.health {
            found.retain(|claim| claim.status.health == health);
        }
        let index = self.index(viewer.audience(), workspace);
        // Neighbours mostly have the same.
        let mut of_found: Vec<&OfferingName> = found.iter().map(|claim| &claim.reference.offering).collect();
        of_found.dedup();
        let of_found: BTreeSet<&OfferingName> = of_found.into_iter().collect();
        let offerings = catalog
            .offerings
            .values()
            // What another tenant has for itself is in no list of this one.
            .filter(|offered| index.get(&offered.name).is_some() || of_found.contains(&offered.name))
            .map(|offered| (offered.name.clone(), offered.title.clone()))
            .collect();
        let tenant = wanted_tenant(workspace, &filter).filter(|tenant| viewer.sees(tenant));
        let unreachable_planes: BTreeSet<String> = found
            .iter()
            .filter(|claim| claim.status.health == Health::Unreachable)
            .map(|claim| claim_place(&configuration, &claim.reference))
            .collect();
        let unreachable_planes = unreachable_planes.into_iter().collect();
        let total = found.len();
        let until = page.max(1).saturating_mul(PER_PAGE);
        sort(&mut found, until, filter.sort.as_deref(), self.now());
        let page = Paged {
            total: Some(total),
            more: until < total,
            ..Paged::cut(found, page, PER_PAGE)
        };
        ClaimsPage {
            offerings,
            planes: match tenant
                .as_ref()
                .and_then(|tenant| configuration.tenants.get(tenant))
            {
                Some(tenant) => configuration
                    .control_planes
                    .values()
                    .filter(|plane| portico_domain::placement::may_use(tenant, plane))
                    .map(choice)
                    .collect(),
                None => Vec::new(),
            },
            environments: tenant
                .as_ref()
                .and_then(|tenant| configuration.tenants.get(tenant))
                .map(|tenant| {
                    tenant
                        .spec
                        .environments
                        .iter()
                        .map(|environment| environment.name.clone())
                        .collect()
                })
                .unwrap_or_default(),
            healths: healths.into_iter().collect(),
            unreachable_planes,
            may_change: match &tenant {
                Some(tenant) => viewer.may(tenant, Role::Developer),
                None => viewer
                    .roles()
                    .keys()
                    .any(|tenant| viewer.may(tenant, Role::Developer)),
            },
            rows: Paged {
                items: page
                    .items
                    .iter()
                    .map(|claim| rows::claim(&configuration, &catalog, claim))
                    .collect(),
                total: page.total,
                page: page.page,
                per_page: page.per_page,
                more: page.more,
            },
            filter,
        }
    }

    /// Returns all claims that the viewer may see and that match the filter, in its order. Reads caches only.
    pub fn all_claims(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        filter: &ClaimsFilter,
    ) -> impl Iterator<Item = ClaimRow> + Send + use<> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let mut found = self.found_claims(viewer, workspace, filter);
        if let Some(health) = filter.health {
            found.retain(|claim| claim.status.health == health);
        }
        sort(&mut found, usize::MAX, filter.sort.as_deref(), self.now());
        found
            .into_iter()
            .map(move |claim| rows::claim(&configuration, &catalog, &claim))
    }

    /// The claims that match the filter, whatever their health.
    fn found_claims(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        filter: &ClaimsFilter,
    ) -> Vec<Arc<Claim>> {
        let wanted = ClaimFilter {
            tenant: wanted_tenant(workspace, filter),
            environment: filter.environment.clone(),
            offering: filter.offering.clone(),
            plane: filter.plane.clone(),
            requester: filter.mine.then(|| viewer.person().subject.clone()),
            name: Some(filter.query.trim().to_lowercase()).filter(|query| !query.is_empty()),
            ..ClaimFilter::default()
        };
        self.planes().claims(&viewer.scope(), &wanted)
    }
}

/// The tenant whose claims are listed: the chosen one, else the one that the viewer works in.
fn wanted_tenant(workspace: Option<&Workspace>, filter: &ClaimsFilter) -> Option<TenantName> {
    let chosen = filter.tenant.clone();
    chosen.or_else(|| workspace.map(|workspace| workspace.tenant.clone()))
}

/// Sort key: expired claims first, since only people renew or delete them, then unhealthy ones.
pub(super) fn urgency(claim: &Claim, now: Timestamp) -> u8 {
    if ran_out(claim, now) {
        return 0;
    }
    match claim.status.health {
        Health::Degraded => 1,
        Health::Unreachable => 2,
        Health::Pending => 3,
        Health::Deleting => 4,
        Health::Paused | Health::Unknown => 5,
        Health::Ready => 6,
        Health::Gone => 7,
    }
}

/// True if the claim has expired and is not being deleted.
pub(super) fn ran_out(claim: &Claim, now: Timestamp) -> bool {
    claim.expires_at.is_some_and(|at| at <= now)
        && !matches!(claim.status.health, Health::Deleting | Health::Gone)
}

/// Sorts the claims by a column, and drops those after the first `most`. Equal ones are in the order of their names.
fn sort(claims: &mut Vec<Arc<Claim>>, most: usize, by: Option<&str>, now: Timestamp) {
    let by = by.unwrap_or_default();
    let (by, backwards) = match by.strip_prefix('-') {
        Some(by) => (by, true),
        None => (by, false),
    };
    let by_column = |one: &Claim, other: &Claim| match by {
        "name" => Ordering::Equal,
        "offering" => one.reference.offering.cmp(&other.reference.offering),
        "version" => {
            let key = |claim: &Claim| {
                let version = claim.version.as_deref().map(natural);
                (version.is_none(), claim.reference.offering.clone(), version)
            };
            key(one).cmp(&key(other))
        }
        "plan" => one.plan.cmp(&other.plan),
        "environment" => (&one.tenant, &one.environment).cmp(&(&other.tenant, &other.environment)),
        "plane" => one.reference.plane.cmp(&other.reference.plane),
        "age" => other.created_at.cmp(&one.created_at),
        _ => urgency(one, now).cmp(&urgency(other, now)),
    };
    let compare = |one: &Arc<Claim>, other: &Arc<Claim>| {
        let order = by_column(one, other)
            .then_with(|| one.reference.name.cmp(&other.reference.name))
            .then_with(|| one.reference.cmp(&other.reference));
        if backwards { order.reverse() } else { order }
    };
    // A page of very many is found without sorting all of them.
    if most < claims.len() {
        claims.select_nth_unstable_by(most, compare);
        claims.truncate(most);
    }
    claims.sort_unstable_by(compare);
}

/// The key by which versions are in their order: `9` is before `16`, `1.9` before `1.10`.
fn natural(version: &str) -> Vec<(u64, String)> {
    let parts = version.split(|letter: char| !letter.is_alphanumeric());
    parts
        .map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use portico_api::ClaimsFilter;

    use super::natural;
    use crate::testing::{TestApp, developer, workspace};

    #[test]
    fn versions_are_in_their_order_and_not_in_that_of_their_letters() {
        let mut versions = ["v1.10", "17", "1.9", "9", "16.4", "1.10", "16"];
        versions.sort_by_key(|version| natural(version));
        assert_eq!(versions, ["1.9", "1.10", "9", "16", "16.4", "17", "v1.10"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_list_is_sorted_by_each_column_in_both_directions() {
        let app = TestApp::new().await;
        for name in ["beta", "alpha", "gamma"] {
            app.bucket("t0-dev", name).await;
        }
        let names = |sort: Option<&str>| {
            let filter = ClaimsFilter {
                sort: sort.map(str::to_owned),
                ..ClaimsFilter::default()
            };
            let page = app.portal.claims(&developer(0), Some(&workspace(0)), filter, 1);
            let rows = page.rows.items.into_iter();
            rows.map(|row| row.reference.name.to_string()).collect::<Vec<_>>()
        };
        let forwards = ["alpha", "beta", "gamma"];
        for by in [
            "name",
            "health",
            "offering",
            "version",
            "plan",
            "environment",
            "plane",
            "no-such-column",
        ] {
            assert_eq!(names(Some(by)), forwards, "{by}");
        }
        assert_eq!(names(None), forwards);
        assert_eq!(names(Some("-name")), ["gamma", "beta", "alpha"]);
        let mut youngest_first = names(Some("age"));
        youngest_first.reverse();
        assert_eq!(names(Some("-age")), youngest_first);
    }
}
