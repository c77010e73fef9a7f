use std::time::Duration;

use portico_api::words;
use portico_planes::PlaneError;
use portico_store::StoreError;

pub use portico_api::words::{Conflict, Denial, InputError, NotSynced, TokenProblem, Unavailable};

/// Why a use case did not do what it was asked. Its reasons are typed, and [`portico_api::words`] puts them into words.
///
/// All use cases share this type: each can end in most of its variants, pages and the API turn them into responses by
/// one table, and what only one operation can say is a variant of [`Conflict`], [`Denial`] or [`InputError`]. An error
/// type for each operation would repeat the shared variants, and say nothing that these do not.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// It does not exist for this viewer.
    #[error("{}", words::NOT_FOUND)]
    NotFound,
    /// It is not known yet whether it exists for this viewer: something was not read since Portico started.
    #[error("{missing}")]
    NotSynced {
        /// What was not read.
        missing: NotSynced,
        /// When to try again.
        retry_after: Duration,
    },
    /// The viewer may see it, but not do this.
    #[error("{0}")]
    Forbidden(Denial),
    /// The input cannot be read.
    #[error("{0}")]
    Malformed(InputError),
    /// An approval policy refuses it: the rules' own reasons.
    #[error("{0}")]
    PolicyDenied(String),
    /// A rejection has no comment.
    #[error("{}", words::REASON_REQUIRED)]
    ReasonRequired,
    /// The current state does not allow it.
    #[error("{0}")]
    Conflict(Conflict),
    /// It is temporarily unavailable.
    #[error("{0}")]
    Unavailable(Unavailable),
    /// Portico is overloaded.
    #[error("{}", words::BUSY)]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// A control plane failed or refused.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The database failed.
    #[error("{}", words::DATABASE_FAILED)]
    Store(#[source] StoreError),
}

impl From<StoreError> for PortalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale(_) => Self::Conflict(Conflict::Overtaken),
            StoreError::ClaimBusy { .. } => Self::Conflict(Conflict::RequestInProgress),
            StoreError::Full(what) => Self::Conflict(Conflict::Full { what }),
            other => Self::Store(other),
        }
    }
}
