use leptos::prelude::*;
use portico_domain::view::{Frame, PlaneDetail};

use super::planes::{certificate, state};
use crate::parts::{document, icon, time};

/// A control plane, opened.
#[must_use]
pub fn admin_plane(frame: &Frame, page: &PlaneDetail) -> String {
    document(frame, || {
        let row = &page.row;
        let region = row.plane.region.clone().map(|region| format!(" in {region}"));
        view! {
            <div class="page-head"><div>
                <h1>{row.plane.title.clone()}</h1>
                <p>{row.kind.clone()}{region}", "<span class="mono">{row.plane.name.to_string()}</span></p>
            </div></div>
            <div class="live" data-live="plane">
                <div class="two">
                    <div class="stack-l">{serves(page)}{errors(frame, page)}</div>
                    <div class="stack-l">{about(frame, page)}{rights(page)}</div>
                </div>
            </div>
        }
        .into_any()
    })
}

fn about(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let row = &page.row;
    let tenants = if row.dedicated_to.is_empty() {
        "Shared".to_owned()
    } else {
        let names: Vec<_> = row.dedicated_to.iter().map(ToString::to_string).collect();
        format!("Only for {}", names.join(", "))
    };
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"How it is"</h2>
            <dl class="facts">
                <div><dt>"State"</dt><dd>{state(frame.now, row)}</dd></div>
                <div><dt>"Version"</dt><dd>{row.version.clone().unwrap_or_else(|| "Not known".to_owned())}</dd></div>
                <div><dt>"Answers in"</dt><dd>{row.latency_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"))}</dd></div>
                <div><dt>"Certificate ends"</dt><dd>{certificate(frame.now, row)}</dd></div>
                <div><dt>"Tenants"</dt><dd>{tenants}</dd></div>
                <div><dt>"Claims"</dt><dd><a href=format!("/claims?plane={}", row.plane.name)>{row.claims}</a></dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn serves(page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .serves
        .iter()
        .map(|(name, title, version)| {
            view! {
                <tr>
                    <th scope="row"><a href=format!("/catalog/{name}")>{title.clone()}</a></th>
                    <td data-label="Kind" class="mono">{name.to_string()}</td>
                    <td data-label="Version" class="mono">{version.clone()}</td>
                </tr>
            }
        })
        .collect();
    let body = if rows.is_empty() {
        view! { <p class="quiet">"Nothing that is offered, as far as is known."</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"What it serves"</caption>
                <thead><tr><th scope="col">"Offering"</th><th scope="col">"Kind"</th><th scope="col">"Version"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section aria-labelledby="serves"><h2 id="serves">"What it serves"</h2>{body}</section> }
        .into_any()
}

fn rights(page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .missing_rights
        .iter()
        .map(|right| view! { <li class="caution">{icon("lock")}<span>{right.clone()}</span></li> })
        .collect();
    let none = rows
        .is_empty()
        .then(|| view! { <p class="line">{icon("ready")}<span>"Portico has every right it needs there."</span></p> });
    view! { <section aria-labelledby="rights"><h2 id="rights">"Missing rights"</h2><ul role="list" class="lines">{rows}</ul>{none}</section> }
        .into_any()
}

fn errors(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .recent_errors
        .iter()
        .map(|(at, message)| {
            view! { <li class="event caution">{icon("degraded")}<div><p class="event-message">{message.clone()}</p><p class="reason">{time(frame.now, *at)}</p></div></li> }
        })
        .collect();
    let none = rows
        .is_empty()
        .then(|| view! { <p class="quiet">"Nothing went wrong lately."</p> });
    view! { <section aria-labelledby="errors"><h2 id="errors">"Recent errors"</h2><ul role="list" class="events">{rows}</ul>{none}</section> }
        .into_any()
}
