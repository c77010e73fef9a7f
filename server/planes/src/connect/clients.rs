//! The HTTP clients of one control plane.

use std::sync::Arc;

use parking_lot::Mutex;

/// Watches over one HTTP/2 connection at most. API servers allow 100 calls at once on each (k8s.io/apiserver, secure
/// serving), and what comes after waits for one of them to end.
const MAX_WATCHES: usize = 60;

/// Clients with a connection each, if the server speaks HTTP/2: one for calls and the first watches, and more as there are
/// more watches. Over HTTP/1.1 each call that runs has a connection in any case. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clients {
    first: kube::Client,
    all: Arc<Mutex<Vec<(kube::Client, WatchSlot)>>>,
    make: Arc<dyn Fn() -> kube::Client + Send + Sync>,
}

/// Held while a watch runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchSlot(Arc<()>);

impl Clients {
    /// Makes the first client.
    pub(crate) fn new(make: impl Fn() -> kube::Client + Send + Sync + 'static) -> Self {
        let first = make();
        Self {
            all: Arc::new(Mutex::new(vec![(first.clone(), WatchSlot::default())])),
            first,
            make: Arc::new(make),
        }
    }

    /// The client for calls that end.
    pub(crate) fn for_calls(&self) -> &kube::Client {
        &self.first
    }

    /// A client with room for one more watch.
    pub(crate) fn for_watch(&self) -> (kube::Client, WatchSlot) {
        let mut all = self.all.lock();
        let is_free = |(_, slot): &&(kube::Client, WatchSlot)| Arc::strong_count(&slot.0) <= MAX_WATCHES;
        if let Some((client, slot)) = all.iter().find(is_free) {
            return (client.clone(), slot.clone());
        }
        let (client, slot) = ((self.make)(), WatchSlot::default());
        all.push((client.clone(), slot.clone()));
        (client, slot)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::{Request, Response};
    use kube::client::{Body, ClientBuilder};
    use tower::service_fn;

    use super::*;

    #[tokio::test]
    async fn very_many_watches_have_several_connections() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let clients = Clients::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            let never = service_fn(|_: Request<Body>| async {
                std::future::pending::<Result<Response<Body>, std::io::Error>>().await
            });
            ClientBuilder::new(never, "default").build()
        });
        let held: Vec<_> = (0..MAX_WATCHES).map(|_| clients.for_watch().1).collect();
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let more: Vec<_> = (0..=MAX_WATCHES).map(|_| clients.for_watch().1).collect();
        assert_eq!(made.load(Ordering::Relaxed), 3);
        // What has ended leaves room.
        drop(held);
        let again: Vec<_> = (0..MAX_WATCHES).map(|_| clients.clone().for_watch().1).collect();
        assert_eq!(made.load(Ordering::Relaxed), 3);
        drop((more, again));
    }
}
