//! The program `portico`: a self-service portal over many Kubernetes control planes.
//!
//! Here are its commands, the reading of its configuration, and the wiring of what serves. Arrows point one way: this →
//! web → app → store and planes → domain; this → worker → store and planes → domain.

pub mod commands;
pub mod config;
