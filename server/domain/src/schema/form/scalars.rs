//! Controls of scalars: texts, numbers, choices, toggles.

use serde_json::Value;

use super::spot::Spot;
use super::texts;
use crate::schema::format::FormatRule;
use crate::schema::node::{Kind, Node};
use crate::schema::pattern::Pattern;
use crate::view::{Choice, Control, in_words};

/// More values than this are not offered as a choice.
const CHOICES: usize = 500;

pub(super) fn scalar(node: &Node, spot: &Spot, value: Option<&Value>, required: bool) -> Control {
    if !node.one_of_values.is_empty() && node.one_of_values.len() <= CHOICES {
        return choice(node, value);
    }
    match (node.kind, value) {
        (Kind::Boolean, Some(Value::Bool(on))) if required || node.default.is_some() => {
            Control::Toggle { on: *on }
        }
        (Kind::Boolean, Some(Value::Bool(on))) => Control::OptionalToggle { on: Some(*on) },
        (Kind::Boolean, None) if required => Control::Toggle { on: false },
        (Kind::Boolean, None) => Control::OptionalToggle { on: None },
        (Kind::Integer | Kind::Number, _) => {
            let bounds = node.bounds.as_deref();
            Control::Number {
                text: value.map(|value| texts::to_text(node, value)).unwrap_or_default(),
                integer: node.kind == Kind::Integer,
                min: bounds.and_then(|bounds| bounds.minimum),
                max: bounds.and_then(|bounds| bounds.maximum),
            }
        }
        _ => text(node, spot, value),
    }
}

fn choice(node: &Node, value: Option<&Value>) -> Control {
    let say = |value: &Value| match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        other => in_words(other),
    };
    let mut choices: Vec<Choice> = node
        .one_of_values
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| Choice {
            value: texts::choice_value(value),
            label: say(value),
        })
        .collect();
    let chosen = value.map(texts::choice_value).unwrap_or_default();
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
    let bounds = node.bounds.as_deref();
    let max_length = bounds
        .and_then(|bounds| bounds.max_length)
        .and_then(|most| u64::try_from(most).ok());
    let (format, placeholder) = format(node);
    let name = spot.path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let free =
        bounds.is_none_or(|bounds| bounds.pattern.is_none()) && format.is_none() && node.kind == Kind::String;
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
    let pattern = node
        .bounds
        .as_deref()
        .and_then(|bounds| bounds.pattern.as_deref())
        .map(Pattern::source);
    let is_quantity =
        pattern.is_some_and(|pattern| pattern.contains("KMGTPE") || pattern.contains("Ki|Mi|Gi"));
    let is_duration =
        pattern.is_some_and(|pattern| pattern.contains("ms|s|m|h") || pattern.contains("(h|m|s"));
    let (format, placeholder) = match node.format.as_ref().map(|format| format.rule) {
        Some(FormatRule::DateTime) => ("date-time", "2026-01-31T12:00:00Z"),
        Some(FormatRule::Date) => ("date", "2026-01-31"),
        Some(FormatRule::Duration) => ("duration", "30m"),
        Some(FormatRule::Uri) => ("uri", "https://example.com"),
        Some(FormatRule::Email) => ("email", "name@example.com"),
        Some(FormatRule::Byte) => ("byte", ""),
        Some(FormatRule::Password) => ("password", ""),
        Some(FormatRule::Ipv4) => ("ipv4", "192.0.2.1"),
        Some(FormatRule::Cidr) => ("cidr", "10.0.0.0/16"),
        Some(FormatRule::Hostname) => ("hostname", "db.example.com"),
        _ if is_quantity => ("quantity", "10Gi"),
        _ if is_duration => ("duration", "30m"),
        _ if node.kind == Kind::IntOrString => ("intOrString", ""),
        _ => ("", ""),
    };
    let example = match node.example.as_deref() {
        Some(Value::String(example)) => Some(example.clone()),
        Some(Value::Number(example)) => Some(example.to_string()),
        _ => (!placeholder.is_empty()).then(|| placeholder.to_owned()),
    };
    ((!format.is_empty()).then(|| format.to_owned()), example)
}
