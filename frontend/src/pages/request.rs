use leptos::prelude::*;
use portico_domain::view::{Frame, RequestPage};

use crate::parts::document;

/// The page of a [`RequestPage`].
#[must_use]
pub fn request(frame: &Frame, page: &RequestPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
