use leptos::prelude::*;
use portico_api::{DifferencesPage, Frame, Link, OfferingVariant, VariantDifferences};

use super::planes::which;
use crate::parts::text::counted;
use crate::parts::{document, icon};

/// What control planes serve differently of an offering: where have they drifted apart?
#[must_use]
pub fn admin_differences(frame: &Frame, page: &DifferencesPage) -> String {
    document(frame, || {
        let usual = page.usual.as_ref().map(|variant| {
            view! {
                <section aria-labelledby="usual">
                    <h2 id="usual">{where_usual(page)}": "{facts(variant)}</h2>
                    <p>{which(variant)}</p>
                </section>
            }
        });
        let nothing = page
            .usual
            .is_none()
            .then(|| view! { <p>"No control plane serves it."</p> });
        let alike = (page.usual.is_some() && page.others.is_empty())
            .then(|| view! { <p class="line">{icon("check")}<span>"All control planes that serve it serve the same."</span></p> });
        let others: Vec<_> = page
            .others
            .iter()
            .map(|other| variant(other, where_usual(page)))
            .collect();
        view! {
            <div class="page-head"><h1>{page.title.clone()}" on each control plane"</h1></div>
            {nothing}
            {usual}
            {alike}
            {others}
            <p class="quiet">"Before you bring them together: "<a href=Link::TryDefinition.to_string()>"try the changed definition"</a>" against the claims that run."</p>
        }
        .into_any()
    })
}

fn facts(variant: &OfferingVariant) -> impl IntoView + use<> {
    view! { <span class="mono">{variant.version.clone()}" "{variant.schema.clone()}</span> }
}

/// Where the first variant is: the one that others are compared with.
fn where_usual(page: &DifferencesPage) -> String {
    let count = page.usual.as_ref().map_or(0, |usual| usual.count);
    let next = page.others.iter().map(|other| other.variant.count).max();
    match &page.usual {
        Some(usual) if count == 1 => format!("On {}", which(usual)),
        _ if next.is_none_or(|next| next < count) => "On most".to_owned(),
        _ => "On some".to_owned(),
    }
}

fn variant(other: &VariantDifferences, usually: String) -> impl IntoView + use<> {
    let problem = other
        .variant
        .problem
        .clone()
        .map(|problem| view! { <p class="problem">{icon("degraded")}<span>{problem}</span></p> });
    let words = match (other.unusable, other.fields.len()) {
        (true, _) => Some("One of the two schemas cannot be used, so they cannot be compared.".to_owned()),
        (false, 0) => Some("The same fields and rules: only descriptions or the order differ.".to_owned()),
        (false, _) => None,
    };
    let rows: Vec<_> = other
        .fields
        .iter()
        .map(|field| {
            let side = |said: &Option<String>| said.clone().unwrap_or_else(|| "not there".to_owned());
            let path = if field.path.is_empty() {
                "the whole object"
            } else {
                &field.path
            };
            view! {
                <tr>
                    <th scope="row" class="mono">{path.to_owned()}</th>
                    <td data-label=usually.clone()>{side(&field.one)}</td>
                    <td data-label="Here">{side(&field.other)}</td>
                </tr>
            }
        })
        .collect();
    let table = (!rows.is_empty()).then(|| {
        let caption = counted(rows.len(), "field differs", "fields differ");
        view! {
            <p>{caption.clone()}</p>
            <div class="table-wrap">
                <table class="rows">
                    <caption class="unseen">{caption}</caption>
                    <thead><tr><th scope="col">"Field"</th><th scope="col">{usually}</th><th scope="col">"Here"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <section class="stack">
            <h2>{counted(other.variant.count, "control plane", "control planes")}": "{facts(&other.variant)}</h2>
            <p>{which(&other.variant)}</p>
            {problem}
            {words.map(|words| view! { <p class="quiet">{words}</p> })}
            {table}
        </section>
    }
}
