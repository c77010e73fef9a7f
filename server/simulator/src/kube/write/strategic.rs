//! Strategic merge patch, for built-in kinds.

use serde_json::{Map, Value};

use crate::kube::registry::shape::{List, Shape};

/// Merges `patch` into `target`.
pub(crate) fn merge(target: &mut Value, patch: &Value) -> Result<(), String> {
    if !patch.is_object() {
        return Err("a strategic merge patch must be a JSON object".into());
    }
    merge_at(target, patch, Shape::built_in());
    Ok(())
}

fn merge_at(target: &mut Value, patch: &Value, shape: Shape<'_>) {
    match patch {
        Value::Object(patch) => merge_object(target, patch, shape),
        Value::Array(patch) => merge_list(target, patch, shape),
        scalar => *target = scalar.clone(),
    }
}

fn merge_object(target: &mut Value, patch: &Map<String, Value>, shape: Shape<'_>) {
    if patch.get("$patch").is_some_and(|p| p == "replace") {
        let mut whole = patch.clone();
        whole.shift_remove("$patch");
        *target = Value::Object(whole);
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|k| k == name));
    }
    for (name, value) in patch {
        if let Some(of) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(items), Some(gone)) =
                (fields.get_mut(of).and_then(Value::as_array_mut), value.as_array())
            {
                items.retain(|item| !gone.contains(item));
            }
        } else if name.starts_with('$') {
            // `$setElementOrder` only sets the order of lists, which nothing here depends on.
        } else if value.is_null() || value["$patch"] == "delete" {
            fields.shift_remove(name);
        } else {
            merge_at(
                fields.entry(name.clone()).or_insert(Value::Null),
                value,
                shape.field(name),
            );
        }
    }
}

fn merge_list(target: &mut Value, patch: &[Value], shape: Shape<'_>) {
    let current = target.as_array().cloned().unwrap_or_default();
    let sample = if patch.is_empty() { &current } else { patch };
    let list = shape.list(sample);
    if list == List::Atomic || patch.iter().any(|item| item["$patch"] == "replace") {
        *target = patch
            .iter()
            .filter(|item| item["$patch"].is_null())
            .cloned()
            .collect();
        return;
    }
    let mut merged = current;
    for item in patch {
        let element = shape.element(&list, item);
        let place = merged
            .iter()
            .position(|m| element.is_some() && shape.element(&list, m) == element);
        match (place, item["$patch"] == "delete") {
            (Some(place), true) => drop(merged.remove(place)),
            (Some(place), false) => merge_at(&mut merged[place], item, shape.item()),
            (None, true) => {}
            (None, false) => {
                let mut new = Value::Null;
                merge_at(&mut new, item, shape.item());
                merged.push(new);
            }
        }
    }
    *target = Value::Array(merged);
}
