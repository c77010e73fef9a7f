//! Claims: the Kubernetes objects on control planes that people asked for.

mod adapter;
mod composed;
mod controller_fields;
mod dependencies;
mod field_owners;
pub mod health;
mod health_rules;
mod manager;
pub mod path;
pub mod proof;
mod signals;
mod words;

use std::fmt;
use std::sync::Arc;

pub use adapter::{Adapter, ClaimKind, Match, Test};
pub use composed::{ClaimEvent, ComposedResource, ResourceTree};
pub use controller_fields::ControllerFields;
pub use dependencies::Dependency;
pub use field_owners::{FieldConflict, FieldOwner, Takeover};
pub use health_rules::{HealthRuleError, HealthRules};
pub use manager::{Manager, gives_up, is_kubectl};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents::ResourceRef;
use crate::names::{ClaimName, EnvironmentName, OfferingName, PlanName, PlaneName, RequestId, TenantName};

/// Keys of the labels and annotations that Portico sets on a claim. They hold requester, tenant and request, so that
/// losing the database loses history but no claim.
pub mod labels {
    /// Label: the tenant.
    pub const TENANT: &str = "portico.dev/tenant";
    /// Label: the environment.
    pub const ENVIRONMENT: &str = "portico.dev/environment";
    /// Label: the plan.
    pub const PLAN: &str = "portico.dev/plan";
    /// Label: the request that created it or last changed it.
    pub const REQUEST: &str = "portico.dev/request";
    /// Annotation: the requester, as [`crate::tenancy::Person::subject`].
    pub const REQUESTER: &str = "portico.dev/requester";
    /// Annotation: the requester's name.
    pub const REQUESTER_NAME: &str = "portico.dev/requester-name";
    /// Annotation: when the claim must be renewed or deleted (RFC 3339).
    pub const EXPIRES: &str = "portico.dev/expires";
    /// Annotation: why the claim was placed on its control plane, as a sentence.
    pub const PLACED: &str = "portico.dev/placed";
    /// Label on a CRD or XRD: `true` offers the kind in the catalog.
    pub const OFFERED: &str = "portico.dev/offered";
    /// Annotations on a CRD or XRD that stand in for fields of an `Offering` document.
    pub const TITLE: &str = "portico.dev/title";
    /// See [`TITLE`].
    pub const SUMMARY: &str = "portico.dev/summary";
    /// See [`TITLE`]: a [`crate::documents::Category`] slug.
    pub const CATEGORY: &str = "portico.dev/category";
    /// See [`TITLE`]: markdown.
    pub const DOCUMENTATION: &str = "portico.dev/documentation";
    /// See [`TITLE`].
    pub const OWNER: &str = "portico.dev/owner";
    /// See [`TITLE`].
    pub const ICON: &str = "portico.dev/icon";
    /// Annotation on a CRD or XRD: how its form is laid out, as YAML of [`portico_form::FormHints`].
    pub const FORM: &str = "portico.dev/form";
    /// Label of what a `NamespaceTemplate` puts into a tenant's namespace: the template's name.
    pub const TEMPLATE: &str = "portico.dev/namespace-template";
    /// Annotation of the same: the digest of the manifest as it was applied last.
    pub const APPLIED: &str = "portico.dev/applied";
    /// Annotation of a claim, of a tenant's namespace and of what a template puts into it: the name of the portal that
    /// manages it. A claim without it is of whichever portal sees it.
    pub const PORTAL: &str = "portico.dev/portal";
    /// The field manager of every server-side apply by Portico.
    pub const FIELD_MANAGER: &str = "portico";
}

/// Identifies an object on a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRef {
    /// The control plane.
    pub plane: PlaneName,
    /// The offering, and so the kind.
    pub offering: OfferingName,
    /// The namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: ClaimName,
}

impl fmt::Display for ClaimRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or("-");
        write!(f, "{}/{}/{namespace}/{}", self.plane, self.offering, self.name)
    }
}

/// The health of a claim. Not the state of its request: the claim of a fulfilled request can become unhealthy later.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Being created or updated.
    Pending,
    /// Works.
    Ready,
    /// Was ready and no longer is, or reports a failure.
    Degraded,
    /// Its controller was told to stop reconciling it.
    Paused,
    /// Being deleted.
    Deleting,
    /// No longer there.
    Gone,
    /// Its control plane does not answer. The rest of the status is the last known one.
    Unreachable,
    /// It exists, but its operator reports no state that Portico understands.
    Unknown,
}

impl Health {
    /// Returns the name in URLs and JSON.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
            Self::Deleting => "deleting",
            Self::Gone => "gone",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the health with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Ready,
            Self::Degraded,
            Self::Paused,
            Self::Deleting,
            Self::Gone,
            Self::Unreachable,
            Self::Unknown,
        ]
        .into_iter()
        .find(|health| health.slug() == slug)
    }

    /// Returns the name on screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::Degraded => "Degraded",
            Self::Paused => "Paused",
            Self::Deleting => "Deleting",
            Self::Gone => "Gone",
            Self::Unreachable => "Unreachable",
            Self::Unknown => "Unknown",
        }
    }
}

/// A condition of a claim's status, as the control plane reports it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// `reason`.
    pub reason: Option<String>,
    /// `message`.
    pub message: Option<String>,
    /// `lastTransitionTime`.
    pub since: Option<Timestamp>,
}

/// Health of a claim with its reason, derived from conditions and status by the kind's adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimStatus {
    /// The health.
    pub health: Health,
    /// Why, in plain words. For a ready claim: a remark, or empty.
    pub reason: String,
    /// The conditions that it was derived from, worst first.
    pub conditions: Vec<Condition>,
    /// Name of the connection secret in the claim's namespace, if known.
    pub secret: Option<String>,
}

impl ClaimStatus {
    /// Returns when the claim entered this health: the last transition of the condition that decides, or of the worst
    /// one.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        if self.health != Health::Ready {
            return self.conditions.first()?.since;
        }
        let named = |kind: &str| self.conditions.iter().find(|condition| condition.kind == kind);
        match named("Ready").or_else(|| named("Available")) {
            Some(condition) => condition.since,
            None => self
                .conditions
                .iter()
                .filter_map(|condition| condition.since)
                .max(),
        }
    }
}

/// A claim in a watch cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Identifies the object.
    pub reference: ClaimRef,
    /// The version of its API.
    pub resource: Arc<ResourceRef>,
    /// `metadata.uid`.
    pub uid: String,
    /// The tenant that owns it, see [`crate::ownership`]. `None`: no tenant, so only platform admins see it.
    pub tenant: Option<TenantName>,
    /// The environment that owns it, see [`crate::ownership`].
    pub environment: Option<EnvironmentName>,
    /// The plan, from the label.
    pub plan: Option<PlanName>,
    /// The version of what it is, see [`version_of`].
    pub version: Option<String>,
    /// The request that created or last changed it, from the label. `None`: not created by Portico.
    pub request: Option<RequestId>,
    /// The requester's subject and name, from the annotations.
    pub requester: Option<(String, String)>,
    /// When it must be renewed or deleted, from the annotation.
    pub expires_at: Option<Timestamp>,
    /// The machinery that Portico applied, see [`crate::projection::Projection::own_machinery`].
    pub own_machinery: Option<Arc<Value>>,
    /// Fields of it that controllers set.
    pub controller_fields: Option<Arc<ControllerFields>>,
    /// What its specification names, if anything.
    pub dependencies: Option<Arc<[Dependency]>>,
    /// Who manages it; `None`: Portico.
    pub manager: Option<Arc<Manager>>,
    /// Its health.
    pub status: Arc<ClaimStatus>,
    /// `metadata.creationTimestamp`.
    pub created_at: Timestamp,
    /// When the control plane last confirmed this state.
    pub observed_at: Timestamp,
    /// The object without `metadata.managedFields`; null in a list of claims.
    pub object: Arc<Value>,
}

/// Longer texts are no versions.
const MAX_VERSION_BYTES: usize = 32;

/// Returns the version of what an object is, such as `17` of a PostgreSQL: its field `version`, `engineVersion` or
/// `kubernetesVersion`, in `spec` or in `spec.parameters`.
#[must_use]
pub fn version_of(object: &Value) -> Option<String> {
    let spec = object.get("spec")?;
    [Some(spec), spec.get("parameters")]
        .into_iter()
        .flatten()
        .flat_map(|fields| ["version", "engineVersion", "kubernetesVersion"].map(|name| fields.get(name)))
        .flatten()
        .find_map(|value| {
            let text = match value {
                Value::String(text) => text.trim().to_owned(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            let is_version =
                !text.is_empty() && text.len() <= MAX_VERSION_BYTES && !text.contains(char::is_control);
            is_version.then_some(text)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_a_short_text_in_one_of_the_usual_fields() {
        use serde_json::json;
        let of = |spec: Value| version_of(&json!({ "spec": spec }));
        assert_eq!(of(json!({"version": " 17 "})).as_deref(), Some("17"));
        assert_eq!(of(json!({"engineVersion": 8})).as_deref(), Some("8"));
        let parameters = json!({"parameters": {"kubernetesVersion": "v1.34"}});
        assert_eq!(of(parameters).as_deref(), Some("v1.34"));
        for none in [
            json!({"version": {"major": 1}}),
            json!({"version": ""}),
            json!({"version": "x".repeat(33)}),
        ] {
            assert_eq!(of(none.clone()), None, "{none}");
        }
        assert_eq!(version_of(&json!({})), None);
    }

    #[test]
    fn since_is_the_transition_of_the_condition_that_decides() {
        let condition = |kind: &str, status: &str, hour: i8| Condition {
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: None,
            message: None,
            since: Some(format!("2026-01-01T{hour:02}:00:00Z").parse().unwrap()),
        };
        let status = |health, conditions| ClaimStatus {
            health,
            reason: String::new(),
            conditions,
            secret: None,
        };
        let hour = |status: ClaimStatus| status.since().map(|at| at.to_string()[11..13].to_owned());
        let ready = [condition("Synced", "True", 9), condition("Ready", "True", 5)];
        assert_eq!(hour(status(Health::Ready, ready.to_vec())).as_deref(), Some("05"));
        let broken = [condition("Ready", "False", 7), condition("Synced", "True", 9)];
        assert_eq!(
            hour(status(Health::Degraded, broken.to_vec())).as_deref(),
            Some("07")
        );
        let other = [
            condition("Provisioned", "True", 3),
            condition("Healthy", "True", 4),
        ];
        assert_eq!(hour(status(Health::Ready, other.to_vec())).as_deref(), Some("04"));
        assert_eq!(hour(status(Health::Ready, Vec::new())), None);
    }
}
