//! Defaulting and the removal of nulls, as on admission
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`).

use serde_json::Value;

use super::node::{Additional, Node};

/// Drops nulls where null is not allowed and there is no default, then applies defaults at every depth.
pub(super) fn fill(value: &mut Value, node: &Node) {
    drop_nulls(value, node);
    default(value, node);
}

fn is_refused_null(value: &Value, node: &Node) -> bool {
    value.is_null() && !node.nullable
}

fn drop_nulls(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| match node.child(name) {
                Some(child) if is_refused_null(value, child) => child.default.is_some(),
                _ => true,
            });
            for (name, value) in map {
                if let Some(child) = node.child(name) {
                    drop_nulls(value, child);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for item in items {
                    drop_nulls(item, child);
                }
            }
        }
        _ => {}
    }
}

fn default(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => {
            for (name, child) in &node.properties {
                let Some(default) = &child.default else {
                    continue;
                };
                if map.get(&**name).is_none_or(|value| is_refused_null(value, child)) {
                    map.insert(name.to_string(), (**default).clone());
                }
            }
            for (name, value) in map {
                if let Some(child) = node.properties.get(name.as_str()) {
                    default(value, child);
                } else if let Additional::Of(child) = &node.additional {
                    replace_null(value, child);
                    default(value, child);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for item in items {
                    replace_null(item, child);
                    default(item, child);
                }
            }
        }
        _ => {}
    }
}

fn replace_null(value: &mut Value, node: &Node) {
    if is_refused_null(value, node)
        && let Some(default) = &node.default
    {
        *value = (**default).clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Schema;

    #[test]
    fn defaults_are_applied_at_every_depth() {
        let schema = Schema::parse(&json!({
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "default": {},
                    "properties": {
                        "size": {"type": "string", "default": "small"},
                        "users": {"type": "array", "items": {
                            "type": "object",
                            "properties": {"role": {"type": "string", "default": "reader"}},
                        }},
                        "limits": {"type": "object", "additionalProperties": {
                            "type": "object",
                            "properties": {"soft": {"type": "boolean", "default": false}},
                        }},
                    },
                },
            },
        }))
        .unwrap();
        assert_eq!(schema.defaulted(&json!({})), json!({"spec": {"size": "small"}}));
        assert_eq!(
            schema.defaulted(&json!({"spec": {"size": null, "users": [{}], "limits": {"a": {}}}})),
            json!({"spec": {"size": "small", "users": [{"role": "reader"}], "limits": {"a": {"soft": false}}}})
        );
    }

    #[test]
    fn disallowed_nulls_are_dropped_or_replaced_by_their_default() {
        let schema = Schema::parse(&json!({
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "b": {"type": "string", "nullable": true},
                "c": {"type": "string", "nullable": true, "default": "x"},
            },
        }))
        .unwrap();
        assert_eq!(
            schema.defaulted(&json!({"a": null, "b": null, "c": null, "d": null})),
            json!({"b": null, "c": null, "d": null})
        );
    }
}
