//! The namespaces of tenants on a control plane, and what templates put into them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::claim::labels;
use crate::documents::{
    Configuration, ControlPlane, Environment, EnvironmentKinds, GroupRef, KubeconfigAccess,
    NamespaceTemplate, ResourceRef, TemplateGroups, Tenant,
};
use crate::names::{EnvironmentName, TenantName};
use crate::placement::may_use;
use crate::role::Role;

/// The namespace of the service accounts that members get tokens of. No tenant has rights there: whoever may run pods in
/// a namespace, or ask for tokens there, has the rights of every account in it.
pub const ACCOUNTS_NAMESPACE: &str = "portico-accounts";

/// A namespace that a control plane should have.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantNamespace {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: TenantName,
    /// For which environment.
    pub environment: EnvironmentName,
    /// The namespace as it is applied, with its digest in [`labels::APPLIED`].
    pub manifest: Value,
    /// What is in it. No two have one kind and name.
    pub objects: Vec<TemplateObject>,
    /// For how long members can fetch a kubeconfig; `None`: they cannot.
    pub kubeconfig: Option<KubeconfigAccess>,
    /// The `ClusterRole` of each role that has one.
    pub roles: BTreeMap<Role, String>,
    /// The groups of members that have each `ClusterRole` there, as role bindings say it.
    pub bound: BTreeMap<String, BTreeSet<GroupRef>>,
}

/// An object that a template puts into a namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateObject {
    /// How it is addressed.
    pub resource: ResourceRef,
    /// The namespace that it is in: the tenant's, or [`ACCOUNTS_NAMESPACE`].
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object as it is applied, with namespace and labels, and with its digest in [`labels::APPLIED`].
    pub manifest: Value,
}

/// Lists the namespaces that templates keep on a control plane: those of each tenant and environment that it serves and
/// that a template is for.
#[must_use]
pub fn tenant_namespaces(configuration: &Configuration, plane: &ControlPlane) -> Vec<TenantNamespace> {
    let tenants = configuration.tenants.values();
    tenants
        .filter(|tenant| may_use(tenant, plane))
        .flat_map(|tenant| tenant.spec.environments.iter().map(move |it| (tenant, it)))
        .filter_map(|(tenant, environment)| tenant_namespace(configuration, plane, tenant, environment))
        .collect()
}

/// The namespace of this environment on the control plane; `None` if the control plane does not serve the environment,
/// or no template is for it.
#[must_use]
pub fn tenant_namespace(
    configuration: &Configuration,
    plane: &ControlPlane,
    tenant: &Tenant,
    environment: &Environment,
) -> Option<TenantNamespace> {
    let served = may_use(tenant, plane) && plane.may_serve(environment);
    let templates: Vec<&NamespaceTemplate> = configuration
        .namespace_templates
        .values()
        .filter(|template| {
            is_for(template, tenant, environment) && plane.has_labels(&template.spec.control_plane_labels)
        })
        .collect();
    (served && !templates.is_empty())
        .then(|| Writer::new(configuration, tenant, environment).write(&templates))
}

/// The kinds whose objects are looked for in tenants' namespaces, so that what no template has any more is found:
/// those that templates are made of, and those that are in a template.
#[must_use]
pub fn template_kinds(configuration: &Configuration) -> BTreeSet<ResourceRef> {
    let usual = [
        ("v1", "ResourceQuota"),
        ("v1", "LimitRange"),
        ("v1", "ServiceAccount"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ];
    let templates = configuration.namespace_templates.values();
    let of_templates = templates
        .flat_map(|template| &template.spec.objects)
        .filter_map(|object| template_resource(object).ok());
    usual
        .into_iter()
        .map(|(version, kind)| resource(version, kind))
        .chain(of_templates)
        .collect()
}

/// The kinds of objects that a template cannot have: they are not in a namespace, or hold what a configuration must
/// not.
const REFUSED: [(&str, &str); 5] = [
    (
        "Namespace",
        "is not in a namespace: set labels and annotations of the template instead",
    ),
    ("ClusterRole", "is not in a namespace"),
    ("ClusterRoleBinding", "is not in a namespace"),
    ("CustomResourceDefinition", "is not in a namespace"),
    ("Secret", "would put its values into the configuration"),
];

/// Returns how the object of a template is addressed. The plural is guessed from the kind, as kubectl does where it
/// cannot ask.
///
/// # Errors
/// In words, if it is no object that a template can have.
pub fn template_resource(object: &Value) -> Result<ResourceRef, String> {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    if api_version.is_empty() || kind.is_empty() {
        return Err("an object needs apiVersion and kind".to_owned());
    }
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == kind) {
        return Err(format!("a {kind} {why}"));
    }
    if text("/metadata/name").is_empty() {
        return Err(format!("the {kind} has no metadata.name"));
    }
    if object.pointer("/metadata/namespace").is_some() {
        return Err(format!(
            "the {kind} names a namespace: leave metadata.namespace out, it is that of the tenant"
        ));
    }
    Ok(resource(api_version, kind))
}

/// Returns how namespaces are addressed.
#[must_use]
pub fn namespace_resource() -> ResourceRef {
    ResourceRef {
        namespaced: false,
        ..resource("v1", "Namespace")
    }
}

/// Returns the digest that a manifest carries.
#[must_use]
pub fn digest(manifest: &Value) -> Option<&str> {
    manifest
        .get("metadata")?
        .get("annotations")?
        .get(labels::APPLIED)?
        .as_str()
}

/// The roles whose rights a role has where it has none of its own, in this order.
fn lesser(role: Role) -> &'static [Role] {
    match role {
        Role::TenantAdmin => &[Role::TenantAdmin, Role::Developer, Role::Viewer],
        Role::Developer => &[Role::Developer, Role::Viewer],
        Role::Approver => &[Role::Approver, Role::Viewer],
        Role::Viewer => &[Role::Viewer],
    }
}

impl TenantNamespace {
    /// The service account and the `ClusterRole` that the first of these roles that has one stands for.
    #[must_use]
    pub fn account(&self, role: Role) -> Option<(String, &str)> {
        let role_with_rights = lesser(role).iter().find(|role| self.roles.contains_key(role))?;
        let cluster_role = self.roles.get(role_with_rights)?;
        Some((account_name(&self.name, cluster_role), cluster_role))
    }
}

impl TenantNamespace {
    /// The `ClusterRole` that a service account has.
    #[must_use]
    pub fn cluster_role(&self, account: &str) -> Option<&str> {
        let mut roles = self.roles.values();
        roles
            .find(|role| account_name(&self.name, role) == account)
            .map(String::as_str)
    }
}

/// The service account for a `ClusterRole` in a tenant's namespace. No two roles have one account, although its name has
/// only what a DNS subdomain may have.
fn account_name(namespace: &str, cluster_role: &str) -> String {
    let plain: String = cluster_role
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let plain = plain.trim_matches('-');
    if plain == cluster_role {
        return format!("{namespace}.{plain}");
    }
    let digest = hex::encode(Sha256::digest(cluster_role.as_bytes()));
    let short: String = digest.chars().take(8).collect();
    format!("{namespace}.{plain}-{short}")
}

fn is_for(template: &NamespaceTemplate, tenant: &Tenant, environment: &Environment) -> bool {
    let spec = &template.spec;
    let environments = match spec.environments {
        EnvironmentKinds::All => true,
        EnvironmentKinds::Production => environment.production,
        EnvironmentKinds::NonProduction => !environment.production,
    };
    environments && (spec.tenants.is_empty() || spec.tenants.contains(&tenant.name))
}

fn resource(api_version: &str, kind: &str) -> ResourceRef {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ResourceRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural(kind),
        namespaced: true,
    }
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    let before_y = kind
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with(['s', 'x']) || kind.ends_with("ch") => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// Writes the objects of one namespace.
struct Writer<'a> {
    configuration: &'a Configuration,
    tenant: &'a Tenant,
    environment: &'a Environment,
}

impl<'a> Writer<'a> {
    fn new(configuration: &'a Configuration, tenant: &'a Tenant, environment: &'a Environment) -> Self {
        Self {
            configuration,
            tenant,
            environment,
        }
    }

    fn write(&self, templates: &[&NamespaceTemplate]) -> TenantNamespace {
        let (mut own_labels, mut annotations) = (BTreeMap::new(), BTreeMap::new());
        let mut objects: BTreeMap<(ResourceRef, String, String), Value> = BTreeMap::new();
        let mut put = |template: &NamespaceTemplate, namespace: &str, object: Value| {
            let object = self.in_namespace(&template.name, namespace, object);
            if let Ok(resource) = resource_of(&object)
                && let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str)
            {
                let name = name.to_owned();
                objects.insert((resource, namespace.to_owned(), name), object);
            }
        };
        let own = &self.environment.namespace;
        let mut roles = BTreeMap::new();
        let mut kubeconfig = None;
        let mut bound = BTreeMap::new();
        for template in templates {
            let spec = &template.spec;
            own_labels.extend(spec.labels.clone());
            annotations.extend(spec.annotations.clone());
            roles.extend(spec.roles.clone());
            kubeconfig = spec.kubeconfig.clone().or(kubeconfig);
            for object in &spec.objects {
                put(template, own, self.filled(object));
            }
        }
        // Who has the rights is known only when all templates have been read; they stand for the last with roles.
        if let Some(template) = templates
            .iter()
            .rev()
            .find(|template| !template.spec.roles.is_empty())
        {
            let groups = templates
                .iter()
                .rev()
                .find_map(|template| template.spec.groups.as_ref());
            let granted: BTreeSet<&String> = roles.values().collect();
            for cluster_role in granted {
                let mut subjects = Vec::new();
                if let Some(groups) = groups {
                    let with_role = self.groups_with(cluster_role, &roles, groups);
                    subjects.extend(group_subjects(&with_role, groups));
                    bound.insert(cluster_role.clone(), with_role);
                }
                if kubeconfig.is_some() {
                    let name = account_name(own, cluster_role);
                    put(
                        template,
                        ACCOUNTS_NAMESPACE,
                        json!({
                            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name },
                            "automountServiceAccountToken": false,
                        }),
                    );
                    subjects.push(json!({
                        "kind": "ServiceAccount", "name": name, "namespace": ACCOUNTS_NAMESPACE,
                    }));
                }
                put(template, own, role_binding(cluster_role, &subjects));
            }
        }
        own_labels.insert(labels::TENANT.to_owned(), self.tenant.name.to_string());
        own_labels.insert(labels::ENVIRONMENT.to_owned(), self.environment.name.to_string());
        annotations.insert(labels::PORTAL.to_owned(), self.configuration.portal.name.clone());
        let filled = |map: BTreeMap<String, String>| -> BTreeMap<String, String> {
            map.into_iter()
                .map(|(key, value)| (key, self.fill(&value)))
                .collect()
        };
        TenantNamespace {
            name: self.environment.namespace.clone(),
            tenant: self.tenant.name.clone(),
            environment: self.environment.name.clone(),
            manifest: with_digest(json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {
                    "name": self.environment.namespace,
                    "labels": filled(own_labels), "annotations": filled(annotations),
                },
            })),
            objects: objects
                .into_iter()
                .map(|((resource, namespace, name), manifest)| TemplateObject {
                    resource,
                    namespace,
                    name,
                    manifest: with_digest(manifest),
                })
                .collect(),
            kubeconfig,
            roles,
            bound,
        }
    }

    /// The groups of members whose role has this `ClusterRole`. Groups of Kubernetes itself are left out, since they may
    /// hold everybody.
    fn groups_with(
        &self,
        cluster_role: &str,
        roles: &BTreeMap<Role, String>,
        groups: &TemplateGroups,
    ) -> BTreeSet<GroupRef> {
        let has = |role: Role| {
            let own = lesser(role).iter().find_map(|role| roles.get(role));
            own.is_some_and(|own| own == cluster_role)
        };
        self.configuration
            .members(self.tenant)
            .map(|(_, member)| member)
            .filter(|member| has(member.role))
            .filter(|member| {
                let (own, wanted) = (&member.provider, &groups.provider);
                own.is_none() || wanted.is_none() || own == wanted
            })
            .filter(|member| !name_there(&member.group, groups).trim().starts_with("system:"))
            .map(|member| GroupRef {
                provider: member.provider.clone().or_else(|| groups.provider.clone()),
                group: member.group.clone(),
            })
            .collect()
    }

    fn in_namespace(&self, template: &str, namespace: &str, mut object: Value) -> Value {
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        let metadata = &mut object["metadata"];
        metadata["namespace"] = json!(namespace);
        for (map, key, value) in [
            ("labels", labels::TENANT, self.tenant.name.as_str()),
            ("labels", labels::ENVIRONMENT, self.environment.name.as_str()),
            ("labels", labels::TEMPLATE, template),
            ("annotations", labels::PORTAL, &self.configuration.portal.name),
        ] {
            if !metadata[map].is_object() {
                metadata[map] = json!({});
            }
            metadata[map][key] = json!(value);
        }
        object
    }

    /// The value with the names put into its texts.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| (key.clone(), self.filled(value)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{tenant}", self.tenant.name.as_str())
            .replace("{environment}", self.environment.name.as_str())
            .replace("{namespace}", &self.environment.namespace)
    }
}

/// The name by which the control plane knows a group.
fn name_there(group: &str, groups: &TemplateGroups) -> String {
    format!("{}{group}", groups.prefix)
}

fn group_subjects(bound: &BTreeSet<GroupRef>, groups: &TemplateGroups) -> Vec<Value> {
    let names: BTreeSet<String> = bound
        .iter()
        .map(|group| name_there(&group.group, groups))
        .collect();
    let subject = |name| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name });
    names.into_iter().map(subject).collect()
}

fn resource_of(object: &Value) -> Result<ResourceRef, ()> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).ok_or(());
    Ok(resource(text("apiVersion")?, text("kind")?))
}

fn role_binding(cluster_role: &str, subjects: &[Value]) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        // What a binding refers to cannot be changed, so each role has a binding of its own.
        "metadata": { "name": format!("portico:{cluster_role}") },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": cluster_role },
        "subjects": subjects,
    })
}

fn with_digest(mut manifest: Value) -> Value {
    let digest = hex::encode(Sha256::digest(manifest.to_string().as_bytes()));
    let short: String = digest.chars().take(16).collect();
    manifest["metadata"]["annotations"][labels::APPLIED] = json!(short);
    manifest
}

#[cfg(test)]
#[path = "tenant_namespace_tests.rs"]
mod tests;
