//! Sends security events to the log, the metrics and the audit log.

use std::time::Instant;

use jiff::Timestamp;
use portico_domain::authz::AuditEvent;
use portico_domain::security::{Cause, SecurityEvent};
use portico_store::{Store, announce};
use serde_json::Value;

use crate::buckets::{Buckets, Rate};

/// Limit on recorded refusals of one source, so that nobody fills the audit log by being refused.
const REFUSAL_RATE_PER_SOURCE: Rate = Rate {
    burst: 20.0,
    per_second: 0.1,
};
/// Limit on recorded refusals of one kind from all sources: an attacker may have many addresses.
const REFUSAL_RATE_PER_KIND: Rate = Rate {
    burst: 500.0,
    per_second: 2.0,
};
/// A longer text of a recorded event is cut off.
const MAX_TEXT_CHARACTERS: usize = 300;

pub use portico_domain::authz::SecurityActor as Actor;

/// A security event. It never contains a secret.
#[derive(Debug)]
pub struct Occurrence<'a> {
    /// The event's name.
    pub event: SecurityEvent,
    /// The actor.
    pub actor: Actor<'a>,
    /// The client's address.
    pub remote: Option<String>,
    /// The subject: a path, a document, a person.
    pub subject: String,
    /// Further details.
    pub details: Value,
}

/// Reports security events. One for each process.
pub struct SecurityLog {
    store: Store,
    refusals: Buckets<(SecurityEvent, String)>,
    of_all: Buckets<SecurityEvent>,
}

impl SecurityLog {
    /// Reports to the audit log in `store`, too.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            refusals: Buckets::default(),
            of_all: Buckets::default(),
        }
    }

    /// Logs, counts and records an event. The audit log takes a limited number of refusals; log and metrics take all.
    /// If the database fails, the log has the event.
    pub async fn record(&self, occurrence: Occurrence<'_>) {
        let event = new_event(&occurrence, Timestamp::now());
        if !self.is_recorded(&occurrence) {
            announce(&event, false);
            return;
        }
        if let Err(error) = self.store.append(event.clone()).await {
            announce(&event, false);
            tracing::error!(%error, event = occurrence.event.name(), "a security event could not be recorded");
        }
    }

    fn is_recorded(&self, occurrence: &Occurrence<'_>) -> bool {
        match occurrence.event.cause() {
            Cause::Change => true,
            Cause::Refusal => {
                let source = match occurrence.actor {
                    Actor::Viewer(viewer) => viewer.person().subject.clone(),
                    Actor::Anonymous | Actor::Portico => occurrence.remote.clone().unwrap_or_default(),
                };
                let now = Instant::now();
                let of_source = (occurrence.event, source);
                self.refusals
                    .take(&of_source, REFUSAL_RATE_PER_SOURCE, now)
                    .is_ok()
                    && self
                        .of_all
                        .take(&occurrence.event, REFUSAL_RATE_PER_KIND, now)
                        .is_ok()
            }
        }
    }
}

fn new_event(occurrence: &Occurrence<'_>, at: Timestamp) -> AuditEvent {
    let subject = occurrence.subject.chars().take(MAX_TEXT_CHARACTERS).collect();
    let remote = occurrence.remote.as_deref();
    AuditEvent::security(occurrence.event, occurrence.actor, subject, at, remote)
        .with_details(occurrence.details.clone())
}

#[cfg(test)]
mod tests {
    use portico_domain::audit_log::NewEvent;
    use portico_domain::tenancy::Scope;
    use portico_store::{EventFilter, Page, Settings};
    use serde_json::json;

    use super::*;

    async fn store() -> Store {
        Store::connect("sqlite::memory:", &Settings::default())
            .await
            .unwrap()
    }

    fn by_a_stranger(event: SecurityEvent, remote: &str) -> Occurrence<'static> {
        Occurrence {
            event,
            actor: Actor::Anonymous,
            remote: Some(remote.to_owned()),
            subject: "/somewhere".to_owned(),
            details: json!({ "status": 403 }),
        }
    }

    async fn recorded(store: &Store, event: SecurityEvent) -> Vec<NewEvent> {
        let filter = EventFilter {
            verb: Some(event.name().to_owned()),
            ..EventFilter::default()
        };
        let page = store
            .events(&Scope::for_tests(), &filter, &Page::first(1000))
            .await
            .unwrap();
        page.items.into_iter().map(|event| event.event).collect()
    }

    #[tokio::test]
    async fn every_event_is_recorded_with_who_where_and_what() {
        let store = store().await;
        let log = SecurityLog::new(store.clone());
        for event in SecurityEvent::ALL {
            log.record(by_a_stranger(*event, "192.0.2.1")).await;
            let [found] = &recorded(&store, *event).await[..] else {
                panic!("{event:?} is not recorded");
            };
            assert_eq!(found.actor, "stranger");
            assert_eq!(found.remote.as_deref(), Some("192.0.2.1"));
            assert_eq!(found.subject, "/somewhere");
            assert_eq!(found.details, json!({ "status": 403 }));
        }
    }

    #[tokio::test]
    async fn nobody_fills_the_record_by_being_refused_and_others_are_still_recorded() {
        let store = store().await;
        let log = SecurityLog::new(store.clone());
        for _ in 0..100 {
            log.record(by_a_stranger(SecurityEvent::TokenRefused, "192.0.2.1"))
                .await;
        }
        log.record(by_a_stranger(SecurityEvent::TokenRefused, "192.0.2.2"))
            .await;
        let found = recorded(&store, SecurityEvent::TokenRefused).await;
        assert!(found.len() < 30, "{}", found.len());
        assert!(
            found
                .iter()
                .any(|event| event.remote.as_deref() == Some("192.0.2.2"))
        );
    }
}
