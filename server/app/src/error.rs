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
    /// There is no such thing for this viewer, whether it exists or not.
    #[error("{}", words::NOT_FOUND)]
    NotFound,
    /// Whether there is such a thing for this viewer is not known yet: what was not read since Portico started.
    #[error("{missing}")]
    NotSynced {
        /// What was not read.
        missing: NotSynced,
        /// When it may be known.
        retry_after: Duration,
    },
    /// The viewer sees it, and may not do this with it.
    #[error("{0}")]
    Forbidden(Denial),
    /// What was posted cannot be read.
    #[error("{0}")]
    Malformed(InputError),
    /// An approval policy refuses it: the rules' own reasons.
    #[error("{0}")]
    PolicyDenied(String),
    /// A rejection has no comment.
    #[error("{}", words::REASON_REQUIRED)]
    ReasonRequired,
    /// It cannot be done as things are.
    #[error("{0}")]
    Conflict(Conflict),
    /// It cannot be done just now.
    #[error("{0}")]
    Unavailable(Unavailable),
    /// Portico has too much to do just now.
    #[error("{}", words::BUSY)]
    Busy {
        /// When it may be better.
        retry_after: Duration,
    },
    /// A control plane did not do as asked.
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
