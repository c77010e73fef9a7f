//! `watch`: streams changes as JSON lines until the client disconnects or the timeout ends it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures::stream;
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::query::Query;
use super::selector::Selector;
use super::target::Objects;
use super::view::{Show, View};
use crate::kube::client::objects::{Objects as Api, Watch};
use crate::kube::plane::inner::Inner;
use crate::kube::storage::store::{Change, ChangeType};
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object;

/// Answers a watch.
pub(super) fn answer(
    inner: &Arc<Inner>,
    kind: &Arc<Kind>,
    target: &Objects,
    query: &Query,
    view: View,
    selector: Selector,
) -> Result<Response<Body>, ApiError> {
    let session = Session::new(inner, kind, target, query, view, selector)?;
    let lines = stream::unfold(session, |mut session| async move {
        let line = session.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(line)), session))
    });
    let mut response = Response::new(Body::from_stream(lines));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    Ok(response)
}

/// An item of the send queue.
enum Waiting {
    Object(&'static str, Arc<Value>),
    Line(String),
}

struct Session {
    inner: Arc<Inner>,
    kind: Arc<Kind>,
    version: String,
    namespace: String,
    selector: Selector,
    view: View,
    include: String,
    changes: Watch,
    dropped: tokio::sync::watch::Receiver<u64>,
    bookmarks: Option<Interval>,
    end: Instant,
    /// The send queue. Objects are serialized only when the client reads them.
    waiting: VecDeque<Waiting>,
    finished: bool,
}

impl Session {
    fn new(
        inner: &Arc<Inner>,
        kind: &Arc<Kind>,
        target: &Objects,
        query: &Query,
        view: View,
        selector: Selector,
    ) -> Result<Self, ApiError> {
        let api = Api::new(Arc::clone(inner));
        let initial = initial(query)?;
        let (state, revision) = {
            let state = inner.state();
            (
                state.store.table(&kind.group_kind()).cloned(),
                state.store.revision(),
            )
        };
        let requested = query.number("resourceVersion")?.unwrap_or(0);
        let from = if initial == Initial::None && requested > 0 {
            requested
        } else {
            revision
        };
        let seconds = query.number("timeoutSeconds")?.filter(|s| *s > 0);
        // As in Kubernetes: 30 to 60 minutes, so that watches do not all end at once.
        let seconds = seconds
            .unwrap_or_else(|| rand::rng().random_range(1800..3600))
            .min(86_400);
        let bookmarks = query.is_set("allowWatchBookmarks").then(|| {
            let every = inner.settings.bookmark_interval.max(Duration::from_millis(10));
            let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        let mut session = Self {
            inner: Arc::clone(inner),
            kind: Arc::clone(kind),
            version: target.version.clone(),
            namespace: target.namespace.clone(),
            selector,
            view,
            include: query.get("includeObject").into(),
            changes: api.watch(&[kind.group_kind()], from),
            dropped: inner.faults.dropped(),
            bookmarks,
            end: Instant::now() + Duration::from_secs(seconds),
            waiting: VecDeque::new(),
            finished: false,
        };
        if initial != Initial::None {
            for object in state.iter().flat_map(|table| table.values()) {
                if session.is_wanted(object) {
                    session.send("ADDED", object);
                }
            }
            if initial == Initial::List {
                session.bookmark(true);
            }
        } else if requested > revision {
            // A revision that this control plane never had: the client must list again.
            session.refuse(&ApiError::expired(format!(
                "too large resource version: {requested}, current: {revision}"
            )));
        }
        Ok(session)
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(waiting) = self.waiting.pop_front() {
                return Some(self.line(waiting));
            }
            if self.finished {
                return None;
            }
            tokio::select! {
                biased;
                _ = self.dropped.changed() => return None,
                () = tokio::time::sleep_until(self.end) => {
                    if self.bookmarks.is_some() {
                        self.bookmark(false);
                    }
                    self.finished = true;
                }
                changes = self.changes.next() => match changes {
                    Ok(changes) => self.take(&changes),
                    Err(error) => self.refuse(&error),
                },
                () = tick(&mut self.bookmarks) => {
                    // Changes go first: a bookmark promises that none before it is missing.
                    match self.changes.take() {
                        Ok(changes) => self.take(&changes),
                        Err(error) => self.refuse(&error),
                    }
                    if !self.finished {
                        self.bookmark(false);
                    }
                }
            }
        }
    }

    fn take(&mut self, changes: &[Change]) {
        for change in changes {
            let after = change.change != ChangeType::Deleted && self.is_wanted(&change.object);
            let before = change
                .before
                .as_ref()
                .is_some_and(|before| self.is_wanted(before));
            match (before, after) {
                (false, true) => self.send("ADDED", &change.object),
                (true, true) => self.send("MODIFIED", &change.object),
                (true, false) => self.send("DELETED", &change.object),
                (false, false) => {}
            }
        }
        // The kind may no longer be served; then the watch ends.
        let served = self
            .inner
            .state()
            .kinds
            .resource(&self.kind.group, &self.kind.plural);
        if served.is_none_or(|kind| kind.served(&self.version).is_none()) {
            self.finished = true;
        }
    }

    fn is_wanted(&self, object: &Value) -> bool {
        (self.namespace.is_empty() || object::namespace(object) == self.namespace)
            && self.selector.matches(object)
    }

    fn send(&mut self, change: &'static str, object: &Arc<Value>) {
        self.waiting
            .push_back(Waiting::Object(change, Arc::clone(object)));
    }

    fn line(&self, waiting: Waiting) -> String {
        let (change, object) = match waiting {
            Waiting::Line(line) => return line,
            Waiting::Object(change, object) => (change, object),
        };
        let Some(version) = self.kind.version(&self.version) else {
            return String::new();
        };
        let show = Show {
            kind: &self.kind,
            version,
            view: self.view,
            include: self.include.clone(),
        };
        format!("{{\"type\":\"{change}\",\"object\":{}}}\n", show.one(&object))
    }

    fn bookmark(&mut self, is_end_of_list: bool) {
        let mut metadata =
            json!({"resourceVersion": self.changes.position().to_string(), "creationTimestamp": null});
        if is_end_of_list {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.view {
            View::Full => json!({
                "kind": self.kind.kind, "apiVersion": self.kind.api_version(&self.version), "metadata": metadata,
            }),
            View::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "columnDefinitions": [], "rows": [],
            }),
            View::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
        };
        self.waiting.push_back(Waiting::Line(format!(
            "{}\n",
            json!({"type": "BOOKMARK", "object": object})
        )));
    }

    fn refuse(&mut self, error: &ApiError) {
        let line = format!("{}\n", json!({"type": "ERROR", "object": error.status()}));
        self.waiting.push_back(Waiting::Line(line));
        self.finished = true;
    }
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// What a watch sends before changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Initial {
    /// Nothing: it continues from a revision.
    None,
    /// All objects.
    Objects,
    /// All objects, then a bookmark that marks the end (watch-list).
    List,
}

fn initial(query: &Query) -> Result<Initial, ApiError> {
    if query.get("sendInitialEvents").is_empty() {
        let from_now = matches!(query.get("resourceVersion"), "" | "0");
        return Ok(if from_now { Initial::Objects } else { Initial::None });
    }
    if query.get("resourceVersionMatch") != "NotOlderThan" {
        return Err(ApiError::bad_request(
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ));
    }
    if !query.is_set("sendInitialEvents") {
        return Ok(Initial::None);
    }
    if !query.is_set("allowWatchBookmarks") {
        return Err(ApiError::bad_request(
            "sendInitialEvents requires allowWatchBookmarks",
        ));
    }
    Ok(Initial::List)
}
