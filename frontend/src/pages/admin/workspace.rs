use leptos::prelude::*;
use portico_api::{PlaneDetail, PlaneExport, PlaneExportPermission, PlaneExportState};

use crate::parts::icon;

/// The workspace of kcp that a control plane is, with the exports that are bound in it.
pub(super) fn workspace(page: &PlaneDetail) -> Option<AnyView> {
    let known = page.workspace.as_ref()?;
    let exports: Vec<_> = known.exports.iter().map(export).collect();
    let exports = (!exports.is_empty()).then(|| {
        view! {
            <div class="stack">
                <h3>"Exports"</h3>
                <ul role="list" class="lines">{exports}</ul>
            </div>
        }
    });
    let cluster = known
        .logical_cluster
        .clone()
        .unwrap_or_else(|| "Not known yet".to_owned());
    Some(
        view! {
            <section aria-labelledby="workspace">
                <h2 id="workspace">"Workspace of kcp"</h2>
                <div class="stack-l">
                    <dl class="facts">
                        <div><dt>"Path"</dt><dd class="mono">{known.path.clone()}</dd></div>
                        <div><dt>"Logical cluster"</dt><dd class="mono">{cluster}</dd></div>
                    </dl>
                    {exports}
                </div>
            </section>
        }
        .into_any(),
    )
}

fn export(export: &PlaneExport) -> AnyView {
    let (picture, state) = match export.state {
        PlaneExportState::Unknown => ("pending", "not read yet"),
        PlaneExportState::Unbound => ("bad", "not bound"),
        PlaneExportState::Binding => ("pending", "being bound"),
        PlaneExportState::Bound => ("ready", "bound"),
    };
    let reason = export
        .reason
        .clone()
        .map(|why| view! { <p class="reason">{why}</p> });
    let alone = export.watched_alone.clone().map(|why| {
        view! { <p class="reason">"Watched in each workspace, not once for all: "{why}</p> }
    });
    let permissions: Vec<_> = export.permissions.iter().flat_map(permission).collect();
    view! {
        <li>
            <p class="line">{icon(picture)}<span><span class="mono">{export.name.clone()}</span>": "{state}</span></p>
            {reason}{alone}{permissions}
        </li>
    }
    .into_any()
}

/// What is accepted of a permission, and what waits for the document.
fn permission(permission: &PlaneExportPermission) -> Vec<AnyView> {
    let resource = &permission.resource;
    let accepted = (!permission.accepted.is_empty()).then(|| {
        let verbs = permission.accepted.join(", ");
        view! { <p class="reason">{format!("May {verbs} {resource} in it.")}</p> }.into_any()
    });
    let waiting = (!permission.waiting.is_empty()).then(|| {
        let verbs = permission.waiting.join(", ");
        view! {
            <p class="caution">{icon("lock")}<span>
                {format!("Asks to {verbs} {resource}. Rejected until the offering’s document accepts it (spec.controlPlane.exports).")}
            </span></p>
        }
        .into_any()
    });
    accepted.into_iter().chain(waiting).collect()
}
