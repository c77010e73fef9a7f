use leptos::prelude::*;
use portico_domain::view::{DeletePage, Frame};

use crate::parts::document;

/// The page of a [`DeletePage`].
#[must_use]
pub fn delete_claim(frame: &Frame, page: &DeletePage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
