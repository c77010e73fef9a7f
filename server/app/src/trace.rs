//! The trace of the call that is being served, for requests that are submitted in it.

use std::future::Future;

use portico_domain::trace::TraceParent;

tokio::task_local! {
    static CURRENT: TraceParent;
}

/// Runs `work` as part of a trace.
pub async fn in_trace<T>(parent: TraceParent, work: impl Future<Output = T>) -> T {
    CURRENT.scope(parent, work).await
}

/// The trace of the call that this task serves.
pub(crate) fn current() -> Option<TraceParent> {
    CURRENT.try_with(|parent| *parent).ok()
}
