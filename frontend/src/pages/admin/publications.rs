use leptos::prelude::*;
use portico_api::words::permission_state;
use portico_api::{
    ConsumerClaim, ConsumerClaims, Frame, Link, PermissionDecisionView, PermissionView, PublicationPage,
    PublicationRow, PublicationsPage, names,
};
use portico_domain::documents::Permission;
use portico_domain::publication::PermissionState;

use super::tabs;
use crate::pages::claims::csrf;
use crate::parts::badge::{badge, health};
use crate::parts::text::{counted, empty, grouped};
use crate::parts::{document, icon, past_time, time};

/// The publications of tenants.
#[must_use]
pub fn publications(frame: &Frame, page: &PublicationsPage) -> String {
    document(frame, || {
        let body = if page.rows.is_empty() {
            empty(
                "network",
                "No tenant publishes anything",
                "A Publication document lets a tenant offer a service of its own to others.",
                None,
            )
        } else {
            let rows: Vec<_> = page.rows.iter().map(row).collect();
            view! {
                <div class="table-wrap"><table class="rows wide">
                    <caption class="unseen">"Publications"</caption>
                    <thead><tr>
                        <th scope="col">"Service"</th>
                        <th scope="col">"Published by"</th>
                        <th scope="col">"For"</th>
                        <th scope="col">"Permissions"</th>
                        <th scope="col">"Catalog"</th>
                        <th scope="col" class="number">"Claims"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }
            .into_any()
        };
        view! {
            {head(frame)}
            <section aria-label="Publications">{body}</section>
        }
        .into_any()
    })
}

/// Members of a publisher who administer nothing have no tabs.
fn head(frame: &Frame) -> AnyView {
    if frame.admin {
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::Publications)}
        }
        .into_any()
    } else {
        view! { <div class="page-head"><h1>"What your team publishes"</h1></div> }.into_any()
    }
}

fn row(row: &PublicationRow) -> impl IntoView + use<> {
    let permissions = if row.waiting > 0 {
        badge("warning", "clock", "Waits for a decision").into_any()
    } else {
        let words = format!("{} of {} accepted", row.accepted, row.asked);
        view! { <span>{words}</span> }.into_any()
    };
    view! {
        <tr>
            <th scope="row"><a href=row.href.to_string()>{row.offering_title.clone()}</a><span class="reason mono">{row.name.to_string()}</span></th>
            <td data-label="Published by">{row.publisher_title.clone()}</td>
            <td data-label="For">{consumers(row.consumers.as_deref())}</td>
            <td data-label="Permissions">{permissions}</td>
            <td data-label="Catalog">{catalog(row)}</td>
            <td data-label="Claims" class="number">{grouped(row.claims)}</td>
        </tr>
    }
}

fn consumers(consumers: Option<&[String]>) -> String {
    consumers.map_or_else(|| "Every tenant".to_owned(), |titles| titles.join(", "))
}

fn catalog(row: &PublicationRow) -> String {
    match row.open_to {
        0 => "In nobody’s".to_owned(),
        some => format!("In that of {}", counted(some, "tenant", "tenants")),
    }
}

/// A publication: what it asks for, what was decided, and who uses it.
#[must_use]
pub fn publication(frame: &Frame, page: &PublicationPage) -> String {
    document(frame, || {
        let row = &page.row;
        let problem = page.problem.clone().map(|problem| {
            view! { <div class="notice bad" role="status">{icon("degraded")}<p>{problem}</p></div> }
        });
        let permissions: Vec<_> = page
            .permissions
            .iter()
            .map(|permission| permission_item(frame, page, permission))
            .collect();
        let explanation = if page.may_decide {
            "Each is accepted or refused by itself, and that can be changed later. It takes effect with the next use. Claims that exist stay."
        } else {
            "Platform admins decide on each by itself."
        };
        view! {
            <div class="page-head"><div>
                <h1>{row.offering_title.clone()}</h1>
                <p>"A service of "{row.publisher_title.clone()}", "<span class="mono">{row.name.to_string()}</span></p>
            </div></div>
            {problem}
            <div class="two">
                <div class="stack-l">
                    <section aria-labelledby="permissions">
                        <h2 id="permissions">"What it asks for"</h2>
                        <p class="quiet after">{explanation}</p>
                        <ul role="list" class="permissions">{permissions}</ul>
                    </section>
                </div>
                <div class="stack-l">{about(page)}</div>
            </div>
            <div class="stack-l below">{used_by(frame, page)}</div>
        }
        .into_any()
    })
}

fn about(page: &PublicationPage) -> AnyView {
    let row = &page.row;
    let plane = match &row.plane {
        Some(plane) if page.may_decide => view! {
            <a href=Link::ControlPlane(plane.name.clone()).to_string()>{plane.title.clone()}</a>
        }
        .into_any(),
        Some(plane) => plane.title.clone().into_any(),
        None => "Not there".into_any(),
    };
    let approvers = page
        .approvers
        .clone()
        .unwrap_or_else(|| "Nobody but those whom approval policies name".to_owned());
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"About"</h2>
            <dl class="facts">
                <div><dt>"Published by"</dt><dd>{row.publisher_title.clone()}</dd></div>
                <div><dt>"For"</dt><dd>{consumers(row.consumers.as_deref())}</dd></div>
                <div><dt>"Claims land on"</dt><dd>{plane}</dd></div>
                <div><dt>"Who decides on requests"</dt><dd>{approvers}</dd></div>
                <div><dt>"Catalog"</dt><dd>{catalog(row)}</dd></div>
                <div><dt>"Offering"</dt><dd class="mono">{row.offering.to_string()}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn permission_item(frame: &Frame, page: &PublicationPage, permission: &PermissionView) -> AnyView {
    let id = permission.permission.slug();
    let heading = format!("{id}-title");
    let optional = permission
        .optional
        .then(|| view! { <span class="mark">"works without it"</span> });
    let decisions: Vec<_> = permission
        .decisions
        .iter()
        .map(|decision| decided(frame, decision))
        .collect();
    let decisions =
        (!decisions.is_empty()).then(|| view! { <ul role="list" class="lines quiet">{decisions}</ul> });
    view! {
        <li class="permission" id=id tabindex="-1" aria-labelledby=heading.clone()>
            <div class="permission-head">
                <h3 id=heading.clone()>{permission.title.clone()}" "{optional}</h3>
                {state_badge(permission.state)}
            </div>
            <blockquote class="note">{permission.reason.clone()}</blockquote>
            <dl class="permission-effects">
                <div><dt>"Accepted"</dt><dd>{permission.when_accepted.clone()}</dd></div>
                <div><dt>"Otherwise"</dt><dd>{otherwise(permission)}</dd></div>
            </dl>
            {page.may_decide.then(|| decide(frame, page, permission))}
            {decisions}
        </li>
    }
    .into_any()
}

/// What is optional closes nothing.
fn otherwise(permission: &PermissionView) -> String {
    let needed =
        !permission.optional && !matches!(permission.permission, Permission::TakeClaims | Permission::Decide);
    if needed {
        format!("{} The service is in nobody’s catalog.", permission.otherwise)
    } else {
        permission.otherwise.clone()
    }
}

fn state_badge(state: PermissionState) -> AnyView {
    let (tone, name) = match state {
        PermissionState::Waiting | PermissionState::AsksForMore => ("warning", "clock"),
        PermissionState::Accepted => ("good", "ready"),
        PermissionState::Refused => ("bad", "bad"),
    };
    badge(tone, name, permission_state(state)).into_any()
}

/// The buttons: only what would change something.
fn decide(frame: &Frame, page: &PublicationPage, permission: &PermissionView) -> AnyView {
    let more = (permission.state == PermissionState::AsksForMore).then(|| {
        view! { <p class="caution">{icon("warning")}<span>"It asks for more than was accepted: other consumers, or other approvers. What was accepted goes on meanwhile. To refuse it now refuses all of it."</span></p> }
    });
    let button = |value: &'static str, class: &'static str, name: &'static str, word: &'static str| {
        view! {
            <button class=class name=names::DECISION value=value>
                {icon(name)}{word}<span class="unseen">": "{permission.title.clone()}</span>
            </button>
        }
    };
    let accept = (permission.state != PermissionState::Accepted)
        .then(|| button(names::ACCEPT, "button primary", "check", "Accept"));
    let refuse = (permission.state != PermissionState::Refused)
        .then(|| button(names::REFUSE, "button danger", "close", "Refuse"));
    view! {
        {more}
        <form class="actions" method="post" action=Link::DecidePermission(page.row.name.clone()).to_string()>
            {csrf(frame)}
            <input type="hidden" name=names::PERMISSION value=permission.permission.slug() />
            <input type="hidden" name=names::ASKED value=permission.asked.clone() />
            {accept}
            {refuse}
        </form>
    }
    .into_any()
}

fn decided(frame: &Frame, decision: &PermissionDecisionView) -> AnyView {
    let (name, word) = if decision.accepted {
        ("ready", "accepted it")
    } else {
        ("bad", "refused it")
    };
    let whom = consumers(decision.consumers.as_deref());
    view! {
        <li class="line">{icon(name)}<span>{decision.by.clone()}" "{word}", "{time(frame.now, decision.at)}", for "{whom}</span></li>
    }
    .into_any()
}

/// The consumers, each with its claims.
fn used_by(frame: &Frame, page: &PublicationPage) -> AnyView {
    let used: Vec<_> = page
        .consumers
        .iter()
        .filter(|consumer| consumer.total > 0)
        .map(|consumer| consumer_claims(frame, consumer))
        .collect();
    let none = used
        .is_empty()
        .then(|| view! { <p class="quiet">"No consumer has a claim."</p> });
    let closed: Vec<_> = page
        .consumers
        .iter()
        .filter_map(|consumer| {
            let why = consumer.closed.clone()?;
            Some(view! { <li class="caution">{icon("lock")}<span>{consumer.title.clone()}" cannot request it: "{why}"."</span></li> })
        })
        .collect();
    let closed = (!closed.is_empty()).then(|| view! { <ul role="list" class="lines">{closed}</ul> });
    view! {
        <section aria-labelledby="used-by">
            <h2 id="used-by">"Who uses it"</h2>
            <div class="stack-l">
                {closed}
                {none}
                {used}
            </div>
        </section>
    }
    .into_any()
}

fn consumer_claims(frame: &Frame, consumer: &ConsumerClaims) -> AnyView {
    let rows: Vec<_> = consumer
        .claims
        .iter()
        .map(|claim| claim_row(frame, claim))
        .collect();
    let more = consumer.total.saturating_sub(consumer.claims.len());
    let more = (more > 0).then(|| view! { <p class="quiet">"And "{grouped(more)}" more."</p> });
    let title = consumer.title.clone();
    view! {
        <div class="stack">
            <h3>{consumer.title.clone()}</h3>
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">{format!("Claims of {title}")}</caption>
                <thead><tr>
                    <th scope="col">"Claim"</th><th scope="col">"Environment"</th><th scope="col">"Plan"</th>
                    <th scope="col">"Requested by"</th><th scope="col">"Health"</th><th scope="col">"Made"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            {more}
        </div>
    }
    .into_any()
}

fn claim_row(frame: &Frame, claim: &ConsumerClaim) -> impl IntoView + use<> {
    let dash = || "–".to_owned();
    view! {
        <tr>
            <th scope="row">{claim.name.to_string()}<span class="reason mono">{claim.namespace.clone()}</span></th>
            <td data-label="Environment">{claim.environment.as_ref().map_or_else(dash, ToString::to_string)}</td>
            <td data-label="Plan">{claim.plan.as_ref().map_or_else(dash, ToString::to_string)}</td>
            <td data-label="Requested by">{claim.requester.clone().unwrap_or_else(dash)}</td>
            <td data-label="Health">{health(claim.health)}</td>
            <td data-label="Made">{past_time(frame.now, claim.created_at)}</td>
        </tr>
    }
}
