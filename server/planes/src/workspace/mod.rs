//! Workspaces of kcp: which logical cluster they are, what is bound in them, and one watch for all of them.
//!
//! `logical_cluster` says which one answers, or why none does. `bindings` finds the kinds that exports bring, with
//! `binding_watch` and `schema`. `export` knows the endpoints of an export, and `placement` which workspace is at which.
//! `export_watch` watches a resource of it once for all workspaces that bind it, `member` is one of them there, and
//! `bound_watch` gives each its part.

mod binding_watch;
mod bindings;
mod bound_watch;
mod export;
mod export_watch;
mod logical_cluster;
mod member;
mod placement;
mod schema;
mod state;

pub(crate) use bindings::{BoundOffer, binding_resource, follow_bindings};
pub(crate) use bound_watch::{BoundWatch, watch_bound};
pub(crate) use export::ExportWatches;
pub(crate) use logical_cluster::until_known;
pub(crate) use schema::Schemas;
pub(crate) use state::WorkspaceState;
pub use state::{ExportState, ExportStatus, ExportWatch};
