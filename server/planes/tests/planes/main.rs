//! Tests over real HTTP against simulated control planes.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and that is how it says so"
)]

mod apply_set;
mod applying;
mod catalog;
mod claims;
mod contended;
mod credentials;
mod demo;
mod failures;
mod granted_rights;
mod hostile;
mod hostile_plane;
mod kinds;
mod kubeconfig_secrets;
mod many_kinds;
mod observing;
mod reading;
mod secrets;
mod workspaces;
mod world;
