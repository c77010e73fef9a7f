use std::collections::BTreeMap;
use std::num::NonZeroU16;

use indexmap::IndexMap;
use portico_form::{FormHints, PlanValues};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Consumption, ControlPlaneKind, Lifecycle, PlacementRules, PublishedExport};
use crate::claimed_tenant::usual_roles;
use crate::names::{OfferingName, PlanName};
use crate::role::Role;

/// An entry of the catalog: what a document adds to a kind that control planes serve.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// `<plural>.<group>` of the requested kind, like the name of its `CustomResourceDefinition`.
    pub name: OfferingName,
    /// The specification.
    pub spec: OfferingSpec,
}

/// `spec` of an `Offering`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OfferingSpec {
    /// The name to show. Without it: the kind.
    pub title: Option<String>,
    /// What it is, in one line.
    pub summary: Option<String>,
    /// The documentation, in markdown.
    pub documentation: Option<String>,
    /// Its category in the catalog.
    pub category: Category,
    /// The team that runs it.
    pub owner: Option<String>,
    /// Where people get help with it, as a link: `https://…` or `mailto:…`. Shown on its page.
    pub support: Option<String>,
    /// The name of a glyph: `postgresql`, `mysql`, `redis`, `kafka`, `rabbitmq`, `bucket`, `kubernetes`, or a category's.
    pub icon: Option<String>,
    /// Words by which the search finds it, besides title and summary.
    pub keywords: Vec<String>,
    /// Presets of its fields; the first is the default. Empty: people fill in the form freely.
    pub plans: Vec<Plan>,
    /// Machinery that people may set although it is otherwise reserved: paths such as `spec.compositionSelector`,
    /// `spec.crossplane.compositionRef`, `metadata.labels.<key>` and `metadata.annotations.<key>`. The other fields
    /// below `spec` they may set anyway. See [`crate::projection`].
    pub settable: Vec<String>,
    /// How the form is laid out.
    pub form: FormHints,
    /// How people connect to a claim.
    pub access: Access,
    /// How to read the health of a claim, if the kind's adapter does not know.
    pub health: HealthExpressions,
    /// Labels that a control plane must have to serve it.
    pub control_plane_labels: BTreeMap<String, String>,
    /// Labels that a control plane should have: each is a preference of weight 10.
    pub preferred_control_plane_labels: BTreeMap<String, String>,
    /// What placement heeds for its claims.
    pub placement: PlacementRules,
    /// The version of its API to use. Without it: the storage version.
    pub version: Option<String>,
    /// After how many days a claim has to be renewed. A claim that is not renewed is marked, and nothing else happens to it.
    pub lifetime_days: Option<NonZeroU16>,
    /// Where it is in its life. Without it: published.
    pub lifecycle: Lifecycle,
    /// Says that each of its claims is itself a control plane, which joins Portico once the claim is ready.
    pub control_plane: Option<ClaimedControlPlane>,
    /// Says that its claims are tenants of Portico, on the home control plane: for `tenants.portico.dev` alone. Each is
    /// within the tenant that asks for it.
    pub tenant: Option<ClaimedTenant>,
    /// Leaves it out of the catalog. Its claims stay.
    pub hidden: bool,
}

/// What Portico makes of a claim that is itself a control plane: a vcluster, a cluster by Cluster API. Its kubeconfig is
/// the key `access.keys.kubeconfig` of its connection secret.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimedControlPlane {
    /// The type of control plane. `kcpWorkspace`: the claim is a `Workspace` of kcp, which is reached as the one that serves
    /// the claim is, and needs no kubeconfig. Else for display only.
    pub kind: ControlPlaneKind,
    /// Labels of the control plane, besides those of the one that serves the claim.
    pub labels: BTreeMap<String, String>,
    /// Number of claims that it should hold.
    pub capacity: Option<u32>,
    /// Files with the definitions (CRDs, XRDs) that Portico applies to it, so that it offers their kinds. A relative path
    /// counts from the document's file.
    pub definitions: Vec<String>,
    /// The exports of kcp that Portico binds in the workspace, so that it offers their kinds.
    pub exports: Vec<PublishedExport>,
    /// The hosts that the kubeconfig may name: `*.clusters.example.com` or a whole name. Empty: any. Portico connects to
    /// no other, whatever the Secret says.
    pub hosts: Vec<String>,
}

/// What people may say of a tenant that they ask for. All else comes from the plan.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimedTenant {
    /// The fields that they fill in.
    pub open: Vec<TenantField>,
    /// The roles that they may give to groups of theirs and of their tenant.
    pub roles: Vec<Role>,
}

impl Default for ClaimedTenant {
    fn default() -> Self {
        Self {
            open: vec![
                TenantField::Title,
                TenantField::Members,
                TenantField::Environments,
            ],
            roles: usual_roles(),
        }
    }
}

/// A field of a tenant that people may fill in.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TenantField {
    /// Its name to show.
    Title,
    /// Its members.
    Members,
    /// Its environments. Their namespaces are always made of its name.
    Environments,
    /// Its quota, within that of the tenant that asks.
    Quota,
    /// The offerings that it may request, of those that the tenant that asks may.
    Offerings,
}

impl TenantField {
    /// All fields.
    pub const ALL: [Self; 5] = [
        Self::Title,
        Self::Members,
        Self::Environments,
        Self::Quota,
        Self::Offerings,
    ];

    /// Returns its name below `spec`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Members => "members",
            Self::Environments => "environments",
            Self::Quota => "quota",
            Self::Offerings => "offerings",
        }
    }
}

/// A category of the catalog.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// Databases.
    Databases,
    /// Queues and streams.
    Queues,
    /// Clusters.
    Clusters,
    /// Storage.
    Storage,
    /// Anything else.
    #[default]
    Other,
}

impl Category {
    /// All categories, in the order of the catalog.
    pub const ALL: [Self; 5] = [
        Self::Databases,
        Self::Queues,
        Self::Clusters,
        Self::Storage,
        Self::Other,
    ];

    /// Returns the name in URLs, documents and annotations.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Databases => "databases",
            Self::Queues => "queues",
            Self::Clusters => "clusters",
            Self::Storage => "storage",
            Self::Other => "other",
        }
    }

    /// Returns the name on screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Databases => "Databases",
            Self::Queues => "Queues and streams",
            Self::Clusters => "Clusters",
            Self::Storage => "Storage",
            Self::Other => "Other",
        }
    }

    /// Returns the category with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.slug() == slug)
    }
}

/// A named preset of an offering's fields.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Its name, in labels and URLs.
    pub name: PlanName,
    /// The name to show. Without it: `name`.
    #[serde(default)]
    pub title: Option<String>,
    /// What it is for, in one line.
    #[serde(default)]
    pub summary: Option<String>,
    /// The values that it sets, as a part of the object, usually below `spec`.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Paths (`spec.storage.size`) of values that people may change. All others that the plan sets are locked.
    #[serde(default)]
    pub adjustable: Vec<String>,
    /// Facts to compare plans by, shown as they are and in this order: `Memory: 4 GiB`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub facts: IndexMap<String, String>,
    /// What a claim of this plan counts against the tenant's quota, by resource name, besides 1 of `claims`.
    #[serde(default)]
    pub consumes: BTreeMap<String, Consumption>,
    /// What it costs.
    #[serde(default)]
    pub price: Option<Price>,
}

impl Plan {
    /// True if the plan sets this field or something around or below it, or counts it against the quota.
    #[must_use]
    pub fn names(&self, path: &[String]) -> bool {
        let counts = |consumption: &Consumption| match consumption {
            Consumption::Amount(_) => false,
            Consumption::Field(field) => {
                let counted: Vec<&str> = field
                    .path
                    .split('.')
                    .map(|name| name.trim_end_matches("[]"))
                    .collect();
                counted.iter().zip(path).all(|(counted, name)| counted == name)
            }
        };
        sets(&self.values, path) || self.consumes.values().any(counts)
    }

    /// Returns the parts that a form needs.
    #[must_use]
    pub fn for_form(&self) -> PlanValues<'_> {
        PlanValues {
            title: self.title.as_deref().unwrap_or(self.name.as_str()),
            values: &self.values,
            adjustable: &self.adjustable,
        }
    }
}

fn sets(values: &Map<String, Value>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match values.get(first) {
        Some(Value::Object(below)) => sets(below, rest),
        found => found.is_some(),
    }
}

/// What a claim costs, as the platform team calculates it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// The amount for a month.
    pub monthly: f64,
    /// The currency, by its ISO 4217 code.
    pub currency: String,
}

/// How to read the health of a claim: CEL expressions over `object`, the claim as its control plane returns it. A
/// missing field makes an expression false. They are not evaluated while `status.observedGeneration` is behind the
/// last change; conditions of an older generation are ignored.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthExpressions {
    /// True when it works.
    pub ready: Option<String>,
    /// True when something is wrong. Evaluated before `ready`.
    pub failed: Option<String>,
    /// A text that explains why it does not work.
    pub message: Option<String>,
}

/// How people connect to a claim.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Access {
    /// Where the connection secret is, if the kind's adapter does not know.
    pub secret: Option<SecretSource>,
    /// Labels that the kind's controller sets on the secret, with values that name the claim by `{name}`,
    /// `{namespace}` and `{uid}`: `cnpg.io/cluster: "{name}"`. Together they prove that the secret belongs to the
    /// claim if no owner reference leads to the claim. They replace those of the kind's adapter.
    pub secret_labels: BTreeMap<String, String>,
    /// Keys of the secret, by their meaning: `host`, `port`, `username`, `password`, `database`, `uri`, `kubeconfig`.
    pub keys: BTreeMap<String, String>,
    /// Addresses in the claim's status.
    pub endpoints: Vec<Endpoint>,
    /// The protocol of the code snippets: `postgresql`, `mysql`, `redis`, `kafka`, `amqp`, `s3`, `kubernetes`.
    pub protocol: Option<String>,
}

/// Where a claim's connection secret is.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum SecretSource {
    /// A name derived from the claim's: `{name}-app`.
    Name(String),
    /// A path in the claim's status to the name: `status.binding.name`. Never a field that people may set.
    Path(String),
}

/// An address in a claim's status.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// Its name on the page.
    pub title: String,
    /// The path of the address in the claim: `status.host`.
    pub path: String,
}

/// One version of one kind, as a control plane serves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// The API group; never empty for what Portico offers.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural, as in URLs.
    pub plural: String,
    /// True if its objects live in namespaces.
    pub namespaced: bool,
}

impl ResourceRef {
    /// Returns `group/version`.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_names_what_it_sets_and_what_it_counts() {
        let plan: Plan = serde_json::from_value(json!({
            "name": "small",
            "values": { "spec": { "storage": { "size": "20Gi" }, "tier": "gold" } },
            "consumes": { "replicas": { "path": "spec.replicas" }, "users": { "path": "spec.users[].quota" }, "claims": 1 },
        }))
        .unwrap();
        let names = |path: &str| plan.names(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
        for named in [
            "spec",
            "spec.storage",
            "spec.storage.size",
            "spec.tier.name",
            "spec.replicas",
            "spec.users",
        ] {
            assert!(names(named), "{named}");
        }
        for other in ["status", "spec.storage.class", "spec.version"] {
            assert!(!names(other), "{other}");
        }
    }
}
