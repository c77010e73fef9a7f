//! The program `portico`: a self-service portal over many Kubernetes control planes.
//!
//! Arrows point one way: `web` → `portal` → store and planes → domain; `worker` → store and planes →
//! domain. `config` and `auth` stand beside them.

pub mod auth;
mod buckets;
pub mod commands;
pub mod config;
pub mod portal;
pub mod proof;
pub mod security;
pub mod telemetry;
pub mod web;
pub mod worker;
