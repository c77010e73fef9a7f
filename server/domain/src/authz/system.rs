//! Portico's own authority, for work that serves no person.

use jiff::Timestamp;
use serde_json::Value;

use super::audit::{AuditEvent, PORTICO};
use crate::audit_log::NewEvent;
use crate::names::{PlaneName, RequestId, TenantName};
use crate::request::Request;
use crate::tenancy::Scope;

/// The authority to act as Portico itself, for the worker and the background tasks. Use cases never get one.
#[derive(Debug, Clone)]
pub struct SystemAuthority(());

/// The right to read what rules need beyond what a person may see: whether a name is taken, what a tenant uses of its
/// quota. The results are evaluated, never shown.
#[derive(Debug, Clone)]
pub struct RuleScope(());

impl SystemAuthority {
    /// Creates the authority. The program calls this once at start and passes it on; `clippy.toml` forbids other
    /// calls.
    #[must_use]
    pub fn at_start() -> Self {
        Self(())
    }

    /// Creates an authority for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests() -> Self {
        Self(())
    }

    /// Returns the right to read everything.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::all()
    }

    /// Returns the right to read what rules need.
    #[must_use]
    pub fn rules(&self) -> RuleScope {
        RuleScope(())
    }

    /// Creates the audit event of Portico's action on a request.
    #[must_use]
    pub fn audit_request(&self, verb: &str, request: &Request, at: Timestamp) -> AuditEvent {
        Self::audit(
            verb,
            request.id.to_string(),
            Some(request.tenant.clone()),
            Some(request.id),
            at,
        )
    }

    /// Creates the audit event of Portico's action on a control plane of a tenant.
    #[must_use]
    pub fn audit_plane(
        &self,
        verb: &str,
        plane: &PlaneName,
        tenant: &TenantName,
        at: Timestamp,
    ) -> AuditEvent {
        Self::audit(verb, plane.to_string(), Some(tenant.clone()), None, at)
    }

    /// Creates the audit event of an agent that was enrolled.
    #[must_use]
    pub fn audit_enrolment(&self, plane: &PlaneName, at: Timestamp) -> AuditEvent {
        Self::audit("agent.enrolled", plane.to_string(), None, None, at)
    }

    fn audit(
        verb: &str,
        subject: String,
        tenant: Option<TenantName>,
        request: Option<RequestId>,
        at: Timestamp,
    ) -> AuditEvent {
        let event = NewEvent {
            at,
            actor: PORTICO.0.to_owned(),
            actor_name: PORTICO.1.to_owned(),
            verb: verb.to_owned(),
            subject,
            tenant,
            request,
            remote: None,
            details: Value::Null,
        };
        AuditEvent::new(event, None)
    }
}

impl RuleScope {
    /// Returns the scope of one tenant.
    #[must_use]
    pub fn of_tenant(&self, tenant: &TenantName) -> Scope {
        Scope::all().narrow(tenant)
    }

    /// Returns the scope of all tenants: a cluster-scoped name may belong to another one.
    #[must_use]
    pub fn of_all_tenants(&self) -> Scope {
        Scope::all()
    }
}
