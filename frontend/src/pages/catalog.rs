use leptos::prelude::*;
use portico_api::{CatalogCard, CatalogPage, Frame, Link, MAX_COMPARED, PlaneChoice, message, names};
use portico_domain::documents::Price;

use crate::parts::badge::category_word;
use crate::parts::lifecycle::{phase_badge, short_note};
use crate::parts::text::{empty, grouped};
use crate::parts::{Query, document, glyph_tile, icon, money, pager, rich, text};

/// The catalog: is there an offering for my need?
#[must_use]
pub fn catalog(frame: &Frame, page: &CatalogPage) -> String {
    document(frame, || {
        let query = query_of(page);
        view! {
            <div class="page-head"><h1>{text!("catalog")}</h1></div>
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
                <span class="unseen">{text!("head-plane")}</span>
                <select name="plane">
                    <option value="">{text!("catalog-any-plane")}</option>
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
                <span class="unseen">{text!("home-search")}</span>
                <input type="search" name="q" value=page.query.clone() placeholder=text!("home-question") autocomplete="off" maxlength="200" />
            </label>
            {planes}
            {carried}
            <button class="button when-still">{text!("search")}</button>
        </form>
    }
}

fn categories(page: &CatalogPage, query: &Query) -> impl IntoView + use<> {
    let all = page
        .categories
        .iter()
        .map(|category| category.count)
        .sum::<usize>();
    let chip = |href: String, current: bool, title: String, count: usize| {
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
            chip(href, current, category_word(category.category), category.count)
        })
        .collect();
    view! {
        <nav aria-label=text!("catalog-categories")>
            <ul role="list" class="chips">
                {chip(query.clone().without("category").href(), page.category.is_none(), text!("all"), all)}
                {chips}
            </ul>
        </nav>
    }
}

fn found(page: &CatalogPage) -> AnyView {
    if page.all == 0 {
        return empty(
            "catalog",
            text!("catalog-nothing-offered"),
            text!("catalog-nothing-offered-hint"),
            None,
        );
    }
    if page.cards.items.is_empty() {
        return empty(
            "search",
            text!("catalog-nothing-matches"),
            text!("catalog-nothing-matches-hint"),
            Some((Link::Catalog.to_string(), text!("catalog-show-everything"))),
        );
    }
    let count = page.cards.total.unwrap_or(page.cards.items.len());
    let cards: Vec<_> = page.cards.items.iter().map(card).collect();
    view! {
        <p class="unseen" role="status">{text!("count-offerings", count = count)}</p>
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
            2 => text!("catalog-compare-two"),
            many => text!("catalog-compare", count = many),
        };
        view! { <p><a class="button" href=href>{words}</a></p> }.into_any()
    })
}

/// How long it takes to become ready; nothing if that is too short to notice.
pub(super) fn ready_in(seconds: u64) -> String {
    if seconds < 5 {
        text!("ready-within-seconds")
    } else {
        text!("ready-in-about", time = portico_api::duration(seconds))
    }
}

/// The price of the cheapest plan: `from 28 EUR a month`.
fn from_price(price: &Price) -> AnyView {
    let amount = view! { <strong>{money(price.monthly, &price.currency)}</strong> };
    rich(message!("price-from"), [("price", amount.into_any())])
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
            .map(|price| view! { <li class="card-price">{from_price(price)}</li> });
        let ready = card
            .typical_seconds
            .map(|seconds| view! { <li>{icon("clock")}{ready_in(seconds)}</li> });
        // To need no approval is the usual case.
        let approval = (card.needs_approval == Some(true))
            .then(|| view! { <li>{icon("shield")}{text!("needs-approval")}</li> });
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
            text!("does-not-answer", plane = &plane.title)
        } else {
            plane.title.clone()
        }
    };
    if let Some(publisher) = &card.published_by {
        return view! { <span>{text!("by-team", team = publisher)}</span> }.into_any();
    }
    match card.planes.as_slice() {
        [] => view! { <span>{text!("nowhere-now")}</span> }.into_any(),
        // A title can hold a comma, so each stands in a tag of its own.
        few @ ([_] | [_, _]) => few
            .iter()
            .map(|plane| view! { <span class="tag">{title(plane)}</span> })
            .collect::<Vec<_>>()
            .into_any(),
        many if card.unreachable.is_empty() => {
            view! { <span>{text!("on-planes", count = many.len())}</span> }.into_any()
        }
        many => {
            let words = text!(
                "on-planes-some-dead",
                count = many.len(),
                dead = card.unreachable.len()
            );
            view! { <span>{words}</span> }.into_any()
        }
    }
}
