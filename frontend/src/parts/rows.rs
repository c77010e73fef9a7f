//! Tables of claims and requests. On narrow screens a row is two lines: its subject with its state, and the facts.

use jiff::Timestamp;
use leptos::prelude::*;
use portico_api::{ClaimRow, RequestRow, names};
use portico_domain::claim::Health;
use portico_domain::documents::Phase;

use super::badge::{action_word, badge, health, state};
use super::lifecycle::phase_badge;
use super::text::place;
use super::{Query, glyph, icon, past_time, relative, text, time, words};

/// The columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// All columns.
    All,
    /// Without the subject of the page: the offering for claims, the claim for requests.
    Fewer,
}

/// Longest title, in characters, that a cell does not break.
const WHOLE_CHARS: usize = 24;

/// The headings of a table of claims, by their keys in the URL.
fn claim_heads() -> [(&'static str, String); 8] {
    [
        ("name", text!("head-name")),
        ("health", text!("head-health")),
        ("offering", text!("head-offering")),
        ("version", text!("head-version")),
        ("plan", text!("head-plan")),
        ("environment", text!("head-environment")),
        ("plane", text!("head-plane")),
        ("age", text!("head-age")),
    ]
}

/// A table of claims.
pub(crate) fn claim_table(now: Timestamp, rows: &[ClaimRow], columns: Columns) -> AnyView {
    let all = columns == Columns::All;
    let rows: Vec<_> = rows.iter().map(|row| claim_row(now, row, all, false)).collect();
    let heads = claim_heads()
        .into_iter()
        .filter(|(key, _)| all || *key != "offering")
        .map(|(_, title)| view! { <th scope="col">{title}</th> }.into_any())
        .collect();
    table(text!("claims"), "rows compact", heads, rows)
}

/// A table of claims with headings that sort. `query` is the filter of the list; `sort` the order in force. `selectable`:
/// each row has a box by which it can be selected, for the form that the table is in.
pub(crate) fn sortable_claim_table(
    now: Timestamp,
    rows: &[ClaimRow],
    query: &Query,
    sort: Option<&str>,
    selectable: bool,
) -> AnyView {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| claim_row(now, row, true, selectable))
        .collect();
    let all = selectable.then(|| {
        view! {
            <td class="pick">
                <input type="checkbox" class="when-alive" data-select-all="" aria-label=text!("select-all") autocomplete="off" />
            </td>
        }
        .into_any()
    });
    let sorted = claim_heads()
        .into_iter()
        .map(|head| sort_head(head, query, sort.unwrap_or("health")));
    table(
        text!("claims"),
        "rows compact sortable",
        all.into_iter().chain(sorted).collect(),
        rows,
    )
}

fn sort_head((key, title): (&str, String), query: &Query, sort: &str) -> AnyView {
    let ascending = sort == key;
    let descending = sort.strip_prefix('-') == Some(key);
    let (direction, arrow) = match (ascending, descending) {
        (true, _) => (Some("ascending"), Some(icon("up"))),
        (_, true) => (Some("descending"), Some(icon("down"))),
        _ => (None, None),
    };
    // The default order needs no parameter.
    let wanted = match (ascending, key) {
        (true, _) => format!("-{key}"),
        (false, "health") => String::new(),
        (false, _) => key.to_owned(),
    };
    let href = query.clone().with("sort", wanted).href();
    view! { <th scope="col" aria-sort=direction><a class="sort" href=href>{title}{arrow}</a></th> }.into_any()
}

/// A table with a caption and column headings.
fn table(
    caption: String,
    class: &'static str,
    heads: Vec<AnyView>,
    rows: Vec<impl IntoView + 'static>,
) -> AnyView {
    view! {
        <div class="table-wrap">
            <table class=class>
                <caption class="unseen">{caption}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn claim_row(now: Timestamp, row: &ClaimRow, all: bool, selectable: bool) -> impl IntoView + use<> {
    let place = place(row.tenant.as_ref(), row.environment.as_ref());
    let plan = row.plan.as_ref().map(ToString::to_string);
    let offering = all.then(|| {
        view! {
            <td class=whole(&row.offering_title) data-label=text!("head-offering")>
                <span class="with-icon">
                    {icon(glyph(&row.icon, row.category.slug()))}
                    <span>{row.offering_title.clone()}</span>
                </span>
            </td>
        }
    });
    let facts = [
        all.then(|| {
            let version = row.version.as_ref().map(|version| format!(" {version}"));
            let plan = plan.as_ref().map(|plan| format!(", {plan}"));
            [Some(row.offering_title.clone()), version, plan]
                .into_iter()
                .flatten()
                .collect()
        }),
        (!all).then(|| plan.clone()).flatten(),
        Some(place.clone()),
        Some(relative(now, row.created_at.min(now))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let reason = if row.health == Health::Unreachable {
        // Why is said once, above the list.
        Some(text!(
            "last-seen",
            when = portico_api::relative(now, row.observed_at)
        ))
    } else {
        (!row.reason.is_empty()).then(|| row.reason.clone())
    };
    let reason = reason.map(|reason| view! { <span class="reason">{reason}</span> });
    let expired = row
        .expires_at
        .filter(|at| *at <= now)
        .map(|_| view! { " "{badge("warning", "clock", text!("ran-out"))}<span class="reason">{text!("renew-or-delete")}</span> });
    let managed = row.managed_by.as_ref().map(|by| {
        let mark = icon(if by.undoes { "lock" } else { "person" });
        view! { " "<span class="badge" title=by.message.clone()>{mark}{by.word.clone()}</span> }
    });
    let deprecated = row.deprecation.map(|deprecation| {
        let phase = deprecation.phase(now);
        let when = deprecation.sunset.map(|sunset| {
            let when = if phase == Phase::Ended {
                text!("offering-ended-on", day = sunset)
            } else {
                text!("offering-ends-on", day = sunset)
            };
            view! { <span class="reason">{when}</span> }
        });
        view! { " "{phase_badge(phase)}{when} }
    });
    let pick = selectable.then(|| {
        let label = text!("select-one", name = row.reference.name.as_str());
        view! {
            <td class="pick">
                <input type="checkbox" name=names::CLAIM value=row.reference.to_string() aria-label=label autocomplete="off" />
            </td>
        }
    });
    view! {
        <tr id=row_id(row)>
            {pick}
            <th scope="row"><a href=row.href.to_string()>{row.reference.name.to_string()}</a></th>
            <td class="state" data-label=text!("head-health")>{health(row.health)}{managed}{reason}{expired}{deprecated}</td>
            {offering}
            <td class="whole" data-label=text!("head-version")>{row.version.clone()}</td>
            <td data-label=text!("head-plan")>{plan}</td>
            <td class=whole(&place) data-label=text!("head-environment")>{place.clone()}</td>
            <td class=whole(&row.plane_title) data-label=text!("head-plane")>{row.plane_title.clone()}</td>
            <td class="whole" data-label=text!("head-age")>{past_time(now, row.created_at)}</td>
            <td class="line-facts">{facts.join(" · ")}</td>
        </tr>
    }
}

/// The class of a cell whose text is short enough not to be broken.
fn whole(text: &str) -> Option<&'static str> {
    (text.chars().count() <= WHOLE_CHARS).then_some("whole")
}

/// The key of a row when the page is updated in place.
fn row_id(row: &ClaimRow) -> String {
    format!("r-{}", row.reference)
}

/// A table of requests.
pub(crate) fn request_table(now: Timestamp, rows: &[RequestRow], columns: Columns) -> AnyView {
    let all = columns == Columns::All;
    let rows: Vec<_> = rows.iter().map(|row| request_row(now, row, all)).collect();
    let heads = [
        Some(text!("head-request")),
        Some(text!("head-state")),
        all.then(|| text!("head-offering")),
        all.then(|| text!("head-environment")),
        Some(text!("head-requested-by")),
        Some(text!("head-moved")),
    ];
    let heads = heads
        .into_iter()
        .flatten()
        .map(|title| view! { <th scope="col">{title}</th> }.into_any())
        .collect();
    table(text!("requests"), "rows compact", heads, rows)
}

fn request_row(now: Timestamp, row: &RequestRow, all: bool) -> impl IntoView + use<> {
    let status = (!row.status.is_empty()).then(|| view! { <span class="reason">{words(&row.status)}</span> });
    let name = if all {
        format!("{} {}", action_word(row.action), row.claim.name)
    } else {
        action_word(row.action)
    };
    let offering = all.then(|| {
        view! {
            <td class=whole(&row.offering_title) data-label=text!("head-offering")>
                <span class="with-icon">
                    {icon(glyph(&row.icon, "other"))}<span>{row.offering_title.clone()}</span>
                </span>
            </td>
        }
    });
    let place = place(Some(&row.tenant), Some(&row.environment));
    let facts = [
        all.then(|| row.offering_title.clone()),
        all.then(|| place.clone()),
        Some(row.requester.clone()),
        Some(relative(now, row.updated_at)),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let place = all.then(|| view! { <td class="whole" data-label=text!("head-environment")>{place}</td> });
    view! {
        <tr id=format!("r-{}", row.id)>
            <th scope="row"><a href=row.href.to_string()>{name}</a></th>
            <td class="state" data-label=text!("head-state")>{state(row.state)}{status}</td>
            {offering}
            {place}
            <td data-label=text!("head-requested-by")>{row.requester.clone()}</td>
            <td class="whole" data-label=text!("head-moved")>{time(now, row.updated_at)}</td>
            <td class="line-facts">{facts.join(" · ")}</td>
        </tr>
    }
}
