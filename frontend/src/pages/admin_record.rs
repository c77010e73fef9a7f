use leptos::prelude::*;
use portico_domain::view::{Frame, RecordPage};

use crate::parts::document;

/// The page of a [`RecordPage`].
#[must_use]
pub fn admin_record(frame: &Frame, page: &RecordPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
