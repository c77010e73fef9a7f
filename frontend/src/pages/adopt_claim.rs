use leptos::prelude::*;
use portico_api::{AdoptPage, Frame, Link, Mark, names};

use crate::pages::claims::csrf;
use crate::parts::badge::health;
use crate::parts::summary::approval;
use crate::parts::text::field_owner;
use crate::parts::{document, icon};

/// The page that shows what adopting a claim changes, and asks for it.
#[must_use]
pub fn adopt_claim(frame: &Frame, page: &AdoptPage) -> String {
    document(frame, || {
        let row = &page.row;
        let name = row.reference.name.to_string();
        let blocked = !page.problems.is_empty() || page.approval.denied.is_some();
        let by = row.managed_by.as_ref().map(|by| by.message.clone());
        let problems: Vec<_> = page
            .problems
            .iter()
            .map(|problem| {
                let field = (!problem.field.is_empty())
                    .then(|| view! { <span class="mono">{problem.field.clone()}</span>": " });
                view! { <div class="notice warning" role="status">{icon("degraded")}<p>{field}{problem.message.clone()}</p></div> }
            })
            .collect();
        view! {
            <div class="page-head"><div>
                <h1>"Adopt "{name}"?"</h1>
                <p>{row.offering_title.clone()}" on "{row.plane_title.clone()}" "{health(row.health)}</p>
            </div></div>
            {problems}
            <form class="narrow-form" method="post" action=Link::AdoptClaim(row.reference.clone()).to_string()>
                {csrf(frame)}
                <input type="hidden" name=names::REQUEST value=page.request_id.to_string() />
                <input type="hidden" name=names::UID value=page.uid.clone() />
                <input type="hidden" name=names::LIVE value=page.live_hash.clone() />
                <section><h2>"What adopting does"</h2><div class="stack">
                    <p>{by}" Portico manages it from then on, so that it can be changed, renewed and deleted here. No value of its spec changes: that is checked before and when it is done."</p>
                    {managers(page)}
                </div></section>
                {marks(&page.marks)}
                <section><h2>"Approval"</h2>{approval(&page.approval)}</section>
                <div class="field">
                    <label class="label" for="note">"Why"<span class="mark">"optional"</span></label>
                    <textarea id="note" name=names::NOTE rows="2" maxlength="2000">{crate::parts::text::area(&page.note)}</textarea>
                </div>
                <div class="actions">
                    <button class="button primary" disabled=blocked>{icon("key")}"Adopt claim"</button>
                    <a class="button" href=row.href.to_string()>"Leave it as it is"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

/// Who gives up which fields, and who keeps theirs.
fn managers(page: &AdoptPage) -> AnyView {
    let given: Vec<_> = page
        .given_up
        .iter()
        .map(|owner| field_owner("person", owner, " gives up ", " to Portico."))
        .collect();
    let kept: Vec<_> = page
        .kept
        .iter()
        .map(|owner| field_owner("person", owner, " keeps ", "."))
        .collect();
    view! { <ul role="list" class="lines">{given}{kept}</ul> }.into_any()
}

/// The labels and annotations that are set.
fn marks(marks: &[Mark]) -> Option<AnyView> {
    if marks.is_empty() {
        return None;
    }
    let rows: Vec<_> = marks
        .iter()
        .map(|mark| {
            let before = mark
                .before
                .clone()
                .map(|before| view! { <span class="reason">"It was "{before}</span> });
            view! {
                <div><dt><span class="mono">{mark.key.clone()}</span><span class="reason">{mark.kind.clone()}</span></dt><dd><span class="mono">{mark.value.clone()}</span>{before}</dd></div>
            }
        })
        .collect();
    Some(view! { <section><h2>"Labels and annotations that are set"</h2><dl class="facts">{rows}</dl></section> }.into_any())
}
