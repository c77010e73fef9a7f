//! A field: label, help, problems and control, connected for screen readers.

use leptos::prelude::*;
use portico_form::{Control, Field, MISSING};

use super::annotations::{Described, default, help, marks, problems};
use super::context::{FormContext, holds_fields, id_of};
use super::control;
use super::list::{list, map, union};
use super::locked::locked;
use super::when_empty::when_empty;
use crate::parts::icon;
use crate::parts::text::{hidden_characters, joined};

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
        Control::Object { fields } => match fields.as_slice() {
            [only] if stands_for_its_group(field, only) => sole(field, only, context),
            _ => object(field, fields, &described, context),
        },
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

/// True if the group adds nothing to its only field but a heading.
fn stands_for_its_group(group: &Field, only: &Field) -> bool {
    !holds_fields(&only.control)
        && group.when_empty.is_none()
        && group.problems.is_empty()
        && !group.label.is_empty()
}

/// The only field of a group, without the group's heading.
fn sole(group: &Field, only: &Field, context: FormContext<'_>) -> AnyView {
    let only = Field {
        label: joined(&group.label, &only.label),
        help: only.help.clone().or_else(|| group.help.clone()),
        ..only.clone()
    };
    view! { <div id=id_of(&group.name) tabindex="-1">{field(&only, context)}</div> }.into_any()
}

/// The fields of an object. An optional one within another is folded until something in it is set.
fn object(group: &Field, fields: &[Field], described: &Described, context: FormContext<'_>) -> AnyView {
    let inner = FormContext {
        depth: context.depth + 1,
        ..context
    };
    let each: Vec<_> = fields.iter().map(|each| field(each, inner)).collect();
    // `Storage` of `Storage` is said once.
    let is_said = fields
        .first()
        .is_some_and(|first| first.label.eq_ignore_ascii_case(&group.label));
    if is_said && group.problems.is_empty() {
        return view! {
            <fieldset id=id_of(&group.name) tabindex="-1">
                <legend class="unseen">{group.label.clone()}</legend>
                <div class="fields">{each}</div>
            </fieldset>
        }
        .into_any();
    }
    let body = view! { <div class="fields nested">{each}</div> }.into_any();
    let can_wait = context.depth > 0
        && !group.required
        && !group.changed
        && !context.locked
        && !group.label.is_empty()
        && super::problems::count(std::slice::from_ref(group)) == 0;
    if !can_wait {
        return self::group(group, described, body);
    }
    view! {
        <details class="fold sub" id=id_of(&group.name)>
            <summary>{icon("right")}{group.label.clone()}<span class="mark">"optional"</span></summary>
            <div role="group" aria-label=group.label.clone() aria-describedby=described.by.clone()>
                {help(group)}
                {body}
            </div>
        </details>
    }
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
