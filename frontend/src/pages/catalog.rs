use leptos::prelude::*;
use portico_api::words::money;
use portico_api::{CatalogCard, CatalogPage, Frame, Link, MAX_COMPARED, PlaneChoice, names};

use crate::parts::lifecycle::{phase_badge, short_note};
use crate::parts::text::{counted, empty, grouped};
use crate::parts::{Query, document, duration, glyph_tile, icon, pager};

/// The catalog: is there an offering for my need?
#[must_use]
pub fn catalog(frame: &Frame, page: &CatalogPage) -> String {
    document(frame, || {
        let query = query_of(page);
        view! {
            <div class="page-head"><h1>"Catalog"</h1></div>
            {search(page, &query)}
            <div class="live" data-live="catalog">
                {categories(page, &query)}
                {found(page)}
                {pager(&page.cards, &query)}
            </div>
        }
        .into_any()
    })
}

fn query_of(page: &CatalogPage) -> Query {
    Query::new(Link::Catalog)
        .with("q", page.query.clone())
        .with("category", page.category.map_or("", |category| category.slug()))
        .with("plane", page.plane.as_ref().map_or("", |plane| plane.as_str()))
}

fn search(page: &CatalogPage, query: &Query) -> impl IntoView + use<> {
    let carried: Vec<_> = query
        .besides(&["q", "plane"])
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    let planes = (page.planes.len() > 1).then(|| {
        let options: Vec<_> = page
            .planes
            .iter()
            .map(|plane| {
                let chosen = page.plane.as_ref() == Some(&plane.name);
                view! { <option value=plane.name.to_string() selected=chosen>{plane.title.clone()}</option> }
            })
            .collect();
        view! {
            <label class="select">
                <span class="unseen">"Control plane"</span>
                <select name="plane">
                    <option value="">"Any control plane"</option>
                    {options}
                </select>
                {icon("down")}
            </label>
        }
    });
    view! {
        <form class="search" role="search" method="get" action=Link::Catalog.to_string() data-search="">
            <label class="search-box">
                {icon("search")}
                <span class="unseen">"Search the catalog"</span>
                <input type="search" name="q" value=page.query.clone() placeholder="What do you need?" autocomplete="off" maxlength="200" />
            </label>
            {planes}
            {carried}
            <button class="button when-still">"Search"</button>
        </form>
    }
}

fn categories(page: &CatalogPage, query: &Query) -> impl IntoView + use<> {
    let all = page
        .categories
        .iter()
        .map(|category| category.count)
        .sum::<usize>();
    let chip = |href: String, current: bool, title: &'static str, count: usize| {
        view! {
            <li>
                <a class="chip" href=href aria-current=current.then_some("true")>{title}<span class="chip-count">{grouped(count)}</span></a>
            </li>
        }
    };
    let chips: Vec<_> = page
        .categories
        .iter()
        .filter(|category| category.count > 0 || page.category == Some(category.category))
        .map(|category| {
            let current = page.category == Some(category.category);
            let href = query.clone().with("category", category.category.slug()).href();
            chip(href, current, category.category.title(), category.count)
        })
        .collect();
    view! {
        <nav aria-label="Categories">
            <ul role="list" class="chips">
                {chip(query.clone().without("category").href(), page.category.is_none(), "All", all)}
                {chips}
            </ul>
        </nav>
    }
}

fn found(page: &CatalogPage) -> AnyView {
    if page.all == 0 {
        return empty(
            "catalog",
            "Nothing is offered yet",
            "Offerings appear here as soon as a control plane serves a kind that is marked as offered. Ask your platform team, or look at Admin if that is you.",
            None,
        );
    }
    if page.cards.items.is_empty() {
        return empty(
            "search",
            "Nothing matches",
            "Try another word, or look through everything that is offered.",
            Some((Link::Catalog.to_string(), "Show everything")),
        );
    }
    let count = page.cards.total.unwrap_or(page.cards.items.len());
    let cards: Vec<_> = page.cards.items.iter().map(card).collect();
    view! {
        <p class="unseen" role="status">{counted(count, "offering", "offerings")}</p>
        <ul role="list" class="cards shelf">{cards}</ul>
        {comparison(page)}
    }
    .into_any()
}

/// The way to the offerings side by side, where there are few enough.
fn comparison(page: &CatalogPage) -> Option<AnyView> {
    let cards = &page.cards.items;
    let is_one_page = page.cards.total.is_none_or(|total| total == cards.len());
    (is_one_page && (2..=MAX_COMPARED).contains(&cards.len())).then(|| {
        let href = Link::Compare.with_query(cards.iter().map(|card| (names::OFFERING, card.name.as_str())));
        let words = match cards.len() {
            2 => "Compare the two".to_owned(),
            many => format!("Compare these {many}"),
        };
        view! { <p><a class="button" href=href>{words}</a></p> }.into_any()
    })
}

/// How long it takes to become ready; nothing if that is too short to notice.
pub(super) fn ready_in(seconds: u64) -> String {
    if seconds < 5 {
        "Ready within seconds".to_owned()
    } else {
        format!("Ready in about {}", duration(seconds))
    }
}

/// An offering in a list: what it is, what it costs, how long it takes, what is special about it, where it runs.
pub(super) fn card(card: &CatalogCard) -> impl IntoView + use<> {
    let broken = card.problem.clone().map(|problem| {
        view! { <p class="card-facts problem">{icon("degraded")}<span>{problem}</span></p> }
    });
    let facts = card.problem.is_none().then(|| {
        let price = card
            .price_from
            .as_ref()
            .map(|price| view! { <li class="card-price">"from "<strong>{money(price.monthly, &price.currency)}</strong>" a month"</li> });
        let ready = card
            .typical_seconds
            .map(|seconds| view! { <li>{icon("clock")}{ready_in(seconds)}</li> });
        // To need no approval is the usual case.
        let approval = (card.needs_approval == Some(true))
            .then(|| view! { <li>{icon("shield")}"Needs approval"</li> });
        view! { <ul role="list" class="card-facts">{price}{ready}{approval}<li class="card-places">{icon(where_icon(card))}{where_it_runs(card)}</li></ul> }
    });
    let badge = phase_badge(card.lifecycle.phase).map(|badge| view! { " "{badge} });
    view! {
        <li class="card" id=format!("o-{}", card.name)>
            {glyph_tile(&card.icon, card.category.slug(), false)}
            <h2><a href=Link::Offering(card.name.clone()).to_string()>{card.title.clone()}</a>{badge}</h2>
            <div class="card-text">
                <p class="card-summary">{card.summary.clone()}</p>
                {short_note(&card.lifecycle)}
            </div>
            {facts}
            {broken}
        </li>
    }
}

fn where_icon(card: &CatalogCard) -> &'static str {
    if card.published_by.is_some() {
        "people"
    } else if card.unreachable.is_empty() {
        "planes"
    } else {
        "unreachable"
    }
}

/// The control planes by title; more than two are counted.
pub(super) fn where_it_runs(card: &CatalogCard) -> AnyView {
    let title = |plane: &PlaneChoice| {
        if card.unreachable.contains(&plane.name) {
            format!("{} (does not answer)", plane.title)
        } else {
            plane.title.clone()
        }
    };
    if let Some(publisher) = &card.published_by {
        return view! { <span>"By team "{publisher.clone()}</span> }.into_any();
    }
    match card.planes.as_slice() {
        [] => view! { <span>"Nowhere just now"</span> }.into_any(),
        // A title can hold a comma, so each stands in a tag of its own.
        few @ ([_] | [_, _]) => few
            .iter()
            .map(|plane| view! { <span class="tag">{title(plane)}</span> })
            .collect::<Vec<_>>()
            .into_any(),
        many if card.unreachable.is_empty() => {
            view! { <span>{format!("{} control planes", many.len())}</span> }.into_any()
        }
        many => {
            let dead = match card.unreachable.len() {
                1 => "1 is".to_owned(),
                some => format!("{some} are"),
            };
            view! { <span>{format!("{} control planes, of which {dead} not answering", many.len())}</span> }
                .into_any()
        }
    }
}
