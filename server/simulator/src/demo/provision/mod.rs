//! Provisioners: they make claims ready, as Crossplane and operators do on real control planes.
//!
//! A `controller` per control plane watches the offered kinds and takes each claim through its `lifecycle`.
//! `recipes` define the composed resources, status and connection secret of each kind. All state that outlives a
//! restart is in the objects, except for what the control planes of clusters hold.
//!
//! Two annotations on a claim simulate failures: `demo.portico.dev/fail` makes it fail with the given reason,
//! and `crossplane.io/paused` pauses the provisioner.

mod cluster;
mod conditions;
mod connection;
mod context;
mod controller;
mod failures;
mod lifecycle;
mod parts;
mod recipe;
mod recipes;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub(super) use cluster::{ClusterAccess, ClusterError, RunsClusters};
pub(super) use controller::Controller;

use crate::clock_rng::{Clock, Rng};

/// The options of the provisioners of a control plane.
#[derive(Debug, Clone)]
pub(super) struct ProvisionerOptions {
    /// The control plane's name, used in host names.
    pub(super) plane: String,
    /// The duration of a step.
    pub(super) step: Duration,
    /// The largest disk that there is room for, in GiB.
    pub(super) largest_disk: u64,
    /// The CA certificate in PEM, for connection secrets.
    pub(super) authority: String,
    /// The control planes of clusters; `None` where no clusters can be made.
    pub(super) clusters: Option<Arc<dyn RunsClusters>>,
    /// The clock.
    pub(super) clock: Clock,
    /// The random number generator, for names and passwords.
    pub(super) rng: Rng,
}
