//! The whole verdict on an object, as `kubectl apply --dry-run=server` would give it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::crd::{Definition, Scope, Version};
use super::error::ParseError;
use super::metadata::{self, Expected};
use super::violation::{Check, Reason, Violation};
use super::{Schema, object_meta, scale};

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// Everything that is wrong; empty when it is accepted.
    pub violations: Vec<Violation>,
    /// The object as it would be stored: pruned and defaulted.
    pub object: Value,
    /// Where undeclared fields were.
    pub pruned: Vec<String>,
    /// Whether the schema has CEL rules.
    #[serde(default)]
    has_rules: bool,
}

impl Judgement {
    /// Whether the API server would accept the object.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether the verdict is not known: nothing is found wrong, but something could not be judged.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !self.violations.is_empty()
            && self
                .violations
                .iter()
                .all(|violation| violation.reason == Reason::CouldNotJudge)
    }

    /// The violations that the API server itself would report, in its order. Of an object that it cannot read it tells
    /// the first reason and no more; it leaves the CEL rules out once an object has the wrong shape, and says so.
    #[must_use]
    pub fn as_api_server(&self) -> Vec<Violation> {
        if let Some(unreadable) = self.violations.iter().find(|violation| ends_reading(violation)) {
            return vec![unreadable.clone()];
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
            detail: "some rules were not checked; correct the other problems first".to_owned(),
            check: Check::Combination,
            document: String::new(),
            about: Vec::new(),
        });
        kept
    }
}

impl Definition {
    /// Judges an object by one version: `apiVersion`, `kind` and `metadata`, the schema, lists, CEL rules.
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
    /// let judgement = definition.judge("v1", &thing, None)?;
    /// assert!(!judgement.is_accepted());
    /// assert_eq!(judgement.violations[0].reason, Reason::Required);
    /// assert_eq!(judgement.violations[0].to_string(), "spec: Required value");
    /// # Ok::<(), kube_schema::ParseError>(())
    /// ```
    ///
    /// `old` is the object before, on an update. Where the version has a status subresource, `status` of the object
    /// is put aside as the API server does: dropped on creation, kept as it was on an update.
    ///
    /// # Errors
    /// When the definition has no such version or that carries no schema.
    pub fn judge(&self, version: &str, object: &Value, old: Option<&Value>) -> Result<Judgement, ParseError> {
        let version = self.version_or_error(version)?;
        let schema = version.schema()?;
        let (object, pruned) = read(schema, object);
        // Defaults come while the object is decoded, those of `status` too; only then `status` is put aside.
        let mut object = schema.defaulted(&object);
        metadata::without_doubles(&mut object);
        let old = old.map(|old| schema.defaulted(&read(schema, old).0));
        if version.has_status {
            put_status_aside(&mut object, old.as_ref());
        }
        if self.scope == Scope::Cluster
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
            && metadata.get("namespace").is_some_and(Value::is_string)
        {
            metadata.shift_remove("namespace");
        }
        let mut violations = self.judge_identity(version, &object, old.as_ref());
        violations.extend(schema.validate_values(&object, old.as_ref()));
        if let Some(scale) = &version.scale {
            violations.extend(scale::validate(scale, &object));
        }
        violations.extend(schema.validate_beyond_values(&object, old.as_ref()));
        if old.is_none()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            // What is made is not on its way out.
            metadata.shift_remove("deletionTimestamp");
            metadata.shift_remove("deletionGracePeriodSeconds");
        }
        // What is stored is decoded once more before anybody sees it.
        let object = schema.defaulted(&object);
        Ok(Judgement {
            violations,
            object,
            pruned,
            has_rules: schema.root().has_rules,
        })
    }

    /// Judges an object by the version that it names in its `apiVersion`, or by `version` if that is given.
    ///
    /// # Errors
    /// When the definition has no such version or that carries no schema.
    pub fn judge_document(
        &self,
        version: Option<&str>,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Judgement, ParseError> {
        self.judge(self.version_of(version, object), object, old)
    }

    /// The version that an object names in its `apiVersion`, or `version` if that is given.
    #[must_use]
    pub fn version_of<'v>(&'v self, version: Option<&'v str>, object: &'v Value) -> &'v str {
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

    /// Judges a new `status`, as a write to the status subresource.
    ///
    /// # Errors
    /// When the definition has no such version or that carries no schema.
    pub fn judge_status(&self, version: &str, object: &Value, old: &Value) -> Result<Judgement, ParseError> {
        let version = self.version_or_error(version)?;
        let schema = version.schema()?;
        let (object, pruned) = read(schema, object);
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
        Ok(Judgement {
            violations,
            object,
            pruned,
            has_rules: schema.root().has_rules,
        })
    }

    /// Where an object has fields that neither the schema nor `metadata` declares, as an API server finds them while
    /// it reads the object: before it puts aside what the writer may not write.
    ///
    /// # Errors
    /// When the definition has no such version or that carries no schema.
    pub fn undeclared(&self, version: &str, object: &Value) -> Result<Vec<String>, ParseError> {
        Ok(read(self.version_or_error(version)?.schema()?, object).1)
    }

    fn judge_identity(&self, version: &Version, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let expected = Expected {
            api_version: &format!("{}/{}", self.group, version.name),
            kind: &self.kind,
            namespaced: self.scope == Scope::Namespaced,
        };
        metadata::validate(object, old, expected)
    }
}

/// Whether the API server reads no further: a field of `metadata`, of the object's own or of a resource embedded in it,
/// has the wrong type.
fn ends_reading(violation: &Violation) -> bool {
    let is_of_metadata = violation.check == Check::Metadata && violation.pointer.contains("/metadata");
    let is_of_type =
        violation.detail.starts_with("must be a") || violation.detail.starts_with("must be true or false");
    violation.is_unreadable() || (is_of_metadata && violation.reason == Reason::Invalid && is_of_type)
}

/// An object without what neither its schema nor `metadata` knows, and where that was.
fn read(schema: &Schema, object: &Value) -> (Value, Vec<String>) {
    let (mut object, mut pruned) = schema.pruned(object);
    pruned.extend(object_meta::coerce(&mut object, schema.root()));
    pruned.sort();
    (object, pruned)
}

fn put_status_aside(object: &mut Value, old: Option<&Value>) {
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

    /// Found by comparing with the real API server.
    #[test]
    fn a_status_is_judged_as_a_document_of_its_own() {
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
        let judgement = definition.judge_status("v1", &new, &old).unwrap();
        let said: Vec<String> = judgement.violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "status.seen: Invalid value: \"float64\": seen in body must be of type int64: \"float64\"",
                "status: Invalid value: \"\": Checked value must be of type integer with format int64 in seen",
            ]
        );
        assert_eq!(judgement.violations[1].pointer, "/status/seen");
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
    fn a_default_of_status_comes_before_status_is_put_aside() {
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
            let judgement = definition.judge("v1", object, None).unwrap();
            judgement.violations.iter().map(ToString::to_string).collect()
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
    fn the_api_server_says_no_more_of_what_it_cannot_read() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "template": {"type": "object", "x-kubernetes-embedded-resource": true,
                "x-kubernetes-preserve-unknown-fields": true},
            "size": {"type": "integer"},
        }}}});
        let object = json!({
            "apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "n"},
            "spec": {"size": "big", "template": {"metadata": {"labels": {"a": 1}}}},
        });
        let judgement = with_status(&schema, &json!({}))
            .judge("v1", &object, None)
            .unwrap();
        assert_eq!(judgement.violations.len(), 4, "{:?}", judgement.violations);
        let told = judgement.as_api_server();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].path, "spec.template.metadata.labels[a]");
    }
}
