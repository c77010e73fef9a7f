//! The parts of an `ApplySet`: what kro makes for an instance, and what `kubectl apply --applyset` manages with a custom
//! resource as the parent.
//!
//! The parent's annotations say of which kinds and in which namespaces its parts are; a label of each part names the
//! set ([KEP-3659](https://kep.k8s.io/3659)). So the parts are found by their label. Annotations of the parent can only
//! widen the search: the id is computed from what the object is, never taken from a label, so that nobody finds the
//! parts of another object by calling it theirs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::object::group_of;

const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// The label of a part.
pub(crate) const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// Kinds and namespaces that are searched at most.
const MAX_KINDS: usize = 20;
const MAX_NAMESPACES: usize = 5;

/// An object's set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApplySet {
    /// The value of [`PART_OF`] on its parts.
    pub(super) id: String,
    /// The group, empty for the core group, and kind of its parts.
    pub(super) kinds: Vec<(String, String)>,
    /// Their namespaces; empty if none is known.
    pub(super) namespaces: Vec<String>,
}

impl ApplySet {
    /// The set whose parent is `object`, if it is one.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let annotation = |key: &str| object.pointer("/metadata/annotations")?.get(key)?.as_str();
        let kinds: Vec<_> = items(annotation(KINDS)?)
            .map(|kind| match kind.split_once('.') {
                Some((kind, group)) => (group.to_owned(), kind.to_owned()),
                None => (String::new(), kind.to_owned()),
            })
            .take(MAX_KINDS)
            .collect();
        let own = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let mut namespaces: Vec<String> = own.into_iter().map(str::to_owned).collect();
        for namespace in items(annotation(NAMESPACES).unwrap_or_default()) {
            if namespaces.len() < MAX_NAMESPACES && namespaces.iter().all(|known| known != namespace) {
                namespaces.push(namespace.to_owned());
            }
        }
        (!kinds.is_empty()).then_some(())?;
        Some(Self {
            id: id_of(object)?,
            kinds,
            namespaces,
        })
    }
}

/// True if the label of `object` says that it is a part of the set whose parent is `parent`.
pub(super) fn is_part(object: &Value, parent: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    let set = labels
        .and_then(|labels| labels.get(PART_OF))
        .and_then(Value::as_str);
    set.is_some_and(|set| id_of(parent).as_deref() == Some(set))
}

/// The id of the set whose parent is `object`.
fn id_of(object: &Value) -> Option<String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name")?;
    let namespace = text("/metadata/namespace").unwrap_or_default();
    let kind = text("/kind")?;
    let group = group_of(text("/apiVersion")?);
    let hash = Sha256::digest(format!("{name}.{namespace}.{kind}.{group}"));
    Some(format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash)))
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn instance() -> Value {
        json!({
            "apiVersion": "kro.run/v1alpha1", "kind": "Site",
            "metadata": {
                "name": "blog", "namespace": "default",
                "labels": { "applyset.kubernetes.io/id": "applyset-of-somebody-else-v1" },
                "annotations": { KINDS: "ConfigMap,Deployment.apps", NAMESPACES: "other,default" },
            },
        })
    }

    #[test]
    fn the_parts_are_found_where_the_annotations_say() {
        let set = ApplySet::of(&instance()).unwrap();
        let kinds = [("", "ConfigMap"), ("apps", "Deployment")];
        assert_eq!(
            set.kinds,
            kinds.map(|(group, kind)| (group.to_owned(), kind.to_owned()))
        );
        assert_eq!(set.namespaces, ["default", "other"]);
        assert_eq!(ApplySet::of(&json!({ "metadata": { "name": "plain" } })), None);
    }

    /// `printf blog.default.Site.kro.run | sha256sum | xxd -r -p | base64`, in the alphabet for URLs.
    #[test]
    fn the_id_is_computed_and_not_taken_from_a_label() {
        let set = ApplySet::of(&instance()).unwrap();
        assert_eq!(set.id, "applyset-Ppy4sesX20NjkTRwdb6lDh-27EhAkpHn18eKZ0a3wCE-v1");
        let part = |id: &str| json!({ "metadata": { "labels": { PART_OF: id } } });
        assert!(is_part(&part(&set.id), &instance()));
        assert!(!is_part(&part("applyset-of-somebody-else-v1"), &instance()));
        assert!(!is_part(&json!({}), &instance()));
    }

    #[test]
    fn the_search_is_bounded() {
        let many = |stem: &str| {
            (0..500)
                .map(|n| format!("{stem}{n}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let mut object = instance();
        object["metadata"]["annotations"] = json!({ KINDS: many("Kind"), NAMESPACES: many("ns-") });
        let set = ApplySet::of(&object).unwrap();
        assert_eq!(
            (set.kinds.len(), set.namespaces.len()),
            (MAX_KINDS, MAX_NAMESPACES)
        );
    }
}
