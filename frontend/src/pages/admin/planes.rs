use jiff::Timestamp;
use leptos::prelude::*;
use portico_api::words::day;
use portico_api::{Frame, Link, MatrixCell, MatrixRow, PlaneRow, PlaneState, PlanesPage};

use super::tabs;
use crate::parts::badge::plane_state;
use crate::parts::lifecycle::{ends, phase_badge};
use crate::parts::text::{empty, grouped};
use crate::parts::{document, duration, icon, relative, time};

/// The control planes: which one has a problem?
#[must_use]
pub fn admin_planes(frame: &Frame, page: &PlanesPage) -> String {
    document(frame, || {
        let list = if page.rows.is_empty() {
            empty(
                "planes",
                "No control planes yet",
                "Describe one in a ControlPlane document of the configuration folder; it is connected to as soon as the file is there.",
                Some((Link::Configuration.to_string(), "Look at the configuration")),
            )
        } else {
            table(frame.now, &page.rows)
        };
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::ControlPlanes)}
            <div class="live" data-live="planes">
                <section aria-label="Control planes">{list}</section>
                {matrix(page)}
            </div>
        }
        .into_any()
    })
}

fn table(now: Timestamp, rows: &[PlaneRow]) -> AnyView {
    let rows: Vec<_> = rows.iter().map(|each| row(now, each)).collect();
    view! {
        <div class="table-wrap">
            <table class="rows widest">
                <caption class="unseen">"Control planes"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Kind and region"</th>
                        <th scope="col">"Version"</th>
                        <th scope="col" class="number">"Offerings"</th>
                        <th scope="col" class="number">"Claims"</th>
                        <th scope="col" class="number">"Answers in"</th>
                        <th scope="col">"Behind"</th>
                        <th scope="col">"Certificate ends"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(now: Timestamp, row: &PlaneRow) -> impl IntoView + use<> {
    let dedicated = (!row.dedicated_to.is_empty()).then(|| {
        let names: Vec<_> = row.dedicated_to.iter().map(ToString::to_string).collect();
        view! { <span class="reason">"Only for "{names.join(", ")}</span> }
    });
    let version = row.version.as_deref().unwrap_or("–");
    // Versions have long vendor suffixes that are rarely of interest.
    let (version, build) = version.split_once('+').unwrap_or((version, ""));
    let build = (!build.is_empty()).then(|| view! { <span class="region">{build.to_owned()}</span> });
    let version = version.to_owned();
    let region = row
        .plane
        .region
        .clone()
        .map(|region| view! { <span class="region">{region}</span> });
    view! {
        <tr id=format!("p-{}", row.plane.name)>
            <th scope="row"><a href=Link::ControlPlane(row.plane.name.clone()).to_string()>{row.plane.title.clone()}</a>{dedicated}</th>
            <td data-label="State">{state(now, row)}</td>
            <td data-label="Kind">{row.kind.clone()}{region}</td>
            <td data-label="Version">{version}{build}</td>
            <td data-label="Offerings" class="number">{grouped(row.offerings)}</td>
            <td data-label="Claims" class="number">{grouped(row.claims)}</td>
            <td data-label="Answers in" class="number">{row.latency_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"))}</td>
            <td data-label="Behind">{behind(row)}</td>
            <td data-label="Certificate ends">{certificate(now, row)}</td>
        </tr>
    }
}

/// State, since when, and why.
pub(super) fn state(now: Timestamp, row: &PlaneRow) -> AnyView {
    let since = match (row.state, row.last_seen) {
        (PlaneState::Ready, _) => format!("since {}", relative(now, row.since).trim_end_matches(" ago")),
        (_, Some(seen)) => format!("last seen {}", relative(now, seen)),
        (_, None) => "never seen".to_owned(),
    };
    let problem = row
        .problem
        .clone()
        .map(|problem| view! { <span class="reason">{problem}</span> });
    view! { {plane_state(row.state, row.cordoned)}<span class="reason">{since}</span>{problem} }.into_any()
}

/// How far the shown data may be behind.
pub(super) fn behind(row: &PlaneRow) -> AnyView {
    match row.lag_ms {
        Some(lag) => {
            let words = format!("up to {}", duration((lag / 1000).max(1)));
            view! { <span class="caution">{icon("degraded")}<span>{words}</span></span> }.into_any()
        }
        None if row.state == PlaneState::Ready => view! { <span>"Live"</span> }.into_any(),
        None => view! { <span class="quiet">"–"</span> }.into_any(),
    }
}

/// When the certificate expires, with a warning if that is soon.
pub(super) fn certificate(now: Timestamp, row: &PlaneRow) -> AnyView {
    const SOON_SECONDS: i64 = 14 * 86_400;
    match row.certificate_expires_at {
        None => view! { <span class="quiet">"–"</span> }.into_any(),
        Some(end) if end.as_second() - now.as_second() < SOON_SECONDS => {
            view! { <span class="caution">{icon("degraded")}<span>{time(now, end)}</span></span> }.into_any()
        }
        Some(end) => time(now, end).into_any(),
    }
}

fn matrix(page: &PlanesPage) -> Option<AnyView> {
    if page.matrix.is_empty() {
        return None;
    }
    let heads: Vec<_> = page
        .columns
        .iter()
        .map(|plane| view! { <th scope="col">{plane.title.clone()}</th> })
        .collect();
    let rows: Vec<_> = page.matrix.iter().map(|row| matrix_row(page, row)).collect();
    Some(
        view! {
            <section aria-labelledby="matrix">
                <h2 id="matrix">"Which version runs where"</h2>
                <p class="quiet after">"Before you change one: "<a href=Link::TryDefinition.to_string()>"try the changed definition"</a>" against the claims that run."</p>
                <div class="table-wrap">
                    <table class="plans matrix" aria-labelledby="matrix">
                        <thead><tr><th scope="col">"Offering"</th>{heads}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
        .into_any(),
    )
}

fn matrix_row(page: &PlanesPage, row: &MatrixRow) -> impl IntoView + use<> {
    let drift = row
        .drift
        .then(|| view! { <span class="caution">{icon("degraded")}<span>"Schemas differ"</span></span> });
    let cells: Vec<_> = row
        .cells
        .iter()
        .zip(&page.columns)
        .map(|(each, plane)| cell(&plane.title, each.as_ref()))
        .collect();
    let when = row
        .sunset
        .map(|sunset| view! { <span class="reason">{ends(row.phase, &day(sunset))}</span> });
    let stage = phase_badge(row.phase).map(|badge| view! { " "{badge}{when} });
    view! {
        <tr>
            <th scope="row"><a href=Link::Offering(row.offering.clone()).to_string()>{row.title.clone()}</a>{stage}{drift}</th>
            {cells}
        </tr>
    }
}

fn cell(plane: &str, cell: Option<&MatrixCell>) -> AnyView {
    let plane = plane.to_owned();
    let Some(cell) = cell else {
        return view! { <td class="quiet" data-label=plane>"–"</td> }.into_any();
    };
    let problem = cell
        .problem
        .clone()
        .map(|problem| view! { <span class="problem">{icon("degraded")}<span>{problem}</span></span> });
    view! { <td data-label=plane><span class="mono">{cell.version.clone()}</span><span class="reason mono">{cell.schema.clone()}</span>{problem}</td> }.into_any()
}
