//! Requests, and the queue that the worker takes them from.

mod columns;
mod filter;
mod queue;
mod read;
mod write;

pub(crate) use columns::{SELECT, requests as read_requests};
pub use filter::RequestFilter;
pub use queue::{Renewal, Retry};
