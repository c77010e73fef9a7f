//! Checks tenants.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::documents::ControlPlane;
use portico_domain::names::{PlaneName, TenantName, is_dns_label};
use portico_domain::publication::is_consumer_namespace;
use portico_domain::tenant_namespace::ACCOUNTS_NAMESPACE;

use super::super::documents::{LocatedDocument, all_tenants, planes};
use super::super::finding::Findings;
use super::labels::labels;
use super::portal;

pub(super) fn tenants(documents: &[LocatedDocument], findings: &mut Findings) {
    let planes: BTreeMap<&PlaneName, &ControlPlane> =
        planes(documents).map(|(_, plane)| (&plane.name, plane)).collect();
    let mut namespaces: BTreeMap<&str, &TenantName> = BTreeMap::new();
    let providers = portal::providers(documents);
    for (at, tenant) in all_tenants(documents) {
        let spec = &tenant.spec;
        if spec.members.is_empty() {
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
        }
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
