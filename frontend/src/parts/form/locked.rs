//! Locked fields: shown as text, posted by hidden inputs.

use leptos::prelude::*;
use portico_form::{Control, Field};

use crate::parts::text::amount_in_words;

/// Renders a locked field.
pub(super) fn locked(field: &Field) -> AnyView {
    let name = field.name.clone();
    match &field.control {
        Control::Text {
            text,
            multiline: true,
            ..
        } => block(name, text),
        Control::Yaml { text } => block(format!("{name}/@yaml"), text),
        Control::Text { text, .. } | Control::Number { text, .. } => {
            line(name, text.clone(), amount_in_words(text))
        }
        Control::Toggle { on } => yes_or_no(name, Some(*on)),
        Control::OptionalToggle { on } => yes_or_no(name, *on),
        Control::Choice { chosen, choices } => {
            let words = choices
                .iter()
                .find(|choice| choice.value == *chosen)
                .map_or_else(|| chosen.clone(), |choice| choice.label.clone());
            line(name, chosen.clone(), words)
        }
        // Nested fields are locked one by one.
        _ => ().into_any(),
    }
}

fn line(name: String, value: String, words: String) -> AnyView {
    let words = if words.is_empty() { "–".to_owned() } else { words };
    view! {
        <input type="hidden" name=name value=value />
        <p class="fixed">{words}</p>
    }
    .into_any()
}

fn yes_or_no(name: String, on: Option<bool>) -> AnyView {
    let (value, words) = match on {
        Some(true) => ("true", "Yes"),
        Some(false) => ("false", "No"),
        None => ("", "Not set"),
    };
    line(name, value.to_owned(), words.to_owned())
}

fn block(name: String, text: &str) -> AnyView {
    view! {
        <textarea hidden=true name=name>{crate::parts::text::area(text)}</textarea>
        <pre class="fixed">{text.to_owned()}</pre>
    }
    .into_any()
}
