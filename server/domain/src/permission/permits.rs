//! The question that the worker asks and the use cases answer. It is here, below both, so that neither needs the other:
//! the worker knows nothing of configuration and people, the use cases nothing of leases and attempts.

use std::future::Future;
use std::pin::Pin;

use super::Verdict;
use crate::request::Request;

/// Judges whether a request may still be applied, as things are now. The worker asks before each attempt; who answers
/// knows the configuration.
pub trait Permits: Send + Sync {
    /// Judges the request.
    ///
    /// # Errors
    /// When nothing can be said just now, as the database fails: it is judged again later.
    fn judge<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Verdict, Unjudged>> + Send + 'a>>;
}

/// Nothing can be said of a request just now; why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unjudged(pub String);
