//! What Kubernetes asks of `apiVersion`, `kind` and `metadata`, of objects and of resources embedded in them
//! (`k8s.io/apimachinery/pkg/api/validation`, `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta`).

mod embedded;
mod owners;
mod update;

use serde_json::{Map, Value};

use super::names;
use super::path::Path;
use super::violation::{Check, Reason, Violation, bad_value, quote};
pub(super) use embedded::{validate_embedded, validate_resource};
pub(super) use owners::without_doubles;

/// Annotations of one object may not take more bytes than this in all.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// What is asked of an object's identity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespaced: bool,
}

/// How the names of a kind's objects are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// DNS subdomains, as custom resources and most kinds have them.
    Subdomain,
    /// DNS labels, as namespaces and services have them.
    Label,
}

/// Judges `metadata` alone, of an object of any kind; `old` is the object before, on an update.
///
/// Of what cannot be read ([`Violation::is_unreadable`]), the API server says no more than that.
#[must_use]
pub fn judge_metadata(
    object: &Value,
    old: Option<&Value>,
    namespaced: bool,
    naming: Naming,
) -> Vec<Violation> {
    let mut found = Found::of_object();
    judge(object, old, namespaced, naming, &mut found);
    found.violations
}

/// Judges `apiVersion`, `kind` and `metadata` of an object.
pub(super) fn validate(object: &Value, old: Option<&Value>, expected: Expected<'_>) -> Vec<Violation> {
    let mut found = Found::of_object();
    for (name, wanted) in [("kind", expected.kind), ("apiVersion", expected.api_version)] {
        let given = object.get(name).and_then(Value::as_str).unwrap_or_default();
        if given != wanted {
            let path = Path::ROOT.property(name);
            found.invalid(&path, &quote(given), &format!("must be {wanted}"));
        }
    }
    if found.violations.is_empty() {
        judge(object, old, expected.namespaced, Naming::Subdomain, &mut found);
    }
    found.violations
}

fn judge(object: &Value, old: Option<&Value>, namespaced: bool, naming: Naming, found: &mut Found) {
    let path = Path::ROOT.property("metadata");
    let empty = Map::new();
    let metadata = match object.get("metadata") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(map)) => map,
        Some(other) => return found.wrong_type(&path, other, "must be an object"),
    };
    if let Some(old) = old.and_then(|old| old.get("metadata")).and_then(Value::as_object) {
        update::judge(metadata, old, &path, found);
    } else {
        let rule = match naming {
            Naming::Subdomain => names::subdomain,
            Naming::Label => |name: &str, _| names::label(name),
        };
        identity(metadata, &path, namespaced, rule, found);
    }
    common(metadata, &path, found);
}

struct Found {
    violations: Vec<Violation>,
    /// What has the wrong type: the object itself could not be read, what is embedded in it is invalid.
    wrong_type: Reason,
}

impl Found {
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
        self.add(path, self.wrong_type, Some(&bad_value(value)), detail);
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

/// Name and namespace of a new object.
fn identity(
    metadata: &Map<String, Value>,
    path: &Path<'_>,
    namespaced: bool,
    rule: impl Fn(&str, bool) -> Vec<String>,
    found: &mut Found,
) {
    let generated = text(metadata, "generateName");
    if !generated.is_empty() {
        found.all(&path.property("generateName"), generated, &rule(generated, true));
    }
    let name = text(metadata, "name");
    if !name.is_empty() {
        found.all(&path.property("name"), name, &rule(name, false));
    } else if generated.is_empty() {
        found.required(&path.property("name"), "name or generateName is required");
    }
    // Where none is named it is the request's; where there can be none, the API server clears it.
    let namespace = text(metadata, "namespace");
    if namespaced && !namespace.is_empty() {
        found.all(&path.property("namespace"), namespace, &names::label(namespace));
    }
}

fn common(metadata: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    let labels = path.property("labels");
    for (key, value) in entries(metadata, "labels", &labels, found) {
        found.all(&labels, key, &names::qualified(key));
        found.all(&labels, value, &names::label_value(value));
    }
    let annotations = path.property("annotations");
    let mut size = 0;
    for (key, value) in entries(metadata, "annotations", &annotations, found) {
        found.all(&annotations, key, &names::qualified(&key.to_lowercase()));
        size += key.len() + value.len();
    }
    if size > ANNOTATIONS_LIMIT {
        let detail = format!("may not be more than {ANNOTATIONS_LIMIT} bytes");
        found.add(&annotations, Reason::TooLong, None, &detail);
    }
    let finalizers = path.property("finalizers");
    match metadata.get("finalizers") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for item in items {
                match item.as_str() {
                    Some(name) => found.all(&finalizers, name, &names::qualified(name)),
                    None => found.wrong_type(&finalizers, item, "must be a string"),
                }
            }
            let has = |name: &str| items.iter().any(|item| item == name);
            if has("orphan") && has("foregroundDeletion") {
                let detail = "finalizer orphan and foregroundDeletion cannot be both set";
                found.invalid(&finalizers, &bad_value(&Value::Array(items.clone())), detail);
            }
        }
        Some(other) => found.wrong_type(&finalizers, other, "must be a list"),
    }
    types(metadata, path, found);
    owners::judge(metadata, path, found);
}

/// Fields that could not even be read.
fn types(metadata: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
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
            found.wrong_type(&path.property(name), other, "must be a string");
        }
    }
    for name in ["generation", "deletionGracePeriodSeconds"] {
        if let Some(other) = wrong(name, |value| value.is_i64() || value.is_null()) {
            found.wrong_type(&path.property(name), other, "must be an integer");
        }
    }
    for name in ["creationTimestamp", "deletionTimestamp"] {
        let fits = |value: &Value| match value {
            Value::String(text) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            other => other.is_null(),
        };
        if let Some(other) = wrong(name, fits) {
            found.wrong_type(&path.property(name), other, "must be a time as RFC 3339 has it");
        }
    }
    if let Some(other) = wrong("managedFields", |value| value.is_array() || value.is_null()) {
        found.wrong_type(&path.property("managedFields"), other, "must be a list");
    }
}

fn entries<'a>(
    metadata: &'a Map<String, Value>,
    name: &str,
    path: &Path<'_>,
    found: &mut Found,
) -> Vec<(&'a str, &'a str)> {
    match metadata.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(map)) => map
            .iter()
            .filter_map(|(key, value)| match value {
                Value::String(text) => Some((key.as_str(), text.as_str())),
                Value::Null => Some((key.as_str(), "")),
                other => {
                    found.wrong_type(&path.key(key), other, "must be a string");
                    None
                }
            })
            .collect(),
        Some(other) => {
            found.wrong_type(path, other, "must be an object");
            Vec::new()
        }
    }
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> &'a str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
