//! Watches a resource in many logical clusters at once.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures::stream;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::instance::Instance;
use super::scope::Scope;
use crate::kube::http::query::Query;
use crate::kube::http::target::Objects;
use crate::kube::http::view::{Show, View};
use crate::kube::storage::store::{Change, ChangeType};
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;

/// Answers a watch from a revision. Without one it begins with what is written from now on.
pub(super) fn answer(
    instance: &Arc<Instance>,
    scope: Scope,
    kind: Arc<Kind>,
    target: &Objects,
    query: &Query,
    view: View,
) -> Result<Response<Body>, ApiError> {
    let seconds = query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
    let every = instance
        .front
        .settings
        .bookmark_interval
        .max(Duration::from_millis(10));
    let mut bookmarks = tokio::time::interval_at(Instant::now() + every, every);
    bookmarks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let requested = query.number("resourceVersion")?.filter(|revision| *revision > 0);
    let session = Session {
        position: requested.unwrap_or_else(|| instance.shard.clock.now()),
        written: instance.shard.written.subscribe(),
        dropped: instance.front.faults.dropped(),
        instance: Arc::clone(instance),
        scope,
        kind,
        version: target.version.clone(),
        view,
        bookmarks,
        end: Instant::now() + Duration::from_secs(seconds.unwrap_or(1800).min(86_400)),
        waiting: VecDeque::new(),
        finished: false,
    };
    let lines = stream::unfold(session, |mut session| async move {
        let line = session.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(line)), session))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

struct Session {
    instance: Arc<Instance>,
    scope: Scope,
    kind: Arc<Kind>,
    version: String,
    view: View,
    /// Changes up to this revision have been sent.
    position: u64,
    written: watch::Receiver<u64>,
    dropped: watch::Receiver<u64>,
    bookmarks: Interval,
    end: Instant,
    waiting: VecDeque<String>,
    finished: bool,
}

impl Session {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Some(line);
            }
            if self.finished {
                return None;
            }
            self.written.mark_unchanged();
            self.take();
            if !self.waiting.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                _ = self.dropped.changed() => return None,
                () = tokio::time::sleep_until(self.end) => self.finished = true,
                changed = self.written.changed() => if changed.is_err() { return None },
                _ = self.bookmarks.tick() => {
                    self.take();
                    self.bookmark();
                }
            }
        }
    }

    /// Queues the changes since the position, in the order of all logical clusters.
    fn take(&mut self) {
        let mut changes: Vec<Change> = Vec::new();
        {
            let _turn = self.instance.shard.turn.lock();
            for cluster in self.instance.all() {
                if !self.scope.covers(&cluster, &self.kind.group, &self.kind.plural) {
                    continue;
                }
                let state = cluster.inner.state();
                match state.store.changes_after(self.position) {
                    Ok(new) => {
                        let group_kind = self.kind.group_kind();
                        let is_shown = |change: &&Change| {
                            change.kind.is(&group_kind) && self.scope.shows(&self.kind, &change.object)
                        };
                        changes.extend(new.filter(is_shown).cloned());
                    }
                    Err(error) => {
                        let line = format!("{}\n", json!({ "type": "ERROR", "object": error.status() }));
                        self.waiting.push_back(line);
                        self.finished = true;
                        return;
                    }
                }
            }
            self.position = self.instance.shard.clock.now();
        }
        changes.sort_by_key(|change| change.revision);
        let kind = Arc::clone(&self.kind);
        let Some(version) = kind.version(&self.version) else {
            return;
        };
        let show = Show {
            kind: &kind,
            version,
            view: self.view,
            include: String::new(),
        };
        for change in changes {
            let name = match change.change {
                ChangeType::Added => "ADDED",
                ChangeType::Modified => "MODIFIED",
                ChangeType::Deleted => "DELETED",
            };
            let object = show.one(&change.object);
            self.waiting
                .push_back(format!("{{\"type\":\"{name}\",\"object\":{object}}}\n"));
        }
    }

    fn bookmark(&mut self) {
        let object = json!({
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(&self.version),
            "metadata": { "resourceVersion": self.position.to_string(), "creationTimestamp": null },
        });
        self.waiting
            .push_back(format!("{}\n", json!({ "type": "BOOKMARK", "object": object })));
    }
}
