use leptos::prelude::*;
use portico_api::{Frame, NamespaceRow, NamespaceState, PlaneDetail};

use crate::parts::{icon, time};

/// The namespaces of tenants that templates keep on a control plane.
pub(super) fn namespaces(frame: &Frame, page: &PlaneDetail) -> Option<AnyView> {
    let known = page.namespaces.as_ref()?;
    let rows: Vec<_> = known.rows.iter().map(|row| namespace(frame, row)).collect();
    let table = (!rows.is_empty()).then(|| {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"Namespaces of tenants"</caption>
                <thead><tr><th scope="col">"Namespace"</th><th scope="col">"Tenant"</th><th scope="col">"State"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
    });
    let compared = match known.compared_at {
        Some(at) => {
            view! { <p class="quiet">"Compared with their templates "{time(frame.now, at)}"."</p> }.into_any()
        }
        None => view! { <p class="quiet">"Not compared with their templates yet."</p> }.into_any(),
    };
    let problem = known.problem.clone().map(|why| {
        view! { <p class="caution">{icon("degraded")}<span>"They could not be compared: "{why}</span></p> }
    });
    Some(
        view! {
            <section aria-labelledby="namespaces">
                <h2 id="namespaces">"Namespaces of tenants"</h2>
                {problem}{table}{compared}
            </section>
        }
        .into_any(),
    )
}

fn namespace(frame: &Frame, row: &NamespaceRow) -> impl IntoView + use<> {
    let problems: Vec<_> = row
        .problems
        .iter()
        .map(|problem| view! { <p class="reason">{problem.clone()}</p> })
        .collect();
    let corrected = row.corrected.as_ref().map(|corrected| {
        let by = corrected.by.clone().map(|by| format!(" (changed by {by})"));
        view! { <p class="reason">{corrected.what.clone()}{by}" was put right "{time(frame.now, corrected.at)}</p> }
    });
    let (picture, state) = verdict(row);
    view! {
        <tr>
            <th scope="row" class="mono">{row.name.clone()}</th>
            <td data-label="Tenant">{row.tenant.to_string()}" / "{row.environment.to_string()}</td>
            <td data-label="State"><p class="line">{icon(picture)}<span>{state}</span></p>{problems}{corrected}</td>
        </tr>
    }
}

/// An icon and a word for the state of a namespace.
pub(super) fn verdict(row: &NamespaceRow) -> (&'static str, String) {
    match row.state {
        NamespaceState::Foreign => ("bad", "Not Portico’s".to_owned()),
        NamespaceState::Incomplete => ("degraded", "Not as it should be".to_owned()),
        NamespaceState::Deleting => ("degraded", "Being deleted".to_owned()),
        NamespaceState::Unused => ("degraded", "Not used any more".to_owned()),
        NamespaceState::Kept if row.objects == 1 => ("ready", "As it should be, with one object".to_owned()),
        NamespaceState::Kept => ("ready", format!("As it should be, with {} objects", row.objects)),
    }
}
