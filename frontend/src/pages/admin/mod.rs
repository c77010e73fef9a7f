//! Pages for admins: control planes, tenants, audit log, configuration. Tenant admins see only their tenants.

mod agents;
mod configuration;
mod differences;
mod namespaces;
mod people;
mod plane;
mod planes;
mod publications;
mod record;
mod tenant;
mod tenants;
mod try_definition;
mod try_health;
mod workspace;

pub use configuration::admin_configuration;
pub use differences::admin_differences;
pub use people::{admin_people, admin_person};
pub use plane::admin_plane;
pub use planes::admin_planes;
pub use publications::{publication, publications};
pub use record::admin_record;
pub use tenant::admin_tenant;
pub use tenants::admin_tenants;
pub use try_definition::admin_try_definition;
pub use try_health::admin_try_health;

use leptos::prelude::*;
use portico_api::{Frame, Link};

/// The tabs of the admin pages.
fn tabs(frame: &Frame, current: &Link) -> impl IntoView + use<> {
    let each: Vec<_> = [
        (Link::ControlPlanes, "Control planes", true),
        (Link::Tenants, "Tenants", false),
        (Link::Publications, "Publications", !frame.publishes),
        (Link::People, "People", true),
        (Link::Record, "Record", false),
        (Link::Configuration, "Configuration", true),
    ]
    .into_iter()
    .filter(|(_, _, for_platform_admins)| frame.platform_admin || !for_platform_admins)
    .map(|(link, title, _)| {
        let is_current = link == *current;
        view! { <li><a class="tab" href=link.to_string() aria-current=is_current.then_some("page")>{title}</a></li> }
    })
    .collect();
    view! { <nav aria-label="Admin"><ul role="list" class="tabs line-tabs">{each}</ul></nav> }
}
