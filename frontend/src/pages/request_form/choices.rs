//! The choices besides the schema's fields: name, plan, placement, note.

use leptos::prelude::*;
use portico_api::words::money;
use portico_api::{PlanColumn, RequestFormPage, names};
use portico_domain::names::PlaneName;
use portico_domain::request::Action;

use crate::parts::icon;

/// The id of the name input.
pub(super) const NAME_ID: &str = "name";

/// Facts of a plan that its card shows. The offering's page compares all of them.
const MAX_PLAN_FACTS: usize = 5;

/// Up to this many control planes are radio buttons; more are a select.
const MAX_PLANE_BUTTONS: usize = 6;

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
        .map(|plan| plan_choice(plan, &page.plan_facts, page.plan.as_ref() == Some(&plan.name)))
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

fn plan_choice(plan: &PlanColumn, names: &[String], chosen: bool) -> impl IntoView + use<> {
    let facts: Vec<_> = plan
        .facts
        .iter()
        .enumerate()
        .filter(|(_, fact)| !fact.is_empty())
        .take(MAX_PLAN_FACTS)
        .map(|(index, fact)| {
            let name = names.get(index).cloned().unwrap_or_default();
            view! { <span class="plan-fact"><span>{name}" "</span><span>{fact.clone()}</span></span> }
        })
        .collect();
    let facts = (!facts.is_empty()).then(|| view! { <span class="plan-facts">{facts}</span> });
    let cost = plan.price.as_ref().map(|price| {
        view! { <span class="plan-price"><strong>{money(price.monthly, &price.currency)}</strong>" a month"</span> }
    });
    let summary = plan
        .summary
        .clone()
        .map(|summary| view! { <span class="help">{summary}</span> });
    view! {
        <label class="plan-choice">
            <input type="radio" name=names::PLAN value=plan.name.to_string() checked=chosen data-update="update" />
            <span class="plan-text">
                <strong>{plan.title.clone()}</strong>
                {cost}
                {summary}
                {facts}
            </span>
        </label>
    }
}

/// Where it runs: a control plane, or by region and label.
pub(super) fn place(page: &RequestFormPage) -> Option<AnyView> {
    let is_one_way = page.regions.len() < 2 && page.planes.len() < 2 && page.labels.is_empty();
    if page.action != Action::Create || is_one_way {
        return None;
    }
    let update = view! { <button class="button when-still" name=names::DO value="update">"Look for a control plane"</button> };
    if (2..=MAX_PLANE_BUTTONS).contains(&page.planes.len()) {
        let view = view! {
            <fieldset class="field" id="plane" tabindex="-1">
                <legend class="label">"Where it runs"</legend>
                <div class="place-choices">{plane_buttons(page)}</div>
                {by_property(page)}
                {update}
            </fieldset>
        };
        return Some(view.into_any());
    }
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
    let view = view! {
        <fieldset class="field">
            <legend class="label">"Where it runs"</legend>
            <div class="fields pickers">{pickers(page)}{plane}</div>
            {update}
        </fieldset>
    };
    Some(view.into_any())
}

/// A radio button for each control plane, and one for whichever suits best.
fn plane_buttons(page: &RequestFormPage) -> AnyView {
    let chosen = page.placement.chosen.as_ref();
    let title = |name: &PlaneName| {
        let plane = page.planes.iter().find(|plane| plane.name == *name);
        plane.map_or_else(|| name.to_string(), |plane| plane.title.clone())
    };
    let now = match (&page.plane, chosen) {
        (None, Some(chosen)) => format!("now {}", title(chosen)),
        _ => "Portico chooses when you send".to_owned(),
    };
    let any = place_choice(
        String::new(),
        "Wherever suits best".to_owned(),
        now,
        page.plane.is_none(),
    );
    let each: Vec<_> = page
        .planes
        .iter()
        .map(|plane| {
            let candidate = page
                .placement
                .candidates
                .iter()
                .find(|candidate| candidate.plane == plane.name);
            // What the person did not choose themselves rules it out.
            let against = candidate
                .filter(|_| page.plane.is_none())
                .map(|candidate| candidate.ruled_out.join("; "))
                .filter(|against| !against.is_empty());
            let note = against.or_else(|| plane.region.clone()).unwrap_or_default();
            let is_chosen = page.plane.as_ref() == Some(&plane.name);
            place_choice(plane.name.to_string(), plane.title.clone(), note, is_chosen)
        })
        .collect();
    view! { {any}{each} }.into_any()
}

fn place_choice(value: String, title: String, note: String, chosen: bool) -> impl IntoView + use<> {
    view! {
        <label class="place-choice">
            <input type="radio" name=names::PLANE value=value checked=chosen data-update="update" />
            <span><strong>{title}</strong>" "<span class="quiet">{note}</span></span>
        </label>
    }
}

/// The choice by region and label, folded where the control planes can be chosen themselves.
fn by_property(page: &RequestFormPage) -> Option<AnyView> {
    if page.regions.len() < 2 && page.labels.is_empty() {
        return None;
    }
    let open = page.region.is_some() || page.labels.iter().any(|label| label.chosen.is_some());
    let view = view! {
        <details class="fold" id="place" open=open>
            <summary>{icon("right")}"By region or property"</summary>
            <div class="fields pickers">{pickers(page)}</div>
        </details>
    };
    Some(view.into_any())
}

fn pickers(page: &RequestFormPage) -> AnyView {
    let regions = page.regions.iter().map(|region| (region.clone(), region.clone()));
    let region = (page.regions.len() > 1 || page.region.is_some()).then(|| {
        picker(
            "region",
            "Region",
            names::REGION.to_owned(),
            "Any region",
            regions.collect(),
            page.region.as_deref(),
        )
    });
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
    view! { {region}{labels} }.into_any()
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
