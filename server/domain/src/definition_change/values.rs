//! Compares an object with what defaults make of it.

use kube_schema::path::Path;
use kube_schema::{Node, Schema};
use serde_json::{Map, Value};

use super::{DefaultChange, DefaultedWhen};

/// Fields in which objects differ without any default.
const NOT_DEFAULTED: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The fields that `after` has and `before` does not.
pub(super) fn added(before: &Value, after: &Value) -> Vec<DefaultChange> {
    let mut found = Vec::new();
    add(before, after, &Path::ROOT, &mut found);
    found
}

fn add(before: &Value, after: &Value, path: &Path<'_>, found: &mut Vec<DefaultChange>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in after {
                let path_of = path.property(name);
                match before.get(name) {
                    Some(Value::Null) | None => found.push(DefaultChange {
                        path: path_of.dotted(),
                        from: None,
                        to: Some(value.clone()),
                        when: DefaultedWhen::Read,
                    }),
                    Some(_) if path.is_root() && NOT_DEFAULTED.contains(&name.as_str()) => {}
                    Some(before) => add(before, value, &path_of, found),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                add(before, after, &path.index(index), found);
            }
        }
        _ => {}
    }
}

/// The fields whose value is the `current` default and for which the `changed` schema has another one, or none. Those
/// in `pruned` are left out.
pub(super) fn redefaulted(
    object: &Value,
    current: &Schema,
    changed: &Schema,
    pruned: &[String],
) -> Vec<DefaultChange> {
    let bare = without_defaults(object, Some(current.root()));
    let after = changed.defaulted(&changed.pruned(&bare).0);
    let mut found = Vec::new();
    differences(object, &after, &Path::ROOT, &mut found);
    found.retain(|change| !pruned.iter().any(|pruned| is_at_or_below(&change.path, pruned)));
    found
}

fn is_at_or_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn differences(before: &Value, after: &Value, path: &Path<'_>, found: &mut Vec<DefaultChange>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                if path.is_root() && NOT_DEFAULTED.contains(&name.as_str()) {
                    continue;
                }
                let path = path.property(name);
                match after.get(name) {
                    Some(after) => differences(value, after, &path, found),
                    None if value.is_null() => {}
                    None => found.push(created(&path, value, None)),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                differences(before, after, &path.index(index), found);
            }
        }
        (before, after) if before == after || before.is_null() => {}
        (before, after) => found.push(created(path, before, Some(after))),
    }
}

fn created(path: &Path<'_>, from: &Value, to: Option<&Value>) -> DefaultChange {
    DefaultChange {
        path: path.dotted(),
        from: Some(from.clone()),
        to: to.cloned(),
        when: DefaultedWhen::Created,
    }
}

/// The value without fields that have their default, at every depth.
fn without_defaults(value: &Value, node: Option<&Node>) -> Value {
    match value {
        Value::Object(map) => {
            let kept: Map<String, Value> = map
                .iter()
                .filter_map(|(name, value)| {
                    let child = node.and_then(|node| node.child(name));
                    let bare = without_defaults(value, child);
                    let property = node.and_then(|node| node.property(name));
                    let is_default = property
                        .and_then(Node::default_value)
                        .is_some_and(|default| bare == without_defaults(default, property));
                    (!is_default).then(|| (name.clone(), bare))
                })
                .collect();
            Value::Object(kept)
        }
        Value::Array(items) => {
            let child = node.and_then(Node::items);
            Value::Array(items.iter().map(|item| without_defaults(item, child)).collect())
        }
        other => other.clone(),
    }
}
