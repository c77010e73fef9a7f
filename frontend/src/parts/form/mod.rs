//! The form made from a schema, by the encoding that `portico_form::Control` describes.

mod control;
mod field;
mod list;
mod locked;
mod problems;
mod when_empty;

use leptos::prelude::*;
use portico_form::{Form, Section};

use super::icon;
pub(crate) use field::said;
pub(crate) use problems::{Found, form_problems};

use field::field;

/// From so many fields on, a search within the form is shown.
const SEARCH_FROM: usize = 40;

/// What every control needs to know of the form around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'f> {
    /// Where the form posts to; buttons add the place to come back to.
    pub(crate) post_to: &'f str,
    /// A field above is locked, and so is all that is in it.
    pub(crate) locked: bool,
}

/// All fields: the main ones, then the rest, folded under headings.
pub(crate) fn form(form: &Form, post_to: &str) -> AnyView {
    let around = Around {
        post_to,
        locked: false,
    };
    let search = (form.field_count >= SEARCH_FROM).then(|| {
        view! {
            <label class="search-box when-alive">
                {icon("search")}
                <span class="unseen">"Find a field"</span>
                <input type="search" placeholder=format!("Find among {} fields", form.field_count) data-find-field="" autocomplete="off" />
            </label>
        }
    });
    let main: Vec<_> = form.main.iter().map(|each| field(each, around)).collect();
    let sections: Vec<_> = form.sections.iter().map(|each| section(each, around)).collect();
    view! {
        {search}
        <div class="fields">{main}</div>
        <div class="sections">{sections}</div>
    }
    .into_any()
}

fn section(section: &Section, around: Around<'_>) -> AnyView {
    let wrong = problems::count(&section.fields) + section.problems.len();
    let note = match (wrong, problems::changed(&section.fields)) {
        (0, 0) => None,
        (0, changed) => Some(view! { <span class="mark">{format!("{changed} changed")}</span> }.into_any()),
        (1, _) => Some(view! { <span class="mark bad">"1 problem"</span> }.into_any()),
        (wrong, _) => Some(view! { <span class="mark bad">{format!("{wrong} problems")}</span> }.into_any()),
    };
    let fields: Vec<_> = section.fields.iter().map(|each| field(each, around)).collect();
    let said = (!section.problems.is_empty()).then(|| {
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
            {said}
            <div class="fields">{fields}</div>
        </details>
    }
    .into_any()
}

/// The id of the input of this name. White space cannot stand in an id that others refer to.
pub(crate) fn id_of(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 1);
    id.push('f');
    id.extend(
        name.chars()
            .map(|letter| if letter.is_whitespace() { '_' } else { letter }),
    );
    id
}
