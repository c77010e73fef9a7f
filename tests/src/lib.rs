//! Support for end-to-end tests: demos, people with browsers, kubectl, and the report of the real components
//! that took part.
//!
//! The tests are in `tests/portico/` (Rust) and `browser/` (Chromium). They need the program `portico`, which
//! `cargo xtask test` builds.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness: failing loudly is what tests want"
)]

pub mod agents;
pub mod apiserver;
pub mod bench;
pub mod browser_story;
pub mod certificates;
pub mod cluster_api;
mod components;
pub mod crossplane;
pub mod demo;
pub mod differential;
pub mod flux;
pub mod git_server;
pub mod html;
pub mod kcp;
pub mod keycloak;
pub mod kro;
pub mod kubectl;
pub mod long;
pub mod oidc_provider;
pub mod person;
pub mod processes;
pub mod proxy;
pub mod raw_client;
pub mod ready;
pub mod real_planes;
pub mod report;
pub mod separate_process;
mod serve;
pub mod story;
pub mod until;
pub mod walkthrough;
