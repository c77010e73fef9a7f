//! The choice of what an empty field means.

use leptos::prelude::*;
use portico_form::{Control, EmptyMeans, Field, WhenEmpty};

use super::context::id_of;

/// The question; in a locked field the answer, with a hidden input.
pub(super) fn when_empty(field: &Field, locked: bool) -> Option<AnyView> {
    let asked = field.when_empty.as_ref()?;
    let name = format!("{}/@empty", field.name);
    if locked {
        return Some(view! { <input type="hidden" name=name value=asked.chosen.slug() /> }.into_any());
    }
    let is_object = matches!(field.control, Control::Object { .. } | Control::Secret { .. });
    if is_object && asked.choices == [EmptyMeans::Unset, EmptyMeans::Empty] {
        return Some(check_box(name, asked));
    }
    Some(select(field, name, asked))
}

/// For objects: a check box, with a hidden input that is posted if it is not checked.
fn check_box(name: String, asked: &WhenEmpty) -> AnyView {
    let on = asked.chosen == EmptyMeans::Empty;
    view! {
        <input type="hidden" name=name.clone() value=EmptyMeans::Unset.slug() />
        <label class="choice when-empty">
            <input type="checkbox" name=name value=EmptyMeans::Empty.slug() checked=on autocomplete="off" />
            <span>"Include it even if nothing is filled in"</span>
        </label>
    }
    .into_any()
}

fn select(field: &Field, name: String, asked: &WhenEmpty) -> AnyView {
    let id = format!("{}-when-empty", id_of(&field.name));
    let options: Vec<_> = asked
        .choices
        .iter()
        .map(|means| {
            let selected = *means == asked.chosen;
            view! { <option value=means.slug() selected=selected>{words(field, *means)}</option> }
        })
        .collect();
    view! {
        <div class="when-empty">
            <label for=id.clone()>{question(&field.control)}</label>
            <div class="select"><select id=id name=name autocomplete="off">{options}</select>{crate::parts::icon("down")}</div>
        </div>
    }
    .into_any()
}

fn question(control: &Control) -> &'static str {
    match control {
        Control::List { .. } => "If it has no items",
        Control::Map { .. } => "If it has no entries",
        Control::Object { .. } | Control::Secret { .. } => "If nothing is filled in",
        _ => "If left empty",
    }
}

fn words(field: &Field, means: EmptyMeans) -> String {
    match means {
        EmptyMeans::Unset => match &field.default {
            Some(default) => format!("use the default: {default}"),
            None if field.required => "it is not filled in yet".to_owned(),
            None => "leave it out".to_owned(),
        },
        EmptyMeans::Empty => match field.control {
            Control::List { .. } => "send an empty list".to_owned(),
            Control::Map { .. } => "send an empty map".to_owned(),
            Control::Object { .. } | Control::Secret { .. } => "send it empty".to_owned(),
            _ => "send an empty text".to_owned(),
        },
        EmptyMeans::Null => "send null".to_owned(),
    }
}
