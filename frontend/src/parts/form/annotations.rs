//! What belongs to a field's control: marks, help, problems and the default, connected for screen readers.

use leptos::prelude::*;
use portico_form::{Control, Field};

use super::context::id_of;
use crate::parts::icon;
use crate::parts::text::described;

/// The input's `aria-describedby` and `aria-invalid`.
pub(super) struct Described {
    pub(super) by: Option<String>,
    pub(super) invalid: Option<&'static str>,
}

impl Described {
    pub(super) fn of(field: &Field) -> Self {
        let id = id_of(&field.name);
        let mut by = Vec::new();
        if field.help.is_some() {
            by.push(format!("{id}-help"));
        }
        if !field.problems.is_empty() {
            by.push(format!("{id}-problems"));
        }
        if has_default_hint(field) {
            by.push(format!("{id}-default"));
        }
        Self {
            by: (!by.is_empty()).then(|| by.join(" ")),
            invalid: (!field.problems.is_empty()).then_some("true"),
        }
    }
}

/// Renders the marks beside a label: required, changed, locked.
pub(super) fn marks(field: &Field) -> AnyView {
    let required = (field.required && !field.locked).then(|| view! { <span class="mark">"required"</span> });
    let changed = (field.changed && !field.locked).then(|| view! { <span class="mark">"changed"</span> });
    let locked = field.locked.then(|| {
        let why = field.locked_by.clone().unwrap_or_else(|| "locked".to_owned());
        view! { <span class="mark">{icon("lock")}{why}</span> }
    });
    view! { {required}{changed}{locked} }.into_any()
}

pub(super) fn help(field: &Field) -> Option<AnyView> {
    field.help.as_deref().map(|help| {
        view! { <p class="help" id=format!("{}-help", id_of(&field.name))>{described(help)}</p> }.into_any()
    })
}

pub(super) fn problems(field: &Field) -> Option<AnyView> {
    problem_list(&field.problems, &format!("{}-problems", id_of(&field.name)))
}

/// Renders a list of problems, with the id that the input's `aria-describedby` refers to.
pub(crate) fn problem_list(problems: &[String], id: &str) -> Option<AnyView> {
    (!problems.is_empty()).then(|| {
        let each: Vec<_> = problems
            .iter()
            .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.clone()}</span></p> })
            .collect();
        view! { <div class="problems" id=id.to_owned()>{each}</div> }.into_any()
    })
}

fn has_default_hint(field: &Field) -> bool {
    let empty = match &field.control {
        Control::Text { text, .. } | Control::Number { text, .. } | Control::Yaml { text } => text.is_empty(),
        _ => false,
    };
    // If an empty field can mean more than the default, the form asks instead.
    empty && field.default.is_some() && field.when_empty.is_none()
}

/// Renders what an empty field means.
pub(super) fn default(field: &Field) -> Option<AnyView> {
    let default = field.default.clone().filter(|_| has_default_hint(field))?;
    let id = format!("{}-default", id_of(&field.name));
    Some(view! { <p class="help" id=id>"If left empty: "<span class="mono">{default}</span></p> }.into_any())
}
