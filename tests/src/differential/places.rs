//! The places in an object that can be changed: all values with their schemas, and the declared fields that are
//! missing.

use serde_json::Value;

/// A place in an object.
#[derive(Debug, Clone)]
pub(super) struct Place<'s> {
    /// Its JSON pointer.
    pub(super) pointer: String,
    /// Its schema; `Null` if nothing is declared.
    pub(super) schema: &'s Value,
    /// Whether it has a value.
    pub(super) present: bool,
}

/// Places at most.
const MAX_PLACES: usize = 5_000;

/// All places below the root, without `apiVersion`, `kind` and `metadata`.
pub(super) fn places<'s>(schema: &'s Value, object: &Value) -> Vec<Place<'s>> {
    let mut found = Vec::new();
    walk(schema, object, "", &mut found);
    found.retain(|place| {
        let root = place.pointer.split('/').nth(1).unwrap_or_default();
        !matches!(root, "" | "apiVersion" | "kind" | "metadata")
    });
    found
}

fn walk<'s>(schema: &'s Value, value: &Value, pointer: &str, found: &mut Vec<Place<'s>>) {
    if found.len() >= MAX_PLACES {
        return;
    }
    found.push(Place {
        pointer: pointer.to_owned(),
        schema,
        present: true,
    });
    let declared = schema["properties"].as_object();
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let below = declared
                    .and_then(|declared| declared.get(name))
                    .unwrap_or(&schema["additionalProperties"]);
                walk(below, value, &step(pointer, name), found);
            }
            for (name, below) in declared.into_iter().flatten() {
                if !map.contains_key(name) {
                    found.push(Place {
                        pointer: step(pointer, name),
                        schema: below,
                        present: false,
                    });
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(&schema["items"], item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The pointer to a field (RFC 6901).
pub(super) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Splits a pointer into its parent and the last name.
pub(super) fn parent(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    (parent, name.replace("~1", "/").replace("~0", "~"))
}
