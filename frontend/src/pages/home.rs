use leptos::prelude::*;
use portico_api::{ApprovalRow, Frame, HealthChange, HomePage};
use portico_domain::claim::Health;

use super::catalog::card;
use crate::parts::badge::action_word;
use crate::parts::rows::{Columns, claim_table, request_table};
use crate::parts::text::counted;
use crate::parts::{document, glyph, icon, time};

/// Home: is any of my claims broken, is anyone waiting for me?
#[must_use]
pub fn home(frame: &Frame, page: &HomePage) -> String {
    document(frame, || {
        view! {
            <div class="page-head"><h1>"What do you need?"</h1></div>
            <form class="search large" role="search" method="get" action="/catalog">
                <label class="search-box">
                    {icon("search")}
                    <span class="unseen">"Search the catalog"</span>
                    <input type="search" name="q" placeholder="A database, a queue, a cluster…" autocomplete="off" maxlength="200" />
                </label>
                <button class="button">"Search"</button>
            </form>
            <div class="live" data-live="home">
                {no_tenant(frame)}
                {dead(page)}
                {suggestions(page)}
                {waiting_on_me(frame, page)}
                {claims(frame, page)}
                {waiting_on_others(frame, page)}
                {today(frame, page)}
            </div>
        }
        .into_any()
    })
}

/// For people whose groups belong to no tenant.
fn no_tenant(frame: &Frame) -> Option<AnyView> {
    (frame.tenants.is_empty() && !frame.admin).then(|| {
        view! {
            <div class="notice warning" role="status">{icon("lock")}<p>
                "You are in no team here yet, so there is nothing to show. Ask your team's admin or the platform team to add you to its group, then sign out and in again."
            </p></div>
        }
        .into_any()
    })
}

fn dead(page: &HomePage) -> Option<AnyView> {
    (!page.unreachable_planes.is_empty()).then(|| {
        let (verb, what) = if page.unreachable_planes.len() == 1 { ("does", "it") } else { ("do", "them") };
        let words = format!(
            "{} {verb} not answer. What runs there may work all the same; what you see of {what} here is the last that is known.",
            page.unreachable_planes.join(", ")
        );
        view! { <div class="notice warning" role="status">{icon("unreachable")}<p>{words}</p></div> }.into_any()
    })
}

fn suggestions(page: &HomePage) -> Option<AnyView> {
    (!page.suggestions.is_empty()).then(|| {
        let cards: Vec<_> = page.suggestions.iter().map(card).collect();
        view! {
            <section aria-labelledby="suggestions">
                <div class="section-head"><h2 id="suggestions">"Good to begin with"</h2><a href="/catalog">"The whole catalog"</a></div>
                <ul role="list" class="cards">{cards}</ul>
            </section>
        }
        .into_any()
    })
}

fn waiting_on_me(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    (!page.waiting_on_me.is_empty()).then(|| {
        let rows: Vec<_> = page.waiting_on_me.iter().map(|row| waiting(frame, row)).collect();
        view! {
            <section aria-labelledby="waiting">
                <div class="section-head"><h2 id="waiting">"Waiting for you"</h2><a href="/approvals">"All approvals"</a></div>
                <ul role="list" class="waiting">{rows}</ul>
            </section>
        }
        .into_any()
    })
}

fn waiting(frame: &Frame, approval: &ApprovalRow) -> impl IntoView + use<> {
    let row = &approval.row;
    view! {
        <li>
            {icon(glyph(&row.icon, "other"))}
            <span>
                <a href=row.href.to_string()><strong>{row.requester.clone()}</strong>": "{action_word(row.action).to_lowercase()}" "{row.offering_title.clone()}" "{row.claim.name.to_string()}</a>
                <span class="reason">{format!("{}/{}", row.tenant, row.environment)}" · since "{time(frame.now, row.created_at)}</span>
            </span>
        </li>
    }
}

fn claims(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    if page.claims == 0 {
        return None;
    }
    let words = if page.unhealthy_claims.is_empty() {
        format!("All {} ready", counted(page.claims, "claim is", "claims are"))
    } else {
        format!(
            "{} of {} ready",
            page.ready,
            counted(page.claims, "claim", "claims")
        )
    };
    let words = if page.claims == 1 && page.unhealthy_claims.is_empty() {
        "Your one claim is ready".to_owned()
    } else {
        words
    };
    let body = if page.unhealthy_claims.is_empty() {
        view! { <p class="line well">{icon("ready")}<span>{words}"."</span></p> }.into_any()
    } else {
        let these = if page.unhealthy_claims.len() == 1 {
            ". This one needs somebody:"
        } else {
            ". These need somebody:"
        };
        view! { <p class="quiet after">{words}{these}</p>{claim_table(frame.now, &page.unhealthy_claims, Columns::All)} }.into_any()
    };
    Some(
        view! {
            <section aria-labelledby="unwell">
                <div class="section-head"><h2 id="unwell">"Claims"</h2><a href="/claims">"All claims"</a></div>
                {body}
            </section>
        }
        .into_any(),
    )
}

fn waiting_on_others(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    (!page.waiting_on_others.is_empty()).then(|| {
        view! {
            <section aria-labelledby="others">
                <h2 id="others">"You wait for others"</h2>
                {request_table(frame.now, &page.waiting_on_others, Columns::All)}
            </section>
        }
        .into_any()
    })
}

fn today(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    let anything = !page.today.is_empty() || !page.health_changes.is_empty();
    anything.then(|| {
        let turns: Vec<_> = page.health_changes.iter().map(|each| health_change(frame, each)).collect();
        let turns = (!turns.is_empty()).then(|| view! { <div><h3 class="after">"Claims"</h3><ul role="list" class="waiting">{turns}</ul></div> });
        let requests = (!page.today.is_empty())
            .then(|| view! { <div><h3 class="after">"Requests"</h3>{request_table(frame.now, &page.today, Columns::All)}</div> });
        view! {
            <section aria-labelledby="today">
                <div class="section-head"><h2 id="today">"The last day"</h2><a href="/requests">"All requests"</a></div>
                <div class="stack-l">{turns}{requests}</div>
            </section>
        }
        .into_any()
    })
}

/// A claim that became ready, or broke.
fn health_change(frame: &Frame, change: &HealthChange) -> impl IntoView + use<> {
    let row = &change.claim;
    let (name, words) = if row.health == Health::Ready {
        ("ready", " became ready")
    } else {
        ("degraded", " broke")
    };
    let place = row
        .tenant
        .as_ref()
        .zip(row.environment.as_ref())
        .map(|(tenant, environment)| format!("{tenant}/{environment} · "));
    let reason = (!row.reason.is_empty()).then(|| format!(" · {}", row.reason));
    view! {
        <li>
            {icon(name)}
            <span>
                <a href=row.href.to_string()>{row.offering_title.clone()}" "<strong>{row.reference.name.to_string()}</strong>{words}</a>
                <span class="reason">{place}{time(frame.now, change.at)}{reason}</span>
            </span>
        </li>
    }
}
