use leptos::prelude::*;
use portico_domain::view::{Frame, TenantsPage};

use crate::parts::document;

/// The page of a [`TenantsPage`].
#[must_use]
pub fn admin_tenants(frame: &Frame, page: &TenantsPage) -> String {
    let _ = page;
    document(frame, || view! { <h1>{frame.title.clone()}</h1> }.into_any())
}
