use jiff::Timestamp;
use leptos::prelude::*;
use portico_api::{
    FleetCondition, FleetFilter, FleetGroup, FleetGrouping, FleetMatrix, FleetPage, Frame, Link, MatrixCell,
    MatrixRow, OfferingVariant, OfferingVariants, PlaneChoice, PlaneRow, PlaneState,
};

use portico_domain::names::OfferingName;

use super::tabs;
use crate::parts::badge::plane_state;
use crate::parts::lifecycle::{ends, phase_badge};
use crate::parts::text::{empty, grouped};
use crate::parts::{Query, document, duration, icon, pager, relative, select, time};

/// The control planes: which one has a problem?
#[must_use]
pub fn admin_planes(frame: &Frame, page: &FleetPage) -> String {
    document(frame, || {
        let query = query_of(&page.filter);
        let list = if page.all == 0 {
            empty(
                "planes",
                "No control planes yet",
                "Describe one in a ControlPlane document of the configuration folder; it is connected to as soon as the file is there.",
                Some((
                    Link::Configuration.to_string(),
                    "Look at the configuration".to_owned(),
                )),
            )
        } else if page.rows.items.is_empty() {
            empty(
                "search",
                "No control plane is like that",
                "Take away a filter to see more.",
                Some((
                    Link::ControlPlanes.to_string(),
                    "Show all control planes".to_owned(),
                )),
            )
        } else {
            table(frame.now, &page.rows.items)
        };
        // Few are seen at a glance.
        let many = page.all > FEW;
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::ControlPlanes)}
            {many.then(|| search(page, &query))}
            <div class="live" data-live="planes">
                {many.then(|| chips(page, &query))}
                {(!page.map.is_empty()).then(|| map(page, &query))}
                <section aria-label="Control planes">{list}{pager(&page.rows, &query)}</section>
                {matrix(&page.matrix)}
            </div>
        }
        .into_any()
    })
}

/// Up to so many control planes need no filter.
const FEW: usize = 5;

fn query_of(filter: &FleetFilter) -> Query {
    let group = if filter.group == FleetGrouping::default() {
        ""
    } else {
        filter.group.slug()
    };
    Query::new(Link::ControlPlanes)
        .with("q", filter.query.clone())
        .with("region", filter.region.clone().unwrap_or_default())
        .with("version", filter.version.clone().unwrap_or_default())
        .with("state", filter.condition.map_or("", FleetCondition::slug))
        .with("group", group)
}

fn search(page: &FleetPage, query: &Query) -> AnyView {
    let filter = &page.filter;
    let pairs = |values: &[String]| {
        values
            .iter()
            .map(|value| (value.clone(), value.clone()))
            .collect()
    };
    let carried: Vec<_> = query
        .besides(&["q", "region", "version"])
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    view! {
        <form class="search filters" role="search" method="get" action=Link::ControlPlanes.to_string() data-search="">
            <label class="search-box">
                {icon("search")}
                <span class="unseen">"Search by name"</span>
                <input type="search" name="q" value=filter.query.clone() placeholder="Search by name" autocomplete="off" maxlength="200" />
            </label>
            {select("region", "Region", "Any region", pairs(&page.regions), filter.region.as_deref())}
            {select("version", "Version", "Any version", pairs(&page.versions), filter.version.as_deref())}
            {carried}
            <button class="button when-still">"Show"</button>
        </form>
    }
    .into_any()
}

fn chips(page: &FleetPage, query: &Query) -> AnyView {
    let chip = |href: String, title: &'static str, count: usize, current: bool| {
        view! { <li><a class="chip" href=href aria-current=current.then_some("true")>{title}<span class="chip-count">{grouped(count)}</span></a></li> }
    };
    let chosen = page.filter.condition;
    let all = page.conditions.iter().map(|(_, count)| count).sum();
    let mut chips = vec![chip(
        query.clone().without("state").href(),
        "All",
        all,
        chosen.is_none(),
    )];
    chips.extend(page.conditions.iter().map(|(condition, count)| {
        let href = query.clone().with("state", condition.slug()).href();
        chip(href, condition.title(), *count, chosen == Some(*condition))
    }));
    view! { <nav aria-label="Filters"><ul role="list" class="chips">{chips}</ul></nav> }.into_any()
}

/// The map: a square for each control plane.
fn map(page: &FleetPage, query: &Query) -> AnyView {
    let groupings: Vec<_> = FleetGrouping::ALL
        .into_iter()
        .map(|group| {
            let slug = if group == FleetGrouping::default() { "" } else { group.slug() };
            let current = (group == page.filter.group).then_some("true");
            view! { <li><a href=query.clone().with("group", slug).href() aria-current=current>{group.title()}</a></li> }
        })
        .collect();
    let groups: Vec<_> = page.map.iter().map(group).collect();
    view! {
        <section aria-labelledby="map">
            <div class="map-head"><h2 id="map">"Map"</h2><ul role="list" class="map-by">{groupings}</ul></div>
            {groups}
        </section>
    }
    .into_any()
}

fn group(group: &FleetGroup) -> impl IntoView + use<> {
    let ill = group
        .planes
        .iter()
        .filter(|plane| plane.condition < FleetCondition::Cordoned)
        .count();
    let ill = (ill > 0).then(
        || view! { <span class="caution">{icon("degraded")}<span>{grouped(ill)}" not well"</span></span> },
    );
    let squares: Vec<_> = group
        .planes
        .iter()
        .map(|plane| {
            let words = format!("{}: {}", plane.title, plane.condition.title());
            let href = Link::ControlPlane(plane.name.clone()).to_string();
            let class = format!("square {}", plane.condition.slug());
            view! { <li><a class=class href=href title=words.clone() aria-label=words></a></li> }
        })
        .collect();
    view! {
        <div class="map-group">
            <h3>{group.title.clone()}" "<span class="quiet">{grouped(group.planes.len())}</span>" "{ill}</h3>
            <ul role="list" class="squares">{squares}</ul>
        </div>
    }
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

fn matrix(matrix: &FleetMatrix) -> Option<AnyView> {
    let table = match matrix {
        FleetMatrix::Columns { rows, .. } if rows.is_empty() => return None,
        FleetMatrix::Variants(rows) if rows.is_empty() => return None,
        FleetMatrix::Columns { columns, rows } => columns_table(columns, rows),
        FleetMatrix::Variants(rows) => variants_table(rows),
    };
    Some(
        view! {
            <section aria-labelledby="matrix">
                <h2 id="matrix">"Which version runs where"</h2>
                <p class="quiet after">"Before you change one: "<a href=Link::TryDefinition.to_string()>"try the changed definition"</a>" against the claims that run."</p>
                <div class="table-wrap">{table}</div>
            </section>
        }
        .into_any(),
    )
}

/// Few control planes: a column for each.
fn columns_table(columns: &[PlaneChoice], rows: &[MatrixRow]) -> AnyView {
    let heads: Vec<_> = columns
        .iter()
        .map(|plane| view! { <th scope="col">{plane.title.clone()}</th> })
        .collect();
    let rows: Vec<_> = rows.iter().map(|row| matrix_row(columns, row)).collect();
    view! {
        <table class="plans matrix" aria-labelledby="matrix">
            <thead><tr><th scope="col">"Offering"</th>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// Many: a row for each variant.
fn variants_table(rows: &[OfferingVariants]) -> AnyView {
    let bodies: Vec<_> = rows.iter().map(variant_rows).collect();
    view! {
        <table class="rows variants" aria-labelledby="matrix">
            <thead>
                <tr>
                    <th scope="col">"Offering"</th>
                    <th scope="col">"Version"</th>
                    <th scope="col">"Schema"</th>
                    <th scope="col" class="number">"Control planes"</th>
                    <th scope="col">"Which"</th>
                </tr>
            </thead>
            {bodies}
        </table>
    }
    .into_any()
}

fn variant_rows(row: &OfferingVariants) -> impl IntoView + use<> {
    let variants: Vec<_> = row
        .variants
        .iter()
        .enumerate()
        .map(|(index, variant)| {
            // The first row names the offering.
            let name = (index == 0).then(|| {
                let stage = phase_badge(row.phase).map(|badge| view! { " "{badge} });
                let drift = (row.variants.len() > 1)
                    .then(|| view! { " "{differ(row.offering.clone())} });
                view! { <a href=Link::Offering(row.offering.clone()).to_string()>{row.title.clone()}</a>{stage}{drift} }
            });
            let problem = variant
                .problem
                .clone()
                .map(|problem| view! { <span class="problem">{icon("degraded")}<span>{problem}</span></span> });
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td class="mono" data-label="Version">{variant.version.clone()}{problem}</td>
                    <td class="mono" data-label="Schema">{variant.schema.clone()}</td>
                    <td class="number" data-label="Control planes">{grouped(variant.count)}</td>
                    <td data-label="Which">{which(variant)}</td>
                </tr>
            }
        })
        .collect();
    view! { <tbody>{variants}</tbody> }
}

fn matrix_row(columns: &[PlaneChoice], row: &MatrixRow) -> impl IntoView + use<> {
    let drift = row.drift.then(|| differ(row.offering.clone()));
    let cells: Vec<_> = row
        .cells
        .iter()
        .zip(columns)
        .map(|(each, plane)| cell(&plane.title, each.as_ref()))
        .collect();
    let when = row
        .sunset
        .map(|sunset| view! { <span class="reason">{ends(row.phase, sunset)}</span> });
    let stage = phase_badge(row.phase).map(|badge| view! { " "{badge}{when} });
    view! {
        <tr>
            <th scope="row"><a href=Link::Offering(row.offering.clone()).to_string()>{row.title.clone()}</a>{stage}{drift}</th>
            {cells}
        </tr>
    }
}

/// That the schemas of an offering differ, and a link to how.
fn differ(offering: OfferingName) -> impl IntoView + use<> {
    let href = Link::Differences(offering).to_string();
    view! { <span class="caution">{icon("degraded")}<a href=href>"Schemas differ"</a></span> }
}

/// Some of the control planes that serve a variant.
pub(super) fn which(variant: &OfferingVariant) -> String {
    let some: Vec<&str> = variant.planes.iter().map(|plane| plane.title.as_str()).collect();
    match variant.count.saturating_sub(some.len()) {
        0 => some.join(", "),
        more => format!("{} and {} more", some.join(", "), grouped(more)),
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
