use leptos::prelude::*;
use portico_domain::view::{Frame, RequestsPage};

use crate::parts::document;

/// The page of a [`RequestsPage`].
#[must_use]
pub fn requests(frame: &Frame, page: &RequestsPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
