//! End to end: the real program over HTTP, its simulated control planes, real clients and databases.
//!
//! One program, so that it is linked once; a file for each promise.

mod bad_input;
mod crash;
mod kubectl;
mod lifecycle;
mod other_provider;
mod postgresql;
mod routes;
mod story;
