//! The person of a request, passed from the guard out to the layers around it.

use std::sync::{Arc, OnceLock};

use http::Extensions;
use tokio::sync::OwnedSemaphorePermit;

use crate::auth::Current;

/// The person behind one request, once it is known. Every request carries one from the start.
#[derive(Debug, Clone, Default)]
pub(super) struct Authenticated {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    current: OnceLock<Current>,
    /// Their place among the requests that one person may have under way. Given back with the answer.
    place: OnceLock<OwnedSemaphorePermit>,
}

impl Authenticated {
    /// The one of this request.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Who it is; `None` while nobody is known.
    pub(super) fn current(&self) -> Option<&Current> {
        self.inner.current.get()
    }

    /// Remembers who it is; whether that was not known before.
    pub(super) fn is(&self, current: &Current) -> bool {
        self.inner.current.set(current.clone()).is_ok()
    }

    /// Keeps the person's place until the request is answered.
    pub(super) fn hold(&self, place: OwnedSemaphorePermit) {
        // There is one already only if the request asked twice; that one is kept.
        let _ = self.inner.place.set(place);
    }
}
