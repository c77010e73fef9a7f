//! The portal as a browser meets it.

mod limits;
mod metrics;
mod pages;
mod sign_in;
