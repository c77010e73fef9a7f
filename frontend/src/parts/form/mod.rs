//! Renders a form, with the encoding documented at `portico_form::Control`.

mod annotations;
mod context;
mod control;
mod field;
mod list;
mod locked;
mod plan_values;
mod problems;
mod when_empty;

use leptos::prelude::*;
use portico_form::{Form, Section};

use super::icon;
pub(crate) use annotations::problem_list;
use context::FormContext;
pub(crate) use context::id_of;
pub(crate) use problems::{FieldProblem, form_problems};

use field::field;
use plan_values::{lifted, plan_values};

/// From this many fields on, the form has a search.
const MIN_FIELDS_FOR_SEARCH: usize = 40;

/// Renders all fields: the main ones, what the plan sets in one folded line, then the sections, folded.
pub(crate) fn form(form: &Form, post_to: &str) -> AnyView {
    let context = FormContext {
        post_to,
        locked: false,
        depth: 0,
    };
    let (form, set_by_plan) = lifted(form);
    let search = (form.field_count >= MIN_FIELDS_FOR_SEARCH).then(|| {
        view! {
            <label class="search-box when-alive">
                {icon("search")}
                <span class="unseen">"Find a field"</span>
                <input type="search" placeholder=format!("Find among {} fields", form.field_count) data-find-field="" autocomplete="off" />
            </label>
        }
    });
    let main: Vec<_> = form.main.iter().map(|each| field(each, context)).collect();
    let sections: Vec<_> = form.sections.iter().map(|each| section(each, context)).collect();
    view! {
        {search}
        <div class="fields">{main}</div>
        <div class="sections">{plan_values(&set_by_plan, context)}{sections}</div>
    }
    .into_any()
}

fn section(section: &Section, context: FormContext<'_>) -> AnyView {
    let wrong = problems::count(&section.fields) + section.problems.len();
    let note = match (wrong, problems::changed(&section.fields)) {
        (0, 0) => None,
        (0, changed) => Some(view! { <span class="mark">{format!("{changed} changed")}</span> }.into_any()),
        (1, _) => Some(view! { <span class="mark bad">"1 problem"</span> }.into_any()),
        (wrong, _) => Some(view! { <span class="mark bad">{format!("{wrong} problems")}</span> }.into_any()),
    };
    let fields: Vec<_> = section.fields.iter().map(|each| field(each, context)).collect();
    let problems = (!section.problems.is_empty()).then(|| {
        let each: Vec<_> = section
            .problems
            .iter()
            .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.clone()}</span></p> })
            .collect();
        view! { <div class="problems">{each}</div> }
    });
    view! {
        <details class="section" id=section.id.clone() open=section.open>
            <summary>{icon("right")}<h3>{section.title.clone()}</h3>{note}</summary>
            {problems}
            <div class="fields">{fields}</div>
        </details>
    }
    .into_any()
}
