//! Reads claims from objects.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use portico_domain::claim::health::{HealthInput, assess_with};
use portico_domain::claim::{Adapter, Claim, ClaimRef, HealthRules, Manager, labels, version_of};
use portico_domain::documents::Access;
use portico_domain::names::{ClaimName, OfferingName, PlaneName};
use portico_domain::projection::Projection;
use serde_json::Value;

use crate::discovery::Kind;

/// What is needed to read the claims of a kind.
#[derive(Debug, Clone)]
pub(crate) struct ClaimReader {
    pub(crate) plane: PlaneName,
    pub(crate) offering: OfferingName,
    pub(crate) kind: Arc<Kind>,
    pub(crate) access: Access,
    /// The offering's health expressions.
    pub(crate) health: Option<Arc<HealthRules>>,
}

impl ClaimReader {
    /// The claim of an object, without the object and without an owner. `None` if required metadata is missing.
    pub(super) fn read(&self, object: &Value, now: Timestamp) -> Option<Claim> {
        let metadata = object.get("metadata")?;
        let text = |key: &str| metadata.get(key).and_then(Value::as_str);
        let name = ClaimName::new(text("name")?).ok()?;
        let uid = text("uid").filter(|uid| !uid.is_empty())?.to_owned();
        let namespace = if self.kind.resource.namespaced {
            Some(text("namespace")?.to_owned())
        } else {
            None
        };
        let created_at = text("creationTimestamp")
            .and_then(|at| at.parse().ok())
            .unwrap_or(now);
        let labels = metadata.get("labels");
        let label = |key: &str| labels?.get(key)?.as_str();
        let annotation = |key: &str| metadata.get("annotations")?.get(key)?.as_str();
        let reference = ClaimRef {
            plane: self.plane.clone(),
            offering: self.offering.clone(),
            namespace,
            name,
        };
        let adapter = Adapter::of(
            &self.kind.resource.group,
            &self.kind.resource.kind,
            self.kind.claim_kind,
        );
        let basis = HealthInput {
            adapter,
            access: &self.access,
            rules: self.health.as_deref(),
            has_no_status: self.kind.has_no_status,
        };
        let requester = annotation(labels::REQUESTER).map(|subject| {
            let name = annotation(labels::REQUESTER_NAME).unwrap_or(subject);
            (subject.to_owned(), portico_domain::text::sanitize(name))
        });
        Some(Claim {
            tenant: None,
            environment: None,
            reference,
            resource: self.kind.resource.clone(),
            uid,
            plan: label(labels::PLAN).and_then(|name| name.parse().ok()),
            version: version_of(object),
            request: label(labels::REQUEST).and_then(|id| id.parse().ok()),
            requester,
            expires_at: annotation(labels::EXPIRES).and_then(|at| at.parse().ok()),
            own_machinery: Projection::own_machinery(self.kind.claim_kind, object).map(Arc::new),
            manager: Manager::of(object).map(Arc::new),
            status: assess_with(object, &basis),
            created_at,
            observed_at: now,
            object: NOTHING.clone(),
        })
    }
}

/// The placeholder for objects in lists of claims.
static NOTHING: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(Value::Null));
