//! Validates that the fields referenced by the `scale` subresource are valid replica counts and selectors
//! (`k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go`).

use serde_json::Value;

use super::crd::Scale;
use super::go_format::go_number;
use super::path::push_token;
use super::violation::{Check, Reason, Violation};

/// Validates all fields that the subresource refers to.
pub(super) fn validate(scale: &Scale, object: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    replicas(&scale.spec_replicas, object, &mut violations);
    violations.extend(validate_status(scale, object));
    violations
}

/// Validates the referenced fields in `status`.
pub(super) fn validate_status(scale: &Scale, object: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    replicas(&scale.status_replicas, object, &mut violations);
    if let Some(path) = &scale.label_selector {
        match lookup(path, object) {
            Ok(None | Some(Value::String(_))) => {}
            Ok(Some(other)) => {
                let problem = wrong_type(path, other, "string");
                violations.push(violation(path, "\"\"", problem));
            }
            Err(problem) => violations.push(violation(path, "\"\"", problem)),
        }
    }
    violations
}

fn replicas(path: &str, object: &Value, violations: &mut Vec<Violation>) {
    let found = match lookup(path, object) {
        Ok(Some(found)) => found,
        Ok(None) => return,
        Err(problem) => {
            violations.push(violation(path, "0", problem));
            return;
        }
    };
    let problem = match found.as_i64() {
        None => {
            violations.push(violation(path, "0", wrong_type(path, found, "int64")));
            return;
        }
        Some(count) if count < 0 => "should be a non-negative integer".to_owned(),
        Some(count) if count > i64::from(i32::MAX) => {
            format!("should be less than or equal to {}", i32::MAX)
        }
        Some(_) => return,
    };
    violations.push(violation(path, &found.to_string(), problem));
}

/// The value at a JSON path; `None` if any part of the path is missing.
fn lookup<'a>(path: &str, object: &'a Value) -> Result<Option<&'a Value>, String> {
    let mut value = object;
    let mut walked = String::new();
    for name in segments(path) {
        walked.push('.');
        walked.push_str(name);
        match value {
            Value::Null => return Ok(None),
            Value::Object(map) => match map.get(name) {
                Some(below) => value = below,
                None => return Ok(None),
            },
            other => return Err(wrong_type(&walked, other, "map[string]interface{}")),
        }
    }
    Ok(Some(value))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('.').unwrap_or(path).split('.')
}

fn wrong_type(path: &str, value: &Value, wanted: &str) -> String {
    let path = path.strip_prefix('.').unwrap_or(path);
    let found = match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.as_i64().is_some() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    format!(
        ".{path} accessor error: {} is of the type {found}, expected {wanted}",
        go_value(value)
    )
}

/// Formats a value like Go's `%v`.
fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => go_number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_value).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut entries: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{name}:{}", go_value(value)))
                .collect();
            entries.sort();
            format!("map[{}]", entries.join(" "))
        }
    }
}

fn violation(path: &str, value: &str, detail: String) -> Violation {
    let mut pointer = String::new();
    segments(path).for_each(|name| push_token(&mut pointer, name));
    Violation {
        path: path.to_owned(),
        pointer,
        reason: Reason::Invalid,
        message: format!("Invalid value: {value}: {detail}"),
        detail,
        check: Check::Schema,
        document: String::new(),
        about: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_scale_cannot_use_are_rejected() {
        let scale = Scale {
            spec_replicas: ".spec.instances".to_owned(),
            status_replicas: ".status.instances".to_owned(),
            label_selector: Some(".status.selector".to_owned()),
        };
        let errors = |object: Value| -> Vec<String> {
            let violations = validate(&scale, &object);
            violations.iter().map(ToString::to_string).collect()
        };
        assert!(errors(json!({"spec": {"instances": 3}, "status": {"selector": "a=b"}})).is_empty());
        assert!(errors(json!({"status": null})).is_empty());
        assert_eq!(
            errors(json!({"spec": "ß"})),
            [
                ".spec.instances: Invalid value: 0: .spec.instances accessor error: ß is of the type string, expected map[string]interface{}"
            ]
        );
        assert_eq!(
            errors(json!({"spec": {"instances": [1.5]}, "status": {"selector": true}})),
            [
                ".spec.instances: Invalid value: 0: .spec.instances accessor error: [1.5] is of the type []interface {}, expected int64",
                ".status.selector: Invalid value: \"\": .status.selector accessor error: true is of the type bool, expected string",
            ]
        );
        assert_eq!(
            errors(json!({"spec": {"instances": -1}, "status": {"instances": 4_294_967_296_i64}})),
            [
                ".spec.instances: Invalid value: -1: should be a non-negative integer",
                ".status.instances: Invalid value: 4294967296: should be less than or equal to 2147483647",
            ]
        );
    }
}
