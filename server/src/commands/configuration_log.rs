//! Writes accepted and refused configurations to the security log.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_app::configuration::{LiveConfiguration, Report, Severity};
use portico_app::security::{Actor, Occurrence, SecurityLog};
use portico_domain::authz::SystemAuthority;
use portico_domain::security::SecurityEvent;
use portico_store::{EventFilter, Page, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::config::changed_documents;

/// Problems of a refused configuration that are recorded.
const MAX_PLACES: usize = 10;

/// Records changes of the configuration until `stop`. Skips what another replica has already recorded.
pub(super) async fn log_configuration(
    configuration: LiveConfiguration,
    security: Arc<SecurityLog>,
    store: Store,
    authority: SystemAuthority,
    stop: CancellationToken,
) {
    let record = Recorded { store, authority };
    let mut reports = configuration.subscribe();
    let mut seen = reports.borrow_and_update().clone();
    let mut current = configuration.current();
    // It may have changed while no replica was running. With a home plane, that is known once it has been read.
    if seen.home.as_ref().is_none_or(|home| home.synced) {
        append_event(
            &security,
            &record,
            SecurityEvent::ConfigurationChanged,
            &seen,
            Value::Null,
        )
        .await;
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = reports.changed() => if changed.is_err() { return },
        }
        let report = reports.borrow_and_update().clone();
        if report.generation != seen.generation {
            let now = configuration.current();
            let changed = json!(changed_documents(&current, &now));
            current = now;
            append_event(
                &security,
                &record,
                SecurityEvent::ConfigurationChanged,
                &report,
                changed,
            )
            .await;
        } else if report.refused() && report.digest() != seen.digest() {
            let event = SecurityEvent::ConfigurationRefused;
            append_event(&security, &record, event, &report, places(&report)).await;
        }
        seen = report;
    }
}

/// The positions of the errors. Their messages may quote the documents, so only administrators see them.
fn places(report: &Report) -> Value {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let errors = report
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    for problem in errors.take(MAX_PLACES) {
        let file = problem.file.file_name().unwrap_or(problem.file.as_os_str());
        let line = problem.line.map(|line| format!("line {line}"));
        let place = [line, problem.field.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        places
            .entry(file.to_string_lossy().into_owned())
            .or_default()
            .push(place.join(", "));
    }
    json!(places)
}

/// What the record says, for Portico itself.
struct Recorded {
    store: Store,
    authority: SystemAuthority,
}

async fn append_event(
    security: &SecurityLog,
    record: &Recorded,
    event: SecurityEvent,
    report: &Report,
    what: Value,
) {
    if record.last_digest().await.as_deref() == Some(report.digest()) {
        return;
    }
    let occurrence = Occurrence {
        event,
        actor: Actor::Portico,
        remote: None,
        subject: "configuration".to_owned(),
        details: json!({ "generation": report.generation, "digest": report.digest(), "documents": what }),
    };
    security.record(occurrence).await;
}

impl Recorded {
    /// The digest of the configuration that was last recorded.
    async fn last_digest(&self) -> Option<String> {
        let filter = EventFilter {
            verb: Some("configuration.".to_owned()),
            ..EventFilter::default()
        };
        let scope = self.authority.scope();
        match self.store.events(&scope, &filter, &Page::first(1)).await {
            Ok(found) => {
                let event = found.items.into_iter().next()?.event;
                Some(event.details.get("digest")?.as_str()?.to_owned())
            }
            Err(error) => {
                tracing::warn!(%error, "the last recorded configuration could not be read");
                None
            }
        }
    }
}
