//! Controls with nested fields: lists, maps, unions.

use leptos::prelude::*;
use portico_api::names;
use portico_form::{Branch, Control, Entry, Field};

use super::annotations::problem_list;
use super::context::{FormContext, holds_fields, id_of};
use super::field::field;
use crate::parts::icon;

/// A list: each item with buttons to move and remove it, and a button to add one.
pub(super) fn list(whole: &Field, context: FormContext<'_>) -> AnyView {
    let Control::List {
        items,
        item_label,
        min_items,
        max_items,
    } = &whole.control
    else {
        return ().into_any();
    };
    let count = items.len();
    let may_remove = min_items.is_none_or(|least| (count as u64) > least);
    let may_add = max_items.is_none_or(|most| (count as u64) < most);
    let rows: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let called = format!("{item_label} {}", index + 1);
            let item = Field {
                label: capitalized(&called),
                ..item.clone()
            };
            let path = item.name.clone();
            let buttons = (!context.locked).then(|| {
                let up = (index > 0).then(|| {
                    act(
                        context,
                        whole,
                        format!("up:{path}"),
                        "up",
                        format!("Move {called} up"),
                    )
                });
                let down = (index + 1 < count).then(|| {
                    act(
                        context,
                        whole,
                        format!("down:{path}"),
                        "downward",
                        format!("Move {called} down"),
                    )
                });
                let remove = may_remove.then(|| {
                    act(
                        context,
                        whole,
                        format!("remove:{path}"),
                        "close",
                        format!("Remove {called}"),
                    )
                });
                view! { <div class="item-acts">{up}{down}{remove}</div> }
            });
            let class = if is_whole(&item) { "item" } else { "item line-item" };
            view! { <li class=class>{field(&item, context)}{buttons}</li> }
        })
        .collect();
    let add = (may_add && !context.locked).then(|| add(context, whole, format!("Add {item_label}")));
    let none = (count == 0 && context.locked).then(|| view! { <p class="fixed">"None"</p> });
    view! {
        <input type="hidden" name=whole.name.clone() value="[]" />
        <ol role="list" class="items">{rows}</ol>
        {none}
        {add}
    }
    .into_any()
}

/// A map: key-value pairs.
pub(super) fn map(whole: &Field, entries: &[Entry], context: FormContext<'_>) -> AnyView {
    let rows: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let number = index + 1;
            let path = format!("{}/@{index}", whole.name);
            let remove = (!context.locked)
                .then(|| act(context, whole, format!("remove:{path}"), "close", format!("Remove entry {number}")));
            let id = id_of(&entry.key_name);
            let wrong = !entry.key_problems.is_empty();
            let problems_id = format!("{id}-problems");
            let problems = problem_list(&entry.key_problems, &problems_id);
            let key = if context.locked {
                view! {
                    <input type="hidden" name=entry.key_name.clone() value=entry.key.clone() />
                    <p class="fixed mono">{entry.key.clone()}</p>
                }
                .into_any()
            } else {
                view! {
                    <label class="label" for=id.clone()>{format!("Key {number}")}</label>
                    {problems}
                    <input type="text" id=id name=entry.key_name.clone() value=entry.key.clone() autocomplete="off" autocapitalize="off"
                        spellcheck="false" aria-invalid=wrong.then_some("true") aria-describedby=wrong.then_some(problems_id) />
                }
                .into_any()
            };
            let value = Field { label: format!("Value {number}"), required: false, ..entry.value.clone() };
            view! {
                <li class="item pair">
                    <div class=if wrong { "field wrong" } else { "field" } data-field=entry.key_name.clone()>{key}</div>
                    {field(&value, context)}
                    <div class="item-acts">{remove}</div>
                </li>
            }
        })
        .collect();
    let add = (!context.locked).then(|| add(context, whole, "Add entry".to_owned()));
    view! {
        <input type="hidden" name=whole.name.clone() value="{}" />
        <ol role="list" class="items">{rows}</ol>
        {add}
    }
    .into_any()
}

/// A union: the choice of a shape, and its fields.
pub(super) fn union(whole: &Field, branches: &[Branch], chosen: &str, context: FormContext<'_>) -> AnyView {
    let name = format!("{}/@branch", whole.name);
    let fields: Vec<_> = branches
        .iter()
        .filter(|branch| branch.id == chosen)
        .flat_map(|branch| &branch.fields)
        .map(|each| field(each, context))
        .collect();
    let fields = (!fields.is_empty()).then(|| view! { <div class="fields nested">{fields}</div> });
    if context.locked {
        let words = branches
            .iter()
            .find(|branch| branch.id == chosen)
            .map_or_else(|| "Not set".to_owned(), |branch| branch.label.clone());
        return view! {
            <input type="hidden" name=name value=chosen.to_owned() />
            <p class="fixed">{words}</p>
            {fields}
        }
        .into_any();
    }
    let one = |value: String, label: String| {
        let checked = value == chosen;
        view! {
            <label class="choice">
                // On going back, browsers would restore the choice next to the fields of another.
                <input type="radio" name=name.clone() value=value checked=checked autocomplete="off"
                    data-update=format!("branch:{}", whole.name) />
                <span>{label}</span>
            </label>
        }
    };
    let none = (!whole.required).then(|| one(String::new(), "Not set".to_owned()));
    let each: Vec<_> = branches
        .iter()
        .map(|branch| one(branch.id.clone(), branch.label.clone()))
        .collect();
    view! {
        <div class="choices">{none}{each}</div>
        <button class="button when-still" name=names::DO value=format!("branch:{}", whole.name) formaction=back_to(context, whole)>
            "Show its fields"
        </button>
        {fields}
    }
    .into_any()
}

fn is_whole(field: &Field) -> bool {
    holds_fields(&field.control) || matches!(field.control, Control::Yaml { .. })
}

fn act(context: FormContext<'_>, whole: &Field, what: String, name: &'static str, words: String) -> AnyView {
    view! {
        <button class="icon-button" name=names::DO value=what formaction=back_to(context, whole) aria-label=words.clone() title=words>{icon(name)}</button>
    }
    .into_any()
}

fn add(context: FormContext<'_>, whole: &Field, words: String) -> AnyView {
    view! {
        <button class="button" name=names::DO value=format!("add:{}", whole.name) formaction=back_to(context, whole)>{icon("plus")}{words}</button>
    }
    .into_any()
}

/// The form's action with a fragment, so that the page comes back to this field.
fn back_to(context: FormContext<'_>, whole: &Field) -> String {
    format!("{}#{}", context.post_to, id_of(&whole.name))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
