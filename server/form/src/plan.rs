//! Plans and presets: initial values, and which of them are locked.

use kube_schema::Schema;
use kube_schema::path::tokens;
use serde_json::{Map, Value};

use super::Decoded;
use crate::{FormHints, PlanValues};

/// Returns the object for a new form: defaults, presets of the hints, and values of the plan. Values in `base`
/// (usually `apiVersion`, `kind`, `metadata`) are kept.
#[must_use]
pub fn initial_object(
    schema: &Schema,
    hints: &FormHints,
    plan: Option<PlanValues<'_>>,
    base: &Value,
) -> Value {
    let mut object = if base.is_object() {
        base.clone()
    } else {
        Value::Object(Map::new())
    };
    if let Some(plan) = plan {
        merge(&mut object, &Value::Object(plan.values.clone()), "", &|_| true);
    }
    for (path, hint) in &hints.fields {
        if let Some(preset) = &hint.preset {
            let names: Vec<&str> = path.split('.').collect();
            set_absent(&mut object, &names, preset);
        }
    }
    if schema.root().property("spec").is_some() && object["spec"].is_null() {
        object["spec"] = Value::Object(Map::new());
    }
    schema.defaulted(&object)
}

/// Applies the presets of the hints to a list item that a button has just added.
pub fn apply_item_presets(hints: &FormHints, decoded: &mut Decoded) {
    let Some(pointer) = decoded
        .command
        .as_deref()
        .and_then(|command| command.strip_prefix("add:"))
    else {
        return;
    };
    let mut path = String::new();
    let mut value = Some(&mut decoded.object);
    for name in tokens(pointer) {
        value = match value {
            Some(Value::Object(map)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&name);
                map.get_mut(&name)
            }
            Some(Value::Array(items)) => {
                path.push_str("[]");
                name.parse::<usize>().ok().and_then(|index| items.get_mut(index))
            }
            _ => None,
        };
    }
    let Some(added) = value
        .and_then(Value::as_array_mut)
        .and_then(|items| items.last_mut())
    else {
        return;
    };
    path.push_str("[].");
    for (of, hint) in &hints.fields {
        if let (Some(below), Some(preset)) = (of.strip_prefix(&path), &hint.preset) {
            set_absent(added, &below.split('.').collect::<Vec<_>>(), preset);
        }
    }
}

/// Resets all locked values to those of the plan.
pub fn enforce_plan(plan: PlanValues<'_>, object: &mut Value) {
    merge(object, &Value::Object(plan.values.clone()), "", &|path| {
        !is_adjustable(plan, path)
    });
}

/// The plan's value at a path (`spec.storage.size`).
pub(super) fn value<'p>(plan: PlanValues<'p>, path: &str) -> Option<&'p Value> {
    let mut names = path.split('.');
    let mut value = plan.values.get(names.next()?)?;
    for name in names {
        value = value.get(name)?;
    }
    Some(value)
}

/// True if the plan allows changes at a path.
pub(super) fn is_adjustable(plan: PlanValues<'_>, path: &str) -> bool {
    plan.adjustable.iter().any(|adjustable| {
        path.strip_prefix(adjustable.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// True if the plan locks the value at a path or something below it.
pub(super) fn locks(plan: PlanValues<'_>, path: &str) -> bool {
    fn any(plan: PlanValues<'_>, value: &Value, path: &str) -> bool {
        match value {
            Value::Object(map) if !map.is_empty() => map
                .iter()
                .any(|(name, value)| any(plan, value, &format!("{path}.{name}"))),
            _ => !is_adjustable(plan, path),
        }
    }
    value(plan, path).is_some_and(|value| any(plan, value, path))
}

fn merge(target: &mut Value, values: &Value, path: &str, may: &dyn Fn(&str) -> bool) {
    match (target, values) {
        (Value::Object(target), Value::Object(values)) => {
            for (name, value) in values {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                if value.is_object() {
                    let entry = target
                        .entry(name.clone())
                        .or_insert_with(|| Value::Object(Map::new()));
                    if !entry.is_object() {
                        *entry = Value::Object(Map::new());
                    }
                    merge(entry, value, &path, may);
                } else if may(&path) {
                    target.insert(name.clone(), value.clone());
                }
            }
        }
        (target, values) => *target = values.clone(),
    }
}

fn set_absent(object: &mut Value, names: &[&str], preset: &Value) {
    let (Some((name, rest)), Value::Object(map)) = (names.split_first(), object) else {
        return;
    };
    if let Some(name) = name.strip_suffix("[]") {
        // Presets below a list apply to its items; they do not add one.
        let items = map.get_mut(name).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            set_absent(item, rest, preset);
        }
        return;
    }
    if rest.is_empty() {
        map.entry((*name).to_owned()).or_insert_with(|| preset.clone());
    } else {
        set_absent(
            map.entry((*name).to_owned())
                .or_insert_with(|| Value::Object(Map::new())),
            rest,
            preset,
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_sets_and_locks_values() {
        let values = json!({"spec": {"size": "small", "storage": {"gib": 10, "class": "fast"}}});
        let plan = PlanValues {
            title: "Small",
            values: values.as_object().unwrap(),
            adjustable: &["spec.storage.gib".to_owned()],
        };
        let mut object = json!({"spec": {"size": "huge", "storage": {"gib": 50}}});
        enforce_plan(plan, &mut object);
        assert_eq!(
            object,
            json!({"spec": {"size": "small", "storage": {"gib": 50, "class": "fast"}}})
        );
        assert!(locks(plan, "spec.storage"));
        assert!(!locks(plan, "spec.storage.gib"));
        assert!(!locks(plan, "spec.other"));
    }
}
