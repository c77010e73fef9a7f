//! The program `portico`: a self-service portal over many Kubernetes control planes.
//!
//! Contains the commands, the reading of configuration, and the wiring. Dependencies: this → web → app → store and
//! planes → domain; this → worker → store and planes → domain.

pub mod commands;
pub mod config;
mod open_files;
#[cfg(feature = "otlp")]
mod otlp;
