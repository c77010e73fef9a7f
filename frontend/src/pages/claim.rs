use leptos::prelude::*;
use portico_domain::view::{ClaimPage, Frame};

use crate::parts::document;

/// The page of a [`ClaimPage`].
#[must_use]
pub fn claim(frame: &Frame, page: &ClaimPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
