//! Checks namespace templates.

use std::collections::BTreeSet;

use portico_domain::claim::labels;
use portico_domain::documents::{GroupRef, KubeconfigAccess, NamespaceTemplate, TemplateGroups};
use portico_domain::tenant_namespace::template_resource;

use super::super::documents::{LocatedDocument, all_tenants, of_kind};
use super::super::finding::Findings;
use super::super::parse::Document;
use super::{labels as label_rules, portal};

pub(super) fn namespace_templates(documents: &[LocatedDocument], findings: &mut Findings) {
    let templates = of_kind(documents, |document| match document {
        Document::NamespaceTemplate(template) => Some(&**template),
        _ => None,
    });
    for (at, template) in templates {
        namespace_template(at, template, documents, findings);
    }
}

fn namespace_template(
    at: usize,
    template: &NamespaceTemplate,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let spec = &template.spec;
    for (index, name) in spec.tenants.iter().enumerate() {
        if !all_tenants(documents).any(|(_, tenant)| tenant.name == *name) {
            findings.error(
                at,
                format!("spec.tenants[{index}]"),
                format!("there is no tenant named {:?}", name.as_str()),
            );
        }
    }
    label_rules::labels(
        at,
        "spec.controlPlaneLabels",
        &spec.control_plane_labels,
        findings,
    );
    label_rules::labels(at, "spec.labels", &spec.labels, findings);
    for (field, map) in [("labels", &spec.labels), ("annotations", &spec.annotations)] {
        for key in map.keys().filter(|key| key.starts_with("portico.dev/")) {
            findings.error(
                at,
                format!("spec.{field}.{key}"),
                "Portico sets portico.dev/… itself",
            );
        }
    }
    for (role, cluster_role) in &spec.roles {
        let field = format!(
            "spec.roles.{}",
            serde_json::json!(role).as_str().unwrap_or_default()
        );
        if cluster_role.trim().is_empty() || cluster_role.contains(['/', '%']) {
            findings.error(
                at,
                field,
                format!("{cluster_role:?} is not the name of a ClusterRole"),
            );
        } else if cluster_role == "cluster-admin" {
            let message =
                "cluster-admin may do everything in the namespace, and undo what this template puts there";
            findings.warning(at, field, message);
        }
    }
    if let Some(access) = &spec.kubeconfig {
        let (least, most) = (KubeconfigAccess::MIN_MINUTES, KubeconfigAccess::MAX_MINUTES);
        if !(least..=most).contains(&access.minutes) {
            findings.error(
                at,
                "spec.kubeconfig.minutes",
                format!("{} is not between {least} and {most}", access.minutes),
            );
        }
    }
    match &spec.groups {
        Some(groups) => {
            let group = GroupRef {
                provider: groups.provider.clone(),
                group: "any".to_owned(),
            };
            portal::group_of(at, "spec.groups", &group, &portal::providers(documents), findings);
            warn_about_groups_of_kubernetes(at, &groups.prefix, documents, findings);
            warn_about_other_issuers(template, groups, documents, findings);
        }
        None if !spec.roles.is_empty() && spec.kubeconfig.is_none() => {
            let message = "nobody has these roles, unless another template sets groups or kubeconfig";
            findings.warning(at, "spec.roles", message);
        }
        None => {}
    }
    objects(at, template, findings);
}

fn warn_about_groups_of_kubernetes(
    at: usize,
    prefix: &str,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let members = all_tenants(documents).flat_map(|(_, tenant)| &tenant.spec.members);
    let left_out: BTreeSet<&str> = members
        .map(|member| member.group.as_str())
        .filter(|group| format!("{prefix}{group}").trim().starts_with("system:"))
        .collect();
    for group in left_out {
        let message = format!(
            "the group {group:?} would be one of Kubernetes itself, so it gets no rights: set another prefix"
        );
        findings.warning(at, "spec.groups.prefix", message);
    }
}

/// The groups of a template are those that people have where they sign in to Portico. A control plane that trusts another
/// issuer knows its groups instead.
fn warn_about_other_issuers(
    template: &NamespaceTemplate,
    groups: &TemplateGroups,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let providers = portal::providers(documents);
    let provider = match &groups.provider {
        Some(name) => providers.into_iter().find(|provider| provider.name == *name),
        None => providers.into_iter().next(),
    };
    let Some(provider) = provider else { return };
    let planes = of_kind(documents, |document| match document {
        Document::ControlPlane(plane) => Some(plane),
        _ => None,
    });
    for (at, plane) in planes {
        let address = plane.spec.public_address.as_ref();
        let trusts_another = address
            .and_then(|address| address.oidc.as_ref())
            .is_some_and(|oidc| oidc.issuer != provider.issuer);
        let is_for = |(label, value)| plane.labels.get(label) == Some(value);
        if trusts_another && template.spec.control_plane_labels.iter().all(is_for) {
            let message = format!(
                "is not the issuer of the provider {:?} ({}), whose groups the NamespaceTemplate {:?} gives rights to: people have \
                 them here only if both have groups of the same names",
                provider.name, provider.issuer, template.name
            );
            findings.warning(at, "spec.publicAddress.oidc.issuer", message);
        }
    }
}

fn objects(at: usize, template: &NamespaceTemplate, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, object) in template.spec.objects.iter().enumerate() {
        let field = format!("spec.objects[{index}]");
        match template_resource(object) {
            Err(why) => findings.error(at, &field, why),
            Ok(resource) => {
                let name = object.pointer("/metadata/name").and_then(|name| name.as_str());
                let name = name.unwrap_or_default().to_owned();
                if !seen.insert((resource.group, resource.kind.clone(), name.clone())) {
                    let message = format!(
                        "there is another {} named {name:?} in this template",
                        resource.kind
                    );
                    findings.error(at, &field, message);
                }
            }
        }
        let own = ["labels", "annotations"].iter().any(|map| {
            let map = object.pointer(&format!("/metadata/{map}"));
            map.and_then(|map| map.as_object())
                .is_some_and(|map| map.keys().any(|key| key.starts_with("portico.dev/")))
        });
        if own {
            let message = format!("Portico sets {} and its like itself", labels::TENANT);
            findings.error(at, &field, message);
        }
    }
}
