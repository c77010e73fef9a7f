//! Server-side apply.
//!
//! The rules are those of Kubernetes' structured merge: a manager owns what it applies. What it applied before
//! and omits now is removed unless another manager owns it. Changing a field that another manager owns is a
//! conflict.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::object_writes::Outcome;
use super::operations;
use crate::kube::registry::fields::{Difference, FieldSet};
use crate::kube::registry::managed::{self, Entry, Operation};
use crate::kube::registry::path::{Element, Path, show};
use crate::kube::registry::shape::{List, Shape};
use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::{Subresource, WriteOptions};

/// Applies `wanted`; creates the object when it does not exist.
pub(crate) fn apply(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    mut wanted: Value,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    if !wanted.is_object() {
        return Err(ApiError::bad_request("an apply patch must be an object"));
    }
    if wanted["metadata"]
        .get("managedFields")
        .is_some_and(|m| !m.is_null())
    {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let given = object::name(&wanted);
    if !given.is_empty() && given != key.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({})",
            key.name
        )));
    }
    object::set_meta(&mut wanted, "name", Some(json!(key.name)));
    let has_status = kind.version(version).is_some_and(|v| v.status);
    // The status subresource owns only `status`, and the main resource everything else.
    let said =
        FieldSet::said_by(&wanted, Shape::of(kind, version)).filter_root(|root| match options.subresource {
            Subresource::None => !(has_status && root == "status"),
            Subresource::Status => root == "status",
            Subresource::Finalize => root == "spec",
        });
    let mine = managed::entry(kind, version, Operation::Apply, said, options, options.now);
    let Some(old) = state.store.get(kind, key) else {
        if options.subresource != Subresource::None {
            return Err(ApiError::not_found(kind, &key.name));
        }
        if !object::uid(&wanted).is_empty() {
            let why = "uid mismatch: the provided object specified uid, and no existing object was found";
            return Err(ApiError::conflict(kind, &key.name, why));
        }
        object::set_meta(&mut wanted, "resourceVersion", None);
        let owners = managed::encode(vec![mine]);
        return operations::create_managed(
            state,
            kind,
            version,
            &key.namespace,
            wanted,
            options,
            Some(owners),
        );
    };
    let (merged, owners) = merge_into(kind, version, &old, &wanted, mine, options)?;
    operations::update_managed(state, kind, version, key, merged, options, Some(owners))
}

fn merge_into(
    kind: &Kind,
    version: &str,
    old: &Value,
    wanted: &Value,
    mut mine: Entry,
    options: &WriteOptions,
) -> Result<(Value, Value), ApiError> {
    let shape = Shape::of(kind, version);
    let mut live = old.clone();
    live["apiVersion"] = json!(kind.api_version(version));
    let mut entries = managed::decode(old);
    let is_mine = |entry: &Entry| {
        entry.operation == Operation::Apply
            && entry.manager == mine.manager
            && entry.subresource == mine.subresource
    };
    let before = entries.iter().position(is_mine).map(|i| entries.remove(i));
    let mut merged = merge(&live, wanted, shape);
    let others = entries
        .iter()
        .fold(mine.fields.clone(), |all, entry| all.union(&entry.fields));
    if let Some(before) = &before {
        // Remove a list item before its fields: without its keys it could not be found.
        let mut gone: Vec<&Path> = Vec::new();
        let no_longer = before.fields.difference(&mine.fields);
        for path in &no_longer.0 {
            if !others.touches(path) && !gone.iter().any(|whole| path.starts_with(whole)) {
                remove(&mut merged, path, shape, &others);
                gone.push(path);
            }
        }
    }
    keep_identity(&mut merged, &live, wanted);
    let difference = Difference::between(&live, &merged, shape);
    let changed = difference.changed().intersection(&mine.fields);
    let mut conflicts = Vec::new();
    for entry in &mut entries {
        let contested = entry.fields.intersection(&changed);
        if !contested.is_empty() && !options.force {
            conflicts.push((entry.clone(), contested.clone()));
        }
        entry.fields = entry
            .fields
            .difference(&contested)
            .difference(&difference.removed);
    }
    if !conflicts.is_empty() {
        return Err(conflict(kind, old, &conflicts));
    }
    if let Some(before) = before
        && before.fields == mine.fields
        && before.api_version == mine.api_version
    {
        mine.time = before.time;
    }
    entries.insert(0, mine);
    Ok((merged, managed::encode(entries)))
}

/// Keeps the identity of the live object; a version or uid in `wanted` must match it.
fn keep_identity(merged: &mut Value, live: &Value, wanted: &Value) {
    for field in ["resourceVersion", "uid"] {
        let given = object::meta(wanted, field);
        let value = if given.is_empty() {
            object::meta(live, field)
        } else {
            given
        }
        .to_owned();
        object::set_meta(merged, field, Some(json!(value)));
    }
    object::set_meta(merged, "managedFields", None);
}

/// Merges `wanted` over `live`.
fn merge(live: &Value, wanted: &Value, shape: Shape<'_>) -> Value {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) if !shape.is_atomic_map() => {
            let mut merged = live.clone();
            for (name, value) in wanted {
                let below = match live.get(name) {
                    Some(live) => merge(live, value, shape.field(name)),
                    None => value.clone(),
                };
                merged.insert(name.clone(), below);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(wanted)) => match shape.list(wanted) {
            List::Atomic => Value::Array(wanted.clone()),
            list => {
                let mut merged = live.clone();
                let mut places: HashMap<String, usize> = HashMap::new();
                let identity = |item: &Value| shape.element(&list, item).map(|e| show(&[e]));
                for (i, item) in merged.iter().enumerate() {
                    if let Some(identity) = identity(item) {
                        places.entry(identity).or_insert(i);
                    }
                }
                for item in wanted {
                    match identity(item).and_then(|identity| places.get(&identity)) {
                        Some(i) => merged[*i] = merge(&merged[*i], item, shape.item()),
                        None => merged.push(item.clone()),
                    }
                }
                Value::Array(merged)
            }
        },
        (_, wanted) => wanted.clone(),
    }
}

/// Removes the value at a path, and the objects around it that become empty and that nobody owns.
fn remove(value: &mut Value, path: &[Element], shape: Shape<'_>, others: &FieldSet) {
    fn step(value: &mut Value, path: &[Element], depth: usize, shape: Shape<'_>, others: &FieldSet) {
        let Some(element) = path.get(depth) else { return };
        let last = depth + 1 == path.len();
        match (value, element) {
            (Value::Object(fields), Element::Field(name)) => {
                if !last && let Some(below) = fields.get_mut(name) {
                    step(below, path, depth + 1, shape.field(name), others);
                    let empty = below.as_object().is_some_and(serde_json::Map::is_empty)
                        || below.as_array().is_some_and(Vec::is_empty);
                    // Top-level fields stay even when they are empty.
                    if !empty || depth == 0 || others.contains(&path[..=depth]) {
                        return;
                    }
                }
                fields.shift_remove(name);
            }
            (Value::Array(items), element) => {
                let merging = shape.list(items);
                let place = items
                    .iter()
                    .position(|item| shape.element(&merging, item).as_ref() == Some(element));
                if let Some(place) = place {
                    if last {
                        items.remove(place);
                    } else {
                        step(&mut items[place], path, depth + 1, shape.item(), others);
                    }
                }
            }
            _ => {}
        }
    }
    step(value, path, 0, shape, others);
}

fn conflict(kind: &Kind, old: &Value, conflicts: &[(Entry, FieldSet)]) -> ApiError {
    let mut causes = Vec::new();
    let mut parts = Vec::new();
    for (entry, fields) in conflicts {
        let mut who = format!("{:?}", entry.manager);
        if !entry.subresource.is_empty() {
            who = format!("{who} with subresource {:?}", entry.subresource);
        }
        if entry.operation == Operation::Update {
            who = format!("{who} using {}", entry.api_version);
        }
        let paths: Vec<String> = fields.0.iter().map(|path| show(path)).collect();
        for path in &paths {
            causes.push(Cause {
                reason: "FieldManagerConflict".into(),
                message: format!("conflict with {who}"),
                field: path.clone(),
            });
        }
        parts.push(if let [only] = paths.as_slice() {
            format!("conflict with {who}: {only}")
        } else {
            format!("conflicts with {who}:\n- {}", paths.join("\n- "))
        });
    }
    let count = causes.len();
    let plural = if count == 1 { "" } else { "s" };
    let message = format!("Apply failed with {count} conflict{plural}: {}", parts.join("\n"));
    ApiError {
        name: object::name(old).into(),
        group: kind.group.as_str().into(),
        kind: kind.plural.as_str().into(),
        causes,
        ..ApiError::new(409, "Conflict", message)
    }
}
