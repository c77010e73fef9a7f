use leptos::prelude::*;
use portico_domain::view::{Frame, PlanesPage};

use crate::parts::document;

/// The page of a [`PlanesPage`].
#[must_use]
pub fn admin_planes(frame: &Frame, page: &PlanesPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
