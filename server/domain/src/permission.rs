//! Checks permission when it is used: at the decision on a request, and again before it is applied. In between the
//! manifest stays frozen, but the permission may change.
//!
//! The interface lives here, below worker and use cases, so that neither depends on the other: the worker knows nothing
//! of configuration and people, the use cases nothing of leases and attempts.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use crate::approval::RuleNeed;
use crate::obstacle::Obstacle;
use crate::request::Request;

/// Whether a request may be applied, as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyPermission {
    /// It may be applied.
    Granted {
        /// The name of the requester's sign-in provider, which the groups belong to.
        provider: String,
        /// The requester's current groups, which control planes that act as the person receive.
        groups: BTreeSet<String>,
    },
    /// The approvals are not sufficient by the current policy and definition.
    NeedsApproval {
        /// The required rules.
        rules: Vec<RuleNeed>,
        /// Hours until it expires without a decision.
        expires_after_hours: u32,
        /// The definition that it was checked with; see [`crate::request::Request::schema_hash`].
        schema_hash: Option<String>,
    },
    /// It may not be applied.
    Refused(Obstacle),
}

/// Checks whether a request may still be applied under the current configuration. The worker calls it before each
/// attempt.
pub trait PermissionCheck: Send + Sync {
    /// Checks the request.
    ///
    /// # Errors
    /// When it cannot be checked now, for example because the database fails. The worker tries again later.
    fn check<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<ApplyPermission, NotChecked>> + Send + 'a>>;
}

/// Why a request cannot be checked now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotChecked(pub String);
