//! Audit events whose actor is proven.

use std::ops::Deref;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::basis::Basis;
use crate::audit_log::NewEvent;
use crate::security::SecurityEvent;
use crate::tenancy::{Person, Viewer};

/// Portico as an actor in the audit log: id and name.
pub(super) const PORTICO: (&str, &str) = ("portico", "Portico");

/// An event for the audit log with a proven actor: from a grant, from Portico's own authority, or from the sign-in
/// that it is about. So nobody is recorded for the action of somebody else.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent(NewEvent);

/// What the identity provider reported about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEvent {
    /// The person signed in.
    Started,
    /// The person signed out.
    Ended,
}

/// Who caused a security event.
#[derive(Debug, Clone, Copy)]
pub enum SecurityActor<'a> {
    /// A signed-in person, by session or token.
    Viewer(&'a Viewer),
    /// An anonymous client.
    Anonymous,
    /// Portico itself.
    Portico,
}

impl AuditEvent {
    pub(super) fn new(event: NewEvent, basis: Option<Basis>) -> Self {
        let details = basis.map_or(Value::Null, |basis| json!({ "grantedBy": basis }));
        Self(NewEvent { details, ..event })
    }

    /// Creates an event for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests(event: NewEvent) -> Self {
        Self(event)
    }

    /// Creates the event of a sign-in or sign-out, with the name of the sign-in provider.
    #[must_use]
    pub fn session(
        what: SessionEvent,
        person: &Person,
        provider: &str,
        at: Timestamp,
        remote: Option<&str>,
    ) -> Self {
        let verb = match what {
            SessionEvent::Started => "session.started",
            SessionEvent::Ended => "session.ended",
        };
        Self(NewEvent {
            at,
            actor: person.subject.clone(),
            actor_name: person.name.clone(),
            verb: verb.to_owned(),
            subject: person.subject.clone(),
            tenant: None,
            request: None,
            remote: remote.map(str::to_owned),
            details: json!({ "provider": provider }),
        })
    }

    /// Creates the event of a back-channel logout: the sessions of `subject`, or those that the provider identifies
    /// otherwise.
    #[must_use]
    pub fn sessions_terminated(
        issuer: &str,
        provider: &str,
        subject: Option<&str>,
        at: Timestamp,
        remote: Option<&str>,
    ) -> Self {
        Self(NewEvent {
            at,
            actor: issuer.to_owned(),
            actor_name: provider.to_owned(),
            verb: "session.terminated".to_owned(),
            subject: subject.unwrap_or(issuer).to_owned(),
            tenant: None,
            request: None,
            remote: remote.map(str::to_owned),
            details: json!({ "provider": provider }),
        })
    }

    /// Creates a security event. It needs no grant: most are refusals.
    #[must_use]
    pub fn security(
        event: SecurityEvent,
        actor: SecurityActor<'_>,
        subject: String,
        at: Timestamp,
        remote: Option<&str>,
    ) -> Self {
        let (actor, actor_name) = match actor {
            SecurityActor::Viewer(viewer) => {
                (viewer.person().subject.as_str(), viewer.person().name.as_str())
            }
            SecurityActor::Anonymous => ("stranger", "Somebody not signed in"),
            SecurityActor::Portico => PORTICO,
        };
        Self(NewEvent {
            at,
            actor: actor.to_owned(),
            actor_name: actor_name.to_owned(),
            verb: event.name().to_owned(),
            subject,
            tenant: None,
            request: None,
            remote: remote.map(str::to_owned),
            details: Value::Null,
        })
    }

    /// Adds details. They must not contain secrets.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        match (&mut self.0.details, details) {
            (Value::Object(known), Value::Object(more)) => known.extend(more),
            (known, more) => *known = more,
        }
        self
    }

    /// Sets the subject to a part of the target, such as one of a person's tokens.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = subject.into();
        self
    }
}

impl Deref for AuditEvent {
    type Target = NewEvent;

    fn deref(&self) -> &NewEvent {
        &self.0
    }
}

impl AsRef<NewEvent> for AuditEvent {
    fn as_ref(&self) -> &NewEvent {
        &self.0
    }
}
