use leptos::prelude::*;
use portico_api::{
    Frame, InheritedMember, Link, PlaneState, RelatedTenant, TenantEnvironment, TenantPage, TenantPlane,
};
use portico_domain::quota;

use super::namespaces::verdict;
use super::tenants::usage;
use crate::parts::summary::meter;
use crate::parts::text::grouped;
use crate::parts::{document, icon};

/// A tenant: who is in it, what may it use, and is everything there as it should be?
#[must_use]
pub fn admin_tenant(frame: &Frame, page: &TenantPage) -> String {
    document(frame, || {
        let row = &page.row;
        let environments: Vec<_> = page
            .environments
            .iter()
            .map(|each| environment(frame, page, each))
            .collect();
        view! {
            <div class="page-head"><div>
                <h1>{row.title.clone()}</h1>
                <p>"Tenant "<span class="mono">{row.name.to_string()}</span>{within(page)}</p>
            </div></div>
            <div class="two">
                <div class="stack-l">{environments}{below(page)}</div>
                <div class="stack-l">{holds(page)}{shared(page)}{members(page)}</div>
            </div>
        }
        .into_any()
    })
}

fn environment(frame: &Frame, page: &TenantPage, environment: &TenantEnvironment) -> AnyView {
    let id = format!("in-{}", environment.name);
    let heading = id.clone();
    let mark = environment
        .production
        .then(|| view! { " "<span class="mark">"production rules"</span> });
    let rows: Vec<_> = environment.planes.iter().map(|each| plane(frame, each)).collect();
    let claims = Link::Claims.with_query([
        ("tenant", page.row.name.as_str()),
        ("environment", environment.name.as_str()),
    ]);
    let count = match environment.claims {
        1 => "1 claim".to_owned(),
        claims => format!("{} claims", grouped(claims)),
    };
    let body = if rows.is_empty() {
        view! { <p class="caution">{icon("degraded")}<span>"No control plane may serve it, so nothing can be requested here."</span></p> }
            .into_any()
    } else {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"Control planes of "{environment.name.to_string()}</caption>
                <thead><tr>
                    <th scope="col">"Control plane"</th>
                    <th scope="col">"Namespace"</th>
                    <th scope="col" class="number">"Claims"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby=id>
            <h2 id=heading>{environment.name.to_string()}{mark}</h2>
            <p>"Namespace "<span class="mono">{environment.namespace.clone()}</span>", "<a href=claims>{count}</a></p>
            {body}
        </section>
    }
    .into_any()
}

fn plane(frame: &Frame, row: &TenantPlane) -> impl IntoView + use<> {
    let title = row.plane.title.clone();
    let name = if frame.platform_admin {
        view! { <a href=Link::ControlPlane(row.plane.name.clone()).to_string()>{title}</a> }.into_any()
    } else {
        title.into_any()
    };
    let state = match row.state {
        PlaneState::Ready if row.cordoned => Some("takes no new claims"),
        PlaneState::Ready => None,
        PlaneState::Connecting => Some("connecting"),
        PlaneState::Unreachable => Some("unreachable"),
        PlaneState::Misconfigured => Some("misconfigured"),
    };
    let state = state.map(|state| view! { <span class="reason">{state}</span> });
    let namespace = row.namespace.as_ref().map_or_else(
        || view! { <span class="quiet">"Made with the first claim"</span> }.into_any(),
        |namespace| {
            let (picture, words) = verdict(namespace);
            let problems: Vec<_> = namespace
                .problems
                .iter()
                .map(|problem| view! { <p class="reason">{problem.clone()}</p> })
                .collect();
            view! { <p class="line">{icon(picture)}<span>{words}</span></p>{problems} }.into_any()
        },
    );
    view! {
        <tr>
            <th scope="row">{name}{state}</th>
            <td data-label="Namespace">{namespace}</td>
            <td data-label="Claims" class="number">{grouped(row.claims)}</td>
        </tr>
    }
}

/// A tenant's name, with its page if the viewer has one.
fn named(tenant: &RelatedTenant) -> AnyView {
    let title = tenant.title.clone();
    if tenant.administered {
        view! { <a href=Link::Tenant(tenant.name.clone()).to_string()>{title}</a> }.into_any()
    } else {
        title.into_any()
    }
}

/// `, in Shop, in Group`: the nearest first.
fn within(page: &TenantPage) -> Vec<AnyView> {
    let above = page.above.iter().rev();
    above
        .map(|tenant| view! { ", in "{named(tenant)} }.into_any())
        .collect()
}

fn meters(quota: &[(String, u64, u64)]) -> AnyView {
    if quota.is_empty() {
        return view! { <p class="quiet">"No limits."</p> }.into_any();
    }
    let meters: Vec<_> = quota
        .iter()
        .map(|(name, used, limit)| meter(&quota::title(name), usage(*used, *limit), *used, *limit, None))
        .collect();
    view! { <ul role="list" class="meters">{meters}</ul> }.into_any()
}

/// The tenants in it.
fn below(page: &TenantPage) -> Option<AnyView> {
    let rows: Vec<_> = page
        .below
        .iter()
        .map(|tenant| {
            let more = match tenant.tenants_below {
                None | Some(0) => None,
                Some(1) => Some("1 tenant in it".to_owned()),
                Some(below) => Some(format!("{below} tenants in it")),
            };
            let more = more.map(|more| view! { <span class="reason">{more}</span> });
            view! {
                <tr>
                    <th scope="row">{named(tenant)}<span class="reason mono">{tenant.name.to_string()}</span>{more}</th>
                    <td data-label="Quota">{meters(&tenant.quota)}</td>
                </tr>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="below">
                <h2 id="below">"Tenants in it"</h2>
                <p>"Its members have their roles there, too."</p>
                <div class="table-wrap"><table class="rows">
                    <caption class="unseen">"Tenants in "{page.row.title.clone()}</caption>
                    <thead><tr>
                        <th scope="col">"Tenant"</th>
                        <th scope="col">"Quota"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </section>
        }
        .into_any()
    })
}

/// The quotas of the tenants above, which bound it, too.
fn shared(page: &TenantPage) -> Vec<AnyView> {
    let limited = page.above.iter().rev().filter(|tenant| !tenant.quota.is_empty());
    limited
        .map(|tenant| {
            let id = format!("quota-of-{}", tenant.name);
            let heading = id.clone();
            view! {
                <section aria-labelledby=id>
                    <h2 id=heading>"Quota of "{tenant.title.clone()}</h2>
                    <p class="quiet">"Shared by all tenants in it."</p>
                    {meters(&tenant.quota)}
                </section>
            }
            .into_any()
        })
        .collect()
}

fn holds(page: &TenantPage) -> AnyView {
    let row = &page.row;
    let with_below = (!page.below.is_empty() && !row.quota.is_empty())
        .then(|| view! { <p class="quiet">"With what the tenants in it use."</p> });
    let tenant = row.name.as_str();
    view! {
        <section aria-labelledby="quota">
            <h2 id="quota">"Quota"</h2>
            {with_below}
            {meters(&row.quota)}
            <p><a href=Link::Usage.with_query([("tenant", tenant)])>"Usage over time"</a>", "<a href=Link::Record.with_query([("tenant", tenant)])>"record"</a></p>
        </section>
    }
    .into_any()
}

fn members(page: &TenantPage) -> AnyView {
    let rows: Vec<_> = page
        .row
        .members
        .iter()
        .map(
            |(group, role)| view! { <div><dt class="mono">{group.clone()}</dt><dd>{role.clone()}</dd></div> },
        )
        .collect();
    let inherited: Vec<_> = page
        .row
        .inherited_members
        .iter()
        .map(|InheritedMember { group, role, from }| {
            let role = format!("{role}, from {from}");
            view! { <div><dt class="mono">{group.clone()}</dt><dd>{role}</dd></div> }
        })
        .collect();
    let nobody = (rows.is_empty() && inherited.is_empty())
        .then(|| view! { <p class="caution">{icon("degraded")}<span>"No group is in it."</span></p> });
    view! {
        <section aria-labelledby="members">
            <h2 id="members">"Members"</h2>
            <dl class="facts">{rows}{inherited}</dl>{nobody}
        </section>
    }
    .into_any()
}
