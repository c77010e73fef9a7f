//! The API server's HTTP: from bytes to the rules of the parent module and back.
//!
//! `serve` accepts connections; `dispatch` takes a request through faults, `identity` and access
//! to what answers it: `read`, `change`, `watch`, `discovery`, `openapi`, `reviews`.

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
mod serve;
mod table;
mod target;
mod watch;

pub use serve::Serving;
pub(super) use serve::start;
