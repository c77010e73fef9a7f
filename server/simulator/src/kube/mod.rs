//! A simulated Kubernetes API server.
//!
//! `plane` is its face; `objects` is the same for programs in this process. Every write, from
//! wherever it comes, takes the path through `write` (`patch`, `apply`, `delete`), is judged by
//! `admission` and `metadata`, lands in `store` and has its `reactions`. What is about HTTP lives
//! in `http`. Nothing here knows the demo's world.

mod access;
mod admission;
mod apply;
mod audit;
mod builtin;
mod crd;
mod credentials;
mod delete;
mod error;
mod events;
mod expectations;
mod faults;
mod fields;
mod http;
mod json_patch;
mod kinds;
mod managed;
mod metadata;
pub mod object;
mod objects;
mod owners;
mod patch;
mod persist;
mod plane;
mod reactions;
mod selector;
mod shape;
mod store;
mod strategic;
#[cfg(test)]
mod tests;
mod usage;
mod write;
mod xrd;
mod xrd_schema;

pub use access::{Access, Attributes, Identity, Rule, Subject};
pub use audit::{Audit, AuditEntry};
pub use error::{ApiError, Cause};
pub use faults::{Fault, Faults, Matcher};
pub use http::Serving;
pub use kinds::{Column, GroupKind, Kind, Version};
pub use object::Key;
pub use objects::{Objects, Watch};
pub use plane::{ControlPlane, Settings};
pub use store::{Change, ChangeType};
