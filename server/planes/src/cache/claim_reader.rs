//! Reads claims from objects.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::health::{HealthInput, assess_with};
use portico_domain::claim::{
    Adapter, Claim, ClaimRef, ControllerFields, Dependency, HealthRules, Manager, labels, version_of,
};
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
    pub(crate) rules: DocumentRules,
    pub(crate) controller_fields: SharedFields,
}

/// The sets of fields that controllers set in claims of a kind, once each: they are mostly alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedFields(Arc<Mutex<Vec<Arc<ControllerFields>>>>);

impl SharedFields {
    /// Sets that are kept.
    const MAX: usize = 16;

    fn of(&self, object: &Value) -> Option<Arc<ControllerFields>> {
        let fields = ControllerFields::of(object)?;
        let mut known = self.0.lock();
        if let Some(same) = known.iter().find(|known| ***known == fields) {
            return Some(same.clone());
        }
        let fields = Arc::new(fields);
        if known.len() == Self::MAX {
            known.remove(0);
        }
        known.push(fields.clone());
        Some(fields)
    }
}

/// What the documents say about the claims of an offering.
#[derive(Debug, Clone, Default)]
pub(crate) struct DocumentRules {
    pub(crate) access: Access,
    /// The offering's health expressions.
    pub(crate) health: Option<Arc<HealthRules>>,
    /// The portal's name.
    pub(crate) portal: Option<Arc<str>>,
}

impl DocumentRules {
    /// True if claims are read alike by both. Health expressions that were compiled twice count as different.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_health = match (&self.health, &other.health) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same_health && self.access == other.access && self.portal == other.portal
    }
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
            access: &self.rules.access,
            rules: self.rules.health.as_deref(),
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
            controller_fields: self.controller_fields.of(object),
            dependencies: Some(Dependency::of(object))
                .filter(|named| !named.is_empty())
                .map(Arc::from),
            manager: Manager::of(object, self.rules.portal.as_deref()).map(Arc::new),
            status: Arc::new(assess_with(object, &basis)),
            created_at,
            observed_at: now,
            object: NOTHING.clone(),
        })
    }
}

/// The placeholder for objects in lists of claims.
static NOTHING: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(Value::Null));
