use leptos::prelude::*;
use portico_domain::view::{Frame, OfferingPage};

use crate::parts::document;

/// The page of a [`OfferingPage`].
#[must_use]
pub fn offering(frame: &Frame, page: &OfferingPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
