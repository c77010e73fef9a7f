//! The HTTP API.
//!
//! `serve` accepts connections; `dispatch` takes a request through faults, `identity` and authorization to its
//! handler: `read`, `change`, `watch`, `discovery`, `openapi`, `reviews`.

mod age;
mod answer;
mod body;
mod change;
mod discovery;
mod dispatch;
mod identity;
mod jsonpath;
mod openapi;
mod openapi_v2;
mod protobuf;
mod query;
mod read;
mod reviews;
mod selector;
mod serve;
mod table;
mod target;
mod view;
mod watch;

pub use serve::Serving;
pub(super) use serve::start;
