//! What of `metadata` may not change, or only so (`ValidateObjectMetaAccessorUpdate`, after what `BeforeUpdate` mends).

use serde_json::{Map, Value};

use super::{Found, text};
use crate::path::Path;
use crate::violation::{Reason, bad_value, quote};

const IMMUTABLE: &str = "field is immutable";

/// Judges a change. What is left out of it stays as it was.
pub(super) fn judge(new: &Map<String, Value>, old: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    for name in ["name", "namespace"] {
        // Where no namespace is named, it is the request's.
        let unnamed = name == "namespace" && text(new, name).is_empty();
        if !unnamed && text(new, name) != text(old, name) {
            found.invalid(&path.property(name), &quote(text(new, name)), IMMUTABLE);
        }
    }
    let is_deleting = is_set(old, "deletionTimestamp");
    if is_set(new, "deletionTimestamp") && !is_deleting {
        let value = bad_value(&new["deletionTimestamp"]);
        found.invalid(&path.property("deletionTimestamp"), &value, IMMUTABLE);
    }
    let grace = "deletionGracePeriodSeconds";
    if is_set(new, grace) && new.get(grace) != old.get(grace) {
        found.invalid(&path.property(grace), &bad_value(&new[grace]), IMMUTABLE);
    }
    if is_deleting {
        let before: Vec<&str> = finalizers(old).collect();
        let added: Vec<&str> = finalizers(new).filter(|name| !before.contains(name)).collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"
            );
            found.add(&path.property("finalizers"), Reason::Forbidden, None, &detail);
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
