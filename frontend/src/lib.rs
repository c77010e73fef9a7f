//! Leptos views and islands; knows only domain types.
//!
//! [`pages`] is what the server calls: a function from a view model to a whole HTML document.
//! [`islands`] is what lives in the browser. With the feature `ssr` the crate renders, with
//! `hydrate` it is the wasm that brings the islands to life; every page works without it.

#[cfg(all(target_arch = "wasm32", feature = "ssr"))]
compile_error!(
    "the browser's code was built with the feature `ssr`, with which no event handler is attached: cargo unified \
     features over the workspace; build with CARGO_RESOLVER_FEATURE_UNIFICATION=selected"
);

pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod parts;

/// Makes ready for the islands; called once, before any of them.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // What should not happen says so in the console, instead of stopping without a word.
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_islands();
}
