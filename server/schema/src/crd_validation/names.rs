//! Validates the names and the group of a definition.

use serde_json::{Value, json};

use super::Errors;
use super::keywords::{Schema, text, texts};
use crate::names::{dns1035_label, subdomain};
use crate::net::url::parse_request;
use crate::path::Path;

const APPROVED: &str = "api-approved.kubernetes.io";

pub(super) fn validate(document: &Value, errors: &mut Errors) {
    let empty = Schema::new();
    let spec = document["spec"].as_object().unwrap_or(&empty);
    let names = document["spec"]["names"].as_object().unwrap_or(&empty);
    let place = Path::ROOT.property("spec");
    own_name(document, spec, names, errors);
    group(document, text(spec, "group"), &place, errors);
    let scope = text(spec, "scope");
    match scope {
        "" => errors.required(&place.property("scope"), ""),
        "Cluster" | "Namespaced" => {}
        other => errors.unsupported(
            &place.property("scope"),
            &json!(other),
            &["Cluster", "Namespaced"],
        ),
    }
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema \
                   instead";
        errors.invalid(&place.property("preserveUnknownFields"), &json!(true), why);
    }
    of_kind(names, &place.property("names"), errors);
}

fn own_name(document: &Value, spec: &Schema, names: &Schema, errors: &mut Errors) {
    let metadata = Path::ROOT.property("metadata");
    let place = metadata.property("name");
    let name = document["metadata"]["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        errors.required(&place, "name or generateName is required");
        return;
    }
    errors.all(&place, name, &subdomain(name, false));
    if name != format!("{}.{}", text(names, "plural"), text(spec, "group")) {
        errors.invalid(
            &place,
            &json!(name),
            r#"must be spec.names.plural+"."+spec.group"#,
        );
    }
}

fn group(document: &Value, group: &str, spec: &Path<'_>, errors: &mut Errors) {
    let place = spec.property("group");
    let problems = subdomain(group, false);
    if group.is_empty() {
        errors.required(&place, "");
    } else if !problems.is_empty() {
        errors.joined(&place, group, &problems, "");
    } else if !group.contains('.') {
        errors.invalid(&place, &json!(group), "should be a domain with at least one dot");
    }
    let protected = |suffix: &str| {
        group
            .strip_suffix(suffix)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    if !protected("k8s.io") && !protected("kubernetes.io") {
        return;
    }
    let metadata = Path::ROOT.property("metadata");
    let annotations = metadata.property("annotations");
    let place = annotations.key(APPROVED);
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    let approval = document["metadata"]["annotations"][APPROVED]
        .as_str()
        .unwrap_or_default();
    let is_url = || parse_request(approval).is_ok_and(|url| !url.scheme.is_empty() && !url.host.is_empty());
    if approval.is_empty() {
        let why = format!("protected groups must have approval annotation {APPROVED:?}, {see}");
        errors.required(&place, &why);
    } else if !approval.starts_with("unapproved") && !is_url() {
        let why = format!(
            "protected groups must have approval annotation {APPROVED:?} with either a URL or a reason starting with \
             \"unapproved\", {see}"
        );
        errors.invalid(&place, &json!(approval), &why);
    }
}

/// Validates `spec.names`. The singular and the list kind have defaults.
fn of_kind(names: &Schema, place: &Path<'_>, errors: &mut Errors) {
    const MIXED: &str = "may have mixed case, but should otherwise match: ";
    let kind = text(names, "kind");
    for key in ["plural", "kind"] {
        if text(names, key).is_empty() {
            errors.required(&place.property(key), "");
        }
    }
    if kind.is_empty() {
        for key in ["singular", "listKind"] {
            if text(names, key).is_empty() {
                errors.required(&place.property(key), "");
            }
        }
    }
    let or_made_up = |key: &str, made_up: String| match text(names, key) {
        "" if kind.is_empty() => String::new(),
        "" => made_up,
        given => given.to_owned(),
    };
    let singular = or_made_up("singular", kind.to_lowercase());
    for (key, name) in [("plural", text(names, "plural")), ("singular", &singular)] {
        if !name.is_empty() {
            errors.joined(&place.property(key), name, &dns1035_label(name), "");
        }
    }
    let list_kind = or_made_up("listKind", format!("{kind}List"));
    for (key, name) in [("kind", kind), ("listKind", &list_kind)] {
        if !name.is_empty() {
            let problems = dns1035_label(&name.to_lowercase());
            errors.joined(&place.property(key), name, &problems, MIXED);
        }
    }
    if !kind.is_empty() && kind == text(names, "listKind") {
        let why = "kind and listKind may not be the same";
        errors.invalid(&place.property("listKind"), &json!(kind), why);
    }
    for key in ["shortNames", "categories"] {
        let place = place.property(key);
        for (index, name) in texts(names, key).enumerate() {
            errors.joined(&place.index(index), name, &dns1035_label(name), "");
        }
    }
}
