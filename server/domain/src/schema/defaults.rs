//! Whether the defaults in a schema are values that it allows: where they are not, the API server refuses the definition
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`, `ValidateDefaults`).

use serde_json::Value;

use super::node::Node;
use super::{pruning, rules, validate};

/// More are of no use to anybody.
const MOST: usize = 50;

/// A default that its own schema does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyDefault {
    /// Where it stands in the schema: `properties[spec].properties[size].default`.
    pub place: String,
    /// What is wrong with it, in the API server's words.
    pub message: String,
}

/// The defaults below `node` that are not allowed. A default is judged as it is written: defaults within it are not
/// filled in first.
pub(super) fn faulty(node: &Node) -> Vec<FaultyDefault> {
    let mut found = Vec::new();
    walk(node, "", &mut found);
    found
}

fn walk(node: &Node, place: &str, found: &mut Vec<FaultyDefault>) {
    if found.len() >= MOST {
        return;
    }
    if let Some(default) = node.default_value() {
        let at = step(place, "default");
        let faults = judge(node, default);
        found.extend(faults.into_iter().map(|message| FaultyDefault {
            place: at.clone(),
            message,
        }));
    }
    for (name, child) in node.properties() {
        walk(child, &step(place, &format!("properties[{name}]")), found);
    }
    if let Some(child) = node.items() {
        walk(child, &step(place, "items"), found);
    }
    if let Some(child) = node.values() {
        walk(child, &step(place, "additionalProperties"), found);
    }
}

fn step(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

fn judge(node: &Node, default: &Value) -> Vec<String> {
    let mut pruned = default.clone();
    if !pruning::prune(&mut pruned, node).is_empty() {
        return vec!["must not have unknown fields".to_owned()];
    }
    let mut violations = validate::validate(node, default, None);
    if violations.is_empty() {
        violations = rules::validate(node, default, Some(default));
        violations.extend(rules::validate(node, default, None));
    }
    let mut said: Vec<String> = Vec::new();
    for violation in violations {
        let message = match violation.path.as_str() {
            "" => violation.message,
            path => format!("{path}: {}", violation.message),
        };
        if !said.contains(&message) {
            said.push(message);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Schema;

    #[test]
    fn a_default_must_be_allowed_by_its_own_schema_as_it_is_written() {
        let schema = Schema::parse(&json!({"type": "object", "properties": {
            "size": {"type": "integer", "maximum": 5, "default": 7},
            "fine": {"type": "object", "default": {}, "properties": {"a": {"type": "string", "default": "x"}}},
            "odd": {"type": "object", "default": {"b": 1}, "properties": {"a": {"type": "string"}}},
            "list": {"type": "array", "items": {
                "type": "object",
                "default": {},
                "properties": {"algorithm": {"type": "string", "default": "AES256"}},
                "x-kubernetes-validations": [{"rule": "self.algorithm != 'kms'", "message": "no kms"}],
            }},
        }}))
        .unwrap();
        let faults = schema.faulty_defaults();
        let faults: Vec<(&str, &str)> = faults.iter().map(|one| (&*one.place, &*one.message)).collect();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert_eq!(faults[0].0, "properties[size].default");
        assert_eq!(
            faults[1],
            ("properties[odd].default", "must not have unknown fields")
        );
        assert_eq!(
            faults[2],
            (
                "properties[list].items.default",
                "Invalid value: \"object\": no such key: algorithm evaluating rule: no kms"
            )
        );
    }
}
