//! Makes definitions stricter while objects are stored, to test validation ratcheting.

use kube_schema::Definition;
use serde_json::{Value, json};

use super::corpus::Kind;
use super::rng::Rng;

/// Constraints added at once.
const AT_ONCE: usize = 3;

/// A definition that forbids some values of an object, and those constraints; `None` if there is nothing to
/// forbid.
pub(super) fn tightened(kind: &Kind, object: &Value, rng: &mut Rng) -> Option<(Kind, String)> {
    let mut places = Vec::new();
    for (name, value) in object.as_object()? {
        if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            let schema = &kind.schema()["properties"][name];
            walk(schema, value, format!("/properties/{name}"), &mut places);
        }
    }
    let mut document = kind.document.clone();
    let schema = &mut document["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut said = Vec::new();
    for _ in 0..AT_ONCE.min(places.len()) {
        let (pointer, value) = rng.pick(&places);
        let node = schema.pointer_mut(pointer)?;
        let (name, bound) = if rng.percent(20) {
            (
                "x-kubernetes-validations",
                json!([{ "rule": "1 == 2", "message": "never" }]),
            )
        } else {
            constraint(value, rng)?
        };
        if node.get(name).is_none() {
            node[name] = bound;
            said.push(format!("{pointer} {name}"));
        }
    }
    if said.is_empty() {
        return None;
    }
    let definition = Definition::parse(&document).ok()?;
    let kind = Kind {
        document,
        definition,
        samples: Vec::new(),
    };
    Some((kind, said.join(", ")))
}

/// The constraint that a value violates.
fn constraint(value: &Value, rng: &mut Rng) -> Option<(&'static str, Value)> {
    Some(match value {
        Value::String(text) if !text.is_empty() && rng.percent(50) => {
            ("maxLength", json!(text.chars().count() - 1))
        }
        Value::String(_) => ("pattern", json!("^never$")),
        Value::Number(number) => ("maximum", json!(number.as_f64()?.floor() - 1.0)),
        Value::Array(items) => ("maxItems", json!(items.len().checked_sub(1)?)),
        Value::Object(map) => ("maxProperties", json!(map.len().checked_sub(1)?)),
        Value::Bool(flag) => ("enum", json!([!flag])),
        Value::Null => return None,
    })
}

/// The values that can be forbidden, each with the pointer of its schema.
fn walk<'v>(schema: &Value, value: &'v Value, pointer: String, found: &mut Vec<(String, &'v Value)>) {
    if !schema.is_object() || found.len() > 500 {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let of_name = &schema["properties"][name];
                if of_name.is_object() {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    walk(of_name, value, format!("{pointer}/properties/{step}"), found);
                } else {
                    let below = &schema["additionalProperties"];
                    walk(below, value, format!("{pointer}/additionalProperties"), found);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(&schema["items"], item, format!("{pointer}/items"), found);
            }
        }
        _ => {}
    }
    let is_empty = match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        other => other.is_null(),
    };
    if !is_empty {
        found.push((pointer, value));
    }
}
