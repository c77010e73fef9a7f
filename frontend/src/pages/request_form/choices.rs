//! The choices besides the schema's fields: name, plan, placement, note.

use leptos::prelude::*;
use portico_api::{PlanColumn, RequestFormPage, names};
use portico_domain::request::Action;

use crate::pages::offering::price;
use crate::parts::icon;

/// The id of the name input.
pub(super) const NAME_ID: &str = "name";

pub(super) fn name(page: &RequestFormPage) -> AnyView {
    if page.action != Action::Create {
        return view! { <input type="hidden" name=names::NAME value=page.name.clone() /> }.into_any();
    }
    let wrong = !page.name_problems.is_empty();
    let problems: Vec<_> = page
        .name_problems
        .iter()
        .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.clone()}</span></p> })
        .collect();
    let problems = wrong.then(|| view! { <div class="problems" id="name-problems">{problems}</div> });
    view! {
        <div class=if wrong { "field wrong" } else { "field" } data-field=names::NAME>
            <label class="label" for=NAME_ID>"Name"<span class="mark">"required"</span></label>
            <p class="help" id="name-help">"What you will know it by. Small letters, digits and hyphens."</p>
            {problems}
            <input type="text" id=NAME_ID name=names::NAME value=page.name.clone() placeholder="orders-db" maxlength="253"
                autocomplete="off" autocapitalize="off" spellcheck="false" aria-required="true" aria-invalid=wrong.then_some("true")
                aria-describedby=if wrong { "name-help name-problems" } else { "name-help" } />
        </div>
    }
    .into_any()
}

pub(super) fn plans(page: &RequestFormPage) -> Option<AnyView> {
    if page.plans.is_empty() {
        return None;
    }
    let each: Vec<_> = page
        .plans
        .iter()
        .map(|plan| plan_choice(plan, page.plan.as_ref() == Some(&plan.name)))
        .collect();
    let view = view! {
        <fieldset class="field" id="plan" tabindex="-1" data-field=names::PLAN>
            <legend class="label">"Plan"</legend>
            <div class="plan-choices">{each}</div>
            <button class="button when-still" name=names::DO value="update">"Use this plan"</button>
        </fieldset>
    };
    Some(view.into_any())
}

fn plan_choice(plan: &PlanColumn, chosen: bool) -> impl IntoView + use<> {
    let facts: Vec<_> = plan
        .facts
        .iter()
        .filter(|fact| !fact.is_empty())
        .take(4)
        .map(String::as_str)
        .collect();
    let facts = (!facts.is_empty()).then(|| view! { <span class="plan-facts">{facts.join(" · ")}</span> });
    let cost = plan
        .price
        .is_some()
        .then(|| view! { <span class="plan-facts">{price(plan)}</span> });
    let summary = plan
        .summary
        .clone()
        .map(|summary| view! { <span class="help">{summary}</span> });
    view! {
        <label class="plan-choice">
            <input type="radio" name=names::PLAN value=plan.name.to_string() checked=chosen data-update="update" />
            <span class="plan-text">
                <strong>{plan.title.clone()}</strong>
                {summary}
                {facts}
                {cost}
            </span>
        </label>
    }
}

/// The placement preferences.
pub(super) fn place(page: &RequestFormPage) -> Option<AnyView> {
    if page.action != Action::Create
        || (page.regions.len() < 2 && page.planes.len() < 2 && page.labels.is_empty())
    {
        return None;
    }
    let open = page.region.is_some()
        || page.plane.is_some()
        || page.labels.iter().any(|label| label.chosen.is_some());
    let regions = page.regions.iter().map(|region| (region.clone(), region.clone()));
    let region = picker(
        "region",
        "Region",
        names::REGION.to_owned(),
        "Any region",
        regions.collect(),
        page.region.as_deref(),
    );
    let planes = page.planes.iter().map(|plane| {
        let region = plane
            .region
            .as_ref()
            .map_or_else(String::new, |region| format!(" ({region})"));
        (plane.name.to_string(), format!("{}{region}", plane.title))
    });
    let plane = picker(
        "plane",
        "Control plane",
        names::PLANE.to_owned(),
        "Whichever suits best",
        planes.collect(),
        page.plane.as_ref().map(AsRef::as_ref),
    );
    let labels: Vec<_> = page
        .labels
        .iter()
        .map(|label| {
            let values = label.values.iter().map(|value| (value.clone(), value.clone()));
            let name = format!("{}{}", names::LABEL, label.key);
            let chosen = label.chosen.as_deref();
            picker(&name, &label.title, name.clone(), "Any", values.collect(), chosen)
        })
        .collect();
    let view = view! {
        <details class="section" id="place" open=open>
            <summary>{icon("right")}<h2>"Where it runs"</h2><span class="mark">"optional"</span></summary>
            <div class="fields pickers">
                {region}
                {labels}
                {plane}
            </div>
            <button class="button when-still" name=names::DO value="update">"Look for a control plane"</button>
        </details>
    };
    Some(view.into_any())
}

fn picker(
    id: &str,
    label: &str,
    name: String,
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> impl IntoView + use<> {
    let (id, label) = (id.to_owned(), label.to_owned());
    view! {
        <div class="field">
            <label class="label" for=id.clone()>{label}</label>
            <div class="select">
                <select id=id name=name data-update="update">{crate::parts::options(any, options, chosen)}</select>
                {icon("down")}
            </div>
        </div>
    }
}

/// The note to the approver, if the request needs one.
pub(super) fn note(page: &RequestFormPage) -> AnyView {
    if page.approval.needed.is_empty() && page.note.is_empty() {
        return ().into_any();
    }
    view! {
        <div class="field">
            <label class="label" for="note">"Note to the approver"<span class="mark">"optional"</span></label>
            <p class="help" id="note-help">"What it is for, and until when."</p>
            <textarea id="note" name=names::NOTE rows="3" maxlength="2000" aria-describedby="note-help">{crate::parts::text::area(&page.note)}</textarea>
        </div>
    }
    .into_any()
}
