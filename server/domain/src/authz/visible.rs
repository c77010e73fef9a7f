//! Permission to read a value.

use std::borrow::Borrow;
use std::ops::Deref;

use super::basis::Basis;
use crate::approval::RuleNeed;
use crate::names::TenantName;
use crate::policy::may_approve;
use crate::publication::Disclosed;
use crate::request::Request;
use crate::tenancy::{Scope, Viewer};

/// A value that the caller may read, by a [`Scope`] or for a [`Viewer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible<T>(T);

impl<T> Visible<T> {
    /// Creates a value that anybody may read, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests(value: T) -> Self {
        Self(value)
    }

    /// Returns the value.
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
    /// Returns the value if the scope covers `tenant`. A value without a tenant needs the whole scope.
    #[must_use]
    pub fn show<T>(&self, tenant: Option<&TenantName>, value: T) -> Option<Visible<T>> {
        let allowed = tenant.map_or_else(|| self.allows_unowned(), |tenant| self.allows(tenant));
        allowed.then_some(Visible(value))
    }
}

/// Returns the request if the viewer may read it: as a member of its tenant, or because their approval was requested.
/// Approvers by group need not be members, and may still read it later.
#[must_use]
pub fn visible_request<R: Borrow<Request>>(viewer: &Viewer, request: R) -> Option<Visible<R>> {
    let borrowed = request.borrow();
    let allowed = viewer.scope().allows(&borrowed.tenant) || is_requested_approver(viewer, borrowed);
    allowed.then_some(Visible(request))
}

/// True if an approval rule of the request names the viewer as an approver, whether they have decided or not.
#[must_use]
pub fn is_requested_approver(viewer: &Viewer, request: &Request) -> bool {
    requested_as(viewer, request).is_some()
}

/// Returns the first approval rule of the request that names the viewer as an approver.
pub(super) fn requested_as(viewer: &Viewer, request: &Request) -> Option<Basis> {
    let mut rules = request.approval.iter().flat_map(|need| &need.rules);
    let rule = rules.find(|rule| may_approve(viewer, &request.tenant, rule))?;
    Some(Basis::ApprovalRule {
        policy: rule.policy.clone(),
        rule: rule.rule.clone(),
    })
}

/// How much of a request the viewer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// All of it: as a member of its tenant, a platform admin, or an approver whom a policy names.
    Whole,
    /// What the publisher of the service may see of a consumer: the manifest, tenant and environment, and this.
    Service(Disclosed),
}

/// Returns how much of the request, which the viewer may read, they may see.
#[must_use]
pub fn disclosure(viewer: &Viewer, request: &Request) -> Disclosure {
    let mut rules = request.approval.iter().flat_map(|need| &need.rules);
    let by_policy =
        |rule: &RuleNeed| rule.publication.is_none() && may_approve(viewer, &request.tenant, rule);
    if viewer.scope().allows(&request.tenant) || rules.clone().any(by_policy) {
        return Disclosure::Whole;
    }
    let disclosed = rules.find_map(|rule| {
        let publication = rule.publication.as_ref()?;
        viewer.decides_for(publication, &request.tenant)
    });
    Disclosure::Service(disclosed.unwrap_or_default())
}
