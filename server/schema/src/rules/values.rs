//! Converts JSON to CEL values, by the types of the schema.

use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
    CelTimestamp,
};
use cel::common::value::Val;
use serde_json::{Map, Number, Value};

use super::cel_object::CelObject;
use super::list_types::SetOrMapList;
use super::unconvertible::{self, Unconvertible};
use crate::format::{FormatRule, duration, go_timestamp};
use crate::node::Node;
use crate::schema_type::SchemaType;

/// A CEL value.
pub(super) type BoxedVal = Box<dyn Val>;

/// Converts the value of a schema node.
pub(super) fn to_cel(node: &Node, value: &Value) -> BoxedVal {
    if let Some(reason) = unconvertible::problem(node, value) {
        return Box::new(Unconvertible(reason));
    }
    match value {
        Value::Null | Value::Bool(_) => untyped(value),
        Value::Number(number) => number_to_cel(node.schema_type, number),
        Value::String(text) => text_to_cel(node, text),
        Value::Array(items) => {
            let item = |item| {
                node.items()
                    .map_or_else(|| untyped(item), |child| to_cel(child, item))
            };
            SetOrMapList::of(node, items.iter().map(item).collect())
        }
        Value::Object(map) => match node.additional_properties() {
            Some(child) if node.properties.is_empty() => map_to_cel(map, |value| to_cel(child, value)),
            _ => Box::new(object_to_cel(node, map)),
        },
    }
}

fn object_to_cel(node: &Node, map: &Map<String, Value>) -> CelObject {
    let mut fields: HashMap<CelMapKey<'static>, BoxedVal> = HashMap::with_capacity(map.len());
    let mut nulls = Vec::new();
    let mut unconvertible = Vec::new();
    let mut undeclared = Map::new();
    for (name, value) in map {
        let converted = match node.properties.get(name.as_str()) {
            Some(_) if value.is_null() => {
                nulls.push(name.as_str().into());
                continue;
            }
            Some(child) => match unconvertible::problem(child, value) {
                Some(reason) => {
                    unconvertible.push((name.as_str().into(), reason));
                    continue;
                }
                None => to_cel(child, value),
            },
            None => {
                undeclared.insert(name.clone(), value.clone());
                if value.is_null() {
                    continue;
                }
                untyped(value)
            }
        };
        fields.insert(name.clone().into(), converted);
    }
    CelObject {
        fields: fields.into(),
        nulls,
        unconvertible,
        undeclared,
        has_properties: !node.properties.is_empty(),
    }
}

/// Converts a value without a schema.
pub(super) fn untyped(value: &Value) -> BoxedVal {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(flag) => Box::new(CelBool::from(*flag)),
        Value::Number(number) => number_to_cel(SchemaType::Any, number),
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => Box::new(CelList::from(items.iter().map(untyped).collect::<Vec<_>>())),
        Value::Object(map) => map_to_cel(map, untyped),
    }
}

fn map_to_cel(map: &Map<String, Value>, to_cel: impl Fn(&Value) -> BoxedVal) -> BoxedVal {
    let entries = map
        .iter()
        .map(|(name, value)| (name.clone().into(), to_cel(value)));
    Box::new(CelMap::from(
        entries.collect::<HashMap<CelMapKey<'static>, BoxedVal>>(),
    ))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
fn number_to_cel(kind: SchemaType, number: &Number) -> BoxedVal {
    let float = number.as_f64().unwrap_or(f64::NAN);
    match (kind, number.as_i64()) {
        (SchemaType::Number, _) | (SchemaType::Any, None) => Box::new(CelDouble::from(float)),
        (_, Some(int)) => Box::new(CelInt::from(int)),
        (_, None) if float.fract() == 0.0 && float.abs() < 9.2e18 => Box::new(CelInt::from(float as i64)),
        (_, None) => Box::new(CelDouble::from(float)),
    }
}

fn text_to_cel(node: &Node, text: &str) -> BoxedVal {
    let plain = || Box::new(CelString::from(text.to_owned()));
    let rule = node
        .format
        .as_ref()
        .filter(|_| node.schema_type == SchemaType::String)
        .map(|format| format.rule);
    match rule {
        Some(FormatRule::DateTime) => match go_timestamp(text) {
            Some(time) => Box::new(CelTimestamp::from(time)),
            None => plain(),
        },
        Some(FormatRule::Date) => match chrono::DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")) {
            Ok(time) => Box::new(CelTimestamp::from(time)),
            Err(_) => plain(),
        },
        Some(FormatRule::Duration) => match duration(text) {
            Some(duration) => Box::new(CelDuration::from(duration)),
            None => plain(),
        },
        Some(FormatRule::Byte) => match decode_base64(text) {
            Some(bytes) => Box::new(CelBytes::from(bytes)),
            None => plain(),
        },
        _ => plain(),
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0;
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        assert_eq!(decode_base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(decode_base64("!"), None);
    }
}
