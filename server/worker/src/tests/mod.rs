//! The worker against a simulated control plane over HTTP and a real database.

mod act;
mod crash;
mod failures;
mod permit;
mod trace;
mod world;
