use leptos::prelude::*;
use portico_api::{
    ClaimRow, DeprecatedClaims, Frame, HealthChange, HealthChanges, HomePage, Link, PlatformState,
    RequestRow, message,
};
use portico_domain::claim::Health;
use portico_domain::documents::Phase;

use super::approvals::inbox_row;
use super::catalog::card;
use super::claims::unreachable;
use crate::parts::badge::{action_word, state_word};
use crate::parts::lifecycle::{ends, instead};
use crate::parts::rows::{Columns, claim_table};
use crate::parts::text::{grouped, lower, place};
use crate::parts::{document, glyph, icon, past_time, rich, since, text, time, words};

/// Number of requests or claims of one kind from which on they are one line.
const GROUP_FROM: usize = 3;

/// Home: is any of my claims broken, is anyone waiting for me?
#[must_use]
pub fn home(frame: &Frame, page: &HomePage) -> String {
    document(frame, || {
        view! {
            <div class="live" data-live="home-head">
                <div class="page-head"><h1>{heading(frame, page)}</h1></div>
            </div>
            <form class="search large" role="search" method="get" action=Link::Catalog.to_string()>
                <label class="search-box">
                    {icon("search")}
                    <span class="unseen">{text!("home-search")}</span>
                    <input type="search" name="q" placeholder=text!("home-search-example") autocomplete="off" maxlength="200" />
                </label>
                <button class="button">{text!("search")}</button>
            </form>
            <div class="live" data-live="home">
                {no_tenant(frame)}
                {page.platform.as_ref().map(|platform| self::platform(frame, platform))}
                {page.platform.is_none().then(|| unreachable(&page.unreachable_planes))}
                {suggestions(page)}
                {waiting_on_me(frame, page)}
                {deprecated(page, true)}
                {claims(frame, page)}
                {unsuccessful(frame, page)}
                {ending_soon(frame, page)}
                {deprecated(page, false)}
                {waiting_on_others(frame, page)}
                {today(frame, page)}
            </div>
        }
        .into_any()
    })
}

/// The state of everything, in one sentence.
fn heading(frame: &Frame, page: &HomePage) -> String {
    let unwell = page
        .platform
        .as_ref()
        .map_or(0, |platform| platform.unwell_planes.len());
    let mut parts = Vec::new();
    if unwell > 0 {
        parts.push(text!("home-planes-down", count = unwell));
    }
    if page.needs_action > 0 {
        let all = message!("count-claims", count = page.claims);
        parts.push(text!(
            "home-claims-need-you",
            count = page.needs_action,
            all = all
        ));
    }
    if frame.waiting > 0 {
        parts.push(text!("home-requests-wait", count = frame.waiting));
    }
    if !parts.is_empty() {
        return parts.join(", ");
    }
    if let Some(platform) = page.platform.as_ref().filter(|_| page.claims == 0) {
        return planes_answer(platform);
    }
    match (page.claims, page.ready) {
        (0, _) => text!("home-question"),
        (1, 1) => text!("home-claim-ready"),
        (all, ready) if all == ready => {
            text!(
                "home-claims-ready",
                claims = message!("count-claims", count = all)
            )
        }
        (all, ready) => text!("home-some-ready", count = all, ready = ready),
    }
}

/// For people whose groups belong to no tenant.
fn no_tenant(frame: &Frame) -> Option<AnyView> {
    (frame.tenants.is_empty() && !frame.admin).then(|| {
        view! {
            <div class="notice warning" role="status">{icon("lock")}<p>
                {text!("home-no-team")}
            </p></div>
        }
        .into_any()
    })
}

/// That all control planes answer.
fn planes_answer(state: &PlatformState) -> String {
    match state.planes {
        0 => text!("home-no-plane"),
        1 => text!("home-plane-answers"),
        planes => text!("home-planes-answer", count = planes),
    }
}

/// What needs a platform admin, each with the page that says more.
fn platform(frame: &Frame, state: &PlatformState) -> AnyView {
    let mut lines = Vec::new();
    let mut line = |name: &'static str, href: &str, words: String, rest: String| {
        let href = href.to_owned();
        lines.push(view! {
            <li class="caution">{icon(name)}<span><a href=href>{words}</a>" "<span class="quiet">{rest}</span></span></li>
        });
    };
    for plane in &state.unwell_planes {
        let href = Link::ControlPlane(plane.name.clone()).to_string();
        let rest = text!("home-plane-last-known");
        line(
            "unreachable",
            &href,
            text!("home-plane-down", plane = &plane.title),
            rest,
        );
    }
    if state.configuration_errors > 0 {
        line(
            "configuration",
            &Link::Configuration.to_string(),
            text!("home-configuration-errors", count = state.configuration_errors),
            text!("home-configuration-stays"),
        );
    }
    if let [first, others @ ..] = state.over_quota.as_slice() {
        let words = match others.len() {
            0 => text!("home-over-quota", tenant = first),
            more => text!("home-over-quota-more", tenant = first, more = more),
        };
        line("people", &Link::Tenants.to_string(), words, String::new());
    }
    for publication in &state.waiting_publications {
        let words = text!(
            "home-wants-to-publish",
            publisher = &publication.publisher_title,
            offering = &publication.offering_title
        );
        let rest = text!("home-permissions-wait", count = publication.waiting);
        line("network", &publication.href.to_string(), words, rest);
    }
    if let Some(request) = &state.oldest_approval {
        let seconds = frame
            .now
            .as_second()
            .saturating_sub(request.created_at.as_second());
        let waited = portico_api::duration(u64::try_from(seconds).unwrap_or(0));
        let rest = text!(
            "home-oldest-what",
            offering = &request.offering_title,
            claim = request.claim.name.as_str(),
            place = place(Some(&request.tenant), Some(&request.environment))
        );
        line(
            "clock",
            &request.href.to_string(),
            text!("home-oldest-approval", time = waited),
            rest,
        );
    }
    let fine =
        state.unwell_planes.is_empty() && state.configuration_errors == 0 && state.over_quota.is_empty();
    let fine = fine.then(|| {
        let planes = planes_answer(state);
        view! { <li class="line well">{icon("ready")}<span>{text!("home-platform-fine", planes = planes)}</span></li> }
    });
    view! {
        <section aria-labelledby="platform">
            <div class="section-head"><h2 id="platform">{text!("home-platform")}</h2><a href=Link::ControlPlanes.to_string()>{text!("home-planes")}</a></div>
            <ul role="list" class="lines">{fine}{lines}</ul>
        </section>
    }
    .into_any()
}

fn suggestions(page: &HomePage) -> Option<AnyView> {
    (!page.suggestions.is_empty()).then(|| {
        let cards: Vec<_> = page.suggestions.iter().map(card).collect();
        view! {
            <section aria-labelledby="suggestions">
                <div class="section-head"><h2 id="suggestions">{text!("home-suggestions")}</h2><a href=Link::Catalog.to_string()>{text!("home-whole-catalog")}</a></div>
                <ul role="list" class="cards">{cards}</ul>
            </section>
        }
        .into_any()
    })
}

fn waiting_on_me(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    (!page.waiting_on_me.is_empty()).then(|| {
        let rows: Vec<_> = page
            .waiting_on_me
            .iter()
            .map(|approval| {
                let href = format!("{}?request={}", Link::Approvals, approval.row.id);
                inbox_row(frame, approval, href, false)
            })
            .collect();
        let all = match frame.waiting {
            waiting if waiting > page.waiting_on_me.len() => text!("home-all-count", count = waiting),
            _ => text!("home-all-approvals"),
        };
        view! {
            <section aria-labelledby="waiting">
                <div class="section-head"><h2 id="waiting">{text!("home-waiting-for-you")}</h2><a href=Link::Approvals.to_string()>{all}</a></div>
                <ol role="list" class="short-list">{rows}</ol>
            </section>
        }
        .into_any()
    })
}

fn claims(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    if page.claims == 0 {
        return None;
    }
    let body = if page.unhealthy_claims.is_empty() {
        let words = if page.claims == 1 {
            text!("home-claim-ready-sentence")
        } else {
            text!(
                "home-claims-ready-sentence",
                claims = message!("count-claims", count = page.claims)
            )
        };
        view! { <p class="line well">{icon("ready")}<span>{words}</span></p> }.into_any()
    } else {
        claim_table(frame.now, &page.unhealthy_claims, Columns::All)
    };
    let all = text!("home-all-count", count = page.claims);
    let title = if page.unhealthy_claims.is_empty() {
        text!("claims")
    } else {
        text!("home-claims-unwell")
    };
    Some(
        view! {
            <section aria-labelledby="unwell">
                <div class="section-head"><h2 id="unwell">{title}</h2><a href=Link::Claims.to_string()>{all}</a></div>
                {body}
            </section>
        }
        .into_any(),
    )
}

fn ending_soon(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    let rows: Vec<_> = page
        .ending_soon
        .iter()
        .filter_map(|row| Some((row, row.expires_at?)))
        .map(|(row, at)| {
            view! {
                <li>
                    <a class="short-row" href=row.href.to_string()>
                        <span class="inbox-what">{icon("clock")}<span>{row.offering_title.clone()}" "<strong>{row.reference.name.to_string()}</strong></span></span>
                        <span class="inbox-since">{rich(message!("home-ends"), [("when", time(frame.now, at).into_any())])}</span>
                        <span class="inbox-facts">{claim_place(row)}" · "{text!("home-renew-or-delete")}</span>
                    </a>
                </li>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="ending">
                <div class="section-head"><h2 id="ending">{text!("home-ending-soon")}</h2></div>
                <ol role="list" class="short-list">{rows}</ol>
            </section>
        }
        .into_any()
    })
}

/// Offerings with a sunset date: those that end within 30 days or have ended, or the others.
fn deprecated(page: &HomePage, urgent: bool) -> Option<AnyView> {
    let rows: Vec<_> = page
        .deprecated
        .iter()
        .filter(|row| (row.lifecycle.phase >= Phase::Ending) == urgent)
        .map(deprecated_row)
        .collect();
    let (id, title) = if urgent {
        ("offerings-ending", text!("home-move-off"))
    } else {
        ("offerings-deprecated", text!("home-deprecated"))
    };
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby=id>
                <div class="section-head"><h2 id=id>{title}</h2></div>
                <ul role="list" class="lines">{rows}</ul>
            </section>
        }
        .into_any()
    })
}

fn deprecated_row(row: &DeprecatedClaims) -> impl IntoView + use<> {
    let claims = Link::Claims.with_query([("offering", row.offering.as_str())]);
    let phase = row.lifecycle.phase;
    let class = match phase {
        Phase::Ended => "problem",
        Phase::Ending => "caution",
        Phase::Draft | Phase::Published | Phase::Deprecated => "line",
    };
    let when = row.lifecycle.sunset.map(|sunset| ends(phase, sunset));
    let words = text!(
        "home-claims-of",
        claims = message!("count-claims", count = row.count),
        offering = &row.offering_title
    );
    let rest = view! { <span class="quiet">{when}" "{instead(&row.lifecycle)}</span> };
    view! {
        <li class=class>{icon("clock")}<span>
            <a href=claims>{words}</a>" "{rest}
        </span></li>
    }
}

fn claim_place(row: &ClaimRow) -> String {
    place(row.tenant.as_ref(), row.environment.as_ref())
}

fn unsuccessful(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    (!page.unsuccessful.is_empty()).then(|| {
        let rows: Vec<_> = page
            .unsuccessful
            .iter()
            .map(|row| request_line(frame, row))
            .collect();
        view! {
            <section aria-labelledby="unsuccessful">
                <div class="section-head"><h2 id="unsuccessful">{text!("home-unsuccessful")}</h2></div>
                <ol role="list" class="short-list">{rows}</ol>
            </section>
        }
        .into_any()
    })
}

fn waiting_on_others(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    (!page.waiting_on_others.is_empty()).then(|| {
        let rows: Vec<_> = page.waiting_on_others.iter().map(|row| request_line(frame, row)).collect();
        let count = usize::try_from(page.waiting_on_others_count).unwrap_or(usize::MAX);
        let all = if count > rows.len() {
            text!("home-all-count", count = count)
        } else {
            text!("home-all-requests")
        };
        view! {
            <section aria-labelledby="others">
                <div class="section-head"><h2 id="others">{text!("home-wait-for-others")}</h2><a href=Link::Requests.with_query([("mine", "true")])>{all}</a></div>
                <ol role="list" class="short-list">{rows}</ol>
            </section>
        }
        .into_any()
    })
}

/// A request on two lines: what and since when, then where it stands.
fn request_line(frame: &Frame, row: &RequestRow) -> impl IntoView + use<> {
    let status = if row.status.is_empty() {
        state_word(row.state)
    } else {
        words(&row.status)
    };
    let place = place(Some(&row.tenant), Some(&row.environment));
    view! {
        <li>
            <a class="short-row" href=row.href.to_string()>
                <span class="inbox-what">{icon(glyph(&row.icon, "other"))}<span>{action_word(row.action)}" "{row.offering_title.clone()}" "<strong>{row.claim.name.to_string()}</strong></span></span>
                <span class="inbox-since">{since(frame.now, row.updated_at)}</span>
                <span class="inbox-facts">{place}" · "{status}</span>
            </a>
        </li>
    }
}

fn today(frame: &Frame, page: &HomePage) -> Option<AnyView> {
    let anything = !page.today.is_empty() || !page.health_changes.is_empty();
    anything.then(|| {
        let claims: Vec<_> = page.health_changes.iter().map(|group| health_changes(frame, group)).collect();
        let claims = (!claims.is_empty())
            .then(|| view! { <div><h3 class="after">{text!("claims")}</h3><ul role="list" class="feed">{claims}</ul></div> });
        let requests = requests(frame, &page.today);
        let requests = (!requests.is_empty())
            .then(|| view! { <div><h3 class="after">{text!("requests")}</h3><ul role="list" class="feed">{requests}</ul></div> });
        view! {
            <section aria-labelledby="today">
                <div class="section-head"><h2 id="today">{text!("home-last-day")}</h2><a href=Link::Requests.to_string()>{text!("home-all-requests")}</a></div>
                <div class="feeds">{claims}{requests}</div>
            </section>
        }
        .into_any()
    })
}

/// Claims that became ready, or broke: few as lines, many as a fold.
fn health_changes(frame: &Frame, group: &HealthChanges) -> AnyView {
    let (name, words) = if group.health == Health::Ready {
        ("ready", text!("home-became-ready"))
    } else {
        ("degraded", text!("home-broke"))
    };
    let place = place(group.tenant.as_ref(), group.environment.as_ref());
    if group.count < GROUP_FROM {
        let lines: Vec<_> = group
            .claims
            .iter()
            .map(|change| health_change(frame, change, name, &words, &place))
            .collect();
        return lines.into_any();
    }
    let claims: Vec<_> = group
        .claims
        .iter()
        .map(|change| changed_claim(frame, change))
        .collect();
    let more = group.count.saturating_sub(claims.len());
    let more = (more > 0).then(|| view! { <li class="quiet">{text!("home-and-more", count = more)}</li> });
    let id = format!(
        "feed-{}-{}-{}",
        group.offering_title.to_lowercase().replace(' ', "-"),
        group.environment.as_ref().map_or("", |name| name.as_str()),
        group.health.slug()
    );
    view! {
        <li class="feed-line">
            {icon(name)}
            <details class="feed-group" id=id>
                <summary>{group.offering_title.clone()}": "<strong>{grouped(group.count)}</strong>" "{words}{icon("right")}
                    <span class="reason">{place}" · "{past_time(frame.now, group.at)}</span>
                </summary>
                <ul role="list">{claims}{more}</ul>
            </details>
        </li>
    }
    .into_any()
}

fn health_change(
    frame: &Frame,
    change: &HealthChange,
    name: &'static str,
    words: &str,
    place: &str,
) -> impl IntoView + use<> {
    let row = &change.claim;
    let reason = (!row.reason.is_empty()).then(|| format!(" · {}", row.reason));
    view! {
        <li class="feed-line">
            {icon(name)}
            <span>
                <a href=row.href.to_string()>{row.offering_title.clone()}" "<strong>{row.reference.name.to_string()}</strong></a>" "{words.to_owned()}
                <span class="reason">{place.to_owned()}" · "{past_time(frame.now, change.at)}{reason}</span>
            </span>
        </li>
    }
}

fn changed_claim(frame: &Frame, change: &HealthChange) -> impl IntoView + use<> {
    let row = &change.claim;
    view! { <li><a href=row.href.to_string()>{row.reference.name.to_string()}</a>" "<span class="quiet">{past_time(frame.now, change.at)}</span></li> }
}

/// The requests of the last day. Several of one kind are a fold.
fn requests(frame: &Frame, rows: &[RequestRow]) -> Vec<AnyView> {
    let same = |a: &RequestRow, b: &RequestRow| {
        a.action == b.action && a.state == b.state && a.claim.offering == b.claim.offering
    };
    let mut groups: Vec<Vec<&RequestRow>> = Vec::new();
    for row in rows {
        let known = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| same(first, row)));
        match known {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    let mut lines = Vec::new();
    for group in groups {
        match group.as_slice() {
            [first, ..] if group.len() >= GROUP_FROM => lines.push(request_group(frame, first, &group)),
            few => lines.extend(few.iter().map(|row| feed_request(frame, row))),
        }
    }
    lines
}

fn feed_request(frame: &Frame, row: &RequestRow) -> AnyView {
    let place = place(Some(&row.tenant), Some(&row.environment));
    view! {
        <li class="feed-line">
            {icon("requests")}
            <span>
                <a href=row.href.to_string()>{action_word(row.action)}" "{row.offering_title.clone()}" "<strong>{row.claim.name.to_string()}</strong></a>": "{lower(&state_word(row.state))}
                <span class="reason">{place}" · "{row.requester.clone()}" · "{time(frame.now, row.updated_at)}</span>
            </span>
        </li>
    }
    .into_any()
}

fn request_group(frame: &Frame, first: &RequestRow, group: &[&RequestRow]) -> AnyView {
    let rows: Vec<_> = group
        .iter()
        .map(|row| {
            view! { <li><a href=row.href.to_string()>{row.claim.name.to_string()}</a>" "<span class="quiet">{row.requester.clone()}" · "{time(frame.now, row.updated_at)}</span></li> }
        })
        .collect();
    let id = format!(
        "feed-{}-{}-{}",
        first.action.slug(),
        first.claim.offering,
        first.state.slug()
    );
    view! {
        <li class="feed-line">
            {icon("requests")}
            <details class="feed-group" id=id>
                <summary>{action_word(first.action)}" "{first.offering_title.clone()}": "<strong>{grouped(group.len())}</strong>" "{lower(&state_word(first.state))}{icon("right")}
                    <span class="reason">{rich(message!("home-the-last"), [("when", time(frame.now, first.updated_at).into_any())])}</span>
                </summary>
                <ul role="list">{rows}</ul>
            </details>
        </li>
    }
    .into_any()
}
