//! What the end-to-end tests are made of: a demo to test against, people who sign in to it as a browser
//! would, kubectl, and the report that says which real components took part.
//!
//! The tests themselves are in `tests/portico/` (Rust) and `browser/` (Chromium). They need the
//! program `portico`: `cargo xtask test` builds it and says where it is.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness: failing loudly is what tests want"
)]

pub mod apart;
pub mod apiserver;
pub mod bench;
pub mod crossplane;
pub mod demo;
pub mod differential;
pub mod direct;
pub mod full;
pub mod html;
pub mod keycloak;
pub mod kubectl;
pub mod person;
pub mod processes;
pub mod proxy;
pub mod real_planes;
pub mod report;
pub mod story;
pub mod until;
