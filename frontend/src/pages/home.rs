use leptos::prelude::*;
use portico_domain::view::{Frame, HomePage};

use crate::parts::document;

/// The page of a [`HomePage`].
#[must_use]
pub fn home(frame: &Frame, page: &HomePage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
