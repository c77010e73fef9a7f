//! A control plane: its state, and the tasks that keep it up to date.

pub(crate) mod claim_watches;
mod connection;
mod context;
mod rights_review;
mod state;
mod watch_scopes;

pub(crate) use connection::run_connection;
pub(crate) use context::{InitialSync, PlaneContext};
pub(crate) use state::Plane;
