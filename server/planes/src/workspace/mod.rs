//! Workspaces of kcp: which logical cluster they are, what is bound in them, and one watch for all of them.
//!
//! `logical_cluster` says which one answers, or why none does. `bindings` finds the kinds that exports bring, with `schema`.
//! `export_watch` watches an export once for all workspaces that bind it, and `bound_watch` gives each its part.

mod bindings;
mod bound_watch;
mod export_watch;
mod logical_cluster;
mod schema;
mod state;

pub(crate) use bindings::{BoundOffer, follow_bindings};
pub(crate) use bound_watch::{BoundWatch, watch_bound};
pub(crate) use export_watch::ExportWatches;
pub(crate) use logical_cluster::until_known;
pub(crate) use schema::Schemas;
pub(crate) use state::WorkspaceState;
pub use state::{ExportState, ExportStatus, ExportWatch};
