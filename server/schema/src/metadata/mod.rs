//! Validates `apiVersion`, `kind` and `metadata` of objects and of embedded resources
//! (`k8s.io/apimachinery/pkg/api/validation`, `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta`).

mod coerce;
mod embedded;
mod owners;
mod update;

use serde_json::{Map, Value};

use super::go_format::{format_value, quote};
use super::names;
use super::path::Path;
use super::violation::{Check, Reason, Violation};
pub(super) use coerce::coerce;
pub(super) use embedded::{validate_embedded, validate_resource};
pub(super) use owners::remove_duplicate_owners;

/// Limit on the total size of an object's annotations, in bytes.
const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// The identity that an object must have.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedIdentity<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespaced: bool,
}

/// The rule for the names of a kind's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFormat {
    /// RFC 1123 subdomain: custom resources and most kinds.
    Subdomain,
    /// RFC 1123 label: namespaces and services, for example.
    Label,
    /// Anything that can be a segment of a path: the kinds of `rbac.authorization.k8s.io`.
    PathSegment,
}

/// Validates `metadata` of an object of any kind; `old` is the stored object on an update.
///
/// If `metadata` cannot be decoded ([`Violation::is_decode_error`]), the API server reports only that.
#[must_use]
pub fn validate_metadata(
    object: &Value,
    old: Option<&Value>,
    namespaced: bool,
    name_format: NameFormat,
) -> Vec<Violation> {
    let mut errors = Errors::of_object();
    validate_fields(object, old, namespaced, name_format, &mut errors);
    errors.violations
}

/// Validates `apiVersion`, `kind` and `metadata` of an object.
pub(super) fn validate(
    object: &Value,
    old: Option<&Value>,
    expected: ExpectedIdentity<'_>,
) -> Vec<Violation> {
    let mut errors = Errors::of_object();
    for (name, wanted) in [("kind", expected.kind), ("apiVersion", expected.api_version)] {
        let given = object.get(name).and_then(Value::as_str).unwrap_or_default();
        if given != wanted {
            let path = Path::ROOT.property(name);
            errors.invalid(&path, &quote(given), &format!("must be {wanted}"));
        }
    }
    if errors.violations.is_empty() {
        validate_fields(
            object,
            old,
            expected.namespaced,
            NameFormat::Subdomain,
            &mut errors,
        );
    }
    errors.violations
}

fn validate_fields(
    object: &Value,
    old: Option<&Value>,
    namespaced: bool,
    name_format: NameFormat,
    errors: &mut Errors,
) {
    let path = Path::ROOT.property("metadata");
    let empty = Map::new();
    let metadata = match object.get("metadata") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(map)) => map,
        Some(other) => return errors.wrong_type(&path, other, "must be an object"),
    };
    if let Some(old) = old.and_then(|old| old.get("metadata")).and_then(Value::as_object) {
        update::validate(metadata, old, &path, errors);
    } else {
        let rule = match name_format {
            NameFormat::Subdomain => names::subdomain,
            NameFormat::Label => |name: &str, _| names::label(name),
            NameFormat::PathSegment => |name: &str, _| names::path_segment(name),
        };
        identity(metadata, &path, namespaced, rule, errors);
    }
    common(metadata, &path, errors);
}

struct Errors {
    violations: Vec<Violation>,
    /// The reason for values of the wrong type: the object itself cannot be decoded, an embedded resource is invalid.
    wrong_type: Reason,
}

impl Errors {
    fn of_object() -> Self {
        Self {
            violations: Vec::new(),
            wrong_type: Reason::TypeInvalid,
        }
    }

    fn of_embedded() -> Self {
        Self {
            violations: Vec::new(),
            wrong_type: Reason::Invalid,
        }
    }

    fn add(&mut self, path: &Path<'_>, reason: Reason, value: Option<&str>, detail: &str) {
        self.violations.push(Violation::new(
            path,
            Check::Metadata,
            reason,
            value,
            detail.to_owned(),
        ));
    }

    fn invalid(&mut self, path: &Path<'_>, value: &str, detail: &str) {
        self.add(path, Reason::Invalid, Some(value), detail);
    }

    fn wrong_type(&mut self, path: &Path<'_>, value: &Value, detail: &str) {
        self.add(path, self.wrong_type, Some(&format_value(value)), detail);
    }

    fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, Reason::Required, None, detail);
    }

    fn all(&mut self, path: &Path<'_>, value: &str, problems: &[String]) {
        for problem in problems {
            self.invalid(path, &quote(value), problem);
        }
    }
}

/// Validates name and namespace of a new object.
fn identity(
    metadata: &Map<String, Value>,
    path: &Path<'_>,
    namespaced: bool,
    rule: impl Fn(&str, bool) -> Vec<String>,
    errors: &mut Errors,
) {
    let generated = text(metadata, "generateName");
    if !generated.is_empty() {
        errors.all(&path.property("generateName"), generated, &rule(generated, true));
    }
    let name = text(metadata, "name");
    if !name.is_empty() {
        errors.all(&path.property("name"), name, &rule(name, false));
    } else if generated.is_empty() {
        errors.required(&path.property("name"), "name or generateName is required");
    }
    // If the object names no namespace, the request's applies; for cluster-scoped kinds the API server clears it.
    let namespace = text(metadata, "namespace");
    if namespaced && !namespace.is_empty() {
        errors.all(&path.property("namespace"), namespace, &names::label(namespace));
    }
}

fn common(metadata: &Map<String, Value>, path: &Path<'_>, errors: &mut Errors) {
    let labels = path.property("labels");
    for (key, value) in entries(metadata, "labels", &labels, errors) {
        errors.all(&labels, key, &names::qualified(key));
        errors.all(&labels, value, &names::label_value(value));
    }
    let annotations = path.property("annotations");
    let mut size = 0;
    for (key, value) in entries(metadata, "annotations", &annotations, errors) {
        errors.all(&annotations, key, &names::qualified(&key.to_lowercase()));
        size += key.len() + value.len();
    }
    if size > MAX_ANNOTATION_BYTES {
        let detail = format!("may not be more than {MAX_ANNOTATION_BYTES} bytes");
        errors.add(&annotations, Reason::TooLong, None, &detail);
    }
    let finalizers = path.property("finalizers");
    match metadata.get("finalizers") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for item in items {
                match item.as_str() {
                    Some(name) => errors.all(&finalizers, name, &names::qualified(name)),
                    None => errors.wrong_type(&finalizers, item, "must be a string"),
                }
            }
            let has = |name: &str| items.iter().any(|item| item == name);
            if has("orphan") && has("foregroundDeletion") {
                let detail = "finalizer orphan and foregroundDeletion cannot be both set";
                errors.invalid(&finalizers, &format_value(&Value::Array(items.clone())), detail);
            }
        }
        Some(other) => errors.wrong_type(&finalizers, other, "must be a list"),
    }
    types(metadata, path, errors);
    owners::validate(metadata, path, errors);
}

/// Reports fields of the wrong type.
fn types(metadata: &Map<String, Value>, path: &Path<'_>, errors: &mut Errors) {
    let wrong = |name: &str, fits: fn(&Value) -> bool| metadata.get(name).filter(|value| !fits(value));
    for name in [
        "name",
        "namespace",
        "generateName",
        "selfLink",
        "uid",
        "resourceVersion",
    ] {
        if let Some(other) = wrong(name, |value| value.is_string() || value.is_null()) {
            errors.wrong_type(&path.property(name), other, "must be a string");
        }
    }
    for name in ["generation", "deletionGracePeriodSeconds"] {
        if let Some(other) = wrong(name, |value| value.is_i64() || value.is_null()) {
            errors.wrong_type(&path.property(name), other, "must be an integer");
        }
    }
    for name in ["creationTimestamp", "deletionTimestamp"] {
        let fits = |value: &Value| match value {
            Value::String(text) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            other => other.is_null(),
        };
        if let Some(other) = wrong(name, fits) {
            errors.wrong_type(&path.property(name), other, "must be a time as RFC 3339 has it");
        }
    }
    if let Some(other) = wrong("managedFields", |value| value.is_array() || value.is_null()) {
        errors.wrong_type(&path.property("managedFields"), other, "must be a list");
    }
}

fn entries<'a>(
    metadata: &'a Map<String, Value>,
    name: &str,
    path: &Path<'_>,
    errors: &mut Errors,
) -> Vec<(&'a str, &'a str)> {
    match metadata.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(map)) => map
            .iter()
            .filter_map(|(key, value)| match value {
                Value::String(text) => Some((key.as_str(), text.as_str())),
                Value::Null => Some((key.as_str(), "")),
                other => {
                    errors.wrong_type(&path.key(key), other, "must be a string");
                    None
                }
            })
            .collect(),
        Some(other) => {
            errors.wrong_type(path, other, "must be an object");
            Vec::new()
        }
    }
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> &'a str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
