//! Compares two configurations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use portico_domain::documents::Configuration;

/// The documents that were added, changed or removed as `Kind/name`, sorted.
#[must_use]
pub fn changed_documents(before: &Configuration, after: &Configuration) -> Vec<String> {
    let mut changed = BTreeSet::new();
    if before.portal != after.portal {
        changed.insert(format!("Portal/{}", after.portal.name));
    }
    compare(
        "ControlPlane",
        &before.control_planes,
        &after.control_planes,
        &mut changed,
    );
    compare("Offering", &before.offerings, &after.offerings, &mut changed);
    compare("Tenant", &before.tenants, &after.tenants, &mut changed);
    compare("ApprovalPolicy", &before.policies, &after.policies, &mut changed);
    compare(
        "NamespaceTemplate",
        &before.namespace_templates,
        &after.namespace_templates,
        &mut changed,
    );
    compare(
        "Publication",
        &before.publications,
        &after.publications,
        &mut changed,
    );
    changed.into_iter().collect()
}

fn compare<N: Ord + Display, D: PartialEq>(
    kind: &str,
    before: &BTreeMap<N, D>,
    after: &BTreeMap<N, D>,
    changed: &mut BTreeSet<String>,
) {
    let names: BTreeSet<&N> = before.keys().chain(after.keys()).collect();
    for name in names {
        if before.get(name) != after.get(name) {
            changed.insert(format!("{kind}/{name}"));
        }
    }
}
