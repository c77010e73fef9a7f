//! Passes the viewer of a request from the guard out to the layers around it.

use std::sync::{Arc, OnceLock};

use http::Extensions;
use tokio::sync::OwnedSemaphorePermit;

use crate::auth::CurrentViewer;

/// The viewer of one request, set once it is known. Every request carries one from the start.
#[derive(Debug, Clone, Default)]
pub(super) struct Authenticated {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    current: OnceLock<CurrentViewer>,
    /// The slot among the concurrent requests of one person; freed with the response.
    permit: OnceLock<OwnedSemaphorePermit>,
}

impl Authenticated {
    /// Returns the one of this request.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Returns the viewer; `None` until the guard has set it.
    pub(super) fn current(&self) -> Option<&CurrentViewer> {
        self.inner.current.get()
    }

    /// Sets the viewer. True if none was set before.
    pub(super) fn set(&self, current: &CurrentViewer) -> bool {
        self.inner.current.set(current.clone()).is_ok()
    }

    /// Keeps the person's slot until the request is answered.
    pub(super) fn hold(&self, permit: OwnedSemaphorePermit) {
        // A second slot is dropped; the first is kept.
        let _ = self.inner.permit.set(permit);
    }
}
