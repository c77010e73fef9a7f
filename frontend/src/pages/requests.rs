use leptos::prelude::*;
use portico_api::{Frame, Link, RequestsPage};
use portico_domain::request::State;

use crate::parts::badge::state_word;
use crate::parts::rows::{Columns, request_table};
use crate::parts::text::empty;
use crate::parts::{Query, document, text};

/// The states with a filter chip.
const FILTERS: [State; 6] = [
    State::AwaitingApproval,
    State::Applying,
    State::Fulfilled,
    State::Rejected,
    State::Failed,
    State::Withdrawn,
];

/// A list of requests.
#[must_use]
pub fn requests(frame: &Frame, page: &RequestsPage) -> String {
    document(frame, || {
        let query = Query::new(Link::Requests)
            .with("state", page.state.map_or("", State::slug))
            .with(
                "offering",
                page.offering.as_ref().map_or("", |offering| offering.as_str()),
            )
            .with("mine", if page.mine { "true" } else { "" });
        view! {
            <div class="page-head">
                <h1>{text!("requests")}</h1>
                <div class="actions"><a class="button primary" href=Link::Catalog.to_string()>{text!("new-request")}</a></div>
            </div>
            <div class="live" data-live="requests">
                {filters(page, &query)}
                {found(frame, page, &query)}
                {older(page, &query)}
            </div>
        }
        .into_any()
    })
}

/// The link to older requests, which starts after the last one shown.
fn older(page: &RequestsPage, query: &Query) -> Option<AnyView> {
    let last = page.rows.items.last().filter(|_| page.rows.more)?;
    let href = query.clone().with("before", last.id.to_string()).href();
    Some(
        view! { <nav class="pager" aria-label=text!("pager-label")><span></span><a class="button" rel="next" href=href>{text!("requests-older")}</a></nav> }
            .into_any(),
    )
}

fn filters(page: &RequestsPage, query: &Query) -> impl IntoView + use<> {
    let chip = |href: String, title: String, current: bool| {
        view! { <li><a class="chip" href=href aria-current=current.then_some("true")>{title}</a></li> }
    };
    let mut chips = vec![chip(
        query.clone().without("state").href(),
        text!("all"),
        page.state.is_none(),
    )];
    let others = page.state.filter(|state| !FILTERS.contains(state));
    chips.extend(FILTERS.into_iter().chain(others).map(|state| {
        let current = page.state == Some(state);
        chip(
            query.clone().with("state", state.slug()).href(),
            state_word(state),
            current,
        )
    }));
    let mine = query
        .clone()
        .with("mine", if page.mine { "" } else { "true" })
        .href();
    let offering = page.offering.as_ref().map(|offering| {
        chip(
            query.clone().without("offering").href(),
            format!("{offering} ×"),
            true,
        )
    });
    view! {
        <nav aria-label=text!("filters")>
            <ul role="list" class="chips">
                {chips}
                <li class="divide">{view! { <a class="chip" href=mine aria-current=page.mine.then_some("true")>{text!("only-mine")}</a> }}</li>
                {offering}
            </ul>
        </nav>
    }
}

fn found(frame: &Frame, page: &RequestsPage, query: &Query) -> AnyView {
    if !page.rows.items.is_empty() {
        return request_table(frame.now, &page.rows.items, Columns::All);
    }
    if query.is_empty() {
        return empty(
            "requests",
            text!("requests-none"),
            text!("requests-none-hint"),
            Some((Link::Catalog.to_string(), text!("look-through-catalog"))),
        );
    }
    empty(
        "requests",
        text!("requests-none-like-that"),
        text!("take-away-filter"),
        Some((Link::Requests.to_string(), text!("requests-show-all"))),
    )
}
