//! Portico's database: requests, audit log, sessions, API tokens; on SQLite and PostgreSQL.
//!
//! Only this crate contains SQL, in one file per aggregate. Both databases share its text; [`backend`] contains the
//! differences. Reads that serve a viewer take a [`portico_domain::tenancy::Scope`].

mod access;
mod advisory_lock;
mod agents;
mod announce;
mod audit_log;
mod backend;
mod claimed_planes;
mod clusters;
mod comments;
mod cordons;
mod error;
mod page;
mod people;
mod publications;
mod readiness;
mod requests;
mod saved_views;
mod sessions;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
mod usage_samples;
mod verification;

pub use access::{Access, DETAILS_KEY, Ended, OpenSession, SessionDetails, session_key};
pub use advisory_lock::LockGuard;
pub use agents::{Enrolled, Enrolment};
pub use announce::announce;
pub use audit_log::EventFilter;
pub use error::StoreError;
pub use page::{Listing, Page};
pub use people::PersonAccess;
pub use publications::NewPermissionDecision;
pub use requests::{Renewal, RequestFilter, Retry};
pub use saved_views::SavedView;
pub use sessions::{Logout, LogoutEffect, PROVIDER_SESSION_KEY, SUBJECT_KEY, Sessions};
pub use store::{RequestChange, Settings, Store};
pub use tokens::ApiToken;
pub use usage_samples::UsageSample;
pub use verification::{Break, ChainEnd, ChainVerdict, Checkpoint, Verified};

/// The result of an operation of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
