//! Validates a value by its schema (`k8s.io/kube-openapi/pkg/validation/validate`), with ratcheting: errors on
//! unchanged values are suppressed (KEP-4008).

mod combinations;
mod numbers;
mod outcome;
mod scalars;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::correlate::{OldItems, is_unchanged};
use super::go_format::quote;
use super::node::{Additional, Node};
use super::path::Path;
use super::schema_type::SchemaType;
use super::violation::{Check, Reason, Violation};
use combinations::validate_combinations;
use numbers::numeric;
use outcome::Outcome;
use scalars::{enumeration, string, type_of, wrong_type};

/// Validates `value` by `node`.
pub(super) fn validate(node: &Node, value: &Value, old: Option<&Value>) -> Vec<Violation> {
    let mut outcome = Outcome::default();
    check(node, value, old, &Path::ROOT, &mut outcome);
    outcome.violations
}

/// Validates a property as a separate document, as the API server does for writes to `status`.
pub(super) fn validate_part(node: &Node, name: &str, value: &Value, old: Option<&Value>) -> Vec<Violation> {
    let mut outcome = Outcome::default();
    check(node, value, old, &Path::part(name), &mut outcome);
    outcome.violations
}

fn check(node: &Node, value: &Value, old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    let before = (outcome.violations.len(), outcome.failed);
    outcome.failed = false;
    check_new(node, value, old, path, outcome);
    if outcome.failed && old.is_some_and(|old| is_unchanged(node, value, old)) {
        outcome.violations.truncate(before.0);
        outcome.failed = false;
    }
    outcome.failed |= before.1;
}

fn check_new(node: &Node, value: &Value, old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    if value.is_null() {
        outcome.checks += 1;
        if node.schema_type != SchemaType::Any && !node.nullable {
            wrong_type(path, node.schema_type.name(), "null", outcome);
        }
        enumeration(node, value, path, outcome);
        return;
    }
    if node.schema_type != SchemaType::Any || node.format.is_some() {
        outcome.checks += 2;
        type_of(node, value, path, outcome);
    }
    outcome.checks += 2;
    if let Some(combinations) = &node.combinations {
        validate_combinations(combinations, value, path, outcome);
    }
    match value {
        Value::String(text) => {
            outcome.checks += 1;
            if let Some(bounds) = &node.bounds {
                string(bounds, text, path, outcome);
            }
            if let Some(format) = &node.format {
                outcome.checks += 1;
                if !format.accepts(text) {
                    wrong_type(path, &format.name, text, outcome);
                }
            }
        }
        Value::Number(number) => {
            outcome.checks += 2;
            numeric(node, number, path, outcome);
        }
        Value::Array(items) => {
            outcome.checks += 2;
            array(node, items, old, path, outcome);
        }
        _ => {}
    }
    outcome.checks += 1;
    enumeration(node, value, path, outcome);
    if let Value::Object(map) = value {
        outcome.checks += 1;
        object(node, map, old, path, outcome);
    }
    outcome.checks += 1;
}

fn array(node: &Node, items: &[Value], old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    if let Some(child) = node.items() {
        let old = OldItems::new(node, old);
        for (index, item) in items.iter().enumerate() {
            check(child, item, old.matching(item), &path.index(index), outcome);
        }
    }
    let Some(bounds) = &node.bounds else {
        return;
    };
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = bounds.min_items.filter(|least| size < *least) {
        outcome.invalid(
            path,
            &size.to_string(),
            &format!("should have at least {least} items"),
        );
    }
    if let Some(most) = bounds.max_items.filter(|most| size > *most) {
        too_many(path, size, most, outcome);
    }
    if bounds.unique_items {
        let mut seen = HashSet::new();
        if !items.iter().all(|item| seen.insert(crate::canonical_json(item))) {
            outcome.invalid(path, "\"\"", "shouldn't contain duplicates");
        }
    }
}

fn too_many(path: &Path<'_>, size: i64, most: i64, outcome: &mut Outcome) {
    let unit = if most == 1 { "item" } else { "items" };
    let detail = format!("must have at most {most} {unit}");
    outcome.add(
        path,
        Check::Schema,
        Reason::TooMany,
        Some(&size.to_string()),
        detail,
    );
}

fn object(
    node: &Node,
    map: &Map<String, Value>,
    old: Option<&Value>,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    if let Some(bounds) = &node.bounds {
        let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
        if let Some(least) = bounds.min_properties.filter(|least| size < *least) {
            outcome.invalid(
                path,
                &size.to_string(),
                &format!("should have at least {least} properties"),
            );
        }
        if let Some(most) = bounds.max_properties.filter(|most| size > *most) {
            too_many(path, size, most, outcome);
        }
    }
    let old = old.and_then(Value::as_object);
    for (name, value) in map {
        if let Some(child) = node.properties.get(name.as_str()) {
            let is_type = path.is_root() && matches!(name.as_str(), "apiVersion" | "kind");
            let old = old.and_then(|old| old.get(name)).filter(|_| !is_type);
            check(child, value, old, &path.property(name), outcome);
            continue;
        }
        match &node.additional {
            Additional::Of(child) => {
                check(
                    child,
                    value,
                    old.and_then(|old| old.get(name)),
                    &path.key(name),
                    outcome,
                );
            }
            Additional::Forbidden => {
                let text = path.dotted();
                let detail = format!("{text}.{name} in body is a forbidden property");
                outcome.add(path, Check::Schema, Reason::Invalid, Some(&quote(name)), detail);
            }
            Additional::Absent | Additional::Any => {}
        }
    }
    for name in &node.required {
        if !map.contains_key(&**name) {
            outcome.add(
                &path.property(name),
                Check::Schema,
                Reason::Required,
                None,
                String::new(),
            );
        }
    }
}
