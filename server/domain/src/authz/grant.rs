//! Permission to perform an operation, as a value.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;

use super::audit::AuditEvent;
use super::basis::Basis;
use crate::audit_log::NewEvent;
use crate::claim::Claim;
use crate::names::{OfferingName, PlaneName, RequestId, TenantName};
use crate::request::Request;
use crate::tenancy::{Person, Viewer};

/// An operation that a person can perform. Its types have no values and are all in this module.
pub trait Operation: sealed::Sealed {}

/// An operation with one verb in the audit log.
pub trait Recorded: Operation {
    /// The verb in the audit log: `secret.revealed`.
    const VERB: &'static str;
}

pub(super) mod sealed {
    /// Keeps implementations of [`super::Operation`] within this module.
    pub trait Sealed {}
}

/// The target of an operation, as the audit log names it.
pub trait Target {
    /// Returns the subject of the audit event: a request's id, a claim, a control plane.
    fn subject(&self) -> String;

    /// Returns the tenant that owns the target; `None` if it belongs to the platform.
    fn tenant(&self) -> Option<TenantName> {
        None
    }

    /// Returns the request that the target belongs to.
    fn request(&self) -> Option<RequestId> {
        None
    }
}

/// The permission of a person to perform `O` on a `T`. Only the functions of this module create it.
#[must_use]
#[derive(Debug)]
pub struct Granted<T, O> {
    target: T,
    caller: Caller,
    basis: Basis,
    operation: PhantomData<fn() -> O>,
}

/// The person that a grant was made to.
#[derive(Debug, Clone)]
struct Caller {
    person: Person,
    provider: String,
    groups: BTreeSet<String>,
}

impl<T, O: Operation> Granted<T, O> {
    pub(super) fn new(viewer: &Viewer, target: T, basis: Basis) -> Self {
        Self {
            target,
            caller: Caller {
                person: viewer.person().clone(),
                provider: viewer.provider().to_owned(),
                groups: viewer.groups().clone(),
            },
            basis,
            operation: PhantomData,
        }
    }

    /// Creates a grant for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_tests(person: Person, target: T) -> Self {
        Self {
            target,
            caller: Caller {
                person,
                provider: "sso".to_owned(),
                groups: BTreeSet::new(),
            },
            basis: Basis::Own,
            operation: PhantomData,
        }
    }

    /// Returns the target.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Returns the person.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.caller.person
    }

    /// Returns the name of the sign-in provider of [`Granted::person`].
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.caller.provider
    }

    /// Returns the person's groups, as the provider names them.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.caller.groups
    }

    /// Returns the reason for the grant.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}

impl<T: Target, O: Operation> Granted<T, O> {
    /// Creates the audit event with this verb. `remote` is the client's address.
    pub(super) fn audit_as(&self, verb: &str, at: Timestamp, remote: Option<&str>) -> AuditEvent {
        let event = NewEvent {
            at,
            actor: self.caller.person.subject.clone(),
            actor_name: self.caller.person.name.clone(),
            verb: verb.to_owned(),
            subject: self.target.subject(),
            tenant: self.target.tenant(),
            request: self.target.request(),
            remote: remote.map(str::to_owned),
            details: serde_json::Value::Null,
        };
        AuditEvent::new(event, Some(self.basis.clone()))
    }
}

impl<T: Target, O: Recorded> Granted<T, O> {
    /// Creates the audit event of the operation. `remote` is the client's address.
    #[must_use]
    pub fn audit(&self, at: Timestamp, remote: Option<&str>) -> AuditEvent {
        self.audit_as(O::VERB, at, remote)
    }
}

impl Target for Request {
    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        Some(self.tenant.clone())
    }

    fn request(&self) -> Option<RequestId> {
        Some(self.id)
    }
}

impl Target for Arc<Claim> {
    fn subject(&self) -> String {
        self.reference.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        self.tenant.clone()
    }

    fn request(&self) -> Option<RequestId> {
        self.request
    }
}

impl Target for PlaneName {
    fn subject(&self) -> String {
        self.to_string()
    }
}

impl Target for OfferingName {
    fn subject(&self) -> String {
        self.to_string()
    }
}
