//! Checks tenants.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::documents::{ControlPlane, Tenant};
use portico_domain::names::{PlaneName, TenantName, is_dns_label};
use portico_domain::publication::is_consumer_namespace;
use portico_domain::tenant_namespace::ACCOUNTS_NAMESPACE;
use portico_domain::tenant_tree::MAX_TENANT_LEVELS;

use super::super::documents::{LocatedDocument, all_tenants, planes};
use super::super::finding::Findings;
use super::labels::labels;
use super::placement::placement;
use super::portal;

pub(super) fn tenants(documents: &[LocatedDocument], findings: &mut Findings) {
    let planes: BTreeMap<&PlaneName, &ControlPlane> =
        planes(documents).map(|(_, plane)| (&plane.name, plane)).collect();
    let mut namespaces: BTreeMap<&str, &TenantName> = BTreeMap::new();
    let providers = portal::providers(documents);
    let by_name: BTreeMap<&TenantName, &Tenant> = all_tenants(documents)
        .map(|(_, tenant)| (&tenant.name, tenant))
        .collect();
    let mut nesting = Nesting::default();
    for (at, tenant) in all_tenants(documents) {
        let spec = &tenant.spec;
        if let Some(parent) = &spec.parent {
            if !by_name.contains_key(parent) {
                findings.missing(at, "spec.parent", "tenant", parent.as_str());
            } else if let Err(message) = nesting.add(&tenant.name, parent) {
                findings.error(at, "spec.parent", message);
            }
        }
        if !has_members(&by_name, tenant) {
            findings.warning(at, "spec.members", "this tenant has no members");
        }
        for (index, member) in spec.members.iter().enumerate() {
            let field = format!("spec.members[{index}].group");
            portal::group_of(at, &field, &member.group_ref(), &providers, findings);
        }
        if spec.environments.is_empty() {
            findings.error(at, "spec.environments", "a tenant needs at least one environment");
        }
        let mut names = BTreeSet::new();
        for (index, environment) in spec.environments.iter().enumerate() {
            let field = format!("spec.environments[{index}]");
            if !names.insert(&environment.name) {
                let message = format!("two environments are named {:?}", environment.name.as_str());
                findings.error(at, format!("{field}.name"), message);
            }
            if !is_dns_label(&environment.namespace) {
                let message = format!(
                    "{:?} is not a namespace: use a-z, 0-9 and '-'",
                    environment.namespace
                );
                findings.error(at, format!("{field}.namespace"), message);
            }
            if environment.namespace == ACCOUNTS_NAMESPACE {
                let message = format!("Portico keeps {ACCOUNTS_NAMESPACE} for itself");
                findings.error(at, format!("{field}.namespace"), message);
            }
            if is_consumer_namespace(&environment.namespace) {
                let message =
                    "names that begin with portico-for- are those of consumers of tenants' services";
                findings.error(at, format!("{field}.namespace"), message);
            }
            if let Some(owner) = namespaces.insert(&environment.namespace, &tenant.name) {
                let message = format!(
                    "the namespace {:?} already belongs to an environment of tenant {owner}: no two may share one",
                    environment.namespace
                );
                findings.error(at, format!("{field}.namespace"), message);
            }
            labels(
                at,
                &format!("{field}.controlPlaneLabels"),
                &environment.control_plane_labels,
                findings,
            );
            labels(
                at,
                &format!("{field}.preferredControlPlaneLabels"),
                &environment.preferred_control_plane_labels,
                findings,
            );
            placement(
                at,
                &format!("{field}.placement"),
                &environment.placement,
                documents,
                findings,
            );
        }
        placement(at, "spec.placement", &spec.placement, documents, findings);
        for (index, name) in spec.control_planes.names.iter().enumerate() {
            let field = format!("spec.controlPlanes.names[{index}]");
            match planes.get(name) {
                None => findings.missing(at, field, "control plane", name.as_str()),
                Some(plane)
                    if !plane.spec.dedicated_to.is_empty()
                        && !plane.spec.dedicated_to.contains(&tenant.name) =>
                {
                    let message = format!("{name} is dedicated to other tenants and will not serve this one");
                    findings.warning(at, field, message);
                }
                Some(_) => {}
            }
        }
    }
}

/// True if the tenant or one above it has members.
fn has_members(tenants: &BTreeMap<&TenantName, &Tenant>, tenant: &Tenant) -> bool {
    let parent = |tenant: &&Tenant| tenants.get(tenant.spec.parent.as_ref()?).copied();
    std::iter::successors(Some(tenant), parent)
        .take(MAX_TENANT_LEVELS)
        .any(|tenant| !tenant.spec.members.is_empty())
}

/// Which tenant is in which, as far as documents were read. Of several that together make a circle or a line that is too
/// long, the last one is wrong: what was in force before stays right.
#[derive(Default)]
struct Nesting<'d> {
    parents: BTreeMap<&'d TenantName, &'d TenantName>,
    /// How many levels of tenants are below each.
    below: BTreeMap<&'d TenantName, usize>,
}

impl<'d> Nesting<'d> {
    /// Puts a tenant into another one.
    fn add(&mut self, tenant: &'d TenantName, parent: &'d TenantName) -> Result<(), String> {
        let above: Vec<_> = self.line(parent).collect();
        if above.contains(&tenant) {
            let circle: Vec<&str> = std::iter::once(tenant)
                .chain(above.iter().copied().take_while(|above| *above != tenant))
                .chain([tenant])
                .map(TenantName::as_str)
                .collect();
            return Err(format!(
                "a tenant cannot be within itself: {}",
                circle.join(" is in ")
            ));
        }
        let below = self.below.get(tenant).copied().unwrap_or(0);
        let levels = above.len() + 1 + below;
        if levels > MAX_TENANT_LEVELS {
            return Err(format!(
                "at most {MAX_TENANT_LEVELS} tenants may be nested, and this makes {levels}"
            ));
        }
        self.parents.insert(tenant, parent);
        for (distance, above) in above.into_iter().enumerate() {
            let known = self.below.entry(above).or_default();
            *known = (*known).max(below + 1 + distance);
        }
        Ok(())
    }

    /// The tenant and those above it.
    fn line<'a>(&'a self, tenant: &'d TenantName) -> impl Iterator<Item = &'d TenantName> + 'a {
        std::iter::successors(Some(tenant), |tenant| self.parents.get(tenant).copied())
    }
}
