use leptos::prelude::*;
use portico_domain::view::{CatalogPage, Frame};

use crate::parts::document;

/// The page of a [`CatalogPage`].
#[must_use]
pub fn catalog(frame: &Frame, page: &CatalogPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
