//! Controls for scalars: text, number, choice, toggle.

use kube_schema::{Node, SchemaType, yaml};
use serde_json::Value;

use super::field_path::FieldPath;
use super::{pattern_words, quantity, scalar_text};
use crate::{AmountUnit, Choice, Control, in_words};

/// The control of a scalar. `unit` is the posted unit of an amount.
pub(super) fn scalar(
    node: &Node,
    field_path: &FieldPath,
    value: Option<&Value>,
    required: bool,
    unit: Option<&str>,
) -> Control {
    if scalar_text::is_choice(node) {
        return choice(node, value);
    }
    match (node.schema_type(), value.filter(|value| !value.is_null())) {
        (SchemaType::Boolean, Some(Value::Bool(on))) if required || node.default_value().is_some() => {
            Control::Toggle { on: *on }
        }
        (SchemaType::Boolean, Some(Value::Bool(on))) => Control::OptionalToggle { on: Some(*on) },
        (SchemaType::Boolean, None) if required => Control::Toggle { on: false },
        (SchemaType::Boolean, None) => Control::OptionalToggle { on: None },
        (SchemaType::Integer | SchemaType::Number, value) => Control::Number {
            text: value
                .map(|value| scalar_text::to_text(node, value))
                .unwrap_or_default(),
            integer: node.schema_type() == SchemaType::Integer,
            min: node.minimum(),
            max: node.maximum(),
        },
        (_, value) => text(node, field_path, value, unit),
    }
}

/// True if the posted value of a control decodes to `value`. Empty strings and `null` are handled beside the control.
pub(super) fn decodes_to(node: &Node, control: &Control, value: &Value) -> bool {
    let posted = match control {
        Control::Text { text, .. } => {
            // Browsers normalize line breaks and cannot show all control characters.
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
    yaml::same_scalar(&scalar_text::from_text(node, &posted), value)
}

fn choice(node: &Node, value: Option<&Value>) -> Control {
    let say = |value: &Value| match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        other => in_words(other),
    };
    let mut choices: Vec<Choice> = scalar_text::choices(node)
        .iter()
        .map(|value| Choice {
            value: scalar_text::choice_value(node, value),
            label: say(value),
        })
        .collect();
    let chosen = value
        .map(|value| scalar_text::choice_value(node, value))
        .unwrap_or_default();
    if !chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen) {
        // An invalid value is shown as an additional choice.
        choices.push(Choice {
            value: chosen.clone(),
            label: value.map(say).unwrap_or_default(),
        });
    }
    Control::Choice { chosen, choices }
}

fn text(node: &Node, field_path: &FieldPath, value: Option<&Value>, unit: Option<&str>) -> Control {
    const LONG: [&str; 7] = [
        "script", "config", "content", "query", "pem", "bundle", "template",
    ];
    let text = value
        .map(|value| scalar_text::to_text(node, value))
        .unwrap_or_default();
    let max_length = node.max_length().and_then(|most| u64::try_from(most).ok());
    let (format, placeholder) = format(node);
    let name = field_path
        .path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let free = node.pattern().is_none() && format.is_none() && node.schema_type() == SchemaType::String;
    let long = LONG.iter().any(|end| name.ends_with(end)) && max_length.is_none_or(|most| most > 200);
    let multiline = text.contains('\n') || (free && long);
    Control::Text {
        unit: amount_unit(node, &name, &text, unit).filter(|_| !multiline),
        multiline,
        text,
        max_length,
        placeholder,
        format,
    }
}

/// The unit of an amount of memory or storage. `posted` is the unit that was chosen beside the number.
fn amount_unit(node: &Node, name: &str, text: &str, posted: Option<&str>) -> Option<AmountUnit> {
    const USUAL: [&str; 3] = ["Mi", "Gi", "Ti"];
    const SIZES: [&str; 6] = ["memory", "storage", "size", "disk", "capacity", "volume"];
    if !matches!(node.schema_type(), SchemaType::String | SchemaType::IntOrString) {
        return None;
    }
    let of_text = quantity::split(text).map(|(_, unit)| unit);
    let chosen = match (of_text, posted) {
        (Some(unit), Some(_)) => unit,
        (None, Some(posted)) => posted,
        (Some(unit), None) if quantity::is_binary(unit) => unit,
        // The control must not change while somebody types, so an empty field has its unit from the schema.
        (None, None) if text.is_empty() => {
            let default = node.default_value().and_then(Value::as_str);
            let example = node.example().and_then(Value::as_str);
            let of_pattern = node.pattern().and_then(kube_schema::pattern_example);
            let samples = [default, example, of_pattern.as_deref()];
            let of_schema = samples
                .into_iter()
                .flatten()
                .filter_map(|sample| Some(quantity::split(sample)?.1))
                .find(|unit| quantity::is_binary(unit));
            let is_size = node.pattern().is_some_and(pattern_words::is_quantity)
                && SIZES.iter().any(|size| name.ends_with(size));
            match of_schema {
                Some(unit) => return Some(units(node, USUAL, unit)),
                None if is_size => "Gi",
                None => return None,
            }
        }
        _ => return None,
    };
    Some(units(node, USUAL, chosen))
}

/// The usual units that the field accepts, and the one that it has.
fn units(node: &Node, usual: [&str; 3], chosen: &str) -> AmountUnit {
    let accepted = |unit: &&str| *unit == chosen || node.accepts(Value::from(format!("1{unit}")));
    let mut choices: Vec<String> = usual.into_iter().filter(accepted).map(str::to_owned).collect();
    if !choices.iter().any(|unit| unit == chosen) {
        choices.insert(0, chosen.to_owned());
    }
    AmountUnit {
        chosen: chosen.to_owned(),
        choices,
    }
}

/// The format (for keyboards and checks) and an example.
fn format(node: &Node) -> (Option<String>, Option<String>) {
    let pattern = node.pattern();
    let is_quantity = pattern.is_some_and(pattern_words::is_quantity);
    let is_duration = pattern.is_some_and(pattern_words::is_duration);
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
        _ if node.schema_type() == SchemaType::IntOrString => ("intOrString", ""),
        _ => ("", ""),
    };
    let example = match node.example() {
        Some(Value::String(example)) => Some(example.clone()),
        Some(Value::Number(example)) => Some(example.to_string()),
        _ => (!placeholder.is_empty()).then(|| placeholder.to_owned()),
    };
    ((!format.is_empty()).then(|| format.to_owned()), example)
}
