//! Ratcheting, as observed on the real API server after a definition was tightened.

use serde_json::{Value, json};

use super::super::Schema;

fn said(schema: &Value, new: &Value, old: &Value) -> Vec<String> {
    let violations = Schema::parse(schema).unwrap().validate(new, Some(old));
    violations.iter().map(ToString::to_string).collect()
}

#[test]
fn ratcheting_does_not_apply_inside_branches() {
    let schema = json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "allOf": [{"properties": {"a": {"maxLength": 1}}}],
    }}});
    let old = json!({"spec": {"a": "xx", "b": 1}});
    assert_eq!(said(&schema, &old, &old), Vec::<String>::new());
    assert_eq!(
        said(&schema, &json!({"spec": {"a": "xx", "b": 2}}), &old),
        [
            "spec.a: Too long: may not be more than 1 byte",
            "<nil>: Invalid value: \"\": \"spec\" must validate all the schemas (allOf). None validated",
        ]
    );
}

#[test]
fn lists_of_type_map_are_unchanged_in_any_order() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "b": {"type": "integer"},
        "l": {
            "type": "array", "maxItems": 1,
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}},
        },
    }}}});
    let old = json!({"spec": {"l": [{"k": "x", "v": 1}, {"k": "y", "v": 2}]}});
    let turned = json!({"spec": {"b": 1, "l": [{"k": "y", "v": 2}, {"k": "x", "v": 1}]}});
    assert_eq!(said(&schema, &turned, &old), Vec::<String>::new());
    let changed = json!({"spec": {"b": 1, "l": [{"k": "y", "v": 2}, {"k": "x", "v": 3}]}});
    assert_eq!(
        said(&schema, &changed, &old),
        ["spec.l: Too many: 2: must have at most 1 item"]
    );
}
