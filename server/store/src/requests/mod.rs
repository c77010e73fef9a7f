//! Requests, and the worker's queue.

mod columns;
mod filter;
mod pending_approvals;
mod quarantine;
mod queue;
mod read;
mod write;

pub(crate) use columns::{SELECT, decode_skipping_invalid};
pub use filter::RequestFilter;
pub(crate) use filter::write_scope;
pub use queue::{Renewal, Retry};
