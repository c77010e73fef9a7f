//! The rules of `metadata`: names, identity, labels, what only the server sets.

use jiff::Timestamp;
use portico_domain::names::{is_dns_label, is_dns_subdomain};
use rand::Rng;
use serde_json::{Value, json};

use super::error::{ApiError, Cause};
use super::kinds::Kind;
use super::object;

/// A time as Kubernetes writes it: in whole seconds.
pub(super) fn seconds(time: Timestamp) -> Value {
    json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Puts the URL's namespace into the object, which must not name another.
pub(super) fn settle_namespace(kind: &Kind, namespace: &str, object: &mut Value) -> Result<(), ApiError> {
    let given = object::namespace(object);
    if !kind.namespaced {
        if given.is_empty() {
            object::set_meta(object, "namespace", None);
            return Ok(());
        }
        return Err(ApiError::bad_request(
            "namespace is not allowed on a cluster-scoped object",
        ));
    }
    if namespace.is_empty() {
        return Err(ApiError::bad_request(
            "an empty namespace may not be set during creation",
        ));
    }
    if !given.is_empty() && given != namespace {
        return Err(ApiError::bad_request(format!(
            "the namespace of the provided object does not match the namespace sent on the request ({given}, {namespace})"
        )));
    }
    object::set_meta(object, "namespace", Some(json!(namespace)));
    Ok(())
}

/// Gives a new object its identity.
pub(super) fn prepare_new(kind: &Kind, object: &mut Value, now: Timestamp) -> Result<(), ApiError> {
    if object::name(object).is_empty() {
        let base = object::meta(object, "generateName");
        if base.is_empty() {
            let why = "name or generateName is required";
            return Err(ApiError::invalid(
                kind,
                "",
                vec![Cause::required("metadata.name", why)],
            ));
        }
        let base: String = base.chars().take(58).collect();
        let name = format!("{base}{}", suffix());
        object::set_meta(object, "name", Some(json!(name)));
    }
    for field in [
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    ] {
        object::set_meta(object, field, None);
    }
    object::set_meta(object, "uid", Some(json!(uuid::Uuid::new_v4().to_string())));
    object::set_meta(object, "creationTimestamp", Some(seconds(now)));
    let generation = counts_generations(kind).then(|| json!(1));
    object::set_meta(object, "generation", generation);
    Ok(())
}

fn counts_generations(kind: &Kind) -> bool {
    kind.custom
        || kind.versions.iter().any(|v| v.status)
            && !matches!(kind.plural.as_str(), "namespaces" | "nodes" | "services")
}

/// Five characters as Kubernetes appends them to `generateName`: no vowels, so no words.
fn suffix() -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = rand::rng();
    (0..5)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

/// What only the server sets stays as it was.
pub(super) fn keep_system_fields(object: &mut Value, old: &Value) {
    for field in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
        "resourceVersion",
        "selfLink",
    ] {
        object::set_meta(object, field, old["metadata"].get(field).cloned());
    }
}

/// What is wrong with the metadata of this object.
pub(super) fn faults(kind: &Kind, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = object::name(object);
    let label = matches!(kind.resource().as_str(), "namespaces" | "services");
    if label && !is_dns_label(name) {
        causes.push(Cause::invalid("metadata.name", &json!(name), "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"));
    } else if !label && !is_dns_subdomain(name) {
        causes.push(Cause::invalid("metadata.name", &json!(name), "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"));
    }
    texts(object, "labels", &mut causes, is_label_value);
    texts(object, "annotations", &mut causes, |_| true);
    let annotations = &object["metadata"]["annotations"];
    if annotations.is_object() && annotations.to_string().len() > 256 * 1024 {
        causes.push(Cause {
            reason: "FieldValueTooLong".into(),
            message: "Too long: may not be more than 262144 bytes".into(),
            field: "metadata.annotations".into(),
        });
    }
    let finalizers = &object["metadata"]["finalizers"];
    if !finalizers.is_null()
        && finalizers
            .as_array()
            .is_none_or(|l| l.iter().any(|f| f.as_str().is_none_or(|f| !is_qualified(f))))
    {
        causes.push(Cause::invalid(
            "metadata.finalizers",
            finalizers,
            "name is neither a standard finalizer name nor is it fully qualified",
        ));
    }
    let owners = &object["metadata"]["ownerReferences"];
    let whole = |owner: &Value| {
        ["apiVersion", "kind", "name", "uid"]
            .iter()
            .all(|f| owner[f].as_str().is_some_and(|t| !t.is_empty()))
    };
    if !owners.is_null() && owners.as_array().is_none_or(|l| !l.iter().all(whole)) {
        causes.push(Cause::invalid(
            "metadata.ownerReferences",
            owners,
            "each needs apiVersion, kind, name and uid",
        ));
    }
    causes
}

fn texts(object: &Value, field: &str, causes: &mut Vec<Cause>, is_fine: impl Fn(&str) -> bool) {
    let path = format!("metadata.{field}");
    match &object["metadata"][field] {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                if !is_qualified(key) {
                    causes.push(Cause::invalid(&path, &json!(key), "a qualified name must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"));
                } else if value.as_str().is_none_or(|text| !is_fine(text)) {
                    causes.push(Cause::invalid(&path, value, "a valid label must be an empty string or consist of at most 63 alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"));
                }
            }
        }
        other => causes.push(Cause::invalid(&path, other, "must be an object of strings")),
    }
}

fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name_part(text)
}

fn is_name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(&prefix.to_ascii_lowercase()) && is_name_part(name),
        None => is_name_part(text),
    }
}

/// What is wrong with the change from `old`.
pub(super) fn faults_of_update(object: &Value, old: &Value) -> Vec<Cause> {
    if !object::is_deleting(old) {
        return Vec::new();
    }
    let before = object::finalizers(old);
    let new: Vec<&str> = object::finalizers(object)
        .into_iter()
        .filter(|f| !before.contains(f))
        .collect();
    if new.is_empty() {
        return Vec::new();
    }
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers {new:?}"
    );
    vec![Cause::forbidden("metadata.finalizers", why)]
}

/// Whether something still keeps an object that is being deleted.
pub(super) fn is_held(kind: &Kind, object: &Value) -> bool {
    let namespace = kind.group.is_empty() && kind.plural == "namespaces";
    !object::finalizers(object).is_empty()
        || namespace && !object::texts(&object["spec"]["finalizers"]).is_empty()
}
