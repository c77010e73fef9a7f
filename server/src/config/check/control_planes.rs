//! Checks control planes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portico_domain::documents::{ActAs, Connection, ControlPlane, Provider, PublicAddress};
use portico_domain::names::{PlaneName, TenantName};
use portico_domain::placement::may_use;
use portico_planes::check_kubeconfig;
use url::Url;

use super::super::documents::{LocatedDocument, all_tenants, planes};
use super::super::finding::Findings;
use super::kcp;
use super::labels::labels;
use super::portal;

pub(super) fn control_planes(documents: &[LocatedDocument], findings: &mut Findings) {
    let tenants: BTreeSet<&TenantName> = all_tenants(documents).map(|(_, tenant)| &tenant.name).collect();
    let providers = portal::providers(documents);
    let by_name: BTreeMap<&PlaneName, &ControlPlane> =
        planes(documents).map(|(_, plane)| (&plane.name, plane)).collect();
    for (at, plane) in planes(documents) {
        let spec = &plane.spec;
        for (index, tenant) in spec.dedicated_to.iter().enumerate() {
            if !tenants.contains(tenant) {
                let field = format!("spec.dedicatedTo[{index}]");
                findings.missing(at, field, "tenant", tenant.as_str());
            }
        }
        environments(at, plane, documents, findings);
        connection(at, &spec.connection, &by_name, documents, findings);
        kcp::control_plane(at, plane, findings);
        acting_as(at, &spec.act_as, &providers, findings);
        for (index, window) in spec.maintenance.iter().enumerate() {
            if window.from >= window.to {
                findings.error(
                    at,
                    format!("spec.maintenance[{index}].to"),
                    "must be later than from",
                );
            }
        }
        if spec.weight > 100 {
            findings.error(at, "spec.weight", "must be 0 to 100");
        }
        if let Some(address) = &spec.public_address {
            public_address(at, address, findings);
        }
        let limits = &spec.limits;
        if limits.objects == 0 {
            findings.error(at, "spec.limits.objects", "must be at least 1");
        }
        if limits.object_bytes < 1024 {
            findings.error(at, "spec.limits.objectBytes", "must be at least 1024");
        }
        if !(1..=300).contains(&limits.timeout_seconds) {
            findings.error(at, "spec.limits.timeoutSeconds", "must be 1 to 300");
        }
        if !(1 << 20..=1 << 40).contains(&limits.cache_bytes) {
            findings.error(
                at,
                "spec.limits.cacheBytes",
                "must be 1048576 (1 MiB) to 1099511627776 (1 TiB)",
            );
        }
        labels(at, "metadata.labels", &plane.labels, findings);
    }
}

fn public_address(at: usize, address: &PublicAddress, findings: &mut Findings) {
    let is_https = Url::parse(&address.server).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if !is_https {
        let message = format!("{:?} is not an https URL", address.server);
        findings.error(at, "spec.publicAddress.server", message);
    }
    let mut authority = |field: &str, pem: &Option<String>| {
        let begins = |pem: &String| pem.trim_start().starts_with("-----BEGIN CERTIFICATE-----");
        if !pem.as_ref().is_none_or(begins) {
            findings.error(at, field, "is not a certificate in PEM");
        }
    };
    authority(
        "spec.publicAddress.certificateAuthority",
        &address.certificate_authority,
    );
    let Some(oidc) = &address.oidc else { return };
    authority(
        "spec.publicAddress.oidc.certificateAuthority",
        &oidc.certificate_authority,
    );
    // OpenID Connect Discovery 1.0, section 3: no query and no fragment.
    let is_issuer = Url::parse(&oidc.issuer).is_ok_and(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if !is_issuer {
        let message = format!("{:?} is not the https URL of an issuer", oidc.issuer);
        findings.error(at, "spec.publicAddress.oidc.issuer", message);
    }
    let is_word =
        |text: &String| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if !is_word(&oidc.client_id) {
        let message = "must be the client's id, without spaces";
        findings.error(at, "spec.publicAddress.oidc.clientId", message);
    }
    for (number, scope) in oidc.extra_scopes.iter().enumerate() {
        if !is_word(scope) {
            let field = format!("spec.publicAddress.oidc.extraScopes[{number}]");
            findings.error(at, field, "must be one scope, without spaces");
        }
    }
}

/// Reads a kubeconfig as the portal would. Problems are only warnings: the file may be correct where the portal runs,
/// and one control plane must not block the others.
fn connection(
    at: usize,
    connection: &Connection,
    planes: &BTreeMap<&PlaneName, &ControlPlane>,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let (path, context) = match connection {
        Connection::Kubeconfig { path, context } => (path, context),
        Connection::Secret {
            control_plane,
            namespace,
            name,
            key,
        } => {
            secret(at, control_plane, planes, findings);
            for (field, value) in [("namespace", namespace), ("name", name), ("key", key)] {
                if value.is_empty() {
                    findings.error(at, format!("spec.connection.secret.{field}"), "is empty");
                }
            }
            return;
        }
        Connection::Agent {} => {
            if !portal::has_agents(documents) {
                let message = "needs spec.agents of the Portal: where agents connect";
                findings.error(at, "spec.connection.agent", message);
            }
            return;
        }
        Connection::InCluster {} | Connection::Claim(_) => return,
    };
    let field = "spec.connection.kubeconfig.path";
    if path.is_empty() {
        findings.error(at, field, "is empty");
        return;
    }
    let (problem, warnings) = check_kubeconfig(Path::new(path), context.as_deref());
    for said in problem.into_iter().chain(warnings) {
        findings.warning(at, field, format!("{path}: {said}"));
    }
}

/// Checks the control plane that has the Secret with a kubeconfig.
fn secret(
    at: usize,
    host: &PlaneName,
    planes: &BTreeMap<&PlaneName, &ControlPlane>,
    findings: &mut Findings,
) {
    let field = "spec.connection.secret.controlPlane";
    match planes.get(host).map(|plane| &plane.spec.connection) {
        None => findings.missing(at, field, "control plane", host.as_str()),
        Some(Connection::Secret { .. } | Connection::Claim(_)) => {
            let message = format!(
                "{} is itself connected by a Secret: name one with a kubeconfig file or inCluster, so that none waits \
                 for another",
                host.as_str()
            );
            findings.error(at, field, message);
        }
        Some(Connection::Kubeconfig { .. } | Connection::InCluster {} | Connection::Agent {}) => {}
    }
}

/// Warns of environments that no tenant of the control plane has.
fn environments(at: usize, plane: &ControlPlane, documents: &[LocatedDocument], findings: &mut Findings) {
    for (index, environment) in plane.spec.environments.iter().enumerate() {
        let known = all_tenants(documents)
            .any(|(_, tenant)| may_use(tenant, plane) && tenant.environment(environment).is_some());
        if !known {
            let field = format!("spec.environments[{index}]");
            let name = environment.as_str();
            findings.warning(
                at,
                field,
                format!("no tenant that may use it has an environment named {name:?}"),
            );
        }
    }
}

/// Checks the groups that are passed on.
fn acting_as(at: usize, act_as: &ActAs, providers: &[&Provider], findings: &mut Findings) {
    let ActAs::Person(passed_on) = act_as else { return };
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    match &passed_on.provider {
        None if providers.len() > 1 => {
            let message = format!(
                "there are several sign-in providers: name the one whose groups are passed on: {{ person: {{ \
                 provider: {} }} }}",
                names.join(" or ")
            );
            findings.error(at, "spec.actAs.person.provider", message);
        }
        Some(provider) if !names.contains(&provider.as_str()) => {
            let message = format!(
                "there is no sign-in provider named {provider:?}; there is {}",
                names.join(", ")
            );
            findings.error(at, "spec.actAs.person.provider", message);
        }
        _ => {}
    }
    if passed_on.is_every_group() {
        let message = "passes on every group of the identity provider, so anybody who can create a group there can get the \
                       rights of any group on this control plane: list the groups (actAs: { person: { groups, groupPrefixes } })";
        findings.warning(at, "spec.actAs", message);
    }
    let lists = [
        ("groups", &passed_on.groups),
        ("groupPrefixes", &passed_on.group_prefixes),
    ];
    for (name, list) in lists {
        for (index, text) in list.iter().enumerate() {
            let field = format!("spec.actAs.person.{name}[{index}]");
            if text.trim() != text || text.is_empty() {
                findings.error(at, field, "is empty, or begins or ends with a blank");
            } else if text.to_ascii_lowercase().starts_with("system:") {
                findings.error(
                    at,
                    field,
                    "groups that begin with system: belong to the control plane and are never passed on",
                );
            }
        }
    }
}
