//! The views of the list of claims: those that the person saved, the filter that they used last, and how to save this one.

use leptos::prelude::*;
use portico_api::{ClaimsFilter, ClaimsPage, ClaimsViews, Frame, Link, names};

use super::claims::{csrf, query_of};
use crate::parts::badge::health_word;
use crate::parts::text::{lower, lower_noun};
use crate::parts::{Query, icon, text};

/// The bar below the filters. Nothing if there is neither a view nor a filter.
pub(super) fn bar(frame: &Frame, page: &ClaimsPage, views: &ClaimsViews, query: &Query) -> Option<AnyView> {
    let here = query.href();
    let current = views
        .saved
        .iter()
        .find(|(_, filter)| query_of(filter).href() == here);
    let saved: Vec<_> = views
        .saved
        .iter()
        .map(|(name, filter)| {
            let href = query_of(filter).href();
            let is_current = (href == here).then_some("true");
            view! { <li><a class="chip" href=href aria-current=is_current>{icon("bookmark")}{name.clone()}</a></li> }
        })
        .collect();
    let last = views
        .last
        .as_ref()
        .filter(|_| query.is_empty())
        .map(|filter| {
            let href = query_of(filter).href();
            view! { <li><a class="chip" href=href>{icon("clock")}{text!("views-last-used", filter = in_words(page, filter))}</a></li> }
        });
    let act = match current {
        Some((name, _)) => Some(delete(frame, name)),
        None if !query.is_empty() => Some(save(frame, query)),
        None => None,
    };
    (!saved.is_empty() || last.is_some() || act.is_some()).then(|| {
        view! {
            <nav class="views" aria-label=text!("views")>
                <ul role="list" class="chips">{saved}{last}</ul>
                {act}
            </nav>
        }
        .into_any()
    })
}

fn save(frame: &Frame, query: &Query) -> AnyView {
    let parameters: Vec<_> = query
        .besides(&[])
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    view! {
        <details class="menu save-view" name="menu" id="save-view">
            <summary class="chip">{icon("bookmark")}{text!("views-save-this")}</summary>
            <form class="menu-body" method="post" action=Link::SaveClaimsView.to_string()>
                {csrf(frame)}
                {parameters}
                <label class="field-label" for="view-name">{text!("views-name")}</label>
                <input type="text" id="view-name" name=names::NAME required maxlength="60" autocomplete="off" />
                <button class="button primary">{text!("views-save")}</button>
            </form>
        </details>
    }
    .into_any()
}

fn delete(frame: &Frame, name: &str) -> AnyView {
    let name = name.to_owned();
    view! {
        <form method="post" action=Link::DeleteClaimsView.to_string()>
            {csrf(frame)}
            <input type="hidden" name=names::NAME value=name.clone() />
            <button class="button small quiet">{icon("deleting")}{text!("views-delete")}<span class="unseen">" "{name}</span></button>
        </form>
    }
    .into_any()
}

/// A filter in a few words, by titles where the list knows them.
fn in_words(page: &ClaimsPage, filter: &ClaimsFilter) -> String {
    let offering = filter.offering.as_ref().map(|name| {
        let known = page.offerings.iter().find(|(other, _)| other == name);
        known.map_or_else(|| name.to_string(), |(_, title)| title.clone())
    });
    let plane = filter.plane.as_ref().map(|name| {
        let known = page.planes.iter().find(|plane| plane.name == *name);
        known.map_or_else(|| name.to_string(), |plane| plane.title.clone())
    });
    let sorted = filter.sort.as_ref().map(|sort| {
        let by = match sort.trim_start_matches('-') {
            "name" => text!("head-name"),
            "health" => text!("head-health"),
            "offering" => text!("head-offering"),
            "version" => text!("head-version"),
            "plan" => text!("head-plan"),
            "environment" => text!("head-environment"),
            "plane" => text!("head-plane"),
            "age" => text!("head-age"),
            other => other.to_owned(),
        };
        text!("views-sorted", column = lower_noun(&by))
    });
    let parts = [
        (!filter.query.is_empty()).then(|| text!("views-query", query = &filter.query)),
        filter.health.map(|health| lower(&health_word(health))),
        offering,
        filter.environment.as_ref().map(ToString::to_string),
        plane,
        filter.tenant.as_ref().map(ToString::to_string),
        filter.mine.then(|| text!("views-only-mine")),
        sorted,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
