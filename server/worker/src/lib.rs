//! The worker: applies approved requests, and runs the periodic tasks: expiry, readiness times, removal of old sessions.
//!
//! All its state is in the database, so it can be killed at any instant: a request is processed under a lease that runs
//! out, and applying is idempotent (server-side apply, under a name that was fixed at submission). Permission is checked
//! before each attempt. The crate depends on store, planes and domain, and serves no viewer.

mod attempt;
mod backoff;
mod expiry;
mod housekeeping;
mod outcome;
mod overload;
mod readiness;
mod run;
mod settings;
mod span;
mod step;
mod wake;

pub use run::Worker;
pub use settings::Settings;

use std::sync::Arc;

use jiff::Timestamp;
use portico_domain::authz::SystemAuthority;
use portico_domain::permission::PermissionCheck;
use portico_planes::Planes;
use portico_store::Store;
use tokio::sync::Notify;

use overload::Overloaded;

/// What the tasks of the worker share.
#[derive(Clone)]
struct WorkerContext {
    store: Store,
    planes: Planes,
    authority: SystemAuthority,
    permits: Arc<dyn PermissionCheck>,
    settings: Settings,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Source of random numbers in 0..1, for the jitter of pauses.
    random: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Owner of the leases. Each start has its own, so that a worker does not take an earlier process's lease for its own.
    name: Arc<str>,
    overloaded: Arc<Overloaded>,
    /// Notified when a request may be due.
    work_to_do: Arc<Notify>,
}

impl WorkerContext {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

#[cfg(test)]
mod tests;
