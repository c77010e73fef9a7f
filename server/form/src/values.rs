//! Empty and initial values.

use kube_schema::{Node, SchemaType};
use serde_json::{Map, Value};

use super::Shape;

/// Fields that are not part of a form.
pub(super) const IDENTITY: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// True if a value contains nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The value of a node that is still to be filled in.
pub(super) fn blank(node: &Node) -> Value {
    match Shape::of(node) {
        Shape::Object | Shape::Map => Value::Object(Map::new()),
        Shape::List => Value::Array(Vec::new()),
        Shape::Scalar if matches!(node.schema_type(), SchemaType::String | SchemaType::IntOrString) => {
            Value::String(String::new())
        }
        Shape::Scalar | Shape::Free => Value::Null,
    }
}

/// The initial value of a chosen branch's field; `None` for scalars, which have to be typed.
pub(super) fn initial_value(node: &Node) -> Option<Value> {
    match (Shape::of(node), node.schema_type()) {
        (Shape::Object | Shape::Map, _) | (Shape::Free, SchemaType::Object) => {
            Some(Value::Object(Map::new()))
        }
        (Shape::List, _) | (Shape::Free, SchemaType::Array) => Some(Value::Array(Vec::new())),
        _ => None,
    }
}
