//! Controls for a single value: text, number, toggle, choice, YAML.

use leptos::prelude::*;
use portico_form::{AmountUnit, Choice, Control, Field};

use super::annotations::{Described, marks};
use super::context::id_of;
use crate::parts::icon;

/// Up to this many choices are radio buttons; more are a select.
const MAX_RADIO_BUTTONS: usize = 5;

/// True if the control consists of several inputs and needs a group label.
pub(super) fn is_group(field: &Field) -> bool {
    match &field.control {
        Control::OptionalToggle { .. } => true,
        Control::Choice { choices, .. } => choices.len() <= MAX_RADIO_BUTTONS,
        _ => false,
    }
}

/// Renders the control of a field.
pub(super) fn control(field: &Field, described: &Described) -> AnyView {
    match &field.control {
        Control::Text {
            text,
            multiline,
            max_length,
            placeholder,
            format,
            unit,
        } => {
            if let Some(unit) = unit {
                return amount(field, text, unit, described);
            }
            if *multiline {
                return text_area(field, &field.name, text, "text", blank(field), described);
            }
            text_input(
                field,
                text,
                format.as_deref(),
                *max_length,
                placeholder.clone().or_else(|| blank(field).map(str::to_owned)),
                described,
            )
        }
        Control::Number {
            text,
            integer,
            min,
            max,
        } => number(field, text, *integer, (*min, *max), described),
        Control::Toggle { on } => toggle(field, *on, described),
        Control::OptionalToggle { on } => {
            let chosen = on.map_or("", |on| if on { "true" } else { "false" });
            let choices = [choice("true", "Yes"), choice("false", "No")];
            radios(field, chosen, &choices)
        }
        Control::Choice { chosen, choices } if choices.len() <= MAX_RADIO_BUTTONS => {
            radios(field, chosen, choices)
        }
        Control::Choice { chosen, choices } => select(field, chosen, choices, described),
        Control::Yaml { text } => text_area(
            field,
            &format!("{}/@yaml", field.name),
            text,
            "mono",
            None,
            described,
        ),
        // Controls with nested fields are rendered elsewhere; `Control` is non-exhaustive.
        _ => view! { <p class="quiet">"This field cannot be shown here. Use the YAML tab."</p> }.into_any(),
    }
}

fn choice(value: &str, label: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
    }
}

/// A placeholder that lets CSS detect an empty input, for fields where one can choose what that means.
fn blank(field: &Field) -> Option<&'static str> {
    field.when_empty.is_some().then_some(" ")
}

fn required(field: &Field) -> Option<&'static str> {
    field.required.then_some("true")
}

fn text_input(
    field: &Field,
    text: &str,
    format: Option<&str>,
    max_length: Option<u64>,
    placeholder: Option<String>,
    described: &Described,
) -> AnyView {
    let input_mode = match format {
        Some("email") => Some("email"),
        Some("uri") => Some("url"),
        _ => None,
    };
    let kind = if format == Some("password") {
        "password"
    } else {
        "text"
    };
    let class = match (max_length, format) {
        (_, Some("quantity" | "duration" | "intOrString")) | (Some(..=20), _) => Some("short"),
        _ => None,
    };
    view! {
        <input type=kind class=class id=id_of(&field.name) name=field.name.clone() value=text.to_owned() placeholder=placeholder
            inputmode=input_mode autocomplete="off" autocapitalize="off" spellcheck="false"
            aria-required=required(field) aria-invalid=described.invalid aria-describedby=described.by.clone() />
        {(format == Some("intOrString")).then(|| {
            view! { <p class="help">"A number, or a text: 80 is a number, \"80\" in quotes is a text."</p> }
        })}
    }
    .into_any()
}

/// An amount: its number and its unit, side by side.
fn amount(field: &Field, text: &str, unit: &AmountUnit, described: &Described) -> AnyView {
    let number = text
        .strip_suffix(unit.chosen.as_str())
        .filter(|number| number.parse::<f64>().is_ok())
        .unwrap_or(text)
        .to_owned();
    let options: Vec<_> = unit
        .choices
        .iter()
        .map(|each| {
            let selected = *each == unit.chosen;
            view! { <option value=each.clone() selected=selected>{unit_words(each)}</option> }
        })
        .collect();
    let id = id_of(&field.name);
    let name = format!("{}/@unit", field.name);
    let units = if let [only] = unit.choices.as_slice() {
        view! {
            <input type="hidden" name=name value=only.clone() />
            <span class="unit" id=format!("{id}-unit")>{unit_words(only)}</span>
        }
        .into_any()
    } else {
        view! {
            <div class="select">
                <select name=name aria-label=format!("Unit of {}", field.label) autocomplete="off">{options}</select>
                {icon("down")}
            </div>
        }
        .into_any()
    };
    view! {
        <div class="amount">
            <input type="text" class="short" id=id.clone() name=field.name.clone() value=number placeholder=blank(field) inputmode="decimal"
                autocomplete="off" autocapitalize="off" spellcheck="false" data-amount=""
                aria-required=required(field) aria-invalid=described.invalid aria-describedby=described.by.clone() />
            {units}
        </div>
    }
    .into_any()
}

/// A suffix of Kubernetes quantities as people write it: `GiB` for `Gi`.
fn unit_words(suffix: &str) -> String {
    match suffix {
        "" => "bytes".to_owned(),
        "k" | "M" | "G" | "T" | "P" | "E" => format!("{}B", suffix.to_uppercase()),
        binary if binary.ends_with('i') => format!("{binary}B"),
        other => other.to_owned(),
    }
}

/// A text area. HTML parsers drop a leading line break, so one is added.
fn text_area(
    field: &Field,
    name: &str,
    text: &str,
    class: &'static str,
    placeholder: Option<&'static str>,
    described: &Described,
) -> AnyView {
    let rows = text.lines().count().clamp(3, 16).to_string();
    view! {
        <textarea class=class id=id_of(&field.name) name=name.to_owned() rows=rows placeholder=placeholder spellcheck="false" autocomplete="off"
            aria-required=required(field) aria-invalid=described.invalid aria-describedby=described.by.clone()>{crate::parts::text::area(text)}</textarea>
    }
    .into_any()
}

fn number(
    field: &Field,
    text: &str,
    integer: bool,
    bounds: (Option<f64>, Option<f64>),
    described: &Described,
) -> AnyView {
    let mode = if integer { "numeric" } else { "decimal" };
    let range = match bounds {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("{min} or more")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    };
    let id = id_of(&field.name);
    let range_id = format!("{id}-range");
    let by = match (&described.by, &range) {
        (Some(by), Some(_)) => Some(format!("{by} {range_id}")),
        (None, Some(_)) => Some(range_id.clone()),
        (by, None) => by.clone(),
    };
    view! {
        <div class="with-range">
            <input type="text" class="short" id=id name=field.name.clone() value=text.to_owned() placeholder=blank(field) inputmode=mode
                autocomplete="off"
                aria-required=required(field) aria-invalid=described.invalid aria-describedby=by />
            {range.map(|range| view! { <span class="help" id=range_id>{range}</span> })}
        </div>
    }
    .into_any()
}

fn toggle(field: &Field, on: bool, described: &Described) -> AnyView {
    view! {
        <input type="hidden" name=field.name.clone() value="false" />
        <label class="choice">
            <input type="checkbox" id=id_of(&field.name) name=field.name.clone() value="true" checked=on
                aria-invalid=described.invalid aria-describedby=described.by.clone() />
            <span class="label">{field.label.clone()}{marks(field)}</span>
        </label>
    }
    .into_any()
}

/// The text for choosing nothing.
fn nothing(field: &Field) -> String {
    field
        .default
        .as_ref()
        .map_or_else(|| "Not set".to_owned(), |default| format!("Default ({default})"))
}

fn radios(field: &Field, chosen: &str, choices: &[Choice]) -> AnyView {
    let one = |value: String, label: String, is_usual: bool| {
        let checked = value == chosen;
        let mark = is_usual.then(|| view! { <span class="mark">"default"</span> });
        view! {
            <label class="choice">
                <input type="radio" name=field.name.clone() value=value checked=checked />
                <span>{label}{mark}</span>
            </label>
        }
    };
    let usual = default_choice(field, choices);
    let nothing = (!field.required && usual.is_none()).then(|| one(String::new(), nothing(field), false));
    let strange = (!chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen))
        .then(|| one(chosen.to_owned(), format!("{chosen} (not a choice)"), false));
    let each: Vec<_> = choices
        .iter()
        .map(|choice| {
            let is_usual = usual == Some(choice);
            // As long as nothing is chosen, the default is what leaves the field unset.
            let value = if is_usual && chosen.is_empty() {
                ""
            } else {
                &choice.value
            };
            one(value.to_owned(), choice.label.clone(), is_usual)
        })
        .collect();
    view! { <div class="choices">{nothing}{each}{strange}</div> }.into_any()
}

/// The choice that the default makes.
fn default_choice<'c>(field: &Field, choices: &'c [Choice]) -> Option<&'c Choice> {
    let default = field.default.as_deref().filter(|_| !field.required)?;
    choices
        .iter()
        .find(|choice| choice.value == default || choice.label.eq_ignore_ascii_case(default))
}

fn select(field: &Field, chosen: &str, choices: &[Choice], described: &Described) -> AnyView {
    let one = |value: String, label: String| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    let usual = default_choice(field, choices);
    let nothing = (usual.is_none() && (!field.required || chosen.is_empty())).then(|| {
        let words = if field.required {
            "Choose…".to_owned()
        } else {
            nothing(field)
        };
        one(String::new(), words)
    });
    let strange = (!chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen))
        .then(|| one(chosen.to_owned(), format!("{chosen} (not a choice)")));
    let each: Vec<_> = choices
        .iter()
        .map(|choice| {
            let is_usual = usual == Some(choice);
            let value = if is_usual && chosen.is_empty() {
                ""
            } else {
                &choice.value
            };
            let label = if is_usual {
                format!("{} (default)", choice.label)
            } else {
                choice.label.clone()
            };
            one(value.to_owned(), label)
        })
        .collect();
    view! {
        <div class="select">
            <select id=id_of(&field.name) name=field.name.clone() aria-required=required(field)
                aria-invalid=described.invalid aria-describedby=described.by.clone()>
                {nothing}
                {each}
                {strange}
            </select>
            {icon("down")}
        </div>
    }
    .into_any()
}
