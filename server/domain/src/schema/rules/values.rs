//! Values of an object as CEL sees them, by the types of the schema.

use std::collections::{HashMap, HashSet};

use cel::Value as CelValue;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelTimestamp,
};
use cel::common::value::Val;
use serde_json::{Map, Number, Value};

use crate::schema::correlate::OldItems;
use crate::schema::format::FormatRule;
use crate::schema::node::{Kind, ListType, Node};

/// A value as CEL sees it.
pub(super) type Boxed = Box<dyn Val>;

/// Words that CEL keeps for itself: as names of fields they stand between double underscores.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The value of a field.
pub(super) fn to_cel(node: &Node, value: &Value) -> Boxed {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(flag) => Box::new(CelBool::from(*flag)),
        Value::Number(number) => number_to_cel(node.kind, number),
        Value::String(text) => text_to_cel(node, text),
        Value::Array(items) => {
            let items = items.iter().map(|item| match node.items() {
                Some(child) => to_cel(child, item),
                None => untyped(item),
            });
            Box::new(CelList::from(items.collect::<Vec<_>>()))
        }
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(name, value)| (key(node, name), child_to_cel(node, name, value)));
            Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
        }
    }
}

/// The value of the field before, with the items of lists that are sets or maps in the order they have in `now`: such
/// lists are equal whatever their order.
pub(super) fn old_to_cel(node: &Node, old: &Value, now: &Value) -> Boxed {
    to_cel(node, &aligned(node, old, now))
}

fn aligned(node: &Node, old: &Value, now: &Value) -> Value {
    if !node.has_keyed_lists {
        return old.clone();
    }
    match (old, now) {
        (Value::Object(old), Value::Object(now)) => {
            let entries = old.iter().map(|(name, value)| {
                let value = match (node.child(name), now.get(name)) {
                    (Some(child), Some(now)) => aligned(child, value, now),
                    _ => value.clone(),
                };
                (name.clone(), value)
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        (Value::Array(items), Value::Array(now)) => Value::Array(aligned_items(node, old, items, now)),
        _ => old.clone(),
    }
}

fn aligned_items(node: &Node, old_list: &Value, old: &[Value], now: &[Value]) -> Vec<Value> {
    let child = node.items();
    let align =
        |old: &Value, now: &Value| child.map_or_else(|| old.clone(), |child| aligned(child, old, now));
    if node.list_type == ListType::Atomic {
        return old
            .iter()
            .enumerate()
            .map(|(index, old)| now.get(index).map_or_else(|| old.clone(), |now| align(old, now)))
            .collect();
    }
    let by_key = OldItems::new(node, Some(old_list));
    let same: HashMap<String, &Value> = match node.list_type {
        ListType::Set => old.iter().map(|old| (old.to_string(), old)).collect(),
        _ => HashMap::new(),
    };
    let mut items: Vec<Value> = Vec::with_capacity(old.len());
    let mut taken: HashSet<*const Value> = HashSet::new();
    for now in now {
        let partner = match node.list_type {
            ListType::Map => by_key.like(now),
            _ => same.get(&now.to_string()).copied(),
        };
        if let Some(old) = partner.filter(|old| taken.insert(std::ptr::from_ref(*old))) {
            items.push(align(old, now));
        }
    }
    items.extend(
        old.iter()
            .filter(|old| !taken.contains(&std::ptr::from_ref(*old)))
            .cloned(),
    );
    items
}

fn child_to_cel(node: &Node, name: &str, value: &Value) -> Boxed {
    match node.child(name) {
        Some(child) => to_cel(child, value),
        None => untyped(value),
    }
}

fn untyped(value: &Value) -> Boxed {
    thread_local! {
        static ANY: Node = Node::default();
    }
    ANY.with(|any| to_cel(any, value))
}

/// The name of a field; keys of maps are as they are.
fn key(node: &Node, name: &str) -> CelMapKey<'static> {
    if node.has_additional() {
        CelMapKey::from(name.to_owned())
    } else {
        CelMapKey::from(escape(name))
    }
}

/// The name of a field as rules write it (`k8s.io/apiserver/pkg/cel/escaping.go`).
pub(super) fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    if !name.contains(['_', '.', '-', '/']) {
        return name.to_owned();
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
fn number_to_cel(kind: Kind, number: &Number) -> Boxed {
    let float = number.as_f64().unwrap_or(f64::NAN);
    match (kind, number.as_i64()) {
        (Kind::Number, _) | (Kind::Any, None) => Box::new(CelDouble::from(float)),
        (_, Some(int)) => Box::new(CelInt::from(int)),
        (_, None) if float.fract() == 0.0 && float.abs() < 9.2e18 => Box::new(CelInt::from(float as i64)),
        (_, None) => Box::new(CelDouble::from(float)),
    }
}

fn text_to_cel(node: &Node, text: &str) -> Boxed {
    let plain = || Box::new(CelString::from(text.to_owned()));
    let rule = node
        .format
        .as_ref()
        .filter(|_| node.kind == Kind::String)
        .map(|format| format.rule);
    match rule {
        Some(FormatRule::DateTime) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => Box::new(CelTimestamp::from(time)),
            Err(_) => plain(),
        },
        Some(FormatRule::Date) => match chrono::DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")) {
            Ok(time) => Box::new(CelTimestamp::from(time)),
            Err(_) => plain(),
        },
        Some(FormatRule::Duration) => {
            let call = super::environment::with_context(|context| {
                let mut context = context.new_inner_scope();
                context.add_variable_as_val("text", plain());
                cel::Program::compile("duration(text)").map(|program| program.execute(&context))
            });
            match call {
                Ok(Ok(duration @ CelValue::Duration(_))) => match Boxed::try_from(duration) {
                    Ok(duration) => duration,
                    Err(_) => plain(),
                },
                _ => plain(),
            }
        }
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
            b'+' => 62,
            b'/' => 63,
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
    fn names_are_escaped_as_kubernetes_escapes_them() {
        for (name, escaped) in [
            ("plain_name", "plain_name"),
            ("namespace", "__namespace__"),
            ("a__b", "a__underscores__b"),
            ("x-prop", "x__dash__prop"),
            ("redact.d/e", "redact__dot__d__slash__e"),
        ] {
            assert_eq!(escape(name), escaped);
        }
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(decode_base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(decode_base64("!"), None);
    }
}
