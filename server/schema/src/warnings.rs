//! The warnings of the API server for accepted objects.

use std::cmp::Ordering;

use serde_json::Value;

use super::admission::ValidationResult;
use super::crd::Definition;
use super::go_format::quote;
use super::violation::Reason;

/// Kubernetes' own finalizers, which need no domain.
const KNOWN_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

impl Definition {
    /// Returns the warnings for an object: the version is deprecated, a finalizer has no domain. On an update also the
    /// errors that were suppressed because the value did not change (ratcheting).
    ///
    /// `object` is the object that was validated, `old` the stored object.
    #[must_use]
    pub fn warnings(
        &self,
        version: &str,
        object: &Value,
        old: Option<&Value>,
        result: &ValidationResult,
    ) -> Vec<String> {
        let mut warnings: Vec<String> = self.deprecation(version).into_iter().collect();
        warnings.extend(finalizers(object, old));
        if old.is_some()
            && let Ok(as_new) = self.validate(version, object, None)
        {
            let excused = as_new.violations.into_iter().filter(|violation| {
                violation.reason != Reason::Indeterminate
                    && !result
                        .violations
                        .iter()
                        .any(|told| told.pointer == violation.pointer)
                    && !violation.pointer.starts_with("/metadata")
            });
            warnings.extend(excused.map(|violation| {
                format!(
                    "{}: {}: accepted because the value did not change; a new object would be rejected",
                    violation.field(),
                    violation.message
                )
            }));
        }
        warnings
    }

    fn deprecation(&self, version: &str) -> Option<String> {
        let deprecated = self.version(version).filter(|version| version.deprecated)?;
        if let Some(warning) = &deprecated.deprecation_warning {
            return Some(warning.clone());
        }
        let (group, kind) = (&self.group, &self.kind);
        let newest = self
            .versions
            .iter()
            .filter(|other| other.served && !other.deprecated)
            .filter(|other| by_priority(&other.name, version) == Ordering::Greater)
            .max_by(|one, other| by_priority(&one.name, &other.name));
        let instead = newest.map(|newest| format!("; use {group}/{} {kind}", newest.name));
        Some(format!(
            "{group}/{version} {kind} is deprecated{}",
            instead.unwrap_or_default()
        ))
    }
}

fn finalizers(object: &Value, old: Option<&Value>) -> Vec<String> {
    let of = |object: &Value| -> Vec<String> {
        let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let before = old.map(of).unwrap_or_default();
    let mut added = of(object);
    added.retain(|name| !before.contains(name));
    added.sort();
    added.dedup();
    added
        .iter()
        .filter(|name| !name.contains('/') && !KNOWN_FINALIZERS.contains(&name.as_str()))
        .map(|name| {
            let path = if name.contains('.') { " including a path (/)" } else { "" };
            format!(
                "metadata.finalizers: {}: prefer a domain-qualified finalizer name{path} to avoid accidental conflicts \
                 with other finalizer writers",
                quote(name)
            )
        })
        .collect()
}

/// Kubernetes' version order: `v1` is greater than `v1beta2`, which is greater than `v1alpha1`; other names are least.
fn by_priority(one: &str, other: &str) -> Ordering {
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => other.cmp(one),
    }
}

/// Stability level, major version, and number of the beta or alpha.
fn parts(name: &str) -> Option<(u8, u64, u64)> {
    let rest = name.strip_prefix('v')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..end].parse().ok()?;
    let (level, minor) = match &rest[end..] {
        "" => return Some((2, major, 0)),
        rest => match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
            (Some(minor), _) => (1, minor),
            (_, Some(minor)) => (0, minor),
            _ => return None,
        },
    };
    let minor = if minor.is_empty() { 0 } else { minor.parse().ok()? };
    Some((level, major, minor))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Definition {
        let version = |name: &str, served: bool, deprecated: bool| {
            json!({
                "name": name, "served": served, "storage": name == "v1", "deprecated": deprecated,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}},
                }}},
            })
        };
        Definition::parse(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.org"},
            "spec": {
                "group": "example.org", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [
                    version("v1alpha1", true, true), version("v1beta2", true, false), version("v1", true, false),
                    version("v2alpha1", true, false), version("v3", false, false),
                ],
            },
        }))
        .unwrap()
    }

    #[test]
    fn warnings_are_those_of_the_api_server() {
        let definition = definition();
        let object = |size: i64, label: &str| {
            json!({
                "apiVersion": "example.org/v1alpha1", "kind": "Thing",
                "metadata": {"name": "a", "namespace": "n", "finalizers": ["mine", "a.example.org", "ok.org/x"],
                    "labels": {"x": label}},
                "spec": {"size": size},
            })
        };
        let judged = |object: &Value, old: Option<&Value>| {
            let result = definition.validate("v1alpha1", object, old).unwrap();
            definition.warnings("v1alpha1", object, old, &result)
        };
        let warnings = judged(&object(3, "a"), None);
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert_eq!(
            warnings[0],
            "example.org/v1alpha1 Thing is deprecated; use example.org/v1 Thing"
        );
        assert!(warnings[1].contains("\"a.example.org\"") && warnings[1].contains("including a path"));
        assert!(warnings[2].contains("\"mine\""));
        let warnings = judged(&object(9, "b"), Some(&object(9, "a")));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[1].starts_with("spec.size: Invalid value: 9: "),
            "{warnings:?}"
        );
        assert_eq!(judged(&object(9, "b"), None).len(), 3);
    }
}
