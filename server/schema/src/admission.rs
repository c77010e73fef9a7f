//! Validates whole objects, as `kubectl apply --dry-run=server` does, apart from admission plugins and webhooks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::crd::{Definition, Scope, Version};
use super::error::ParseError;
use super::metadata::{self, ExpectedIdentity};
use super::scale;
use super::schema::Schema;
use super::violation::{Check, Reason, SKIPPED_RULES, Violation};

/// The result of validating an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ValidationResult {
    /// All errors; empty if the object is valid.
    pub violations: Vec<Violation>,
    /// The object as it would be stored: pruned and defaulted.
    pub object: Value,
    /// The paths of the fields that were pruned.
    pub pruned: Vec<String>,
    /// Whether the schema has CEL rules.
    #[serde(default)]
    has_rules: bool,
}

impl ValidationResult {
    /// True if the API server would accept the object.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }

    /// True if the result is unknown: no error was found, but some rule could not be evaluated.
    #[must_use]
    pub fn is_indeterminate(&self) -> bool {
        !self.violations.is_empty()
            && self
                .violations
                .iter()
                .all(|violation| violation.reason == Reason::Indeterminate)
    }

    /// The errors that the API server itself would report, in its order. If it cannot decode the object, it reports
    /// only the first decoding error. If the object has the wrong shape, it skips the CEL rules and says so.
    #[must_use]
    pub fn api_server_violations(&self) -> Vec<Violation> {
        if let Some(undecodable) = self.violations.iter().find(|violation| stops_decoding(violation)) {
            return vec![undecodable.clone()];
        }
        let blocked = self
            .violations
            .iter()
            .any(|violation| violation.check != Check::Rule && violation.reason.blocks_rules());
        if !(blocked && self.has_rules) {
            return self.violations.clone();
        }
        let shape = self.violations.iter();
        let mut kept: Vec<Violation> = shape
            .filter(|violation| violation.check != Check::Rule)
            .cloned()
            .collect();
        kept.push(Violation {
            path: String::new(),
            pointer: String::new(),
            reason: Reason::Invalid,
            message:
                "Invalid value: null: some validation rules were not checked because the object was invalid; \
                      correct the existing errors to complete validation"
                    .to_owned(),
            detail: SKIPPED_RULES.to_owned(),
            check: Check::Combination,
            document: String::new(),
            about: Vec::new(),
        });
        kept
    }
}

impl Definition {
    /// Validates an object against one version: `apiVersion`, `kind` and `metadata`, schema, list types, CEL rules.
    ///
    /// ```
    /// use kube_schema::{Definition, Reason};
    /// use serde_json::json;
    ///
    /// let definition = Definition::parse(&json!({
    ///     "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    ///     "metadata": {"name": "things.example.org"},
    ///     "spec": {
    ///         "group": "example.org", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
    ///         "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
    ///             "type": "object", "required": ["spec"], "properties": {"spec": {"type": "object"}},
    ///         }}}],
    ///     },
    /// }))?;
    /// let thing = json!({"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "n"}});
    /// let result = definition.validate("v1", &thing, None)?;
    /// assert!(!result.is_valid());
    /// assert_eq!(result.violations[0].reason, Reason::Required);
    /// assert_eq!(result.violations[0].to_string(), "spec: Required value");
    /// # Ok::<(), kube_schema::ParseError>(())
    /// ```
    ///
    /// `old` is the stored object on an update and `None` on creation. If the version has the `status` subresource,
    /// changes of `status` are ignored, as in the API server: on creation it is dropped, on an update the old one is
    /// kept.
    ///
    /// # Errors
    /// If the definition has no such version, or the version has no usable schema.
    pub fn validate(
        &self,
        version: &str,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<ValidationResult, ParseError> {
        let version = self.require_version(version)?;
        let schema = version.schema()?;
        let (object, pruned) = decode(schema, object);
        // The API server applies defaults, also those of `status`, while decoding; it resets `status` afterwards.
        let mut object = schema.defaulted(&object);
        metadata::remove_duplicate_owners(&mut object);
        let old = old.map(|old| schema.defaulted(&decode(schema, old).0));
        if version.has_status {
            reset_status(&mut object, old.as_ref());
        }
        if self.scope == Scope::Cluster
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
            && metadata.get("namespace").is_some_and(Value::is_string)
        {
            metadata.shift_remove("namespace");
        }
        let mut violations = self.validate_identity(version, &object, old.as_ref());
        violations.extend(schema.validate_values(&object, old.as_ref()));
        if let Some(scale) = &version.scale {
            violations.extend(scale::validate(scale, &object));
        }
        violations.extend(schema.validate_beyond_values(&object, old.as_ref()));
        if old.is_none()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            // A new object cannot be in deletion.
            metadata.shift_remove("deletionTimestamp");
            metadata.shift_remove("deletionGracePeriodSeconds");
        }
        // The API server decodes and so defaults the stored object once more before it returns it.
        let object = schema.defaulted(&object);
        Ok(ValidationResult {
            violations,
            object,
            pruned,
            has_rules: schema.root().has_rules,
        })
    }

    /// Validates an object against `version`, or against the version in its `apiVersion` if `version` is `None`.
    ///
    /// # Errors
    /// Like [`Definition::validate`].
    pub fn validate_document(
        &self,
        version: Option<&str>,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<ValidationResult, ParseError> {
        self.validate(self.version_for(version, object), object, old)
    }

    /// Returns `version` if it is given, else the version in the object's `apiVersion`, else the storage version.
    #[must_use]
    pub fn version_for<'v>(&'v self, version: Option<&'v str>, object: &'v Value) -> &'v str {
        let named = object["apiVersion"]
            .as_str()
            .and_then(|api_version| api_version.split_once('/'));
        match (version, named) {
            (Some(version), _) | (None, Some((_, version))) => version,
            (None, None) => self
                .storage_version()
                .map(|version| version.name.as_str())
                .unwrap_or_default(),
        }
    }

    /// Validates a write to the `status` subresource: `old` with the `status` of `object`.
    ///
    /// # Errors
    /// Like [`Definition::validate`].
    pub fn validate_status(
        &self,
        version: &str,
        object: &Value,
        old: &Value,
    ) -> Result<ValidationResult, ParseError> {
        let version = self.require_version(version)?;
        let schema = version.schema()?;
        let (object, pruned) = decode(schema, object);
        let mut next = old.clone();
        if let (Some(next), Some(object)) = (next.as_object_mut(), object.as_object()) {
            match object.get("status") {
                Some(status) => next.insert("status".to_owned(), status.clone()),
                None => next.remove("status"),
            };
        }
        let object = schema.defaulted(&next);
        let old = schema.defaulted(old);
        let mut violations = schema.validate_status(&object, &old);
        if let Some(scale) = &version.scale {
            violations.extend(scale::validate_status(scale, &object));
        }
        Ok(ValidationResult {
            violations,
            object,
            pruned,
            has_rules: schema.root().has_rules,
        })
    }

    /// Returns the paths of fields in `object` that neither the schema nor `metadata` declares. Unlike
    /// [`ValidationResult::pruned`], this includes fields below a `status` that a write would ignore.
    ///
    /// # Errors
    /// Like [`Definition::validate`].
    pub fn unknown_fields(&self, version: &str, object: &Value) -> Result<Vec<String>, ParseError> {
        Ok(decode(self.require_version(version)?.schema()?, object).1)
    }

    fn validate_identity(&self, version: &Version, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let expected = ExpectedIdentity {
            api_version: &format!("{}/{}", self.group, version.name),
            kind: &self.kind,
            namespaced: self.scope == Scope::Namespaced,
        };
        metadata::validate(object, old, expected)
    }
}

/// True if the API server stops at this error, because it cannot decode `metadata` of the object or of an embedded
/// resource.
fn stops_decoding(violation: &Violation) -> bool {
    let is_of_metadata = violation.check == Check::Metadata && violation.pointer.contains("/metadata");
    let is_of_type =
        violation.detail.starts_with("must be a") || violation.detail.starts_with("must be true or false");
    violation.is_decode_error() || (is_of_metadata && violation.reason == Reason::Invalid && is_of_type)
}

/// Decodes an object: returns it without unknown fields, and the paths of those.
fn decode(schema: &Schema, object: &Value) -> (Value, Vec<String>) {
    let (mut object, mut pruned) = schema.pruned(object);
    pruned.extend(metadata::coerce(&mut object, schema.root()));
    pruned.sort();
    (object, pruned)
}

fn reset_status(object: &mut Value, old: Option<&Value>) {
    let Some(map) = object.as_object_mut() else {
        return;
    };
    match old.and_then(|old| old.get("status")) {
        Some(status) => {
            map.insert("status".to_owned(), status.clone());
        }
        None => {
            map.shift_remove("status");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Found by the differential test against the real API server.
    #[test]
    fn status_is_validated_as_a_separate_document() {
        let definition = Definition::parse(&json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": "things.example.org" },
            "spec": {
                "group": "example.org",
                "scope": "Namespaced",
                "names": { "plural": "things", "kind": "Thing" },
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "subresources": { "status": {} },
                    "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                        "spec": { "type": "object", "required": ["size"] },
                        "status": { "type": "object", "properties": {
                            "seen": { "type": "integer", "format": "int64" },
                        } },
                    } } },
                }],
            },
        }))
        .unwrap();
        let old = json!({
            "apiVersion": "example.org/v1", "kind": "Thing", "metadata": { "name": "one", "namespace": "default" },
            "spec": {},
        });
        let mut new = old.clone();
        new["status"] = json!({ "seen": 1e-7 });
        let result = definition.validate_status("v1", &new, &old).unwrap();
        let said: Vec<String> = result.violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "status.seen: Invalid value: \"float64\": seen in body must be of type int64: \"float64\"",
                "status: Invalid value: \"\": Checked value must be of type integer with format int64 in seen",
            ]
        );
        assert_eq!(result.violations[1].pointer, "/status/seen");
    }

    fn with_status(schema: &Value, subresources: &Value) -> Definition {
        Definition::parse(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.org"},
            "spec": {
                "group": "example.org", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": subresources,
                    "schema": {"openAPIV3Schema": schema},
                }],
            },
        }))
        .unwrap()
    }

    #[test]
    fn defaults_in_status_are_applied_before_status_is_reset() {
        let schema = |more: Value| {
            let mut schema = json!({"type": "object", "properties": {
                "spec": {"type": "object"},
                "status": {"type": "object", "default": {"state": "Off"}, "required": ["state"],
                    "properties": {"state": {"type": "string"}}},
            }});
            schema
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            schema
        };
        let object = |status: Option<Value>| {
            let mut object = json!({
                "apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "n"},
                "spec": {},
            });
            if let Some(status) = status {
                object["status"] = status;
            }
            object
        };
        let said = |definition: &Definition, object: &Value| -> Vec<String> {
            let result = definition.validate("v1", object, None).unwrap();
            result.violations.iter().map(ToString::to_string).collect()
        };
        let subresource = json!({"status": {}});
        let required = schema(json!({"required": ["status"]}));
        for status in [None, Some(json!({"state": "On"})), Some(json!({"state": 7}))] {
            let definition = with_status(&required, &subresource);
            assert_eq!(said(&definition, &object(status)), ["status: Required value"]);
        }
        assert_eq!(said(&with_status(&required, &json!({})), &object(None)), [""; 0]);
        let ruled =
            schema(json!({"x-kubernetes-validations": [{"rule": "!has(self.status)", "message": "no"}]}));
        assert_eq!(said(&with_status(&ruled, &subresource), &object(None)), [""; 0]);
        assert_eq!(said(&with_status(&ruled, &json!({})), &object(None)).len(), 1);
    }

    #[test]
    fn the_api_server_reports_only_the_decoding_error() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "template": {"type": "object", "x-kubernetes-embedded-resource": true,
                "x-kubernetes-preserve-unknown-fields": true},
            "size": {"type": "integer"},
        }}}});
        let object = json!({
            "apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "n"},
            "spec": {"size": "big", "template": {"metadata": {"labels": {"a": 1}}}},
        });
        let result = with_status(&schema, &json!({}))
            .validate("v1", &object, None)
            .unwrap();
        assert_eq!(result.violations.len(), 4, "{:?}", result.violations);
        let reported = result.api_server_violations();
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert_eq!(reported[0].path, "spec.template.metadata.labels[a]");
    }
}
