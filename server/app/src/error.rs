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
    /// An approval policy refuses it: the rule's reason.
    #[error("{0}")]
    PolicyDenied(String),
    /// It cannot be done as things are: why, and what to do.
    #[error("{1}")]
    Conflict(Conflict, String),
    /// It cannot be done just now: why, and when to try again.
    #[error("{1}")]
    Unavailable(Unavailable, String),
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

/// What stands against a use case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It changed since the viewer read it.
    Changed,
    /// Its state does not allow the action.
    WrongState,
    /// The request may not be applied as things are.
    NotPermittedNow,
    /// What approvers must agree to changed.
    ApprovalOutdated,
    /// Another request about the same claim is open.
    RequestInProgress,
    /// There are as many as there may be.
    LimitReached,
    /// Another person's request has this id.
    DuplicateRequest,
    /// The offering sets no end to its claims.
    NotRenewable,
    /// The claim as it is does not pass today's checks.
    ClaimInvalid,
    /// The control plane is cordoned.
    AlreadyCordoned,
    /// The control plane is not cordoned by an administrator.
    NotCordoned,
    /// No break of the audit log is open.
    NothingToAcknowledge,
}

/// Why a use case cannot run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// A check panicked.
    CheckFailed,
    /// A check took longer than its deadline.
    CheckTimeout,
    /// The approval policies do not compile.
    PoliciesUnusable,
    /// The quota's usage is not known.
    QuotaUnknown,
    /// The claim has no connection secret that is provably its own.
    SecretNotReady,
}

impl From<StoreError> for PortalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale(_) => Self::Conflict(
                Conflict::Changed,
                "Somebody else was faster: the request has changed since you opened it. Look at it again."
                    .to_owned(),
            ),
            StoreError::ClaimBusy { .. } => Self::Conflict(
                Conflict::RequestInProgress,
                "Another request about this claim is still under way. Wait for it, or withdraw it."
                    .to_owned(),
            ),
            StoreError::Full(what) => Self::Conflict(
                Conflict::LimitReached,
                format!("There is room for no more: {what}."),
            ),
            other => Self::Store(other),
        }
    }
}
