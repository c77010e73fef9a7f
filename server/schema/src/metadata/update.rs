//! Immutable and restricted `metadata` fields on update (`ValidateObjectMetaAccessorUpdate`, after the corrections of
//! `BeforeUpdate`).

use serde_json::{Map, Value};

use super::{Errors, text};
use crate::go_format::{format_value, quote};
use crate::path::Path;
use crate::violation::Reason;

const IMMUTABLE: &str = "field is immutable";

/// Validates an update. Omitted fields count as unchanged.
pub(super) fn validate(
    new: &Map<String, Value>,
    old: &Map<String, Value>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    for name in ["name", "namespace"] {
        // If the object names no namespace, the request's applies.
        let unnamed = name == "namespace" && text(new, name).is_empty();
        if !unnamed && text(new, name) != text(old, name) {
            errors.invalid(&path.property(name), &quote(text(new, name)), IMMUTABLE);
        }
    }
    let is_deleting = is_set(old, "deletionTimestamp");
    if is_set(new, "deletionTimestamp") && !is_deleting {
        let value = format_value(&new["deletionTimestamp"]);
        errors.invalid(&path.property("deletionTimestamp"), &value, IMMUTABLE);
    }
    let grace = "deletionGracePeriodSeconds";
    if is_set(new, grace) && new.get(grace) != old.get(grace) {
        errors.invalid(&path.property(grace), &format_value(&new[grace]), IMMUTABLE);
    }
    if is_deleting {
        let before: Vec<&str> = finalizers(old).collect();
        let added: Vec<&str> = finalizers(new).filter(|name| !before.contains(name)).collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"
            );
            errors.add(&path.property("finalizers"), Reason::Forbidden, None, &detail);
        }
    }
}

fn is_set(metadata: &Map<String, Value>, name: &str) -> bool {
    metadata.get(name).is_some_and(|value| !value.is_null())
}

fn finalizers(metadata: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let list = metadata.get("finalizers").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
