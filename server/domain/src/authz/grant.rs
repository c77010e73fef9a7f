//! Permission to do something, as a value.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::AuditEvent;
use crate::claim::Claim;
use crate::names::{PlaneName, RequestId, TenantName};
use crate::record::NewEvent;
use crate::request::Request;
use crate::tenancy::{Person, Role, Viewer};

/// Something that a person can do. Its types have no size and are all in this module.
pub trait Operation: sealed::Sealed {}

/// An operation that the audit record knows by one verb.
pub trait Recorded: Operation {
    /// The verb in the record: `secret.revealed`.
    const VERB: &'static str;
}

pub(super) mod sealed {
    /// Keeps [`super::Operation`] within this module.
    pub trait Sealed {}
}

/// What an operation is done to, as the record has it.
pub trait Target {
    /// The record's subject: a request's id, a claim, a control plane.
    fn subject(&self) -> String;

    /// The tenant that it belongs to; `None` for what is the platform's.
    fn tenant(&self) -> Option<TenantName> {
        None
    }

    /// The request that it belongs to.
    fn request(&self) -> Option<RequestId> {
        None
    }
}

/// What determined a grant. The record keeps it as `details.grantedBy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Basis {
    /// A role in a tenant.
    Role {
        /// The role that the person has, which may be higher than the one that is needed.
        role: Role,
        /// The tenant.
        tenant: TenantName,
    },
    /// A rule of an approval policy names the person as one of its approvers.
    ApprovalRule {
        /// The policy's name.
        policy: String,
        /// The rule's name.
        rule: String,
    },
    /// The person made the request.
    Requester,
    /// The person is a platform admin.
    PlatformAdmin,
    /// It concerns nobody but the person.
    Own,
}

/// The permission of a person to do `O` to a `T`. Made by the judgements of this module alone.
#[must_use]
#[derive(Debug)]
pub struct Granted<T, O> {
    target: T,
    caller: Caller,
    basis: Basis,
    operation: PhantomData<fn() -> O>,
}

/// Who a grant was made to.
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
                person: viewer.person.clone(),
                provider: viewer.provider.clone(),
                groups: viewer.groups.clone(),
            },
            basis,
            operation: PhantomData,
        }
    }

    /// A grant for tests of what takes one.
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

    /// What it may be done to.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Who may do it.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.caller.person
    }

    /// The name of the sign-in provider of [`Granted::person`].
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.caller.provider
    }

    /// The groups that the provider says the person is in.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.caller.groups
    }

    /// What determined it.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}

impl<T: Target, O: Operation> Granted<T, O> {
    /// Records that the person did it. `remote` is the address that the request came from.
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
    /// The event that records that the person did it. `remote` is the address that the request came from.
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
