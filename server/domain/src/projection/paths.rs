//! Paths of fields as lists of names, and the parts of values at them.

use serde_json::{Map, Value};

/// Splits `spec.a.b` into names. In `metadata.labels.<key>` the key is one name.
pub(super) fn tokens(path: &str) -> Vec<String> {
    for kind in ["labels", "annotations"] {
        if let Some(key) = path
            .strip_prefix("metadata.")
            .and_then(|rest| rest.strip_prefix(kind)?.strip_prefix('.'))
        {
            return vec!["metadata".to_owned(), kind.to_owned(), key.to_owned()];
        }
    }
    path.split('.')
        .map(|name| name.trim_end_matches("[]").to_owned())
        .collect()
}

/// Returns the paths below `prefix`, relative to it.
pub(super) fn below(paths: &[Vec<String>], prefix: &[&str]) -> Vec<Vec<String>> {
    let rest = paths.iter().filter_map(|path| {
        let whole = path.len() >= prefix.len() && path.iter().zip(prefix).all(|(one, other)| one == other);
        whole.then(|| path[prefix.len()..].to_vec())
    });
    rest.collect()
}

/// Returns the parts of a value at these paths; `None` if there are none.
pub(super) fn picked(value: &Value, paths: &[Vec<String>]) -> Option<Value> {
    if paths.iter().any(Vec::is_empty) {
        return Some(value.clone());
    }
    let mut kept = Map::new();
    for (key, value) in value.as_object()? {
        if let Some(value) = picked(value, &below(paths, &[key])) {
            kept.insert(key.clone(), value);
        }
    }
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// Returns the value without the parts at these paths; `None` if nothing is left.
pub(super) fn without(value: &Value, paths: &[Vec<String>]) -> Option<Value> {
    if paths.iter().any(Vec::is_empty) {
        return None;
    }
    let Value::Object(map) = value else {
        return Some(value.clone());
    };
    let kept: Map<String, Value> = map
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), without(value, &below(paths, &[key]))?)))
        .collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

pub(super) fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Visits every leaf (including empty maps) with its path.
pub(super) fn leaves(value: &Value, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &Value)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                path.push(name.clone());
                leaves(value, path, visit);
                path.pop();
            }
        }
        _ => visit(path, value),
    }
}

/// Returns the field to report: the whole machinery field, not its leaf.
pub(super) fn head(path: &[String]) -> Vec<String> {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let length = match names.as_slice() {
        ["spec", "crossplane", ..] | ["metadata", "labels" | "annotations", ..] => 3,
        ["spec" | "metadata", ..] => 2,
        _ => 1,
    };
    path[..length.min(path.len())].to_vec()
}

/// Adds what `value` lacks from `more`, recursively.
pub(super) fn fill(value: &mut Value, more: &Value) {
    let (Value::Object(value), Value::Object(more)) = (value, more) else {
        return;
    };
    for (key, more) in more {
        match value.get_mut(key) {
            Some(there) => fill(there, more),
            None => {
                value.insert(key.clone(), more.clone());
            }
        }
    }
}
