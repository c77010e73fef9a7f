//! The provisioners: they bring claims to life, as Crossplane and operators do on real control
//! planes.
//!
//! A `controller` per control plane watches what can be asked for and takes each claim through
//! its `life`, one step at a time. What a claim is made of, what it tells in its status and which
//! secret it brings is in `recipes`. All that must outlive a restart is in the objects themselves.
//!
//! Two annotations on a claim make trouble on demand: `demo.portico.dev/fail` says why it fails,
//! and is obeyed while it is there; `crossplane.io/paused` stops the provisioner.

mod conditions;
mod connection;
mod controller;
mod life;
mod parts;
mod recipe;
mod recipes;
#[cfg(test)]
mod tests;
mod trouble;
mod work;

use std::time::Duration;

pub(super) use controller::Controller;

use crate::chance::{Clock, Dice};

/// How provisioners work on one control plane.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    /// The control plane's name, for host names.
    pub(super) plane: String,
    /// How long each step takes.
    pub(super) step: Duration,
    /// The largest disk that there is room for, in gibibytes.
    pub(super) largest_disk: u64,
    /// The clock.
    pub(super) clock: Clock,
    /// The dice, for names and passwords.
    pub(super) dice: Dice,
}
