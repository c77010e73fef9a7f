//! Uniqueness of items in lists of type `set` and `map`
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::go_format::format_value;
use super::node::{ListType, Node};
use super::path::Path;
use super::violation::{Check, Reason, Violation};

/// Returns one error for each duplicate item.
pub(super) fn validate(node: &Node, object: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    walk(node, object, &Path::ROOT, &mut violations);
    violations
}

fn walk(node: &Node, value: &Value, path: &Path<'_>, violations: &mut Vec<Violation>) {
    if !node.has_keyed_lists {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(child) = node.properties.get(name.as_str()) {
                    walk(child, value, &path.property(name), violations);
                } else if let Some(child) = node.additional_properties() {
                    walk(child, value, &path.key(name), violations);
                }
            }
        }
        Value::Array(items) => {
            match node.list_type {
                ListType::Atomic => {}
                ListType::Set => report_duplicates(items.iter().map(Value::clone), path, violations),
                ListType::Map => validate_keys(node, items, path, violations),
            }
            if let Some(child) = node.items() {
                for (index, item) in items.iter().enumerate() {
                    walk(child, item, &path.index(index), violations);
                }
            }
        }
        _ => {}
    }
}

fn validate_keys(node: &Node, items: &[Value], path: &Path<'_>, violations: &mut Vec<Violation>) {
    for (index, item) in items.iter().enumerate() {
        if !item.is_object() && !item.is_null() {
            violations.push(Violation::new(
                &path.index(index),
                Check::List,
                Reason::Invalid,
                Some(&format_value(item)),
                "must be an object for an array of list-type map".to_owned(),
            ));
            return;
        }
    }
    let keys = items.iter().map(|item| {
        let mut keys = Map::new();
        for name in &node.list_map_keys {
            if let Some(value) = item.get(&**name) {
                keys.insert(name.to_string(), value.clone());
            }
        }
        Value::Object(keys)
    });
    report_duplicates(keys, path, violations);
}

/// Reports each duplicate value once, at its second occurrence.
fn report_duplicates(values: impl Iterator<Item = Value>, path: &Path<'_>, violations: &mut Vec<Violation>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, value) in values.enumerate() {
        let times = seen.entry(crate::canonical_json(&value)).or_default();
        *times += 1;
        if *times == 2 {
            let value = format_value(&value);
            violations.push(Violation::new(
                &path.index(index),
                Check::List,
                Reason::Duplicate,
                Some(&value),
                String::new(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Schema;

    fn messages(object: &serde_json::Value) -> Vec<String> {
        let schema = Schema::parse(&json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "map": {
                "type": "array",
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
                "items": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
            },
        }}}}))
        .unwrap();
        schema
            .validate(object, None)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_duplicate_is_reported_once() {
        assert_eq!(
            messages(&json!({"spec": {"set": ["a", "b", "a", "a"]}})),
            ["spec.set[2]: Duplicate value: \"a\""]
        );
        assert_eq!(
            messages(&json!({"spec": {"map": [{"a": "x", "b": 1}, {"a": "x", "b": 2}, {"b": 1, "a": "x"}]}})),
            ["spec.map[2]: Duplicate value: {\"a\":\"x\",\"b\":1}"]
        );
    }
}
