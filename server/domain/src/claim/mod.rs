//! Claims: the Kubernetes objects on control planes that stand for what was asked.

mod adapter;
mod composed;
pub mod health;
mod health_rules;
pub mod path;
pub mod proof;
mod signals;
mod words;

use std::fmt;
use std::sync::Arc;

pub use adapter::{Adapter, Flavour, Match, Test};
pub use composed::{ClaimEvent, Composed, Tree};
pub use health_rules::{HealthRuleError, HealthRules};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents::ResourceRef;
use crate::names::{ClaimName, EnvironmentName, OfferingName, PlanName, PlaneName, RequestId, TenantName};

/// Keys of the labels and annotations that Portico puts on a claim, so that a lost database loses
/// history and never a claim.
pub mod marks {
    /// Label: the tenant.
    pub const TENANT: &str = "portico.dev/tenant";
    /// Label: the environment.
    pub const ENVIRONMENT: &str = "portico.dev/environment";
    /// Label: the plan.
    pub const PLAN: &str = "portico.dev/plan";
    /// Label: the request that made it or changed it last.
    pub const REQUEST: &str = "portico.dev/request";
    /// Annotation: who asked, as [`crate::tenancy::Person::subject`].
    pub const REQUESTER: &str = "portico.dev/requester";
    /// Annotation: who asked, by name.
    pub const REQUESTER_NAME: &str = "portico.dev/requester-name";
    /// Annotation: when it has to be renewed or deleted, as RFC 3339 has times.
    pub const EXPIRES: &str = "portico.dev/expires";
    /// Label on a CRD or XRD: `true` offers it in the catalog.
    pub const OFFERED: &str = "portico.dev/offered";
    /// Annotations on a CRD or XRD, for what an `Offering` document would say.
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
    /// The field manager of everything that Portico applies.
    pub const FIELD_MANAGER: &str = "portico";
}

/// Which object on which control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRef {
    /// The control plane.
    pub plane: PlaneName,
    /// The offering, which is to say the kind.
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

/// How a claim is. Apart from a request's state: a fulfilled request's claim may fall ill.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Being made.
    Pending,
    /// Works.
    Ready,
    /// Was ready, or reports a failure.
    Degraded,
    /// Its provisioner has been told to leave it alone.
    Paused,
    /// Being deleted.
    Deleting,
    /// No longer there.
    Gone,
    /// Its control plane does not answer; what is shown is the last known state.
    Unreachable,
    /// It is there, and its operator says how it is in words that Portico does not know, or not at all.
    Unknown,
}

impl Health {
    /// The word in URLs and JSON.
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

    /// The health that `slug` names.
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

    /// The word on the screen.
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

/// One condition of a claim's status, as the control plane has it.
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

/// What conditions and status come to, by the kind's adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// How it is.
    pub health: Health,
    /// Why, in plain words. Of one that is ready: what is worth a remark, empty where nothing is.
    pub reason: String,
    /// The conditions it was read from, worst first.
    pub conditions: Vec<Condition>,
    /// The name of its connection secret, once known; in the claim's namespace.
    pub secret: Option<String>,
}

impl Verdict {
    /// Since when it is so, as far as its conditions tell: by the condition that says that it works, or by the worst.
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

/// A claim as a watch cache holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Which object.
    pub reference: ClaimRef,
    /// Its API.
    pub resource: ResourceRef,
    /// `metadata.uid`.
    pub uid: String,
    /// The tenant whose it is, as [`crate::ownership`] decides. `None`: nobody's, for platform admins only.
    pub tenant: Option<TenantName>,
    /// The environment, likewise.
    pub environment: Option<EnvironmentName>,
    /// The plan, by its label.
    pub plan: Option<PlanName>,
    /// The request that made it or changed it last, by its label. `None`: made by other hands.
    pub request: Option<RequestId>,
    /// Who asked, by the annotation: the subject and the name.
    pub requester: Option<(String, String)>,
    /// When it has to be renewed or deleted, by the annotation.
    pub expires_at: Option<Timestamp>,
    /// The machinery that Portico has applied to it: [`crate::projection::Projection::own_machinery`].
    pub own_machinery: Option<Arc<Value>>,
    /// How it is.
    pub verdict: Verdict,
    /// `metadata.creationTimestamp`.
    pub created_at: Timestamp,
    /// When the control plane was last heard of with regard to it.
    pub observed_at: Timestamp,
    /// The whole object, `metadata.managedFields` left out; null in a list of claims.
    pub object: Arc<Value>,
}

#[cfg(test)]
mod operators_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_holds_since_the_condition_that_decided_changed() {
        let condition = |kind: &str, status: &str, hour: i8| Condition {
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: None,
            message: None,
            since: Some(format!("2026-01-01T{hour:02}:00:00Z").parse().unwrap()),
        };
        let verdict = |health, conditions| Verdict {
            health,
            reason: String::new(),
            conditions,
            secret: None,
        };
        let hour = |verdict: Verdict| verdict.since().map(|at| at.to_string()[11..13].to_owned());
        let ready = [condition("Synced", "True", 9), condition("Ready", "True", 5)];
        assert_eq!(
            hour(verdict(Health::Ready, ready.to_vec())).as_deref(),
            Some("05")
        );
        let broken = [condition("Ready", "False", 7), condition("Synced", "True", 9)];
        assert_eq!(
            hour(verdict(Health::Degraded, broken.to_vec())).as_deref(),
            Some("07")
        );
        let other = [
            condition("Provisioned", "True", 3),
            condition("Healthy", "True", 4),
        ];
        assert_eq!(
            hour(verdict(Health::Ready, other.to_vec())).as_deref(),
            Some("04")
        );
        assert_eq!(hour(verdict(Health::Ready, Vec::new())), None);
    }
}
