//! A field: label, help, problems and control, connected for screen readers.

use leptos::prelude::*;
use portico_form::{Control, Field, MISSING};

use super::list::{list, map, union};
use super::locked::locked;
use super::when_empty::when_empty;
use super::{FormContext, control, id_of};
use crate::parts::icon;
use crate::parts::text::{described, hidden_characters};

/// Renders a field.
pub(crate) fn field(field: &Field, context: FormContext<'_>) -> AnyView {
    let context = FormContext {
        locked: context.locked || field.locked,
        ..context
    };
    let described = Described::of(field);
    let asked = when_empty(field, context.locked);
    let name = field.name.clone();
    let body = match &field.control {
        Control::Object { fields } => {
            let fields: Vec<_> = fields.iter().map(|each| self::field(each, context)).collect();
            group(
                field,
                &described,
                view! { <div class="fields nested">{fields}</div> }.into_any(),
            )
        }
        Control::Secret { fields } => {
            let fields: Vec<_> = fields.iter().map(|each| self::field(each, context)).collect();
            let body = view! {
                <p class="mark">{icon("lock")}"Portico keeps this reference only. The secret itself stays on the control plane."</p>
                <div class="fields nested side-by-side">{fields}</div>
            };
            group(field, &described, body.into_any())
        }
        Control::List { .. } => group(field, &described, list(field, context)),
        Control::Map { entries } => group(field, &described, map(field, entries, context)),
        Control::Union { branches, chosen } => {
            group(field, &described, union(field, branches, chosen, context))
        }
        _ if context.locked => {
            let control = locked(field);
            view! {
                <div class="label">{field.label.clone()}{marks(field)}</div>
                {help(field)}
                {control}
                {problems(field)}
            }
            .into_any()
        }
        _ if control::is_group(field) => group(field, &described, control::control(field, &described)),
        Control::Toggle { .. } => view! {
            {control::control(field, &described)}
            {help(field)}
            {problems(field)}
        }
        .into_any(),
        _ => view! {
            <label class="label" for=id_of(&field.name)>{field.label.clone()}{marks(field)}</label>
            {help(field)}
            {problems(field)}
            {control::control(field, &described)}
            {hidden(field)}
            {default(field)}
        }
        .into_any(),
    };
    let class = if field.problems.is_empty() {
        "field"
    } else {
        "field wrong"
    };
    let missing = !field.problems.is_empty() && field.problems.iter().all(|problem| problem == MISSING);
    view! { <div class=class data-field=name data-missing=missing.then_some("")>{body}{asked}</div> }
        .into_any()
}

/// The input's `aria-describedby` and `aria-invalid`.
pub(super) struct Described {
    pub(super) by: Option<String>,
    pub(super) invalid: Option<&'static str>,
}

impl Described {
    fn of(field: &Field) -> Self {
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

fn group(field: &Field, described: &Described, body: AnyView) -> AnyView {
    let legend_class = if field.label.is_empty() { "unseen" } else { "label" };
    view! {
        <fieldset id=id_of(&field.name) tabindex="-1" aria-describedby=described.by.clone()>
            <legend class=legend_class>{field.label.clone()}{marks(field)}</legend>
            {help(field)}
            {problems(field)}
            {body}
            {default(field)}
        </fieldset>
    }
    .into_any()
}

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
    said(&field.problems, &format!("{}-problems", id_of(&field.name)))
}

/// A list of problems, with the id that the input's `aria-describedby` refers to.
pub(crate) fn said(problems: &[String], id: &str) -> Option<AnyView> {
    (!problems.is_empty()).then(|| {
        let each: Vec<_> = problems
            .iter()
            .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.clone()}</span></p> })
            .collect();
        view! { <div class="problems" id=id.to_owned()>{each}</div> }.into_any()
    })
}

fn hidden(field: &Field) -> Option<AnyView> {
    match &field.control {
        Control::Text { text, .. } | Control::Yaml { text } => hidden_characters(text),
        _ => None,
    }
}

fn has_default_hint(field: &Field) -> bool {
    let empty = match &field.control {
        Control::Text { text, .. } | Control::Number { text, .. } | Control::Yaml { text } => text.is_empty(),
        _ => false,
    };
    // If an empty field can mean more than the default, the form asks instead.
    empty && field.default.is_some() && field.when_empty.is_none()
}

fn default(field: &Field) -> Option<AnyView> {
    let default = field.default.clone().filter(|_| has_default_hint(field))?;
    let id = format!("{}-default", id_of(&field.name));
    Some(view! { <p class="help" id=id>"If left empty: "<span class="mono">{default}</span></p> }.into_any())
}
