//! Keeps a call off connections that are opened for it: who is at their end is not known yet.

use std::error::Error as StdError;

use super::explain::chain;

tokio::task_local! {
    static KNOWN_CONNECTIONS_ONLY: ();
}

/// A call needs a new connection, and may not open one. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("a new connection is needed")]
pub(super) struct NeedsConnection;

/// Makes a call over connections that are open already; fails if it needs another, see [`needs_connection`].
pub(crate) async fn over_known_connections<F: Future>(call: F) -> F::Output {
    KNOWN_CONNECTIONS_ONLY.scope((), call).await
}

/// True if the call failed only because it may open no connection.
pub(crate) fn needs_connection(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(<dyn StdError + 'static>::is::<NeedsConnection>)
}

/// Fails within [`over_known_connections`].
pub(super) fn may_connect() -> Result<(), NeedsConnection> {
    match KNOWN_CONNECTIONS_ONLY.try_with(|()| ()) {
        Ok(()) => Err(NeedsConnection),
        Err(_) => Ok(()),
    }
}
