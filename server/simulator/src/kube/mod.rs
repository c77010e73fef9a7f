//! A simulated Kubernetes API server.
//!
//! `plane` is its face; `objects` is the same for programs in this process. Every write, from
//! wherever it comes, takes the path through `write` (`patch`, `apply`, `delete`), is judged by
//! `admission` and `metadata`, lands in `store` and has its `reactions`. What is about HTTP lives
//! in `http`. Nothing here knows the demo's world.

mod admission;
mod apply;
mod builtin;
mod crd;
mod delete;
mod error;
mod events;
mod fields;
mod json_patch;
mod kinds;
mod managed;
mod metadata;
pub mod object;
mod objects;
mod patch;
mod plane;
mod reactions;
mod shape;
mod store;
mod strategic;
mod usage;
mod write;
mod xrd;

pub use error::{ApiError, Cause};
pub use kinds::{Column, GroupKind, Kind, Version};
pub use object::Key;
pub use objects::{Objects, Watch};
pub use plane::{ControlPlane, Settings};
pub use store::{Change, ChangeType};
