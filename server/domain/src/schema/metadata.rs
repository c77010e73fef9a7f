//! What Kubernetes asks of `apiVersion`, `kind` and `metadata`, of objects and of resources embedded in them
//! (`k8s.io/apimachinery/pkg/api/validation`, `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta`).

use serde_json::{Map, Value};

use super::names;
use super::node::Node;
use super::path::Path;
use super::violation::{Check, Reason, Violation, bad_value, quote};

/// Annotations of one object may not take more bytes than this in all.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// What is asked of an object's identity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespaced: bool,
}

/// Judges `apiVersion`, `kind` and `metadata` of an object.
pub(super) fn validate(object: &Value, old: Option<&Value>, expected: Expected<'_>) -> Vec<Violation> {
    let mut found = Found(Vec::new());
    for (name, wanted) in [("kind", expected.kind), ("apiVersion", expected.api_version)] {
        let given = object.get(name).and_then(Value::as_str).unwrap_or_default();
        if given != wanted {
            let path = Path::ROOT.property(name);
            found.invalid(&path, &quote(given), &format!("must be {wanted}"));
        }
    }
    if !found.0.is_empty() {
        return found.0;
    }
    let metadata = Path::ROOT.property("metadata");
    let empty = Map::new();
    let given = match object.get("metadata") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(map)) => map,
        Some(other) => {
            found.invalid(&metadata, &bad_value(other), "must be an object");
            return found.0;
        }
    };
    match old.and_then(|old| old.get("metadata")).and_then(Value::as_object) {
        Some(old) => {
            for name in ["name", "namespace"] {
                // Where no namespace is named, it is the request's.
                let unnamed = name == "namespace" && text(given, name).is_empty();
                if !unnamed && text(given, name) != text(old, name) {
                    let value = quote(text(given, name));
                    found.invalid(&metadata.property(name), &value, "field is immutable");
                }
            }
        }
        None => identity(
            given,
            &metadata,
            expected.namespaced,
            names::subdomain,
            &mut found,
        ),
    }
    common(given, &metadata, &mut found);
    found.0
}

/// Judges the resources embedded in an object.
pub(super) fn validate_embedded(node: &Node, value: &Value) -> Vec<Violation> {
    let mut found = Found(Vec::new());
    walk(node, value, &Path::ROOT, &mut found);
    found.0
}

struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, path: &Path<'_>, reason: Reason, value: Option<&str>, detail: &str) {
        self.0.push(Violation::new(
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

    fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, Reason::Required, None, detail);
    }

    fn all(&mut self, path: &Path<'_>, value: &str, problems: &[String]) {
        for problem in problems {
            self.invalid(path, &quote(value), problem);
        }
    }
}

fn walk(node: &Node, value: &Value, path: &Path<'_>, found: &mut Found) {
    if !node.has_embedded {
        return;
    }
    match value {
        Value::Object(map) => {
            if node.embedded_resource {
                embedded(map, path, found);
            }
            for (name, value) in map {
                if let Some(child) = node.properties.get(name.as_str()) {
                    walk(child, value, &path.property(name), found);
                } else if let Some(child) = node.values() {
                    walk(child, value, &path.key(name), found);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for (index, item) in items.iter().enumerate() {
                    walk(child, item, &path.index(index), found);
                }
            }
        }
        _ => {}
    }
}

fn embedded(map: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    for name in ["apiVersion", "kind"] {
        let path = path.property(name);
        match map.get(name) {
            None => found.required(&path, ""),
            Some(Value::String(text)) if text.is_empty() => found.invalid(&path, "\"\"", "must not be empty"),
            Some(Value::String(text)) if name == "kind" => {
                let problems = names::dns1035_label(&text.to_lowercase());
                if !problems.is_empty() {
                    let detail = format!(
                        "may have mixed case, but should otherwise match: {}",
                        problems.join(",")
                    );
                    found.invalid(&path, &quote(text), &detail);
                }
            }
            Some(Value::String(text)) if text.matches('/').count() > 1 => {
                found.invalid(
                    &path,
                    &quote(text),
                    &format!("unexpected GroupVersion string: {text}"),
                );
            }
            Some(Value::String(_)) => {}
            Some(other) => found.invalid(&path, &bad_value(other), "must be a string"),
        }
    }
    let path = path.property("metadata");
    match map.get("metadata") {
        None => {}
        Some(Value::Object(metadata)) => {
            let namespaced = !text(metadata, "namespace").is_empty();
            if !text(metadata, "name").is_empty() || namespaced {
                let mut with_name = metadata.clone();
                if text(metadata, "name").is_empty() {
                    // The API server asks for no name here.
                    with_name.insert("name".to_owned(), Value::String("fakename".to_owned()));
                }
                identity(
                    &with_name,
                    &path,
                    namespaced,
                    |name, _| names::path_segment(name),
                    found,
                );
            }
            common(metadata, &path, found);
        }
        Some(other) => found.invalid(&path, &bad_value(other), "must be an object"),
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
                    None => found.invalid(&finalizers, &bad_value(item), "must be a string"),
                }
            }
        }
        Some(other) => found.invalid(&finalizers, &bad_value(other), "must be a list"),
    }
    types(metadata, path, found);
    owners(metadata, path, found);
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
            found.invalid(&path.property(name), &bad_value(other), "must be a string");
        }
    }
    for name in ["generation", "deletionGracePeriodSeconds"] {
        if let Some(other) = wrong(name, |value| value.is_i64() || value.is_null()) {
            found.invalid(&path.property(name), &bad_value(other), "must be an integer");
        }
    }
    for name in ["creationTimestamp", "deletionTimestamp"] {
        let fits = |value: &Value| match value {
            Value::String(text) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            other => other.is_null(),
        };
        if let Some(other) = wrong(name, fits) {
            found.invalid(
                &path.property(name),
                &bad_value(other),
                "must be a time as RFC 3339 has it",
            );
        }
    }
    if let Some(other) = wrong("managedFields", |value| value.is_array() || value.is_null()) {
        found.invalid(
            &path.property("managedFields"),
            &bad_value(other),
            "must be a list",
        );
    }
}

fn owners(metadata: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    let path = path.property("ownerReferences");
    let owners = match metadata.get("ownerReferences") {
        None | Some(Value::Null) => return,
        Some(Value::Array(owners)) => owners,
        Some(other) => return found.invalid(&path, &bad_value(other), "must be a list"),
    };
    let mut controller: Option<String> = None;
    for (index, owner) in owners.iter().enumerate() {
        let place = path.index(index);
        let Value::Object(owner) = owner else {
            found.invalid(&place, &bad_value(owner), "must be an object");
            continue;
        };
        for name in ["apiVersion", "kind", "name", "uid"] {
            match owner.get(name) {
                None | Some(Value::Null) => found.required(&place.property(name), "must not be empty"),
                Some(Value::String(text)) if text.is_empty() => {
                    found.required(&place.property(name), "must not be empty");
                }
                Some(Value::String(_)) => {}
                Some(other) => found.invalid(&place.property(name), &bad_value(other), "must be a string"),
            }
        }
        let version = text(owner, "apiVersion");
        if version.matches('/').count() > 1 || version.ends_with('/') {
            let detail = "must be <group>/<version> or <version>";
            found.invalid(&place.property("apiVersion"), &quote(version), detail);
        }
        for name in ["controller", "blockOwnerDeletion"] {
            if let Some(other) = owner
                .get(name)
                .filter(|flag| !flag.is_boolean() && !flag.is_null())
            {
                found.invalid(&place.property(name), &bad_value(other), "must be true or false");
            }
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            let this = format!("{}/{}", text(owner, "kind"), text(owner, "name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                         and {this}"
                    );
                    let value = bad_value(&Value::Array(owners.clone()));
                    found.invalid(&path, &value, &detail);
                }
            }
        }
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
                    found.invalid(&path.key(key), &bad_value(other), "must be a string");
                    None
                }
            })
            .collect(),
        Some(other) => {
            found.invalid(path, &bad_value(other), "must be an object");
            Vec::new()
        }
    }
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> &'a str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(object: &Value) -> Vec<String> {
        let expected = Expected {
            api_version: "demo.dev/v1",
            kind: "Thing",
            namespaced: true,
        };
        validate(object, None, expected)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn names_labels_and_annotations_are_judged_as_kubernetes_does() {
        let good = json!({
            "apiVersion": "demo.dev/v1", "kind": "Thing",
            "metadata": {"name": "a.b-1", "namespace": "team", "labels": {"example.com/app": "x_1", "b": ""}},
        });
        assert_eq!(problems(&good), Vec::<String>::new());
        let bad = json!({
            "apiVersion": "demo.dev/v1", "kind": "Thing",
            "metadata": {"name": "Über", "labels": {"a b": "x/"}, "annotations": {"/a": 3}},
        });
        let found = problems(&bad).join("\n");
        assert!(
            found.contains("metadata.name: Invalid value: \"Über\": a lowercase RFC 1123 subdomain must"),
            "{found}"
        );
        assert!(
            found.contains("metadata.labels: Invalid value: \"a b\": name part must consist of"),
            "{found}"
        );
        assert!(
            found.contains("metadata.labels: Invalid value: \"x/\": a valid label must be"),
            "{found}"
        );
        assert!(
            found.contains("metadata.annotations[/a]: Invalid value: 3: must be a string"),
            "{found}"
        );
    }

    #[test]
    fn owners_are_named_whole_and_one_of_them_controls() {
        let object = json!({
            "apiVersion": "demo.dev/v1", "kind": "Thing",
            "metadata": {"name": "a", "namespace": "team", "generation": "1", "ownerReferences": [
                {"apiVersion": "a/b/c", "kind": "K", "name": "x", "uid": "", "controller": true},
                {"apiVersion": "v1", "kind": "K", "name": "y", "uid": "1", "controller": true},
            ]},
        });
        let found = problems(&object);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert_eq!(
            found[0],
            "metadata.generation: Invalid value: \"1\": must be an integer"
        );
        assert_eq!(
            found[1],
            "metadata.ownerReferences[0].uid: Required value: must not be empty"
        );
        assert_eq!(
            found[2],
            "metadata.ownerReferences[0].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> or <version>"
        );
        assert!(found[3].contains("for K/x and K/y"), "{}", found[3]);
    }

    #[test]
    fn another_kind_is_said_to_be_so() {
        assert_eq!(
            problems(&json!({"apiVersion": "demo.dev/v2", "kind": "Thing"})),
            ["apiVersion: Invalid value: \"demo.dev/v2\": must be demo.dev/v1"]
        );
    }
}
