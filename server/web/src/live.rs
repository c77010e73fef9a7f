//! `GET /events`: notifies the browser of changes by server-sent events.
//!
//! An event names what changed, not how: the browser fetches the page again, so a stream cannot leak what the viewer
//! may not see. A browser that reconnects with `Last-Event-ID` first gets `missed` and reloads.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use http::HeaderMap;
use portico_app::{Live, LiveEvent};
use tokio::time::{Interval, MissedTickBehavior};

use super::app::App;
use super::path_params;
use super::problem::Problem;
use super::query::QueryParams;
use super::viewer::{Api, Credential};

/// How often a silent stream sends a comment.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Maximum duration of a stream; then the browser reconnects.
const MAX_DURATION: Duration = Duration::from_mins(10);

/// Slot among a person's open streams; dropping it frees the slot.
struct StreamPermit {
    app: App,
    subject: String,
}

impl StreamPermit {
    fn take(app: &App, subject: &str) -> Result<Self, Problem> {
        let most = app.configuration.current().portal.spec.limits.event_streams;
        let mut open = app.streams.open.lock();
        let count = open.entry(subject.to_owned()).or_default();
        if *count >= usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(Problem::too_many(HEARTBEAT));
        }
        *count += 1;
        Ok(Self {
            app: app.clone(),
            subject: subject.to_owned(),
        })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.app.streams.open.lock();
        if let Some(count) = open.get_mut(&self.subject) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.subject);
            }
        }
    }
}

struct EventStream {
    app: App,
    credential: Credential,
    recheck: Interval,
    live: Live,
    until: tokio::time::Instant,
    first: Option<LiveEvent>,
    number: u64,
    _permit: StreamPermit,
}

impl EventStream {
    /// Returns the next event. `None` when the stream must end.
    async fn next(&mut self) -> Option<LiveEvent> {
        if let Some(event) = self.first.take() {
            return Some(event);
        }
        loop {
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                _ = self.recheck.tick() => match self.credential.viewer(&self.app).await {
                    Ok(Some(viewer)) => {
                        if self.live.look_as(&viewer) {
                            return Some(LiveEvent::Missed);
                        }
                    }
                    Ok(None) => return None,
                    // Nobody can sign out while the database is down.
                    Err(problem) => {
                        tracing::warn!(problem = %problem.detail, "the viewer of an event stream could not be checked again");
                    }
                },
                event = self.live.next() => return event,
            }
        }
    }
}

/// `GET /events`. With `?claim={plane}/{offering}/{namespace}/{name}` it also reports on that claim.
pub(super) async fn events(
    State(app): State<App>,
    Api(current): Api,
    credential: Credential,
    query: QueryParams,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let resumed = headers.contains_key("last-event-id");
    let live = match query.text("claim") {
        Some(claim) => {
            let claim = path_params::claim(claim)?;
            match app.portal.live_on(&current.viewer, &claim) {
                Err(_) => app.portal.live_on_coming(&current.viewer, &claim).await?,
                Ok(live) => live,
            }
        }
        None => app.portal.live(&current.viewer),
    };
    let mut recheck = tokio::time::interval_at(
        tokio::time::Instant::now() + app.streams.recheck_interval,
        app.streams.recheck_interval,
    );
    recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = EventStream {
        app: app.clone(),
        credential,
        recheck,
        live,
        until: tokio::time::Instant::now() + MAX_DURATION,
        first: resumed.then_some(LiveEvent::Missed),
        number: 0,
        _permit: StreamPermit::take(&app, &current.viewer.person().subject)?,
    };
    let stream = futures::stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        events.number += 1;
        let message = Event::default()
            .id(events.number.to_string())
            .event(name(&event))
            .json_data(&event)
            .unwrap_or_else(|_| Event::default().event("missed").data("{}"));
        Some((Ok(message), events))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn name(event: &LiveEvent) -> &'static str {
    match event {
        LiveEvent::Catalog => "catalog",
        LiveEvent::Claim { .. } => "claim",
        LiveEvent::Request { .. } => "request",
        LiveEvent::Plane { .. } => "plane",
        LiveEvent::Missed => "missed",
    }
}

#[cfg(test)]
mod tests;
