//! Tests of the whole server through a browser without scripts.

mod access;
mod hostile_provider;
mod language;
mod limits;
mod metrics;
mod pages;
mod sign_in;
mod tokens;
