//! Activates the request form.

#[cfg(feature = "hydrate")]
mod fields;
#[cfg(feature = "hydrate")]
mod requests;
#[cfg(feature = "hydrate")]
mod restore;
#[cfg(feature = "hydrate")]
mod start;

use leptos::prelude::*;

/// Activates the request form: problems appear after a pause and disappear when solved, commands run without leaving
/// the page, and drafts are saved.
#[island]
pub fn LiveForm() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    start::start();
}
