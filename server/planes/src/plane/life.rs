//! Keeps a control plane connected: connects, probes, reconnects.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portico_domain::claim::health::{misconfigured_status, unreachable_status};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{FirstRead, Plane, Right, Running, rights};
use crate::act::may;
use crate::connect::{Connected, Files, connect};
use crate::discovery::discover;
use crate::error::PlaneError;
use crate::informers;
use crate::registry::{Change, Shared};
use crate::status::PlaneState;
use crate::stream::Slots;
use crate::wire::{Call, Wire};

/// Pause between probes of a healthy control plane.
const PULSE: Duration = Duration::from_secs(10);
/// Pause between probes that need credentials.
const WHO: Duration = Duration::from_secs(20);
/// Timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Watches open at once on a control plane; each takes a connection.
const MOST_WATCHES: usize = 400;

/// Keeps a control plane connected for as long as the future is polled.
pub(crate) async fn live(shared: Arc<Shared>, plane: Arc<Plane>) {
    let mut wait = FIRST_WAIT;
    loop {
        let document = plane.document.load_full();
        match connect(&document, shared.settings.kubeconfig_base.as_deref()).await {
            Err(error) => {
                plane.wire.store(None);
                plane.warnings.store(Arc::default());
                plane.note(error.to_string());
                unusable(&shared, &plane, error.to_string());
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Ok(Connected {
                wire,
                files,
                warnings,
            }) => {
                wait = FIRST_WAIT;
                plane.warn(warnings);
                plane.wire.store(Some(Arc::new(wire.clone())));
                if matches!(plane.vitals.lock().state, PlaneState::Misconfigured(_)) && !plane.refused_us() {
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
                    () = probe(&run, &files, all_read) => {}
                    () = discover(run.clone(), first) => {}
                    () = rights::review(&run) => {}
                    () = informers::serve(&run) => {}
                }
            }
        }
    }
}

/// Marks the control plane as misconfigured and its claims as stale.
fn unusable(shared: &Shared, plane: &Plane, why: String) {
    plane.lose_all(misconfigured_status);
    enter(shared, plane, &PlaneState::Misconfigured(why));
}

/// Probes the control plane until its kubeconfig or a file that it names changes, or its credentials are no longer
/// accepted; then everything that uses the connection ends, too. A new control plane is ready after the initial sync,
/// or after a while if that takes long.
async fn probe(run: &Running, files: &Files, mut all_read: mpsc::Receiver<Infallible>) {
    let mut answers_since: Option<Instant> = None;
    let mut failures = 0_u32;
    let mut wait = FIRST_WAIT;
    let mut refused = false;
    let mut asked_who: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        let who = asked_who.is_none_or(|at| at.elapsed() >= WHO);
        if who {
            asked_who = Some(begun);
        }
        match pulse(&run.wire, who).await {
            Ok(version) => {
                let now = Timestamp::now();
                {
                    let mut vitals = run.plane.vitals.lock();
                    vitals.last_seen = Some(now);
                    vitals.latency = Some(begun.elapsed());
                    vitals.version = version.or(vitals.version.take());
                }
                if let Some(trouble) = run.wire.sign_in_trouble() {
                    run.plane.note(trouble);
                }
                failures = 0;
                wait = FIRST_WAIT;
                if std::mem::take(&mut refused) {
                    run.plane.unknown_there.store(false, Ordering::Relaxed);
                }
                // `/version` needs no credentials, so a 401 elsewhere takes precedence.
                if run.plane.refused_us() {
                    unusable(&run.shared, &run.plane, REFUSED.to_owned());
                } else if all_read.is_closed()
                    || answers_since.get_or_insert(begun).elapsed() >= PULSE
                    || run.plane.vitals.lock().state != PlaneState::Connecting
                {
                    enter(&run.shared, &run.plane, &PlaneState::Ready);
                }
                tokio::select! {
                    () = tokio::time::sleep(PULSE) => {}
                    _ = all_read.recv(), if !all_read.is_closed() => {}
                    // A short pause, because many streams break at the same time.
                    () = run.plane.nudge.notified() => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
            Err(error) => {
                failures += 1;
                run.plane.note(error.for_platform());
                match error {
                    PlaneError::Refused { status: 401, .. } => {
                        run.plane.unknown_there.store(true, Ordering::Relaxed);
                        unusable(&run.shared, &run.plane, REFUSED.to_owned());
                        // Streams opened with credentials that are no longer valid must end.
                        if answers_since.is_some() {
                            return;
                        }
                        refused = true;
                    }
                    PlaneError::Misconfigured { message, .. } => unusable(&run.shared, &run.plane, message),
                    // Ignore a single failure.
                    _ if failures >= 2 || run.plane.vitals.lock().state == PlaneState::Connecting => {
                        run.plane.lose_all(unreachable_status);
                        enter(&run.shared, &run.plane, &PlaneState::Unreachable);
                    }
                    _ => {}
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        if files.have_changed().await {
            return;
        }
    }
}

const REFUSED: &str = "it does not accept Portico's credentials (401)";

/// Asks for the version; a refusal also proves that the control plane is alive. With `authenticated`, also makes a
/// call that needs valid credentials.
async fn pulse(wire: &Wire, who: bool) -> Result<Option<String>, PlaneError> {
    let slow = || PlaneError::Slow {
        plane: wire.title.to_string(),
        after: PROBE_TIMEOUT,
    };
    let asking = wire.ask(Call::get("/version".to_owned()));
    let answer = tokio::time::timeout(PROBE_TIMEOUT, asking).await;
    let version = match answer.unwrap_or_else(|_| Err(slow())) {
        Ok((_, version)) => match version.get("gitVersion").and_then(Value::as_str) {
            Some(version) => Some(portico_domain::claim::health::plain(version)),
            None => return Err(wire.garbage("this is no Kubernetes API")),
        },
        Err(PlaneError::Forbidden { .. } | PlaneError::NotFound { .. } | PlaneError::TooMany { .. }) => None,
        Err(error) => return Err(error),
    };
    if who {
        let right = Right::on_definitions("list");
        let asking = may(wire, None, &right);
        if let Ok(Err(error @ PlaneError::Refused { status: 401, .. })) =
            tokio::time::timeout(PROBE_TIMEOUT, asking).await
        {
            return Err(error);
        }
    }
    Ok(version)
}

fn enter(shared: &Shared, plane: &Plane, state: &PlaneState) {
    let (was, why) = {
        let mut vitals = plane.vitals.lock();
        let was = vitals.state.clone();
        let was = vitals.enter(state.clone(), Timestamp::now()).then_some(was);
        (was, vitals.notes.front().map(|note| note.message.clone()))
    };
    let Some(was) = was else { return };
    match state {
        PlaneState::Misconfigured(why) => {
            tracing::warn!(plane = %plane.name, state = state.slug(), %why, "a control plane cannot be used");
        }
        PlaneState::Unreachable => {
            let why = why.unwrap_or_default();
            tracing::warn!(plane = %plane.name, state = state.slug(), %why, "a control plane does not answer");
        }
        PlaneState::Connecting | PlaneState::Ready => {
            tracing::info!(plane = %plane.name, state = state.slug(), "a control plane changed its state");
        }
    }
    if *state == PlaneState::Ready && was != PlaneState::Connecting {
        plane.revived.send_modify(|times| *times += 1);
    }
    shared.tell(Change::Plane(plane.name.clone()));
}
