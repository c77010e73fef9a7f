//! The portal as a browser meets it.

mod access;
mod hostile_provider;
mod limits;
mod metrics;
mod pages;
mod sign_in;
mod tokens;
