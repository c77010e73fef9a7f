//! What Portico keeps: requests, their record, sessions, API tokens; on SQLite and PostgreSQL.
//!
//! SQL lives here and nowhere else, a file for each aggregate. Its text is shared by both
//! databases; [`backend`] holds what differs. Reads that serve a viewer take a
//! [`portico_domain::tenancy::Scope`].

mod access;
mod advisory_lock;
mod announce;
mod backend;
mod comments;
mod cordons;
mod error;
mod page;
mod people;
mod readiness;
mod record;
mod requests;
mod sessions;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;

mod verification;

pub use access::{Access, DETAILS_KEY, Ended, OpenSession, SessionDetails, session_key};
pub use advisory_lock::LockGuard;
pub use announce::announce;
pub use error::StoreError;
pub use page::{Listing, Page};
pub use people::PersonAccess;
pub use record::EventFilter;
pub use requests::{Renewal, RequestFilter, Retry};
pub use sessions::{Logout, LogoutEffect, PROVIDER_SESSION_KEY, SUBJECT_KEY, Sessions};
pub use store::{RequestChange, Settings, Store};
pub use tokens::ApiToken;
pub use verification::{Break, ChainEnd, ChainVerdict, Checkpoint, Verified};

/// What every operation of the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
