//! What the plan sets: nobody decides about it, so it is one folded line and not among the fields.

use std::borrow::Cow;

use leptos::prelude::*;
use portico_form::{Control, Field, Form, Section};

use super::annotations::help;
use super::context::{FormContext, holds_fields};
use super::field::field;
use super::locked::locked;
use super::problems;
use crate::parts::icon;
use crate::parts::text::joined;

/// Values that the summary names; more are counted.
const MAX_NAMED: usize = 4;

/// Takes the fields that the plan sets out of a form, unless they have a problem.
pub(super) fn lifted(form: &Form) -> (Cow<'_, Form>, Vec<Field>) {
    let mut any = false;
    for field in form
        .main
        .iter()
        .chain(form.sections.iter().flat_map(|section| &section.fields))
    {
        field.each(&mut |field| any |= field.is_set_by_plan());
    }
    if !any {
        return (Cow::Borrowed(form), Vec::new());
    }
    let mut set = Vec::new();
    let main = rest(&form.main, None, &mut set);
    let sections = form
        .sections
        .iter()
        .filter_map(|section| {
            let fields = rest(&section.fields, None, &mut set);
            let is_empty = fields.is_empty() && section.problems.is_empty();
            (!is_empty).then(|| Section {
                fields,
                ..section.clone()
            })
        })
        .collect();
    let form = Form {
        main,
        sections,
        problems: form.problems.clone(),
        ..*form
    };
    (Cow::Owned(form), set)
}

/// The fields that stay. `group` is the label of the object that they belong to.
fn rest(fields: &[Field], group: Option<&str>, set: &mut Vec<Field>) -> Vec<Field> {
    let all = fields.iter().all(Field::is_set_by_plan);
    fields
        .iter()
        .filter_map(|field| {
            if field.is_set_by_plan() && problems::count(std::slice::from_ref(field)) == 0 {
                // `Class` says little without `Storage`, unless the whole object is set.
                let label = match group {
                    Some(group) if !all => joined(group, &field.label),
                    _ => field.label.clone(),
                };
                set.push(Field {
                    label,
                    ..field.clone()
                });
                return None;
            }
            match &field.control {
                Control::Object { fields } if !fields.is_empty() => {
                    let fields = rest(fields, Some(&field.label), set);
                    let is_empty =
                        fields.is_empty() && field.when_empty.is_none() && field.problems.is_empty();
                    (!is_empty).then(|| Field {
                        control: Control::Object { fields },
                        ..field.clone()
                    })
                }
                _ => Some(field.clone()),
            }
        })
        .collect()
}

/// The field without its own marks of being locked: the heading says it for all.
fn unmarked(mut field: Field) -> Field {
    field.locked = false;
    let of = |fields: Vec<Field>| fields.into_iter().map(unmarked).collect();
    field.control = match field.control {
        Control::Object { fields } => Control::Object { fields: of(fields) },
        Control::Secret { fields } => Control::Secret { fields: of(fields) },
        Control::List {
            items,
            item_label,
            min_items,
            max_items,
        } => Control::List {
            items: of(items),
            item_label,
            min_items,
            max_items,
        },
        Control::Map { mut entries } => {
            for entry in &mut entries {
                entry.value = unmarked(entry.value.clone());
            }
            Control::Map { entries }
        }
        Control::Union { mut branches, chosen } => {
            for branch in &mut branches {
                branch.fields = of(std::mem::take(&mut branch.fields));
            }
            Control::Union { branches, chosen }
        }
        other => other,
    };
    field
}

/// The folded line. The values are posted by hidden inputs.
pub(super) fn plan_values(set: &[Field], context: FormContext<'_>) -> Option<AnyView> {
    let by = set.first()?.locked_by.clone().unwrap_or_default();
    let mut named: Vec<String> = set
        .iter()
        .take(MAX_NAMED)
        .map(|field| field.label.clone())
        .collect();
    if set.len() > MAX_NAMED {
        named.push(format!("{} more", set.len() - MAX_NAMED));
    }
    let rows: Vec<_> = set
        .iter()
        .map(|field| {
            let value = if holds_fields(&field.control) {
                let whole = Field {
                    label: String::new(),
                    ..unmarked(field.clone())
                };
                self::field(
                    &whole,
                    FormContext {
                        locked: true,
                        ..context
                    },
                )
            } else {
                view! { {locked(field)}{help(field)} }.into_any()
            };
            view! { <div data-field=field.name.clone()><dt>{field.label.clone()}</dt><dd>{value}</dd></div> }
        })
        .collect();
    Some(
        view! {
            <details class="section" id="set-by-plan">
                <summary>{icon("right")}<h3>{by}</h3><span class="mark">{named.join(", ")}</span></summary>
                <dl class="facts">{rows}</dl>
            </details>
        }
        .into_any(),
    )
}
