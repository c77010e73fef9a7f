use leptos::prelude::*;
use portico_api::{Frame, Link, TenantRow, TenantsPage};
use portico_domain::quota;

use super::tabs;
use crate::parts::document;
use crate::parts::summary::meter;
use crate::parts::text::{empty, grouped};

/// The tenants.
#[must_use]
pub fn admin_tenants(frame: &Frame, page: &TenantsPage) -> String {
    document(frame, || {
        let body = if page.rows.is_empty() {
            empty(
                "people",
                "No tenants yet",
                "Describe one in a Tenant document of the configuration folder.",
                None,
            )
        } else {
            let rows: Vec<_> = page.rows.iter().map(tenant).collect();
            view! {
                <div class="table-wrap"><table class="rows wide">
                    <caption class="unseen">"Tenants"</caption>
                    <thead><tr>
                        <th scope="col">"Tenant"</th>
                        <th scope="col">"Environments"</th>
                        <th scope="col">"Members"</th>
                        <th scope="col">"Control planes"</th>
                        <th scope="col">"Quota"</th>
                        <th scope="col" class="number">"Claims"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }
            .into_any()
        };
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::Tenants)}
            <section aria-label="Tenants">{body}</section>
        }
        .into_any()
    })
}

fn tenant(row: &TenantRow) -> impl IntoView + use<> {
    let environments: Vec<_> = row
        .environments
        .iter()
        .map(|(name, namespace, production)| {
            let mark = production.then(|| view! { <span class="mark">"production rules"</span> });
            view! { <li>{name.to_string()}{mark}<span class="reason mono">{namespace.clone()}</span></li> }
        })
        .collect();
    let members: Vec<_> = row
        .members
        .iter()
        .map(|(group, role)| view! { <li><span class="mono">{group.clone()}</span><span class="reason">{role.clone()}</span></li> })
        .collect();
    let planes: Vec<_> = row
        .planes
        .iter()
        .map(|plane| view! { <li>{plane.title.clone()}</li> })
        .collect();
    let quota: Vec<_> = row
        .quota
        .iter()
        .map(|(name, used, limit)| meter(&quota::title(name), usage(*used, *limit), *used, *limit, None))
        .collect();
    let unlimited = row
        .quota
        .is_empty()
        .then(|| view! { <span class="quiet">"No limits"</span> });
    let parent = row.parent_title.as_ref();
    let parent = parent.map(|parent| view! { <span class="reason">{format!("in {parent}")}</span> });
    let inherited = (!row.inherited_members.is_empty()).then(|| {
        let more = match row.inherited_members.len() {
            1 => "and 1 group from above".to_owned(),
            groups => format!("and {groups} groups from above"),
        };
        view! { <li><span class="quiet">{more}</span></li> }
    });
    view! {
        <tr>
            <th scope="row"><a href=Link::Tenant(row.name.clone()).to_string()>{row.title.clone()}</a><span class="reason mono">{row.name.to_string()}</span>{parent}</th>
            <td data-label="Environments"><ul role="list">{environments}</ul></td>
            <td data-label="Members"><ul role="list">{members}{inherited}</ul></td>
            <td data-label="Control planes"><ul role="list">{planes}</ul></td>
            <td data-label="Quota"><ul role="list" class="meters">{quota}</ul>{unlimited}</td>
            <td data-label="Claims" class="number">{grouped(row.claims)}</td>
        </tr>
    }
}

/// The used part of a quota in words.
pub(super) fn usage(used: u64, limit: u64) -> String {
    let words = format!("{used} of {limit}");
    if used > limit {
        format!("{words}: over by {}", used - limit)
    } else {
        words
    }
}
