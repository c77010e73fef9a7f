//! The worker: takes requests that may be applied and sees them through, and does what else falls
//! due by itself.
//!
//! It keeps nothing in memory that matters. Killed at any instant and started again it goes on
//! where the database says it was: a request is taken under a lease that runs out, and what is
//! applied is applied by server-side apply under a name that was decided at submission, so that
//! doing it twice is harmless. Whether it may still be done is judged before each attempt. It depends on store, planes and domain, and serves no viewer.

mod attempt;
mod backoff;
mod expiry;
mod housekeeping;
mod hurry;
mod outcome;
mod readiness;
mod run;
mod settings;
mod step;

pub use run::Worker;
pub use settings::Settings;

use std::sync::Arc;

use jiff::Timestamp;
use portico_domain::authz::SystemAuthority;
use portico_domain::permission::Permits;
use portico_planes::Planes;
use portico_store::Store;
use tokio::sync::Notify;

/// What the parts of the worker share.
#[derive(Clone)]
struct Bench {
    store: Store,
    planes: Planes,
    authority: SystemAuthority,
    permits: Arc<dyn Permits>,
    settings: Settings,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// A number from 0 up to 1, another each time: so that what failed together does not come back together.
    random: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Who holds the leases: another name for each start, so that nobody takes a lease for their own
    /// that a process before them held.
    name: Arc<str>,
    /// Told when there may be something to take.
    work_to_do: Arc<Notify>,
}

impl Bench {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

#[cfg(test)]
mod tests;
