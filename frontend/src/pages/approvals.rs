use leptos::prelude::*;
use portico_domain::view::{ApprovalsPage, Frame};

use crate::parts::document;

/// The page of a [`ApprovalsPage`].
#[must_use]
pub fn approvals(frame: &Frame, page: &ApprovalsPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
