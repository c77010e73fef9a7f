//! References to owners.

use serde_json::{Map, Value};

use super::{Found, text};
use crate::schema::path::Path;
use crate::schema::violation::{bad_value, quote};

pub(super) fn judge(metadata: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    let path = path.property("ownerReferences");
    let owners = match metadata.get("ownerReferences") {
        None | Some(Value::Null) => return,
        Some(Value::Array(owners)) => owners,
        Some(other) => return found.wrong_type(&path, other, "must be a list"),
    };
    let mut controller: Option<String> = None;
    for (index, owner) in owners.iter().enumerate() {
        let place = path.index(index);
        let Value::Object(owner) = owner else {
            found.wrong_type(&place, owner, "must be an object");
            continue;
        };
        for name in ["apiVersion", "kind", "name", "uid"] {
            match owner.get(name) {
                None | Some(Value::Null) => found.required(&place.property(name), "must not be empty"),
                Some(Value::String(text)) if text.is_empty() => {
                    found.required(&place.property(name), "must not be empty");
                }
                Some(Value::String(_)) => {}
                Some(other) => found.wrong_type(&place.property(name), other, "must be a string"),
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
                found.wrong_type(&place.property(name), other, "must be true or false");
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
