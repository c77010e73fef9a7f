//! Requests in progress on a connection, and connections of a peer.

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

/// The requests under way on one connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Activity {
    under_way: watch::Sender<usize>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            under_way: watch::Sender::new(0),
        }
    }

    /// A request begins; it ends when what this returns is dropped.
    pub(super) fn begin(&self) -> Busy {
        self.under_way.send_modify(|count| *count += 1);
        Busy(self.clone())
    }

    /// Waits until nothing has been under way for as long as this.
    pub(super) async fn idle_for(&self, time: Duration) {
        let mut under_way = self.under_way.subscribe();
        loop {
            let idle = *under_way.borrow_and_update() == 0;
            tokio::select! {
                () = tokio::time::sleep(time), if idle => return,
                // The sender is `self`: it is there.
                _ = under_way.changed() => {}
            }
        }
    }
}

/// A request under way.
pub(super) struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

/// An answer's body: the request is under way until it is sent or given up.
pub(super) struct BusyBody {
    pub(super) body: Body,
    pub(super) _busy: Busy,
}

impl hyper::body::Body for BusyBody {
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

/// How many connections each peer has.
#[derive(Clone, Default)]
pub(super) struct Peers {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Peers {
    /// A place for one more of that peer's; `None` when it has as many as it may.
    pub(super) fn admit(&self, peer: IpAddr, most: usize) -> Option<PeerPlace> {
        let mut open = self.open.lock();
        let count = open.entry(peer).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(PeerPlace {
            peers: self.clone(),
            peer,
        })
    }
}

/// A peer's place, given back when this is dropped.
pub(super) struct PeerPlace {
    peers: Peers,
    peer: IpAddr,
}

impl Drop for PeerPlace {
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
