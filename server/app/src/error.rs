use std::time::Duration;

use portico_planes::PlaneError;
use portico_store::StoreError;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// There is no such thing for this viewer, whether it exists or not.
    #[error("There is no such thing, or it is not for you to see.")]
    NotFound,
    /// Whether there is such a thing for this viewer is not known yet: what was not read since Portico started.
    #[error("{why}")]
    NotSynced {
        /// What was not read.
        why: String,
        /// When it may be known.
        retry_after: Duration,
    },
    /// The viewer sees it, and may not do this with it: why, and who may.
    #[error("{0}")]
    Forbidden(String),
    /// What was posted cannot be read: what, and what would do.
    #[error("{0}")]
    Malformed(String),
    /// It is no longer as the viewer saw it: what changed, and what to do.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done just now: why, and when to try again.
    #[error("{0}")]
    Unavailable(String),
    /// Portico has too much to do just now.
    #[error("Portico has too much to do just now. Try again in a moment.")]
    Busy {
        /// When it may be better.
        retry_after: Duration,
    },
    /// A control plane did not do as asked.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The database failed.
    #[error("Portico’s database failed. Nothing was changed; try again in a moment.")]
    Store(#[source] StoreError),
}

impl From<StoreError> for PortalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale(_) => Self::Conflict(
                "Somebody else was faster: the request has changed since you opened it. Look at it again."
                    .to_owned(),
            ),
            StoreError::ClaimBusy { .. } => Self::Conflict(
                "Another request about this claim is still under way. Wait for it, or withdraw it."
                    .to_owned(),
            ),
            StoreError::Full(what) => Self::Conflict(format!("There is room for no more: {what}.")),
            other => Self::Store(other),
        }
    }
}
