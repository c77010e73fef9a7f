//! Counts the open requests of a connection and the open connections of a peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::watch;

/// Counts the open requests of one connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Activity {
    open_requests: watch::Sender<usize>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            open_requests: watch::Sender::new(0),
        }
    }

    /// Counts a request as open until the returned guard is dropped.
    pub(super) fn begin(&self) -> RequestGuard {
        self.open_requests.send_modify(|count| *count += 1);
        RequestGuard(self.clone())
    }

    /// Waits until no request has been open for `duration`.
    pub(super) async fn idle_for(&self, duration: Duration) {
        let mut open_requests = self.open_requests.subscribe();
        loop {
            let idle = *open_requests.borrow_and_update() == 0;
            tokio::select! {
                () = tokio::time::sleep(duration), if idle => return,
                // The sender is part of `self`, so the channel cannot close.
                _ = open_requests.changed() => {}
            }
        }
    }
}

/// Guard of an open request.
pub(super) struct RequestGuard(Activity);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.open_requests.send_modify(|count| *count -= 1);
    }
}

/// Response body that keeps its request open until it is sent or dropped.
pub(super) struct TrackedBody {
    pub(super) body: Body,
    pub(super) _guard: RequestGuard,
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Counts the open connections of each peer.
#[derive(Clone, Default)]
pub(super) struct Peers {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Peers {
    /// Takes a connection slot for `peer`. `None` if it holds `max` connections already.
    pub(super) fn admit(&self, peer: IpAddr, max: usize) -> Option<ConnectionSlot> {
        let mut open = self.open.lock();
        let count = open.entry(peer).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(ConnectionSlot {
            peers: self.clone(),
            peer,
        })
    }
}

/// Connection slot of a peer; dropping it frees the slot.
pub(super) struct ConnectionSlot {
    peers: Peers,
    peer: IpAddr,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.peers.open.lock();
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}
