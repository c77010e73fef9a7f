//! A claim: does it work, and how do I connect?

mod connect;
mod control_plane;
mod progress;
pub(super) mod related;
mod tree;

use leptos::prelude::*;
use portico_api::{ClaimEvent, ClaimPage, Frame, Link, names};
use portico_domain::claim::{Condition, Health};
use portico_domain::request::Action;

use crate::pages::claims::csrf;
use crate::parts::badge::{health, health_tone, state};
use crate::parts::lifecycle::{Reader, lifecycle_notice};
use crate::parts::rows::{Columns, request_table};
use crate::parts::text::{amount_in_words, code, counted, field_owner};
use crate::parts::{document, glyph_tile, icon, past_time, relative, time};

/// The page of a claim.
#[must_use]
pub fn claim(frame: &Frame, page: &ClaimPage) -> String {
    document(frame, || {
        view! {
            <div class="live" data-live="claim" data-under-way=is_in_progress(page).then_some("")>
                {head(frame, page)}
                {status_band(frame, page)}
                {lifecycle_notice(&page.row.offering_title, &page.lifecycle, Reader::Claim)}
                {service(page)}
                {progress::section(frame, page)}
                {properties(page)}
                <div class="two">
                    <div class="stack-l">
                        {control_plane::section(page)}
                        {page.connect.as_ref().map(|connect| connect::panel(frame, &page.row.reference, connect))}
                        {tree::section(page)}
                    </div>
                    <div class="stack-l">
                        {events(frame, page)}
                        {related::section("depends-on", "Depends on", &page.depends_on)}
                        {related::section("needed-by", "Needed by", &page.needed_by)}
                        {details(frame, page)}
                        {conditions(frame, page)}
                    </div>
                </div>
                <div class="stack-l below">{history(frame, page)}{yaml(page)}</div>
            </div>
        }
        .into_any()
    })
}

/// That the service takes no requests now, so that it cannot be changed.
fn service(page: &ClaimPage) -> Option<AnyView> {
    let closed = page.service.as_ref()?.closed.clone()?;
    Some(view! { <div class="notice warning" role="status">{icon("lock")}<p>{closed}</p></div> }.into_any())
}

/// True if a change is in progress: then the page polls, for events before it connected.
fn is_in_progress(page: &ClaimPage) -> bool {
    page.pending.is_some() || matches!(page.row.health, Health::Pending | Health::Deleting)
}

fn head(frame: &Frame, page: &ClaimPage) -> AnyView {
    let row = &page.row;
    let actions = if page.may_change.allowed {
        let renew = page.renews_until.filter(|_| page.pending.is_none()).map(|until| {
            let title = format!("Until {}", until.strftime("%-d %B %Y"));
            view! {
                <form method="post" action=Link::RenewClaim(row.reference.clone()).to_string()>
                    {csrf(frame)}
                    <input type="hidden" name=names::REQUEST value=page.request_id.to_string() />
                    <button class="button" title=title>{icon("refresh")}"Renew"</button>
                </form>
            }
        });
        let adopt = (page.may_adopt.allowed && page.pending.is_none()).then(|| {
            let title = "Manage it with Portico from now on; nothing of it changes";
            view! { <a class="button" title=title href=Link::AdoptClaim(row.reference.clone()).to_string()>{icon("key")}"Adopt"</a> }
        });
        view! {
            {adopt}
            {renew}
            <a class="button" href=Link::ChangeClaim(row.reference.clone()).to_string()>{icon("edit")}"Change"</a>
            <a class="button quiet danger" href=Link::DeleteClaim(row.reference.clone()).to_string()>{icon("deleting")}"Delete"</a>
        }
        .into_any()
    } else {
        let why = page
            .may_change
            .why_not
            .clone()
            .unwrap_or_else(|| "You may not change it.".to_owned());
        view! { <p class="why-not">{icon("lock")}<span>{why}</span></p> }.into_any()
    };
    let offering = offering_link(page.offering_href.as_ref(), &row.offering_title);
    view! {
        <div class="page-head">
            <div class="titled">
                {glyph_tile(&row.icon, row.category.slug(), true)}
                <div>
                    <h1>{row.reference.name.to_string()}</h1>
                    <p>{offering}{row.plan.as_ref().map(|plan| format!(", {plan}"))}" on "{row.plane_title.clone()}</p>
                </div>
            </div>
            <div class="actions">{actions}</div>
        </div>
    }
    .into_any()
}

/// An offering's title, as a link where the viewer's catalog has it.
pub(super) fn offering_link(href: Option<&Link>, title: &str) -> AnyView {
    let title = title.to_owned();
    match href {
        Some(href) => view! { <a href=href.to_string()>{title}</a> }.into_any(),
        None => view! { <span>{title}</span> }.into_any(),
    }
}

/// The answer to the first question: health, reason, and changes in progress.
fn status_band(frame: &Frame, page: &ClaimPage) -> AnyView {
    let row = &page.row;
    let words = match (row.reason.is_empty(), row.health) {
        (false, Health::Ready) => format!("It works. {}", row.reason),
        (false, _) => row.reason.clone(),
        (true, Health::Ready) => "It works.".to_owned(),
        (true, Health::Pending) => "It is being made.".to_owned(),
        (true, Health::Deleting) => "It is being deleted.".to_owned(),
        (true, Health::Gone) => "It is no longer there.".to_owned(),
        (true, Health::Unreachable) => "Its control plane does not answer.".to_owned(),
        (true, _) => String::new(),
    };
    let stale = (row.health == Health::Unreachable).then(|| {
        view! { <p class="reason">"What you see is as of "{relative(frame.now, row.observed_at)}"."</p> }
    });
    let ran_out = row.expires_at.is_some_and(|at| at <= frame.now);
    let tone = match row.health {
        Health::Ready if ran_out => "warning",
        other => health_tone(other),
    };
    // The first step of the progress is the request.
    let pending = page.pending.as_ref().filter(|_| page.progress.is_none()).map(|request| {
        view! {
            <p class="line">{icon("requests")}<span><a href=request.href.to_string()>"A request about it"</a>" is under way: "</span>{state(request.state)}</p>
        }
    });
    view! {
        <div class=format!("verdict {tone}") role="status">
            {health(row.health)}
            <div><p class="verdict-words">{words}</p>{expired(frame, page)}{stale}{pending}</div>
        </div>
    }
    .into_any()
}

/// A notice that the claim has expired, and what to do.
fn expired(frame: &Frame, page: &ClaimPage) -> Option<AnyView> {
    let at = page.row.expires_at.filter(|at| *at <= frame.now)?;
    let what_next = if page.may_change.allowed {
        "renew it, or delete it"
    } else {
        "its team should renew or delete it"
    };
    Some(
        view! { <p class="line caution">{icon("clock")}<span>"Its time was over "{time(frame.now, at)}": "{what_next}"."</span></p> }
            .into_any(),
    )
}

/// What it is like, in a line: its plan, the fields that people decide about, its price, its place.
fn properties(page: &ClaimPage) -> AnyView {
    let row = &page.row;
    let change = page
        .may_change
        .allowed
        .then(|| Link::ChangeClaim(row.reference.clone()).to_string());
    let one = |label: String, value: String, to: Option<String>| {
        let edit = to.map(|to| {
            let words = format!("Change {}", label.to_lowercase());
            view! { <a class="edit" href=to aria-label=words.clone() title=words>{icon("edit")}</a> }
        });
        view! { <div><dt>{label}</dt><dd>{value}{edit}</dd></div> }
    };
    let plan = row.plan.as_ref().map(|plan| {
        one(
            "Plan".to_owned(),
            plan.to_string(),
            change.as_ref().map(|href| format!("{href}#plan")),
        )
    });
    let own: Vec<_> = page
        .properties
        .iter()
        .map(|property| {
            let to = change
                .as_ref()
                .zip(property.field.as_ref())
                .map(|(href, field)| format!("{href}#{}", crate::parts::form::id_of(field)));
            one(property.label.clone(), amount_in_words(&property.value), to)
        })
        .collect();
    let price = page.cost.clone().map(|cost| one("Price".to_owned(), cost, None));
    let environment = row.tenant.as_ref().map(|tenant| {
        let environment = row
            .environment
            .as_ref()
            .map(|name| format!(" / {name}"))
            .unwrap_or_default();
        one("Environment".to_owned(), format!("{tenant}{environment}"), None)
    });
    let place = one("Control plane".to_owned(), row.plane_title.clone(), None);
    view! { <dl class="strip" aria-label="Properties">{plan}{own}{price}{environment}{place}</dl> }.into_any()
}

fn details(frame: &Frame, page: &ClaimPage) -> AnyView {
    let row = &page.row;
    let nobodys = row.tenant.is_none().then(|| view! {
        <div><dt>"Environment"</dt><dd>"Nobody’s"<span class="reason">"No tenant that may use this control plane has it"</span></dd></div>
    });
    let namespace = row
        .reference
        .namespace
        .clone()
        .map(|namespace| view! { <div><dt>"Namespace"</dt><dd class="mono">{namespace}</dd></div> });
    // What Portico recorded comes first: annotations can be written by others.
    let asked = page
        .history
        .iter()
        .find(|request| request.action == Action::Create)
        .or(page.history.last());
    let requester = match (asked, &row.requester) {
        (Some(request), _) => view! { <span>{request.requester.clone()}</span> }.into_any(),
        (None, Some(name)) => view! {
            <span>{name.clone()}</span>
            <span class="reason">"So an annotation on it says; Portico has no request for it"</span>
        }
        .into_any(),
        (None, None) => view! { <span>"Not through Portico"</span> }.into_any(),
    };
    let managed = row.managed_by.as_ref().map(|by| {
        let release = match by.manager.release() {
            "" => None,
            release => Some(view! {
                <details class="fold" id="release-fold">
                    <summary>{icon("right")}"How to manage it here"</summary>
                    <p class="quiet">{release}</p>
                </details>
            }),
        };
        view! { <div><dt>"Managed by"</dt><dd>{by.word.clone()}<span class="reason">{by.message.clone()}</span>{release}</dd></div> }
    });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"About"</h2>
            <dl class="facts">
                {nobodys}
                {namespace}
                <div><dt>"Requested by"</dt><dd>{requester}</dd></div>
                {managed}
                <div><dt>"Made"</dt><dd>{past_time(frame.now, row.created_at)}</dd></div>
                {row.expires_at.map(|at| view! { <div><dt>"To be renewed"</dt><dd>{time(frame.now, at)}</dd></div> })}
            </dl>
        </section>
    }
    .into_any()
}

fn conditions(frame: &Frame, page: &ClaimPage) -> Option<AnyView> {
    (!page.conditions.is_empty()).then(|| {
        let rows: Vec<_> = page
            .conditions
            .iter()
            .map(|each| condition(frame, each))
            .collect();
        // All is told by the health while the claim is ready.
        let open = page.row.health != Health::Ready;
        let mark = (!open).then(|| view! { <span class="mark">{counted(page.conditions.len(), "condition", "conditions")}</span> });
        view! {
            <section aria-labelledby="conditions" class="sections">
                <details class="section" id="conditions-fold" open=open>
                    <summary>{icon("right")}<h2 id="conditions">"Conditions"</h2>{mark}</summary>
                    <dl class="facts">{rows}</dl>
                </details>
            </section>
        }
        .into_any()
    })
}

fn condition(frame: &Frame, condition: &Condition) -> impl IntoView + use<> {
    let reason = condition.reason.clone().map(|reason| format!(", {reason}"));
    let message = condition
        .message
        .clone()
        .filter(|message| !message.is_empty())
        .map(|message| view! { <span class="reason">{message}</span> });
    let since = condition
        .since
        .map(|since| view! { <span class="reason">"Since "{past_time(frame.now, since)}</span> });
    view! { <div><dt>{condition.kind.clone()}</dt><dd>{condition.status.clone()}{reason}{message}{since}</dd></div> }
}

fn events(frame: &Frame, page: &ClaimPage) -> Option<AnyView> {
    (!page.events.is_empty()).then(|| {
        let rows: Vec<_> = page.events.iter().map(|each| event(frame, each)).collect();
        view! {
            <section aria-labelledby="events">
                <h2 id="events">"Events"</h2>
                <ul role="list" class="events">{rows}</ul>
            </section>
        }
        .into_any()
    })
}

fn event(frame: &Frame, event: &ClaimEvent) -> impl IntoView + use<> {
    let class = if event.warning { "event caution" } else { "event" };
    let mark = event.warning.then(|| icon("degraded"));
    let times = (event.count > 1).then(|| format!(" ×{}", event.count));
    view! {
        <li class=class>
            {mark}
            <div>
                <p><strong>{event.reason.clone()}{times}</strong>" "<span class="event-message">{event.message.clone()}</span></p>
                <p class="reason">{event.about.clone()}" · "{past_time(frame.now, event.at)}</p>
            </div>
        </li>
    }
}

fn yaml(page: &ClaimPage) -> AnyView {
    view! {
        <section aria-labelledby="yaml" class="sections">
            <details class="section" id="yaml-fold">
                <summary>{icon("right")}<h2 id="yaml">"YAML"</h2></summary>
                <div class="stack">
                    {code("object".to_owned(), "the object".to_owned(), page.yaml.clone())}
                    {by_controllers(page)}
                    <details class="fold" id="whole-fold">
                        <summary>{icon("right")}"With what the control plane adds"</summary>
                        {code("whole-object".to_owned(), "the whole object".to_owned(), page.full_yaml.clone())}
                    </details>
                </div>
            </details>
        </section>
    }
    .into_any()
}

/// What the YAML leaves out because nobody asked for it.
fn by_controllers(page: &ClaimPage) -> Option<impl IntoView + use<>> {
    (!page.set_by_controllers.is_empty()).then(|| {
        let owners: Vec<_> = page
            .set_by_controllers
            .iter()
            .map(|owner| field_owner("planes", owner, " sets ", "."))
            .collect();
        view! {
            <p>"Controllers set more. A change leaves that as it is, unless you change it yourself:"</p>
            <ul role="list" class="lines">{owners}</ul>
        }
    })
}

fn history(frame: &Frame, page: &ClaimPage) -> AnyView {
    let body = if page.history.is_empty() {
        let words = if page.row.requester.is_some() {
            "Portico has no record of a request for it."
        } else {
            "It was not requested through Portico."
        };
        view! { <p class="quiet">{words}</p> }.into_any()
    } else {
        request_table(frame.now, &page.history, Columns::Fewer)
    };
    view! {
        <section aria-labelledby="history">
            <h2 id="history">"History"</h2>
            {body}
        </section>
    }
    .into_any()
}
