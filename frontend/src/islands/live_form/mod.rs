//! The request form, alive.

#[cfg(feature = "hydrate")]
mod asking;
#[cfg(feature = "hydrate")]
mod fields;
#[cfg(feature = "hydrate")]
mod restore;
#[cfg(feature = "hydrate")]
mod start;

use leptos::prelude::*;

/// Brings the request form to life: problems appear beside fields once one rests, go as soon as they are solved, what
/// adds, moves or changes fields does so without leaving the page, and what was typed is kept.
#[island]
pub fn LiveForm() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    start::start();
}
