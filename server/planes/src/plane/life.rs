//! The life of a connection: made, probed, lost, found again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use portico_domain::documents::Connection;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{FirstRead, Plane, Running};
use crate::connect::connect;
use crate::discovery::discover;
use crate::error::PlaneError;
use crate::registry::{Change, Shared};
use crate::status::PlaneState;
use crate::stream::Slots;
use crate::wire::{Call, Wire};

/// How often a plane that answers is asked whether it still does.
const PULSE: Duration = Duration::from_secs(10);
/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Watches open at once on one plane; each takes a connection.
const MOST_WATCHES: usize = 400;

/// Keeps a control plane connected, for as long as it is polled.
pub(crate) async fn live(shared: Arc<Shared>, plane: Arc<Plane>) {
    let mut wait = FIRST_WAIT;
    loop {
        let document = plane.document.load_full();
        let mark = file_mark(&shared, &document.spec.connection).await;
        match connect(&document, shared.settings.kubeconfig_base.as_deref()).await {
            Err(error) => {
                plane.wire.store(None);
                plane.note(error.to_string());
                enter(&shared, &plane, &PlaneState::Misconfigured(error.to_string()));
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Ok(wire) => {
                wait = FIRST_WAIT;
                plane.wire.store(Some(Arc::new(wire.clone())));
                if matches!(plane.vitals.lock().state, PlaneState::Misconfigured(_)) {
                    enter(&shared, &plane, &PlaneState::Connecting);
                }
                let slots = Arc::new(Slots::new(MOST_WATCHES));
                let run = Running {
                    shared: shared.clone(),
                    plane: plane.clone(),
                    wire,
                    slots,
                    may_all: Arc::default(),
                };
                let (first, all_read) = FirstRead::new();
                tokio::select! {
                    () = probe(&run, &document.spec.connection, mark, all_read) => {}
                    () = discover(run.clone(), first) => {}
                }
            }
        }
    }
}

/// Asks again and again whether the plane is there. Ends when its kubeconfig has changed. A plane that is new is ready
/// when it has been read for the first time; one that takes long to tell is not waited for.
async fn probe(
    run: &Running,
    connection: &Connection,
    mark: Option<FileMark>,
    mut all_read: mpsc::Receiver<Infallible>,
) {
    let mut answers_since: Option<Instant> = None;
    let mut failures = 0_u32;
    let mut wait = FIRST_WAIT;
    loop {
        let begun = Instant::now();
        match pulse(&run.wire).await {
            Ok(version) => {
                let now = Timestamp::now();
                {
                    let mut vitals = run.plane.vitals.lock();
                    vitals.last_seen = Some(now);
                    vitals.latency = Some(begun.elapsed());
                    vitals.version = version.or(vitals.version.take());
                }
                failures = 0;
                wait = FIRST_WAIT;
                // Anybody may ask for the version; more than that takes credentials.
                if run.plane.unknown_there.load(Ordering::Relaxed) {
                    run.plane.lose_all();
                    let why = "it does not accept Portico's credentials".to_owned();
                    enter(&run.shared, &run.plane, &PlaneState::Misconfigured(why));
                } else if all_read.is_closed()
                    || answers_since.get_or_insert(begun).elapsed() >= PULSE
                    || run.plane.vitals.lock().state != PlaneState::Connecting
                {
                    enter(&run.shared, &run.plane, &PlaneState::Ready);
                }
                tokio::select! {
                    () = tokio::time::sleep(PULSE) => {}
                    _ = all_read.recv(), if !all_read.is_closed() => {}
                    // Not at once again: many streams break together.
                    () = run.plane.nudge.notified() => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
            Err(error) => {
                failures += 1;
                run.plane.note(error.to_string());
                if let PlaneError::Refused {
                    status: 401, message, ..
                } = error
                {
                    run.plane.lose_all();
                    enter(&run.shared, &run.plane, &PlaneState::Misconfigured(message));
                // Once may be chance.
                } else if failures >= 2 || run.plane.vitals.lock().state == PlaneState::Connecting {
                    run.plane.lose_all();
                    enter(&run.shared, &run.plane, &PlaneState::Unreachable);
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        if file_mark(&run.shared, connection).await != mark {
            return;
        }
    }
}

/// Whether the plane answers, and which version it says it is. One that refuses to tell is alive.
async fn pulse(wire: &Wire) -> Result<Option<String>, PlaneError> {
    let asking = wire.ask(Call::get("/version".to_owned()));
    let answer = tokio::time::timeout(PROBE_TIMEOUT, asking).await;
    let slow = || PlaneError::Slow {
        plane: wire.title.to_string(),
        after: PROBE_TIMEOUT,
    };
    match answer.unwrap_or_else(|_| Err(slow())) {
        Ok((_, version)) => match version.get("gitVersion").and_then(Value::as_str) {
            Some(version) => Ok(Some(portico_domain::claim::health::plain(version))),
            None => Err(wire.garbage("this is no Kubernetes API")),
        },
        Err(PlaneError::Forbidden { .. } | PlaneError::NotFound { .. } | PlaneError::TooMany { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn enter(shared: &Shared, plane: &Plane, state: &PlaneState) {
    let was = {
        let mut vitals = plane.vitals.lock();
        let was = vitals.state.clone();
        vitals.enter(state.clone(), Timestamp::now()).then_some(was)
    };
    let Some(was) = was else { return };
    tracing::info!(plane = %plane.name, state = state.slug(), "a control plane changed its state");
    if *state == PlaneState::Ready && was != PlaneState::Connecting {
        plane.revived.send_modify(|times| *times += 1);
    }
    shared.tell(Change::Plane(plane.name.clone()));
}

type FileMark = (Option<SystemTime>, u64);

/// What changes when somebody writes the kubeconfig anew.
async fn file_mark(shared: &Shared, connection: &Connection) -> Option<FileMark> {
    let Connection::Kubeconfig { path, .. } = connection else {
        return None;
    };
    let path = shared
        .settings
        .kubeconfig_base
        .as_deref()
        .map_or_else(|| path.into(), |base| base.join(path));
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}
