//! The HTTP API.
//!
//! `serve` accepts connections; `dispatch` takes a request through faults, `identity` and authorization to its
//! handler: `read`, `change`, `watch`, `discovery`, `openapi`, `reviews`.

mod age;
pub(super) mod answer;
mod body;
mod change;
mod discovery;
pub(super) mod dispatch;
pub(super) mod identity;
mod jsonpath;
mod openapi;
mod openapi_v2;
mod protobuf;
pub(super) mod query;
mod read;
mod reviews;
pub(super) mod selector;
mod serve;
mod table;
pub(super) mod target;
pub(super) mod view;
mod watch;

pub use serve::Serving;
pub(super) use serve::{Answer, start, start_with};
