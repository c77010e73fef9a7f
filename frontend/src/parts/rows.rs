//! Tables of claims and requests.

use jiff::Timestamp;
use leptos::prelude::*;
use portico_api::{ClaimRow, RequestRow};
use portico_domain::claim::Health;

use super::badge::{action_word, badge, health, state};
use super::{glyph, icon, relative, time};

/// The columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// All columns.
    All,
    /// Without the subject of the page: the offering for claims, the claim for requests.
    Fewer,
}

/// A table of claims.
pub(crate) fn claim_table(now: Timestamp, rows: &[ClaimRow], columns: Columns) -> AnyView {
    let all = columns == Columns::All;
    let rows: Vec<_> = rows.iter().map(|row| claim_row(now, row, all)).collect();
    let heads = [
        "Name",
        "Offering",
        "Health",
        "Environment",
        "Control plane",
        "Age",
    ];
    table(
        "Claims",
        heads.into_iter().filter(|head| all || *head != "Offering"),
        rows,
    )
}

/// A table with a caption and column headings.
fn table(
    caption: &'static str,
    heads: impl Iterator<Item = &'static str>,
    rows: Vec<impl IntoView + 'static>,
) -> AnyView {
    let heads: Vec<_> = heads.collect();
    let class = if heads.len() > 4 { "rows wide" } else { "rows" };
    let heads: Vec<_> = heads
        .into_iter()
        .map(|head| view! { <th scope="col">{head}</th> })
        .collect();
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

fn claim_row(now: Timestamp, row: &ClaimRow, all: bool) -> impl IntoView + use<> {
    let place = match (&row.tenant, &row.environment) {
        (Some(tenant), Some(environment)) => format!("{tenant}/{environment}"),
        (Some(tenant), None) => tenant.to_string(),
        _ => "Nobody’s".to_owned(),
    };
    let offering = all.then(|| {
        let plan = row
            .plan
            .as_ref()
            .map(|plan| view! { <span class="quiet">", "{plan.to_string()}</span> });
        view! {
            <td data-label="Offering">
                <span class="with-icon">
                    {icon(glyph(&row.icon, row.category.slug()))}
                    <span>{row.offering_title.clone()}{plan}</span>
                </span>
            </td>
        }
    });
    let seen = (row.health == Health::Unreachable)
        .then(|| view! { <span class="reason">"Last seen "{relative(now, row.observed_at)}</span> });
    let expired = row
        .expires_at
        .filter(|at| *at <= now)
        .map(|_| view! { " "{badge("warning", "clock", "Ran out")}<span class="reason">"Renew it or delete it"</span> });
    let reason = (!row.reason.is_empty()).then(|| view! { <span class="reason">{row.reason.clone()}</span> });
    view! {
        <tr id=row_id(row)>
            <th scope="row"><a href=row.href.to_string()>{row.reference.name.to_string()}</a></th>
            {offering}
            <td data-label="Health">{health(row.health)}{reason}{seen}{expired}</td>
            <td data-label="Environment">{place}</td>
            <td data-label="Control plane">{row.plane_title.clone()}</td>
            <td data-label="Age">{time(now, row.created_at)}</td>
        </tr>
    }
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
        "Request",
        "Offering",
        "State",
        "Environment",
        "Requested by",
        "Moved",
    ];
    let told = |head: &&str| all || !matches!(*head, "Offering" | "Environment");
    table("Requests", heads.into_iter().filter(told), rows)
}

fn request_row(now: Timestamp, row: &RequestRow, all: bool) -> impl IntoView + use<> {
    let status = (!row.status.is_empty()).then(|| view! { <span class="reason">{row.status.clone()}</span> });
    let name = if all {
        format!("{} {}", action_word(row.action), row.claim.name)
    } else {
        action_word(row.action).to_owned()
    };
    let offering = all.then(|| {
        view! {
            <td data-label="Offering">
                <span class="with-icon">
                    {icon(glyph(&row.icon, "other"))}<span>{row.offering_title.clone()}</span>
                </span>
            </td>
        }
    });
    let place = all
        .then(|| view! { <td data-label="Environment">{format!("{}/{}", row.tenant, row.environment)}</td> });
    view! {
        <tr id=format!("r-{}", row.id)>
            <th scope="row"><a href=row.href.to_string()>{name}</a></th>
            {offering}
            <td data-label="State">{state(row.state)}{status}</td>
            {place}
            <td data-label="Requested by">{row.requester.clone()}</td>
            <td data-label="Moved">{time(now, row.updated_at)}</td>
        </tr>
    }
}
