//! The pages of Portico, as Leptos views and islands. Depends only on view models, and in the browser on none.
//!
//! [`pages`] is called by the server: each page is a function from a view model to an HTML document. [`islands`] runs
//! in the browser. With the feature `ssr` the crate renders pages, with `hydrate` it becomes the wasm that activates
//! the islands. Every page works without them.

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

/// Prepares for the islands. Called once, before any of them.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // Panics appear in the console.
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_islands();
}
