//! A field: label, help, problems and control, connected for screen readers.

use leptos::prelude::*;
use portico_form::{Control, Field, MISSING};

use super::annotations::{Described, default, help, marks, problems};
use super::context::{FormContext, id_of};
use super::control;
use super::list::{list, map, union};
use super::locked::locked;
use super::when_empty::when_empty;
use crate::parts::icon;
use crate::parts::text::hidden_characters;

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

fn hidden(field: &Field) -> Option<AnyView> {
    match &field.control {
        Control::Text { text, .. } | Control::Yaml { text } => hidden_characters(text),
        _ => None,
    }
}
