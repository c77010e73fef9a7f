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

/// Makes ready for the islands; called once, before any of them.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
