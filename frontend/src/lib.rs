//! Leptos views and islands; knows only domain types.
//!
//! [`pages`] is what the server calls: a function from a view model to a whole HTML document.
//! [`islands`] is what lives in the browser. With the feature `ssr` the crate renders, with
//! `hydrate` it is the wasm that brings the islands to life; every page works without it.

pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod parts;
