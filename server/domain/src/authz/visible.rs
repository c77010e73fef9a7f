//! What somebody may read, as a value.

use std::borrow::Borrow;
use std::ops::Deref;

use super::was_asked;
use crate::names::TenantName;
use crate::request::Request;
use crate::tenancy::{Scope, Viewer};

/// A value that the caller may read: it was judged by a [`Scope`] or for a [`Viewer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible<T>(T);

impl<T> Visible<T> {
    /// A value that anybody may read, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests(value: T) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Visible<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Scope {
    /// The value, if what belongs to `tenant` may be read; what belongs to nobody only where everything may.
    #[must_use]
    pub fn show<T>(&self, tenant: Option<&TenantName>, value: T) -> Option<Visible<T>> {
        let allowed = tenant.map_or_else(|| self.allows_unowned(), |tenant| self.allows(tenant));
        allowed.then_some(Visible(value))
    }
}

/// The request, if the viewer may read it: as a member of its tenant, or as somebody whose approval was asked for. An
/// approver by group need not be a member, and may look later at what they were asked for.
#[must_use]
pub fn visible_request<R: Borrow<Request>>(viewer: &Viewer, request: R) -> Option<Visible<R>> {
    let judged = request.borrow();
    let allowed = viewer.scope().allows(&judged.tenant) || was_asked(viewer, judged);
    allowed.then_some(Visible(request))
}
