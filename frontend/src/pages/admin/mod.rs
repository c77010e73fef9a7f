//! Pages for admins: control planes, tenants, audit log, configuration. Tenant admins see only their tenants.

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
use portico_api::Frame;

/// The tabs of the admin pages.
fn tabs(frame: &Frame, current: &'static str) -> impl IntoView + use<> {
    let each: Vec<_> = [
        ("/admin/control-planes", "Control planes", true),
        ("/admin/tenants", "Tenants", false),
        ("/admin/people", "People", true),
        ("/admin/record", "Record", false),
        ("/admin/configuration", "Configuration", true),
    ]
    .into_iter()
    .filter(|(_, _, for_platform_admins)| frame.platform_admin || !for_platform_admins)
    .map(|(href, title, _)| {
        view! { <li><a class="tab" href=href aria-current=(href == current).then_some("page")>{title}</a></li> }
    })
    .collect();
    view! { <nav aria-label="Admin"><ul role="list" class="tabs line-tabs">{each}</ul></nav> }
}
