//! Portico's rules: pure, without I/O.
//!
//! Results depend on arguments only: no clock, no randomness, no network, no database. Time and ids come from the
//! caller. This crate must not depend on kube, sqlx, axum or tokio.

pub mod agent;
pub mod approval;
pub mod approver;
pub mod audit_log;
pub mod authz;
pub mod claim;
pub mod claimed_plane;
pub mod claimed_tenant;
pub mod cluster;
pub mod connection;
pub mod definition_change;
pub mod documents;
pub mod language;
pub mod lifetime;
pub mod manifest;
pub mod names;
pub mod obstacle;
pub mod ownership;
pub mod permission;
mod person;
pub mod placement;
pub mod policy;
pub mod price;
pub mod projection;
pub mod publication;
pub mod quota;
pub mod reason;
pub mod request;
mod role;
pub mod schema_difference;
pub mod security;
pub mod tenancy;
pub mod tenant_namespace;
pub mod tenant_tree;
pub mod text;
pub mod trace;
pub mod usage;
pub mod xrd;
