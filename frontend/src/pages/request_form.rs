use leptos::prelude::*;
use portico_domain::view::{Frame, RequestFormPage};

use crate::parts::document;

/// The page of a [`RequestFormPage`].
#[must_use]
pub fn request_form(frame: &Frame, page: &RequestFormPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
