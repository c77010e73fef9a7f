//! The worker against a simulated control plane over HTTP and a real database.

mod act;
mod crash;
mod permit;
mod trace;
mod trouble;
mod world;
