//! A simulated Kubernetes API server.
//!
//! Layers, each of which uses only those before it: `types`, `storage`, `registry`, `write`, `plane`, `client`, `http`,
//! `kcp`; [`ControlPlane`] and [`Kcp`] put them together. Nothing here knows the demo.

mod client;
mod control_plane;
mod http;
mod kcp;
mod kcp_instance;
mod plane;
mod registry;
mod storage;
#[cfg(test)]
mod tests;
mod types;
mod write;

pub use client::objects::{Objects, Watch};
pub use control_plane::ControlPlane;
pub use http::Serving;
pub use kcp_instance::{Kcp, KcpShard};
pub use plane::access::{Access, Attributes, Identity, Rule, Subject};
pub use plane::audit::{Audit, AuditEntry};
pub use plane::faults::{Fault, Faults, Matcher};
pub use plane::settings::Settings;
pub use storage::store::{Change, ChangeType};
pub use types::cause::Cause;
pub use types::error::ApiError;
pub use types::kind::{Column, GroupKind, Kind, Version};
pub use types::object::{self, Key};
