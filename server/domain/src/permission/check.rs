//! The interface between worker and use cases for checking permission. It lives here, below both, so that neither
//! depends on the other: the worker knows nothing of configuration and people, the use cases nothing of leases and
//! attempts.

use std::future::Future;
use std::pin::Pin;

use super::Verdict;
use crate::request::Request;

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
    ) -> Pin<Box<dyn Future<Output = Result<Verdict, NotChecked>> + Send + 'a>>;
}

/// Why a request cannot be checked now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotChecked(pub String);
