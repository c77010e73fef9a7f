//! `metadata.managedFields`: the owners of fields.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Difference, FieldSet};
use super::shape::Shape;
use crate::kube::types::kind::Kind;
use crate::kube::types::object;
use crate::kube::types::options::{Subresource, WriteOptions};

/// How a manager wrote its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// The fields of one manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    pub(crate) time: Value,
    pub(crate) fields: FieldSet,
}

/// Entries at most; the oldest are dropped.
const MAX_ENTRIES: usize = 40;

/// The name of a subresource in an entry.
pub(crate) fn part(subresource: Subresource) -> &'static str {
    match subresource {
        Subresource::None => "",
        Subresource::Status => "status",
        Subresource::Finalize => "finalize",
    }
}

/// Decodes the entries of an object.
pub(crate) fn decode(object: &Value) -> Vec<Entry> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .map(|entry| Entry {
            manager: text(&entry["manager"]),
            operation: if entry["operation"] == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            },
            api_version: text(&entry["apiVersion"]),
            subresource: text(&entry["subresource"]),
            time: entry["time"].clone(),
            fields: FieldSet::decode(&entry["fieldsV1"]),
        })
        .collect()
}

/// Encodes entries; drops those without fields.
pub(crate) fn encode(mut entries: Vec<Entry>) -> Value {
    entries.retain(|entry| !entry.fields.is_empty());
    if entries.len() > MAX_ENTRIES {
        entries.drain(..entries.len() - MAX_ENTRIES);
    }
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            let mut value = json!({
                "manager": entry.manager,
                "operation": if entry.operation == Operation::Apply { "Apply" } else { "Update" },
                "apiVersion": entry.api_version,
                "time": entry.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": entry.fields.encode(),
            });
            if !entry.subresource.is_empty() {
                value["subresource"] = json!(entry.subresource);
            }
            value
        })
        .collect();
    Value::Array(entries)
}

/// The entries after a write other than apply: its manager owns all fields that changed.
pub(crate) fn after_update(
    kind: &Kind,
    version: &str,
    old: Option<&Value>,
    new: &Value,
    options: &WriteOptions,
) -> Value {
    let nothing = json!({});
    // An empty list resets ownership, as in Kubernetes.
    let reset = new["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|list| list.is_empty() || list[0] == json!({}));
    // A write may hand fields over by changing the list, as in Kubernetes.
    let mut entries = match old {
        Some(_) if reset => Vec::new(),
        Some(old) if new["metadata"]["managedFields"].is_null() => decode(old),
        Some(_) => decode(new),
        None => Vec::new(),
    };
    let difference = Difference::between(old.unwrap_or(&nothing), new, Shape::of(kind, version));
    let changed = difference.changed();
    let gone = difference.removed.union(&changed);
    for entry in &mut entries {
        entry.fields = entry.fields.difference(&gone);
    }
    let api_version = kind.api_version(version);
    if !changed.is_empty() {
        let mine = entries.iter_mut().find(|entry| {
            entry.operation == Operation::Update
                && entry.manager == options.manager
                && entry.subresource == part(options.subresource)
                && entry.api_version == api_version
        });
        match mine {
            Some(entry) => {
                entry.fields = entry.fields.union(&changed);
                entry.time = object::timestamp(options.now);
            }
            None => entries.push(entry(
                kind,
                version,
                Operation::Update,
                changed,
                options,
                options.now,
            )),
        }
    }
    encode(entries)
}

/// A new entry for the manager of a write.
pub(crate) fn entry(
    kind: &Kind,
    version: &str,
    operation: Operation,
    fields: FieldSet,
    options: &WriteOptions,
    now: Timestamp,
) -> Entry {
    Entry {
        manager: options.manager.clone(),
        operation,
        api_version: kind.api_version(version),
        subresource: part(options.subresource).into(),
        time: object::timestamp(now),
        fields,
    }
}

/// Whether two states of an object differ only in the times of `managedFields`.
pub(crate) fn is_same(new: &Value, old: &Value) -> bool {
    let without_times = |object: &Value| -> Value {
        let mut object = object.clone();
        if let Some(entries) = object["metadata"]
            .get_mut("managedFields")
            .and_then(Value::as_array_mut)
        {
            for entry in entries {
                entry["time"] = Value::Null;
            }
        }
        object
    };
    without_times(new) == without_times(old)
}
