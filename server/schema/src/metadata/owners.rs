//! Validates `ownerReferences`.

use serde_json::{Map, Value};

use super::{Errors, text};
use crate::go_format::quote;
use crate::path::Path;

pub(super) fn validate(metadata: &Map<String, Value>, path: &Path<'_>, errors: &mut Errors) {
    let path = path.property("ownerReferences");
    let owners = match metadata.get("ownerReferences") {
        None | Some(Value::Null) => return,
        Some(Value::Array(owners)) => owners,
        Some(other) => return errors.wrong_type(&path, other, "must be a list"),
    };
    let mut controller: Option<String> = None;
    for (index, owner) in owners.iter().enumerate() {
        let place = path.index(index);
        let Value::Object(owner) = owner else {
            errors.wrong_type(&place, owner, "must be an object");
            continue;
        };
        for name in ["apiVersion", "kind", "name", "uid"] {
            match owner.get(name) {
                None | Some(Value::Null) => errors.required(&place.property(name), "must not be empty"),
                Some(Value::String(text)) if text.is_empty() => {
                    errors.required(&place.property(name), "must not be empty");
                }
                Some(Value::String(_)) => {}
                Some(other) => errors.wrong_type(&place.property(name), other, "must be a string"),
            }
        }
        let version = text(owner, "apiVersion");
        if version.matches('/').count() > 1 || version.ends_with('/') {
            let detail = "must be <group>/<version> or <version>";
            errors.invalid(&place.property("apiVersion"), &quote(version), detail);
        }
        // Events cannot be owners.
        if version == "v1" && text(owner, "kind") == "Event" {
            let value = shown(owner).to_string();
            errors.invalid(
                &place,
                &value,
                "/v1, Kind=Event is disallowed from being an owner",
            );
        }
        for name in ["controller", "blockOwnerDeletion"] {
            if let Some(other) = owner
                .get(name)
                .filter(|flag| !flag.is_boolean() && !flag.is_null())
            {
                errors.wrong_type(&place.property(name), other, "must be true or false");
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
                    let all = owners.iter().filter_map(Value::as_object).map(shown);
                    errors.invalid(&path, &Value::Array(all.collect()).to_string(), &detail);
                }
            }
        }
    }
}

/// Formats a reference like the API server, with its order of fields.
fn shown(owner: &Map<String, Value>) -> Value {
    const ORDER: [&str; 6] = [
        "apiVersion",
        "kind",
        "name",
        "uid",
        "controller",
        "blockOwnerDeletion",
    ];
    let fields = ORDER.iter().filter_map(|name| {
        let value = owner.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(fields.collect())
}

/// Removes duplicate owner references, as the API server does before validation.
pub(crate) fn remove_duplicate_owners(object: &mut Value) {
    let owners = object.pointer_mut("/metadata/ownerReferences");
    if let Some(owners) = owners.and_then(Value::as_array_mut) {
        let mut kept: Vec<Value> = Vec::with_capacity(owners.len());
        owners.retain(|owner| {
            let is_new = !kept.contains(owner);
            if is_new {
                kept.push(owner.clone());
            }
            is_new
        });
    }
}
