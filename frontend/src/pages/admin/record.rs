use leptos::prelude::*;
use portico_api::{ChainBreak, ChainState, Frame, Link, RecordPage, RecordRow, names};

use super::tabs;
use crate::parts::text::{empty, grouped};
use crate::parts::{Query, document, icon, select, time};

/// The audit log: who did what to what, when, from where.
#[must_use]
pub fn admin_record(frame: &Frame, page: &RecordPage) -> String {
    document(frame, || {
        let query = Query::new(Link::Record)
            .with("q", page.query.clone())
            .with("verb", page.verb.clone().unwrap_or_default())
            .with(
                "tenant",
                page.tenant.as_ref().map_or("", |tenant| tenant.as_str()),
            )
            .with("person", page.person.clone().unwrap_or_default())
            .with("since", page.since.clone().unwrap_or_default())
            .with("until", page.until.clone().unwrap_or_default());
        let carried: Vec<_> = query
            .besides(&["q", "tenant", "person", "since", "until"])
            .into_iter()
            .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
            .collect();
        let chip = page.verb.clone().map(|verb| {
            let href = query.clone().without("verb").href();
            view! { <ul role="list" class="chips"><li><a class="chip" href=href aria-current="true">{verb}" ×"</a></li></ul> }
        });
        let tenants = page
            .tenants
            .iter()
            .map(|(name, title)| (name.to_string(), title.clone()));
        let export = query.clone().at(Link::RecordExport).href();
        let older = page
            .before
            .map(|before| view! { <nav class="pager" aria-label="Pages"><span></span><a class="button" rel="next" href=query.clone().with("before", before.to_string()).href()>"Older"</a></nav> });
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::Record)}
            <form class="search" role="search" method="get" action=Link::Record.to_string() data-search="">
                <label class="search-box">
                    {icon("search")}
                    <span class="unseen">"Search the record"</span>
                    <input type="search" name="q" value=page.query.clone() placeholder="Who, what or to what" autocomplete="off" maxlength="200" />
                </label>
                {select("tenant", "Tenant", "Any tenant", tenants.collect(), page.tenant.as_ref().map(AsRef::as_ref))}
                {select("person", "Person", "Anybody", page.people.clone(), page.person.as_deref())}
                <div class="days">
                    <label class="day"><span>"From"</span><input type="date" name="since" value=page.since.clone() /></label>
                    <label class="day"><span>"to"</span><input type="date" name="until" value=page.until.clone() /></label>
                </div>
                {carried}
                <button class="button when-still">"Search"</button>
            </form>
            <div class="live" data-live="record">
                <div class="beside">
                    <div>{page.chain.as_ref().map(|state| chain(frame, state))}{chip}</div>
                    <a class="button" href=export download="" title="All that these filters find, as JSON lines with their hashes">{icon("download")}"Export"</a>
                </div>
                {found(frame, page, &query)}
                {older}
            </div>
        }
        .into_any()
    })
}

fn chain(frame: &Frame, state: &ChainState) -> AnyView {
    let known: Vec<_> = state.breaks.iter().map(|found| one_break(frame, found)).collect();
    let listed = (!known.is_empty()).then(|| view! { <ul>{known}</ul> });
    if state.holds {
        let when = state
            .verified_at
            .map(|at| view! { ", all of them last "{time(frame.now, at)} });
        let checked = state
            .checked_at
            .map(|at| view! { ", checked "{time(frame.now, at)} });
        let verified = grouped(usize::try_from(state.verified).unwrap_or(0));
        view! {
            <p class="line well">{icon("shield")}<span>"The record is as it was written: verified up to event "{verified}{checked}{when}"."</span></p>
            {listed}
        }
        .into_any()
    } else {
        let place = state
            .breaks_at
            .filter(|at| *at > 0)
            .map(|at| format!(" at event {at}"));
        view! {
            <div class="notice bad" role="alert">{icon("bad")}<div>
                <p>"The record is broken"{place}". Somebody changed the database by hand: keep a copy of it and find out who."</p>
                {listed}
                <form method="post" action=Link::AcknowledgeBreaks.to_string()>
                    <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                    <button class="button">"I have seen this"</button>
                </form>
            </div></div>
        }
        .into_any()
    }
}

fn one_break(frame: &Frame, found: &ChainBreak) -> impl IntoView + use<> {
    let place = if found.sequence > 0 {
        format!("Event {}: ", found.sequence)
    } else {
        String::new()
    };
    let seen = found
        .acknowledged_by
        .clone()
        .map(|name| format!("; seen by {name}"));
    view! { <li>{place}{found.why.clone()}" (found "{time(frame.now, found.found_at)}{seen}")"</li> }
}

fn found(frame: &Frame, page: &RecordPage, query: &Query) -> AnyView {
    if page.rows.is_empty() {
        return empty(
            "record",
            "Nothing is like that",
            "Whatever anybody does in Portico stands here.",
            None,
        );
    }
    let rows: Vec<_> = page.rows.iter().map(|each| row(frame, each, query)).collect();
    view! {
        <div class="table-wrap"><table class="rows widest">
            <caption class="unseen">"The record"</caption>
            <thead><tr>
                <th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"What"</th>
                <th scope="col">"Tenant"</th><th scope="col">"From"</th><th scope="col" class="number">"No."</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(frame: &Frame, row: &RecordRow, query: &Query) -> impl IntoView + use<> {
    let event = &row.event.event;
    let sentence = match &row.href {
        Some(href) => view! { <a href=href.to_string()>{row.sentence.clone()}</a> }.into_any(),
        None => row.sentence.clone().into_any(),
    };
    let verb = query.clone().with("verb", event.verb.clone()).href();
    let dash = || "–".to_owned();
    view! {
        <tr id=format!("e-{}", row.event.sequence)>
            <td data-label="When">{time(frame.now, event.at)}</td>
            <td data-label="Who">{event.actor_name.clone()}</td>
            <td data-label="What">{sentence}<span class="reason mono"><a href=verb>{event.verb.clone()}</a></span></td>
            <td data-label="Tenant">{event.tenant.as_ref().map_or_else(dash, ToString::to_string)}</td>
            <td data-label="From" class="mono peer">{event.remote.clone().unwrap_or_else(dash)}</td>
            <td data-label="No." class="number"><span title=row.event.hash.clone()>{row.event.sequence}</span></td>
        </tr>
    }
}
