use leptos::prelude::*;
use portico_api::{DeletePage, Frame, Link, PlaneResidents, RelatedClaim, names};

use crate::pages::claim::related;
use crate::pages::claims::csrf;
use crate::parts::badge::health;
use crate::parts::summary::approval;
use crate::parts::text::counted;
use crate::parts::{document, icon};

/// The page that asks for the claim's name before deletion.
#[must_use]
pub fn delete_claim(frame: &Frame, page: &DeletePage) -> String {
    document(frame, || {
        let row = &page.row;
        let name = row.reference.name.to_string();
        let problems: Vec<_> = problems_of(page, false);
        let wrong = !problems.is_empty();
        let problems = wrong.then(|| view! { <div class="problems" id="confirm-problems">{problems}</div> });
        let consequences: Vec<_> = page
            .consequences
            .iter()
            .map(|what| view! { <li class="line">{icon("deleting")}<span>{what.clone()}</span></li> })
            .collect();
        let in_the_way = page.in_the_way.map(|id| {
            view! {
                <div class="notice warning" role="status">{icon("degraded")}<p>
                    <a href=Link::Request(id).to_string()>"Another request about it"</a>" is under way. Withdraw that one or wait for it first."
                </p></div>
            }
        });
        let residents = page
            .residents
            .as_ref()
            .map(|residents| residents_section(page, residents));
        let refused = page.refused.clone().map(|why| {
            view! { <div class="notice warning" role="status">{icon("degraded")}<p>{why}</p></div> }
        });
        let blocked = page.in_the_way.is_some() || page.refused.is_some() || page.approval.denied.is_some();
        view! {
            <div class="page-head"><div>
                <h1>"Delete "{name.clone()}"?"</h1>
                <p>{row.offering_title.clone()}" on "{row.plane_title.clone()}" "{health(row.health)}</p>
            </div></div>
            {in_the_way}
            {refused}
            <form class="narrow-form" method="post" action=Link::DeleteClaim(row.reference.clone()).to_string()>
                {csrf(frame)}
                <input type="hidden" name=names::REQUEST value=page.request_id.to_string() />
                <input type="hidden" name=names::UID value=page.uid.clone() />
                <section><h2>"What goes with it"</h2><ul role="list" class="lines">{consequences}</ul></section>
                {needed_by(&page.needed_by)}
                {residents}
                {page.cost.clone().map(|cost| view! { <section><h2>"Price"</h2><p>"It costs "<strong>{cost}</strong>" as long as it is there."</p></section> })}
                <section><h2>"Approval"</h2>{approval(&page.approval)}</section>
                <div class=if wrong { "field wrong" } else { "field" }>
                    <label class="label" for="confirm">"Type the claim's name to confirm"</label>
                    <p class="help mono" id="confirm-help">{name}</p>
                    {problems}
                    <input type="text" id="confirm" name=names::CONFIRM value=page.typed.clone() autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-required="true" aria-invalid=wrong.then_some("true") autofocus=wrong.then_some("")
                        aria-describedby=if wrong { "confirm-help confirm-problems" } else { "confirm-help" } />
                </div>
                <div class="field">
                    <label class="label" for="note">"Why"<span class="mark">"optional"</span></label>
                    <textarea id="note" name=names::NOTE rows="2" maxlength="2000">{crate::parts::text::area(&page.note)}</textarea>
                </div>
                <div class="actions">
                    <button class="button danger" disabled=blocked>{icon("deleting")}"Delete claim"</button>
                    <a class="button" href=row.href.to_string()>"Keep it"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

/// Who would miss it.
fn needed_by(claims: &[RelatedClaim]) -> Option<AnyView> {
    (!claims.is_empty()).then(|| {
        let words = if claims.len() == 1 {
            "This claim names it, and may stop working without it:"
        } else {
            "These claims name it, and may stop working without it:"
        };
        view! {
            <section aria-labelledby="needed-by"><h2 id="needed-by">"Needed by"</h2>
                <div class="stack">
                    <p class="line caution">{icon("degraded")}<span>{words}</span></p>
                    {related::list(claims)}
                </div>
            </section>
        }
        .into_any()
    })
}

/// The problems of the box that abandons claims, or the others.
fn problems_of(page: &DeletePage, of_abandon: bool) -> Vec<AnyView> {
    page.problems
        .iter()
        .filter(|problem| (problem.field == names::ABANDON) == of_abandon)
        .map(|problem| {
            view! { <p class="problem">{icon("warning")}<span>{problem.message.clone()}</span></p> }
                .into_any()
        })
        .collect()
}

/// What is still on the control plane that the claim is, and the choice to abandon it.
fn residents_section(page: &DeletePage, residents: &PlaneResidents) -> AnyView {
    let rows: Vec<_> = residents
        .rows
        .iter()
        .map(|row| {
            view! {
                <li class="line">{icon("claims")}<span>
                    <a href=row.href.to_string()>{row.reference.name.to_string()}</a>", "{row.offering_title.clone()}
                </span></li>
            }
        })
        .collect();
    let more = residents.claims.saturating_sub(residents.rows.len());
    let more = (more > 0).then(|| {
        let all = Link::Claims.with_query([("plane", residents.plane.as_str())]);
        view! { <p class="quiet">"And "{counted(more, "other claim", "other claims")}", see "<a href=all>"Claims"</a>"."</p> }
    });
    let requested = (residents.requested > 0).then(|| {
        let amount = usize::try_from(residents.requested).unwrap_or(usize::MAX);
        view! {
            <p class="quiet">{counted(amount, "request", "requests")}" for new claims on it "{if amount == 1 { "is" } else { "are" }}" under way."</p>
        }
    });
    let problems = problems_of(page, true);
    let wrong = !problems.is_empty();
    let problems = wrong.then(|| view! { <div class="problems" id="abandon-problems">{problems}</div> });
    let one = residents.claims == 1 && residents.requested == 0
        || residents.claims == 0 && residents.requested == 1;
    let end = if one { "it ends" } else { "they end" };
    let label = format!("Abandon {}: {end} with the control plane", residents.summary());
    view! {
        <section aria-labelledby="residents">
            <h2 id="residents">"Still on "{residents.plane_title.clone()}</h2>
            <div class="stack">
                <input type="hidden" name=names::RESIDENTS value=residents.hash.clone() />
                <ul role="list" class="lines">{rows}</ul>
                {more}
                {requested}
                <div class=if wrong { "field wrong" } else { "field" }>
                    {problems}
                    <label class="choice">
                        <input type="checkbox" name=names::ABANDON value="yes" checked=page.abandon autocomplete="off"
                            aria-invalid=wrong.then_some("true") aria-describedby=wrong.then_some("abandon-problems") />
                        <span class="label">{label}</span>
                    </label>
                </div>
            </div>
        </section>
    }
    .into_any()
}
