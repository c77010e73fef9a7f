use leptos::prelude::*;
use portico_domain::view::{ConfigurationPage, Frame};

use crate::parts::document;

/// The page of a [`ConfigurationPage`].
#[must_use]
pub fn admin_configuration(frame: &Frame, page: &ConfigurationPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
