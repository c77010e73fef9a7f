use leptos::prelude::*;
use portico_domain::view::{ClaimsPage, Frame};

use crate::parts::document;

/// The page of a [`ClaimsPage`].
#[must_use]
pub fn claims(frame: &Frame, page: &ClaimsPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
