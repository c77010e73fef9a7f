//! Grants that permit writing a request.

use super::grant::sealed::Sealed;
use super::{Decide, Granted, Submission, Submit, SystemAuthority, UndoDecision, Withdraw};
use crate::request::Request;

/// A grant that permits inserting a request. It must cover that request.
pub trait InsertsRequest: Sealed + Sync {
    /// True if the grant covers the request.
    fn covers(&self, request: &Request) -> bool;
}

/// Permits updating a request: a grant for that request, or Portico's own authority.
pub trait UpdatesRequest: Sealed + Sync {
    /// True if it covers the request.
    fn covers(&self, request: &Request) -> bool;
}

impl<T, O> Sealed for Granted<T, O> {}
impl Sealed for SystemAuthority {}

impl InsertsRequest for Granted<Submission, Submit> {
    fn covers(&self, request: &Request) -> bool {
        let submission = self.target();
        submission.id == request.id
            && submission.action == request.action
            && submission.tenant == request.tenant
            && submission.environment == request.environment
            && submission
                .claim
                .as_ref()
                .is_none_or(|claim| *claim == request.claim)
            && self.person().subject == request.requester.subject
    }
}

impl UpdatesRequest for Granted<Request, Decide> {
    fn covers(&self, request: &Request) -> bool {
        same_request(self.target(), request)
            && request
                .decisions
                .iter()
                .skip(self.target().decisions.len())
                .all(|new| new.by == *self.person())
    }
}

impl UpdatesRequest for Granted<Request, Withdraw> {
    fn covers(&self, request: &Request) -> bool {
        same_request(self.target(), request) && request.decisions == self.target().decisions
    }
}

impl UpdatesRequest for Granted<Request, UndoDecision> {
    fn covers(&self, request: &Request) -> bool {
        let (was, is) = (&self.target().decisions, &request.decisions);
        let undone = was.iter().zip(is).filter(|(was, is)| was != is);
        same_request(self.target(), request)
            && was.len() == is.len()
            && undone.count() == 1
            && is
                .last()
                .is_some_and(|last| last.void && last.by == *self.person())
    }
}

impl UpdatesRequest for SystemAuthority {
    fn covers(&self, _: &Request) -> bool {
        true
    }
}

/// True if both are the same revision of one request, apart from the fields that an update changes.
fn same_request(granted: &Request, request: &Request) -> bool {
    granted.id == request.id
        && granted.revision == request.revision
        && granted.tenant == request.tenant
        && granted.claim == request.claim
        && granted.requester == request.requester
        && granted.manifest_hash == request.manifest_hash
}
