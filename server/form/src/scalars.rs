//! Controls of scalars: texts, numbers, choices, toggles.

use kube_schema::{Kind, Node, yaml};
use serde_json::Value;

use super::spot::Spot;
use super::texts;
use crate::{Choice, Control, in_words};

/// More values than this are not offered as a choice.
const CHOICES: usize = 500;

pub(super) fn scalar(node: &Node, spot: &Spot, value: Option<&Value>, required: bool) -> Control {
    if is_choice(node) {
        return choice(node, value);
    }
    match (node.kind(), value.filter(|value| !value.is_null())) {
        (Kind::Boolean, Some(Value::Bool(on))) if required || node.default_value().is_some() => {
            Control::Toggle { on: *on }
        }
        (Kind::Boolean, Some(Value::Bool(on))) => Control::OptionalToggle { on: Some(*on) },
        (Kind::Boolean, None) if required => Control::Toggle { on: false },
        (Kind::Boolean, None) => Control::OptionalToggle { on: None },
        (Kind::Integer | Kind::Number, value) => Control::Number {
            text: value.map(|value| texts::to_text(node, value)).unwrap_or_default(),
            integer: node.kind() == Kind::Integer,
            min: node.minimum(),
            max: node.maximum(),
        },
        (_, value) => text(node, spot, value),
    }
}

/// Whether each value there can be is one of a few: those of an `enum`, or yes, no and `null`.
pub(super) fn is_choice(node: &Node) -> bool {
    match node.allowed_values().len() {
        0 => node.kind() == Kind::Boolean && node.is_nullable(),
        some => some <= CHOICES,
    }
}

/// Whether what a control posts is read back as the value. An empty text and `null` are said beside the control.
pub(super) fn says(node: &Node, control: &Control, value: &Value) -> bool {
    let posted = match control {
        Control::Text { text, .. } => {
            // Browsers change line breaks, and no page can hold all control characters.
            if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
                return false;
            }
            text.clone()
        }
        Control::Number { text, .. } => text.clone(),
        Control::Choice { chosen, .. } => chosen.clone(),
        Control::Toggle { on } => on.to_string(),
        Control::OptionalToggle { on } => on.map(|on| on.to_string()).unwrap_or_default(),
        _ => return false,
    };
    if posted.is_empty() {
        let is_text = matches!(control, Control::Text { .. });
        let is_number = matches!(control, Control::Number { .. });
        return (is_text && value == "") || ((is_text || is_number) && value.is_null());
    }
    yaml::same(&texts::from_text(node, &posted), value)
}

fn choice(node: &Node, value: Option<&Value>) -> Control {
    let say = |value: &Value| match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        other => in_words(other),
    };
    let mut choices: Vec<Choice> = texts::choices(node)
        .iter()
        .map(|value| Choice {
            value: texts::choice_value(node, value),
            label: say(value),
        })
        .collect();
    let chosen = value
        .map(|value| texts::choice_value(node, value))
        .unwrap_or_default();
    if !chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen) {
        // What is there is shown, though it is not allowed.
        choices.push(Choice {
            value: chosen.clone(),
            label: value.map(say).unwrap_or_default(),
        });
    }
    Control::Choice { chosen, choices }
}

fn text(node: &Node, spot: &Spot, value: Option<&Value>) -> Control {
    const LONG: [&str; 7] = [
        "script", "config", "content", "query", "pem", "bundle", "template",
    ];
    let text = value.map(|value| texts::to_text(node, value)).unwrap_or_default();
    let max_length = node.max_length().and_then(|most| u64::try_from(most).ok());
    let (format, placeholder) = format(node);
    let name = spot.path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let free = node.pattern().is_none() && format.is_none() && node.kind() == Kind::String;
    let long = LONG.iter().any(|end| name.ends_with(end)) && max_length.is_none_or(|most| most > 200);
    Control::Text {
        multiline: text.contains('\n') || (free && long),
        text,
        max_length,
        placeholder,
        format,
    }
}

/// What a text should look like: a word for keyboards and checks, and an example.
fn format(node: &Node) -> (Option<String>, Option<String>) {
    let pattern = node.pattern();
    let is_quantity =
        pattern.is_some_and(|pattern| pattern.contains("KMGTPE") || pattern.contains("Ki|Mi|Gi"));
    let is_duration =
        pattern.is_some_and(|pattern| pattern.contains("ms|s|m|h") || pattern.contains("(h|m|s"));
    let (format, placeholder) = match node.format().map(|name| name.replace('-', "")).as_deref() {
        Some("datetime") => ("date-time", "2026-01-31T12:00:00Z"),
        Some("date") => ("date", "2026-01-31"),
        Some("duration") => ("duration", "30m"),
        Some("uri") => ("uri", "https://example.com"),
        Some("email") => ("email", "name@example.com"),
        Some("byte") => ("byte", ""),
        Some("password") => ("password", ""),
        Some("ipv4") => ("ipv4", "192.0.2.1"),
        Some("cidr") => ("cidr", "10.0.0.0/16"),
        Some("hostname") => ("hostname", "db.example.com"),
        _ if is_quantity => ("quantity", "10Gi"),
        _ if is_duration => ("duration", "30m"),
        _ if node.kind() == Kind::IntOrString => ("intOrString", ""),
        _ => ("", ""),
    };
    let example = match node.example() {
        Some(Value::String(example)) => Some(example.clone()),
        Some(Value::Number(example)) => Some(example.to_string()),
        _ => (!placeholder.is_empty()).then(|| placeholder.to_owned()),
    };
    ((!format.is_empty()).then(|| format.to_owned()), example)
}
