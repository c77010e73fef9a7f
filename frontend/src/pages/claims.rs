use leptos::prelude::*;
use portico_api::{ClaimsFilter, ClaimsPage, ClaimsViews, Frame, Link, SeveralAction, names};

use super::claims_views;
use crate::parts::badge::health_word;
use crate::parts::rows::sortable_claim_table;
use crate::parts::text::{empty, grouped};
use crate::parts::{Query, document, icon, pager, select, text};

/// The list of claims: which of them need me?
#[must_use]
pub fn claims(frame: &Frame, page: &ClaimsPage, views: &ClaimsViews) -> String {
    document(frame, || {
        let query = query_of(&page.filter);
        view! {
            <div class="page-head">
                <h1>{text!("claims")}</h1>
                <div class="actions"><a class="button primary" href=Link::Catalog.to_string()>{text!("new-request")}</a></div>
            </div>
            {search(page, &query)}
            <div class="live" data-live="claims">
                {unreachable(&page.unreachable_planes)}
                {chips(page, &query)}
                {claims_views::bar(frame, page, views, &query)}
                {found(frame, page, &query)}
                {pager(&page.rows, &query)}
                {export(page, &query)}
            </div>
        }
        .into_any()
    })
}

pub(super) fn query_of(filter: &ClaimsFilter) -> Query {
    let pairs = filter.parameters();
    pairs
        .into_iter()
        .fold(Query::new(Link::Claims), |query, (key, value)| {
            query.with(key, value)
        })
}

fn search(page: &ClaimsPage, query: &Query) -> impl IntoView + use<> {
    let filter = &page.filter;
    let offerings = page
        .offerings
        .iter()
        .map(|(name, title)| (name.to_string(), title.clone()));
    let planes = page
        .planes
        .iter()
        .map(|plane| (plane.name.to_string(), plane.title.clone()));
    let environments = page
        .environments
        .iter()
        .map(|name| (name.to_string(), name.to_string()));
    let carried: Vec<_> = query
        .besides(&["q", "offering", "plane", "environment"])
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    view! {
        <form class="search filters" role="search" method="get" action=Link::Claims.to_string() data-search="">
            <label class="search-box">
                {icon("search")}
                <span class="unseen">{text!("claims-search")}</span>
                <input type="search" name="q" value=filter.query.clone() placeholder=text!("claims-search") autocomplete="off" maxlength="200" />
            </label>
            {select("offering", text!("head-offering"), text!("claims-any-offering"), offerings.collect(), filter.offering.as_ref().map(AsRef::as_ref))}
            {select("environment", text!("head-environment"), text!("claims-any-environment"), environments.collect(), filter.environment.as_ref().map(AsRef::as_ref))}
            {select("plane", text!("head-plane"), text!("catalog-any-plane"), planes.collect(), filter.plane.as_ref().map(AsRef::as_ref))}
            {carried}
            <button class="button when-still">{text!("claims-show")}</button>
        </form>
    }
}

fn chips(page: &ClaimsPage, query: &Query) -> impl IntoView + use<> {
    let chip = |href: String, title: String, count: Option<usize>, current: bool| {
        let count = count.map(|count| view! { <span class="chip-count">{grouped(count)}</span> });
        view! { <li><a class="chip" href=href aria-current=current.then_some("true")>{title}{count}</a></li> }
    };
    let filter = &page.filter;
    let all = page.healths.iter().map(|(_, count)| count).sum::<usize>();
    let mut chips = vec![chip(
        query.clone().without("health").href(),
        text!("all"),
        Some(all),
        filter.health.is_none(),
    )];
    chips.extend(
        page.healths
            .iter()
            .filter(|(health, count)| *count > 0 || filter.health == Some(*health))
            .map(|(health, count)| {
                let current = filter.health == Some(*health);
                let href = query.clone().with("health", health.slug()).href();
                chip(href, health_word(*health), Some(*count), current)
            }),
    );
    let mine = query
        .clone()
        .with("mine", if filter.mine { "" } else { "true" })
        .href();
    let tenant = filter.tenant.as_ref().map(|tenant| {
        chip(
            query.clone().without("tenant").href(),
            format!("{tenant} ×"),
            None,
            true,
        )
    });
    view! {
        <nav aria-label=text!("filters")>
            <ul role="list" class="chips">
                {chips}
                <li class="divide">{view! { <a class="chip" href=mine aria-current=filter.mine.then_some("true")>{text!("only-mine")}</a> }}</li>
                {tenant}
            </ul>
        </nav>
    }
}

/// The link to the list as a file.
fn export(page: &ClaimsPage, query: &Query) -> Option<AnyView> {
    let href = query.clone().at(Link::ClaimsExport).href();
    (!page.rows.items.is_empty()).then(|| {
        view! { <p class="quiet export"><a href=href download="">{icon("download")}{text!("claims-export")}</a></p> }.into_any()
    })
}

fn found(frame: &Frame, page: &ClaimsPage, query: &Query) -> AnyView {
    if !page.rows.items.is_empty() {
        let rows = &page.rows.items;
        let sort = page.filter.sort.as_deref();
        let table = sortable_claim_table(frame.now, rows, query, sort, page.may_change);
        return if page.may_change { selection(table) } else { table };
    }
    if query.is_empty() || page.healths.iter().all(|(_, count)| *count == 0) && page.filter.query.is_empty() {
        return empty(
            "claims",
            text!("claims-none"),
            text!("claims-none-hint"),
            Some((Link::Catalog.to_string(), text!("look-through-catalog"))),
        );
    }
    empty(
        "search",
        text!("claims-none-like-that"),
        text!("take-away-filter"),
        Some((Link::Claims.to_string(), text!("claims-show-all"))),
    )
}

/// The table in a form that does something with the selected rows. Its buttons show once a row is selected.
fn selection(table: AnyView) -> AnyView {
    let button = |action: SeveralAction, mark: &'static str, words: String| {
        view! { <button class="button" name=names::ACTION value=action.slug()>{icon(mark)}{words}</button> }
    };
    view! {
        <form class="selection" method="get" action=Link::SeveralClaims.to_string() data-select="">
            {table}
            <div class="selected" role="group" aria-label=text!("claims-selected")>
                <p class="selected-count" role="status" data-kept=""></p>
                {button(SeveralAction::Renew, "refresh", text!("claims-renew"))}
                {button(SeveralAction::Delete, "deleting", text!("claims-delete"))}
            </div>
        </form>
    }
    .into_any()
}

/// Says once that control planes do not answer. `titles` are theirs.
pub(super) fn unreachable(titles: &[String]) -> Option<AnyView> {
    if titles.is_empty() {
        return None;
    }
    let words = text!(
        "planes-do-not-answer",
        count = titles.len(),
        planes = titles.join(", ")
    );
    Some(
        view! { <div class="notice warning" role="status">{icon("unreachable")}<p>{words}</p></div> }
            .into_any(),
    )
}

/// The hidden CSRF token of a form.
pub(super) fn csrf(frame: &Frame) -> impl IntoView + use<> {
    view! { <input type="hidden" name=names::CSRF value=frame.csrf.clone() /> }
}
