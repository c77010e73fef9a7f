//! What platform admins see: control planes, tenants, the record, the configuration.

mod configuration;
mod people;
mod plane;
mod planes;
mod record;
mod tenants;

pub use configuration::admin_configuration;
pub use people::{admin_people, admin_person};
pub use plane::admin_plane;
pub use planes::admin_planes;
pub use record::admin_record;
pub use tenants::admin_tenants;

use leptos::prelude::*;

/// The ways between the pages of Admin.
fn tabs(current: &'static str) -> impl IntoView + use<> {
    let each: Vec<_> = [
        ("/admin/control-planes", "Control planes"),
        ("/admin/tenants", "Tenants"),
        ("/admin/people", "People"),
        ("/admin/record", "Record"),
        ("/admin/configuration", "Configuration"),
    ]
    .into_iter()
    .map(|(href, title)| {
        view! { <li><a class="tab" href=href aria-current=(href == current).then_some("page")>{title}</a></li> }
    })
    .collect();
    view! { <nav aria-label="Admin"><ul role="list" class="tabs line-tabs">{each}</ul></nav> }
}
