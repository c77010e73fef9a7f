//! Events of the audit record that are entitled to name their actor.

use std::ops::Deref;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Basis;
use crate::record::NewEvent;
use crate::security::SecurityEvent;
use crate::tenancy::{Person, Viewer};

/// An event for the audit record. Its actor comes from a grant, from Portico's own authority, or from the sign-in that
/// it is about, so that nobody is recorded for what somebody else did.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent(NewEvent);

/// What happened to a session, as told by the identity provider.
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
    /// Somebody who is not signed in.
    Stranger,
    /// Portico itself.
    Portico,
}

impl AuditEvent {
    pub(super) fn new(event: NewEvent, basis: Option<Basis>) -> Self {
        let details = basis.map_or(Value::Null, |basis| json!({ "grantedBy": basis }));
        Self(NewEvent { details, ..event })
    }

    /// An event for tests of what takes one.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests(event: NewEvent) -> Self {
        Self(event)
    }

    /// Records that a person signed in or out, with the name of their sign-in provider.
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

    /// Records that an identity provider ended sessions by a back-channel logout: those of `subject`, or those that the
    /// provider names otherwise.
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

    /// Records a security event. It needs no grant: most are refusals.
    #[must_use]
    pub fn security(
        event: SecurityEvent,
        actor: SecurityActor<'_>,
        subject: String,
        at: Timestamp,
        remote: Option<&str>,
    ) -> Self {
        let (actor, actor_name) = match actor {
            SecurityActor::Viewer(viewer) => (viewer.person.subject.as_str(), viewer.person.name.as_str()),
            SecurityActor::Stranger => ("stranger", "Somebody not signed in"),
            SecurityActor::Portico => super::system::NAMES,
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

    /// The event with further details. Never put a secret there.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        match (&mut self.0.details, details) {
            (Value::Object(known), Value::Object(more)) => known.extend(more),
            (known, more) => *known = more,
        }
        self
    }

    /// The event about a part of its target, by that part's id: about one token of a person's.
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
