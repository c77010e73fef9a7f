//! The usage of a tenant over time, or of all tenants: for those who would rather look than read.

mod claims;
mod cost;
mod quota;
mod ready;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;
use portico_api::{Frame, Link, UsagePage, UsagePeriod, words};

use crate::parts::chart::hatch;
use crate::parts::{Query, document, icon, options};

/// The usage page: what changes, what nears its limit, how long things take, what they cost.
#[must_use]
pub fn usage(frame: &Frame, page: &UsagePage) -> String {
    document(frame, || {
        let of = if page.tenant.is_some() {
            page.title.clone()
        } else {
            "All tenants together".to_owned()
        };
        view! {
            <div class="page-head">
                <div><h1>"Usage"</h1><p>{of}{since(page)}</p></div>
                <div class="actions">{tenants(page)}</div>
            </div>
            {periods(page)}
            {hatch(&PATTERNS)}
            {claims::section(page)}
            {quota::section(page)}
            <div class="usage-pair">
                {ready::section(page)}
                {cost::section(page)}
            </div>
        }
        .into_any()
    })
}

/// The classes of everything that has a pattern.
const PATTERNS: [&str; 9] = [
    "ready",
    "pending",
    "paused",
    "deleting",
    "unknown",
    "unreachable",
    "degraded",
    "past",
    "so-far",
];

/// Says since when Portico has counted, if that is within the period.
fn since(page: &UsagePage) -> Option<String> {
    let begin = page.claims.first()?.from;
    match page.counted_since {
        Some(since) if since < begin => None,
        Some(since) => Some(format!(
            ". Portico has counted since {}: before that, there is nothing to show.",
            words::day(since.to_zoned(TimeZone::UTC).date())
        )),
        None => {
            Some(". Portico counts once an hour and begins now: come back to see how it changes.".to_owned())
        }
    }
}

/// The choice of a tenant, if there is one.
fn tenants(page: &UsagePage) -> Option<AnyView> {
    let choices = page.tenants.len() + usize::from(page.may_see_all);
    if choices < 2 {
        return None;
    }
    let tenants = page.tenants.iter();
    let tenants: Vec<_> = tenants
        .map(|(name, title)| (name.to_string(), title.clone()))
        .collect();
    let chosen = page.tenant.as_ref().map(AsRef::<str>::as_ref);
    let choices = if page.may_see_all {
        options("All tenants", tenants, chosen).into_any()
    } else {
        let tenants = tenants.into_iter().map(|(name, title)| {
            let selected = chosen == Some(name.as_str());
            view! { <option value=name selected=selected>{title}</option> }
        });
        tenants.collect_view().into_any()
    };
    let view = view! {
        <form class="usage-tenant" method="get" action=Link::Usage.to_string()>
            <input type="hidden" name="days" value=page.days.to_string() />
            <label class="select">
                <span class="unseen">"Tenant"</span>
                <select name="tenant">{choices}</select>
                {icon("down")}
            </label>
            <button class="button">"Show"</button>
        </form>
    };
    Some(view.into_any())
}

/// The choice of the period.
fn periods(page: &UsagePage) -> impl IntoView + use<> {
    let tenant = page.tenant.as_ref().map_or("", |tenant| tenant.as_str());
    let chips: Vec<_> = UsagePeriod::ALL
        .into_iter()
        .map(|period| {
            let days = period.days();
            let href = Query::new(Link::Usage)
                .with("tenant", tenant)
                .with("days", days.to_string())
                .href();
            let current = days == page.days;
            view! { <li><a class="chip" href=href aria-current=current.then_some("true")>{days}" days"</a></li> }
        })
        .collect();
    view! { <nav aria-label="Period"><ul role="list" class="chips">{chips}</ul></nav> }
}

/// How many slots lie between two labels: two days, a week, three weeks.
fn label_every(page: &UsagePage) -> usize {
    match page.days {
        0..=7 => 8,
        8..=30 => 7,
        _ => 21,
    }
}

/// A day as a label: `3 Nov`.
fn short_day(at: Timestamp) -> String {
    at.strftime("%-d %b").to_string()
}

/// The beginning of a slot in a table: `3 Nov 2026`, with the hour where a day has several.
fn slot_name(page: &UsagePage, at: Timestamp) -> String {
    let format = if page.slot_hours < 24 {
        "%-d %b %Y, %H:%M"
    } else {
        "%-d %b %Y"
    };
    at.strftime(format).to_string()
}

/// `1 claim`, `1,200 claims`.
fn claims_in_words(count: u64) -> String {
    let number = words::grouped(&count.to_string());
    if count == 1 {
        format!("{number} claim")
    } else {
        format!("{number} claims")
    }
}

/// The numbers of a chart, folded away. `columns` are the heads after the first one.
fn numbers(
    summary: String,
    first: &'static str,
    columns: &[String],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> AnyView {
    let heads: Vec<_> = columns
        .iter()
        .map(|name| view! { <th scope="col" class="number">{name.clone()}</th> })
        .collect();
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, cells)| {
            let cells: Vec<_> = cells
                .into_iter()
                .zip(columns)
                .map(|(cell, column)| view! { <td class="number" data-label=column.clone()>{cell}</td> })
                .collect();
            view! { <tr><th scope="row">{name}</th>{cells}</tr> }
        })
        .collect();
    // So many do not fit beside each other on a phone.
    let class = if columns.len() > 3 {
        "numbers many"
    } else {
        "numbers"
    };
    view! {
        <details class="fold">
            <summary>{icon("right")}{summary.clone()}</summary>
            <div class="table-wrap">
                <table class=class>
                    <caption class="unseen">{summary}</caption>
                    <thead><tr><th scope="col">{first}</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
