use leptos::prelude::*;
use portico_domain::view::{Frame, PlaneDetail};

use crate::parts::document;

/// The page of a [`PlaneDetail`].
#[must_use]
pub fn admin_plane(frame: &Frame, page: &PlaneDetail) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
