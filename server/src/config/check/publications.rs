//! Checks publications.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::documents::{
    ActAs, Consumers, ControlPlane, Offering, Permission, Provider, Publication, PublisherApprovers, Tenant,
};
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use portico_domain::tenancy::Role;
use portico_domain::tenant_tree::MAX_TENANT_LEVELS;

use super::super::documents::{LocatedDocument, all_offerings, all_tenants, of_kind, planes};
use super::super::finding::Findings;
use super::super::parse::Document;
use super::portal;

/// Longest reason of a permission, in characters.
const MAX_REASON_CHARACTERS: usize = 500;

/// What publications refer to.
struct Others<'d> {
    tenants: BTreeMap<&'d TenantName, &'d Tenant>,
    planes: BTreeMap<&'d PlaneName, &'d ControlPlane>,
    offerings: BTreeMap<&'d OfferingName, &'d Offering>,
    providers: Vec<&'d Provider>,
}

pub(super) fn publications(documents: &[LocatedDocument], findings: &mut Findings) {
    let others = Others {
        tenants: all_tenants(documents)
            .map(|(_, tenant)| (&tenant.name, tenant))
            .collect(),
        planes: planes(documents).map(|(_, plane)| (&plane.name, plane)).collect(),
        offerings: all_offerings(documents)
            .map(|(_, offering)| (&offering.name, offering))
            .collect(),
        providers: portal::providers(documents),
    };
    let all = of_kind(documents, |document| match document {
        Document::Publication(publication) => Some(publication),
        _ => None,
    });
    let mut published = BTreeMap::new();
    for (at, publication) in all {
        let spec = &publication.spec;
        if let Some(other) = published.insert((&spec.control_plane, &spec.offering), &publication.name) {
            let message = format!(
                "{other} publishes {} from {} already: name more consumers there",
                spec.offering, spec.control_plane
            );
            findings.error(at, "spec.offering", message);
        }
        place(at, publication, &others, findings);
        consumers(at, publication, &others, findings);
        permissions(at, publication, &others, findings);
    }
}

/// Where the claims land.
fn place(at: usize, publication: &Publication, others: &Others<'_>, findings: &mut Findings) {
    let spec = &publication.spec;
    if !others.tenants.contains_key(&spec.publisher) {
        findings.missing(at, "spec.publisher", "tenant", spec.publisher.as_str());
    }
    match others.planes.get(&spec.control_plane) {
        None => findings.missing(
            at,
            "spec.controlPlane",
            "control plane",
            spec.control_plane.as_str(),
        ),
        Some(plane) => {
            if plane.spec.dedicated_to != [spec.publisher.clone()] {
                let message = format!(
                    "{} is not dedicated to {} alone: a tenant publishes only from a control plane of its own",
                    plane.name, spec.publisher
                );
                findings.error(at, "spec.controlPlane", message);
            }
            if plane.spec.act_as != ActAs::Portico {
                let message = format!(
                    "{} acts as people, so the publisher would learn who they are: it must have actAs: portico",
                    plane.name
                );
                findings.error(at, "spec.controlPlane", message);
            }
        }
    }
    let makes_planes = others.offerings.get(&spec.offering);
    if makes_planes.is_some_and(|offering| offering.spec.control_plane.is_some()) {
        let message = format!(
            "claims of {} are control planes, which no tenant can publish",
            spec.offering
        );
        findings.error(at, "spec.offering", message);
    }
}

fn consumers(at: usize, publication: &Publication, others: &Others<'_>, findings: &mut Findings) {
    let Consumers::Tenants(tenants) = &publication.spec.consumers else {
        return;
    };
    if tenants.is_empty() {
        findings.error(at, "spec.consumers.tenants", "name at least one tenant");
    }
    for (index, tenant) in tenants.iter().enumerate() {
        let field = format!("spec.consumers.tenants[{index}]");
        if *tenant == publication.spec.publisher {
            findings.error(at, field, "is the publisher, who has the service anyway");
        } else if !others.tenants.contains_key(tenant) {
            findings.missing(at, field, "tenant", tenant.as_str());
        }
    }
}

fn permissions(at: usize, publication: &Publication, others: &Others<'_>, findings: &mut Findings) {
    let spec = &publication.spec;
    let mut seen = BTreeSet::new();
    for (index, claim) in spec.permissions.iter().enumerate() {
        let field = format!("spec.permissions[{index}]");
        let name = claim.permission.slug();
        if !seen.insert(claim.permission) {
            findings.error(
                at,
                format!("{field}.permission"),
                format!("{name} is asked for twice"),
            );
        }
        if claim.optional && !claim.permission.can_be_optional() {
            findings.error(
                at,
                format!("{field}.optional"),
                format!("{name} cannot be optional"),
            );
        }
        if claim.reason.trim().is_empty() {
            findings.error(
                at,
                format!("{field}.reason"),
                "say what it is needed for, in a sentence",
            );
        }
        if claim.reason.chars().count() > MAX_REASON_CHARACTERS {
            findings.error(
                at,
                format!("{field}.reason"),
                format!("is longer than {MAX_REASON_CHARACTERS} characters"),
            );
        }
    }
    if !seen.contains(&Permission::TakeClaims) {
        findings.error(
            at,
            "spec.permissions",
            "it must ask for takeClaims: without it there is nothing to publish",
        );
    }
    match (&spec.approvers, seen.contains(&Permission::Decide)) {
        (None, true) => findings.error(at, "spec.approvers", "say who decides: it asks for decide"),
        (Some(_), false) => findings.error(
            at,
            "spec.approvers",
            "they decide nothing: it does not ask for decide",
        ),
        _ => {}
    }
    match &spec.approvers {
        Some(PublisherApprovers::Groups(groups)) => {
            if groups.is_empty() {
                findings.error(at, "spec.approvers.groups", "name at least one group");
            }
            for (index, group) in groups.iter().enumerate() {
                let field = format!("spec.approvers.groups[{index}]");
                portal::group_of(at, &field, group, &others.providers, findings);
            }
        }
        Some(PublisherApprovers::OfPublisher {}) => {
            let publisher = others.tenants.get(&spec.publisher);
            if publisher.is_some_and(|publisher| !has_approvers(others, publisher)) {
                findings.warning(
                    at,
                    "spec.approvers",
                    "the publisher has no approvers and admins, so nobody can use the service",
                );
            }
        }
        None => {}
    }
}

/// True if the publisher, or a tenant above it, has members who decide.
fn has_approvers(others: &Others<'_>, publisher: &Tenant) -> bool {
    let parent = |tenant: &&Tenant| others.tenants.get(tenant.spec.parent.as_ref()?).copied();
    std::iter::successors(Some(publisher), parent)
        .take(MAX_TENANT_LEVELS)
        .flat_map(|tenant| &tenant.spec.members)
        .any(|member| matches!(member.role, Role::Approver | Role::TenantAdmin))
}
