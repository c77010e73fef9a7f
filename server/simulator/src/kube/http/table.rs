//! Renders objects as the `Table` that `kubectl get` prints.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::jsonpath;
use super::view::{Show, metadata_of};
use crate::kube::types::kind::Column;
use crate::kube::types::object;

/// Renders a table.
pub(super) fn of(show: &Show<'_>, objects: &[&Value], metadata: &Value) -> Value {
    let mut columns = vec![json!({
        "name": "Name", "type": "string", "format": "name", "priority": 0,
        "description": "Name must be unique within a namespace.",
    })];
    let is_event = show.kind.group.is_empty() && show.kind.plural == "events";
    if is_event {
        columns.clear();
    }
    columns.extend(show.version.columns.iter().map(|column| {
        // Kubernetes sends ages as strings, in the short form.
        let kind = if column.kind == "date" {
            "string"
        } else {
            column.kind.as_str()
        };
        json!({
            "name": column.name, "type": kind, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    }));
    let now = Timestamp::now();
    let rows: Vec<Value> = objects
        .iter()
        .map(|value| {
            let mut cells = if is_event {
                Vec::new()
            } else {
                vec![json!(object::name(value))]
            };
            cells.extend(show.version.columns.iter().map(|column| cell(value, column, now)));
            let included = match show.include.as_str() {
                "None" => Value::Null,
                "Object" => show.converted(value),
                _ => metadata_of(value),
            };
            json!({"cells": cells, "object": included})
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn cell(value: &Value, column: &Column, now: Timestamp) -> Value {
    if column.path == "@" {
        let about = &value["involvedObject"];
        let text = |field: &str| about[field].as_str().unwrap_or_default().to_lowercase();
        return json!(format!("{}/{}", text("kind"), text("name")));
    }
    if let Some(path) = column.path.strip_prefix('#') {
        let count = jsonpath::find(value, path)
            .and_then(Value::as_object)
            .map_or(0, serde_json::Map::len);
        return json!(count);
    }
    let Some(found) = jsonpath::find(value, &column.path).filter(|found| !found.is_null()) else {
        return if column.kind == "date" {
            json!("<unknown>")
        } else {
            Value::Null
        };
    };
    match (column.kind.as_str(), found) {
        ("date", Value::String(since)) => {
            json!(age::age(since, now).unwrap_or_else(|| "<invalid>".into()))
        }
        ("string", Value::String(_))
        | ("integer" | "number", Value::Number(_))
        | ("boolean", Value::Bool(_)) => found.clone(),
        ("string", other) => json!(other.to_string()),
        _ => Value::Null,
    }
}
