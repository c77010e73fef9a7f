//! Keeps a control plane connected: connects, probes, reconnects.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portico_domain::claim::health::{misconfigured_status, unreachable_status};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::context::{InitialSync, PlaneContext};
use super::rights_review;
use super::state::Plane;
use crate::client::{ApiClient, Call};
use crate::cluster::ClusterCheck;
use crate::connect::{Connected, Source, StoredKubeconfigs, connect};
use crate::discovery::discover;
use crate::error::PlaneError;
use crate::informers;
use crate::ops::has_right;
use crate::rights::Right;
use crate::shared::{Change, Shared};
use crate::status::PlaneState;
use crate::stream::WatchLimiter;

/// Pause between probes of a healthy control plane.
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// The same if its connections check themselves whether anybody answers, and of a workspace of kcp: there may be very many,
/// and the watch that they share breaks when kcp does not answer.
const RARE_PROBE_INTERVAL: Duration = Duration::from_mins(1);
/// Pause between probes that need credentials.
const CREDENTIAL_PROBE_INTERVAL: Duration = Duration::from_secs(20);
/// Timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Watches open at once on a control plane; each takes a connection.
const MAX_WATCHES: usize = 400;

/// Keeps a control plane connected for as long as the future is polled.
pub(crate) async fn run_connection(
    shared: Arc<Shared>,
    plane: Arc<Plane>,
    stored: Arc<dyn StoredKubeconfigs>,
) {
    let mut wait = MIN_BACKOFF;
    loop {
        let document = plane.offer.document.load_full();
        match connect(&document, &shared.settings, &stored, &shared.clients).await {
            Err(error) => {
                plane.client.store(None);
                if error.is_early {
                    tracing::debug!(plane = %plane.name, why = %error, "a control plane waits for another one");
                    tokio::time::sleep(MIN_BACKOFF).await;
                    continue;
                }
                plane.warnings.store(Arc::default());
                plane.record_error(error.to_string());
                set_misconfigured(&shared, &plane, error.to_string());
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(MAX_BACKOFF);
            }
            Ok(Connected {
                connection,
                source,
                warnings,
            }) => {
                let cluster = ClusterCheck::new(
                    plane.name.clone(),
                    document.claim().is_some(),
                    shared.clone(),
                    plane.cluster.clone(),
                    plane.probe_now.clone(),
                    connection.opened.clone(),
                );
                let client = ApiClient::new(plane.title(), connection, &document).checking(cluster);
                wait = MIN_BACKOFF;
                plane.warn(warnings);
                plane.client.store(Some(Arc::new(client.clone())));
                if matches!(plane.health.lock().state, PlaneState::Misconfigured(_))
                    && !plane.is_unauthenticated()
                    && !plane.has_wrong_cluster()
                {
                    set_state(&shared, &plane, &PlaneState::Connecting);
                }
                let limiter = Arc::new(WatchLimiter::new(MAX_WATCHES));
                let context = PlaneContext {
                    shared: shared.clone(),
                    plane: plane.clone(),
                    client,
                    limiter,
                    may_watch_all: Arc::default(),
                };
                let (initial_sync, all_read) = InitialSync::new();
                tokio::select! {
                    () = probe_loop(&context, &source, all_read) => {}
                    () = discover(context.clone(), initial_sync) => {}
                    () = rights_review::review(&context) => {}
                    () = informers::serve(&context) => {}
                }
            }
        }
    }
}

/// Marks the control plane as misconfigured and its claims as stale.
fn set_misconfigured(shared: &Shared, plane: &Plane, why: String) {
    plane.mark_all_stale(misconfigured_status);
    set_state(shared, plane, &PlaneState::Misconfigured(why));
}

/// Probes the control plane until its kubeconfig, or a file or Secret that it comes from, changes, or its credentials are no longer
/// accepted; then everything that uses the connection ends, too. A new control plane is ready after the initial sync,
/// or after a while if that takes long.
async fn probe_loop(context: &PlaneContext, source: &Source, mut all_read: mpsc::Receiver<Infallible>) {
    let mut answers_since: Option<Instant> = None;
    let mut failures = 0_u32;
    let mut wait = MIN_BACKOFF;
    let mut was_unauthenticated = false;
    let mut authenticated_at: Option<Instant> = None;
    // Its version may have changed.
    let mut version_due = true;
    let mut agents = agent_changes(context);
    loop {
        let started = Instant::now();
        let authenticated = authenticated_at.is_none_or(|at| at.elapsed() >= CREDENTIAL_PROBE_INTERVAL)
            || context.plane.has_wrong_cluster();
        if authenticated {
            authenticated_at = Some(started);
        }
        match health_check(&context.client, authenticated, version_due).await {
            Ok(version) => {
                let now = Timestamp::now();
                version_due = false;
                {
                    let mut health = context.plane.health.lock();
                    health.last_seen = Some(now);
                    health.latency = Some(started.elapsed());
                    health.version = version.or(health.version.take());
                }
                if let Some(problem) = context.client.sign_in_problem() {
                    context.plane.record_error(problem);
                }
                failures = 0;
                wait = MIN_BACKOFF;
                let answers_since = answers_since.get_or_insert(started);
                if std::mem::take(&mut was_unauthenticated) {
                    context.plane.unauthenticated.store(false, Ordering::Relaxed);
                }
                // `/version` needs no credentials, so a 401 elsewhere takes precedence.
                if context.plane.is_unauthenticated() {
                    set_misconfigured(
                        &context.shared,
                        &context.plane,
                        credentials_rejected(&context.plane),
                    );
                } else if let Some(why) = context.plane.workspace.problem() {
                    set_misconfigured(&context.shared, &context.plane, why);
                } else if all_read.is_closed()
                    || answers_since.elapsed() >= PROBE_INTERVAL
                    || context.plane.health.lock().state != PlaneState::Connecting
                {
                    set_state(&context.shared, &context.plane, &PlaneState::Ready);
                }
                let interval = probe_interval(context, all_read.is_closed());
                tokio::select! {
                    () = tokio::time::sleep(interval) => {}
                    // Files are looked at more often.
                    () = source.changed() => return,
                    _ = all_read.recv(), if !all_read.is_closed() => {}
                    () = agents_changed(&mut agents) => {}
                    () = context.plane.probe_now.notified() => {
                        version_due = true;
                        // A short pause, because many streams break at the same time.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
            Err(error) => {
                failures += 1;
                version_due = true;
                context.plane.record_error(error.admin_message());
                match error {
                    PlaneError::Refused { status: 401, .. } => {
                        context.plane.unauthenticated.store(true, Ordering::Relaxed);
                        set_misconfigured(
                            &context.shared,
                            &context.plane,
                            credentials_rejected(&context.plane),
                        );
                        // Streams opened with credentials that are no longer valid must end.
                        if answers_since.is_some() {
                            return;
                        }
                        was_unauthenticated = true;
                    }
                    PlaneError::Misconfigured { message, .. } => {
                        set_misconfigured(&context.shared, &context.plane, message);
                        // Streams opened at another cluster must end, and what they have read there is read again.
                        if answers_since.is_some() && context.plane.has_wrong_cluster() {
                            return;
                        }
                    }
                    // Ignore a single failure.
                    _ if failures >= 2 || context.plane.health.lock().state == PlaneState::Connecting => {
                        context.plane.mark_all_stale(unreachable_status);
                        set_state(&context.shared, &context.plane, &PlaneState::Unreachable);
                    }
                    _ => {}
                }
                tokio::select! {
                    () = tokio::time::sleep(wait) => wait = (wait * 2).min(MAX_BACKOFF),
                    () = agents_changed(&mut agents) => wait = MIN_BACKOFF,
                }
            }
        }
        if source.has_changed(failures > 0).await {
            return;
        }
    }
}

/// The pause before the next probe of a control plane that answers.
fn probe_interval(context: &PlaneContext, is_read: bool) -> Duration {
    match context.shared.settings.probe_interval {
        Some(interval) => interval,
        // One that is still read for the first time is ready after a while.
        None if is_read && (context.client.notices_silence() || context.client.workspace().is_some()) => {
            RARE_PROBE_INTERVAL
        }
        None => PROBE_INTERVAL,
    }
}

/// Reports changes of the agents, if the control plane is reached through one.
fn agent_changes(context: &PlaneContext) -> Option<watch::Receiver<u64>> {
    let document = context.plane.offer.document.load();
    let agents = context.shared.settings.agents.as_ref()?;
    document
        .has_agent()
        .then(|| agents.subscribe(&context.plane.name))
}

/// Waits until an agent connects or disconnects; forever where there are none.
async fn agents_changed(agents: &mut Option<watch::Receiver<u64>>) {
    if let Some(changes) = agents
        && changes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// What is wrong when a call is answered with 401.
fn credentials_rejected(plane: &Plane) -> String {
    let whose = if plane.offer.document.load().has_agent() {
        "the credentials of its agent"
    } else {
        "Portico's credentials"
    };
    format!("it does not accept {whose} (401)")
}

/// Asks for something; a refusal also proves that the control plane is alive. With `authenticated`, it is something that
/// needs valid credentials, and with `version`, or if it would be nothing else, the version.
async fn health_check(
    client: &ApiClient,
    authenticated: bool,
    version: bool,
) -> Result<Option<String>, PlaneError> {
    let timeout = || PlaneError::Timeout {
        plane: client.title.to_string(),
        after: PROBE_TIMEOUT,
    };
    let mut answered = false;
    if authenticated {
        let checking = tokio::time::timeout(PROBE_TIMEOUT, client.check_cluster()).await;
        answered = checking.unwrap_or_else(|_| Err(timeout()))?;
        if !answered {
            let right = Right::on_definitions("list");
            let asking = has_right(client, None, &right);
            if let Ok(Err(error @ PlaneError::Refused { status: 401, .. })) =
                tokio::time::timeout(PROBE_TIMEOUT, asking).await
            {
                return Err(error);
            }
        }
    }
    if answered && !version {
        return Ok(None);
    }
    let asking = client.request_json(Call::get("/version".to_owned()).unchecked());
    let answer = tokio::time::timeout(PROBE_TIMEOUT, asking).await;
    match answer.unwrap_or_else(|_| Err(timeout())) {
        Ok((_, version)) => match version.get("gitVersion").and_then(Value::as_str) {
            Some(version) => Ok(Some(portico_domain::text::sanitize(version))),
            None => Err(client.invalid_response("this is not a Kubernetes API")),
        },
        Err(PlaneError::Forbidden { .. } | PlaneError::NotFound { .. } | PlaneError::RateLimited { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn set_state(shared: &Shared, plane: &Plane, state: &PlaneState) {
    let (was, why) = {
        let mut health = plane.health.lock();
        let was = health.state.clone();
        let was = health.set_state(state.clone(), Timestamp::now()).then_some(was);
        (was, health.recent_errors.front().map(|note| note.message.clone()))
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
        plane.reconnected.send_modify(|times| *times += 1);
    }
    shared.publish(Change::Plane(plane.name.clone()));
}
