//! Encodes a form as a browser would post it.

use crate::{Control, Field, Form};

/// Returns the name-value pairs that the unchanged form posts.
#[must_use]
pub fn encode(form: &Form) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for field in form
        .main
        .iter()
        .chain(form.sections.iter().flat_map(|section| &section.fields))
    {
        post(field, &mut pairs);
    }
    pairs
}

fn post(field: &Field, pairs: &mut Vec<(String, String)>) {
    let mut add = |name: String, text: &str| pairs.push((name, text.to_owned()));
    let name = || field.name.clone();
    if let Some(when_empty) = &field.when_empty {
        add(format!("{}/@empty", field.name), when_empty.chosen.slug());
    }
    match &field.control {
        Control::Text { text, .. } => add(name(), &text.replace('\n', "\r\n")),
        Control::Number { text, .. } => add(name(), text),
        Control::Toggle { on } => {
            add(name(), "false");
            if *on {
                add(name(), "true");
            }
        }
        Control::OptionalToggle { on } => add(name(), &on.map(|on| on.to_string()).unwrap_or_default()),
        Control::Choice { chosen, .. } => add(name(), chosen),
        Control::Object { fields } | Control::Secret { fields } => {
            for field in fields {
                post(field, pairs);
            }
        }
        Control::List { items, .. } => {
            add(name(), "[]");
            for item in items {
                post(item, pairs);
            }
        }
        Control::Map { entries } => {
            add(name(), "{}");
            for entry in entries {
                pairs.push((entry.key_name.clone(), entry.key.clone()));
                post(&entry.value, pairs);
            }
        }
        Control::Union { branches, chosen } => {
            add(format!("{}/@branch", field.name), chosen);
            branches
                .iter()
                .flat_map(|branch| &branch.fields)
                .for_each(|field| post(field, pairs));
        }
        Control::Yaml { text } => add(format!("{}/@yaml", field.name), text),
    }
}
