//! The projection of an object: the fields that people set. Forms, checks, diffs and pages use the same one, so that
//! what is shown is what is applied.
//!
//! An object has three parts:
//!
//! - user fields: most of what is below `spec`;
//!
//! - **machinery**: what controllers set (Crossplane's own fields, labels, annotations, owners, finalizers,
//!   `status`). People may not set it unless the offering lists it as settable; a plan may;
//!
//! - Portico's labels and annotations.
//!
//! **Ownership on a change.** A change sends all user fields, and of the machinery exactly what Portico applied
//! before ([`Projection::own_machinery`]). By the rules of server-side apply, the field manager `portico` then owns
//! what it sends and gives up nothing. Machinery of other managers is not sent, so they keep it.

mod paths;

use kube_schema::Schema;
use portico_form::FormHints;
use serde_json::{Map, Value};

use crate::claim::{ClaimKind, labels};
use crate::documents::Plan;
use paths::{at, below, fill, head, is_empty, leaves, picked, tokens, without};

/// Fields below `spec` that belong to Crossplane and its providers, for kinds defined by an XRD. Most come from
/// Crossplane's `internal/xcrd` (the fields that it adds to CRDs); the last four control permissions and lifetime of
/// managed resources.
pub const MACHINERY: [&str; 18] = [
    "claimRef",
    "compositeDeletePolicy",
    "compositionRef",
    "compositionRevisionRef",
    "compositionRevisionSelector",
    "compositionSelector",
    "compositionUpdatePolicy",
    "crossplane",
    "environmentConfigRefs",
    "publishConnectionDetailsTo",
    "publishConnectionDetailsWithStoreConfigRef",
    "resourceRef",
    "resourceRefs",
    "writeConnectionSecretToRef",
    "deletionPolicy",
    "managementPolicies",
    "managementPolicy",
    "providerConfigRef",
];

/// Machinery that no offering may make settable: a claim could use it to adopt other objects or to overwrite a
/// secret.
const NEVER_SETTABLE: [&str; 6] = [
    "claimRef",
    "publishConnectionDetailsTo",
    "publishConnectionDetailsWithStoreConfigRef",
    "resourceRef",
    "resourceRefs",
    "writeConnectionSecretToRef",
];

/// Labels and annotations that differ with every request or portal, so they are not part of what was requested.
const PER_REQUEST_LABELS: [&str; 7] = [
    labels::TENANT,
    labels::ENVIRONMENT,
    labels::REQUEST,
    labels::REQUESTER,
    labels::REQUESTER_NAME,
    labels::PLACED,
    labels::PORTAL,
];

/// A field that people may not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForbiddenField {
    /// The path: `spec.resourceRef`, `metadata.labels.team`.
    pub path: String,
    /// Why it is refused.
    pub reason: ForbiddenReason,
}

/// Why people may not set a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForbiddenReason {
    /// The claim's name has an input of its own.
    Name,
    /// The field identifies the object.
    Identity {
        /// The value that it has whatever is requested.
        value: Option<String>,
    },
    /// A label or annotation of Portico.
    SetByPortico,
    /// A label or annotation that the offering does not make settable.
    NotOpened {
        /// `labels` or `annotations`.
        map: String,
    },
    /// Controllers set it.
    SetByControllers,
    /// A claim with it could adopt or overwrite objects of others.
    Adoption,
    /// Machinery that the offering does not make settable.
    Machinery,
}

/// Why an offering may not make a path settable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSettable {
    /// A label or annotation of Portico.
    SetByPortico,
    /// Of `metadata`, only single labels and annotations can be opened.
    Metadata,
    /// `spec.crossplane` as a whole; only fields below it can be opened.
    WholeCrossplane,
    /// A claim with it could adopt or overwrite objects of others.
    Adoption {
        /// The field's name.
        name: String,
    },
    /// It is no machinery: people may set it already.
    NotMachinery,
    /// It begins with none of `spec.`, `metadata.labels.` and `metadata.annotations.`.
    OtherRoot,
}

/// The projection of an offering's objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    of_xrd: bool,
    /// Machinery that people may set.
    settable: Vec<Vec<String>>,
    /// Machinery that is applied and shown: settable, or set by a plan or a preset.
    shown: Vec<Vec<String>>,
    /// Machinery in the form: as `shown`, without presets.
    in_form: Vec<Vec<String>>,
}

impl Projection {
    /// Creates the projection of an offering. `settable` lists machinery that its document opens: `spec.…`, or
    /// `metadata.labels.<key>` and `metadata.annotations.<key>`, where the key may contain dots and slashes.
    #[must_use]
    pub fn new(claim_kind: ClaimKind, settable: &[String], plans: &[Plan], hints: &FormHints) -> Self {
        let settable: Vec<Vec<String>> = settable
            .iter()
            .filter(|path| check_settable(path).is_ok())
            .map(|path| tokens(path))
            .collect();
        let mut shown = settable.clone();
        let values = plans.iter().map(|plan| &plan.values);
        for (key, value) in values.flatten().filter(|(key, _)| *key == "spec") {
            leaves(value, &mut vec![key.clone()], &mut |path, _| {
                shown.push(path.to_vec());
            });
        }
        let in_form = shown.clone();
        let presets = hints.fields.iter().filter(|(_, hint)| hint.preset.is_some());
        shown.extend(presets.map(|(path, _)| tokens(path)));
        Self {
            of_xrd: claim_kind.is_of_xrd(),
            settable,
            shown,
            in_form,
        }
    }

    /// Returns the user fields of an object: without `apiVersion`, `kind`, `status` and machinery, and with only the
    /// labels and annotations that the offering opens.
    #[must_use]
    pub fn user_fields(&self, object: &Value) -> Value {
        let mut kept = Map::new();
        for (key, value) in object.as_object().into_iter().flatten() {
            match key.as_str() {
                "apiVersion" | "kind" | "status" => {}
                "metadata" => {
                    let metadata = picked(value, &below(&self.shown, &["metadata"]));
                    kept.extend(metadata.map(|metadata| (key.clone(), metadata)));
                }
                "spec" if self.of_xrd && value.is_object() => {
                    kept.insert(key.clone(), self.spec(value, &self.shown));
                }
                _ => {
                    kept.insert(key.clone(), value.clone());
                }
            }
        }
        Value::Object(kept)
    }

    /// Returns `spec` without machinery that is not in `open`.
    fn spec(&self, spec: &Value, open: &[Vec<String>]) -> Value {
        let fields = spec.as_object().into_iter().flatten();
        let kept = fields.filter_map(|(name, value)| {
            let value = if self.of_xrd && MACHINERY.contains(&name.as_str()) {
                picked(value, &below(open, &["spec", name]))?
            } else {
                value.clone()
            };
            Some((name.clone(), value))
        });
        Value::Object(kept.collect())
    }

    /// Returns the fields in `wish` that people may not set, each with advice. Fields that repeat a `known` object
    /// (the current object, the form's initial values) or the object's `identity` are accepted. Machinery that `plan`
    /// sets is subject to the plan's locks.
    #[must_use]
    pub fn forbidden_fields(
        &self,
        wish: &Value,
        known: &[&Value],
        identity: &Value,
        plan: Option<&Plan>,
    ) -> Vec<ForbiddenField> {
        let adjustable = plan.map(adjustable).unwrap_or_default();
        let open: Vec<&Vec<String>> = self.settable.iter().chain(&adjustable).collect();
        let is_open = |path: &[String]| open.iter().any(|open| path.starts_with(open));
        let mut found: Vec<ForbiddenField> = Vec::new();
        let mut look = |path: &[String], value: &Value| {
            let is_theirs = match path {
                [top] => !matches!(top.as_str(), "apiVersion" | "kind" | "status" | "metadata"),
                [top, name, ..] if top == "spec" => {
                    !self.of_xrd || !MACHINERY.contains(&name.as_str()) || is_open(path)
                }
                [top, ..] if top == "metadata" => is_open(path),
                [top, ..] => top != "status",
                [] => true,
            };
            let mut there = known
                .iter()
                .chain([&identity])
                .filter_map(|known| at(known, path))
                .peekable();
            let asks_nothing = if there.peek().is_none() {
                value.is_null() || is_empty(value)
            } else {
                there.any(|there| there == value)
            };
            if is_theirs || asks_nothing {
                return;
            }
            let path = head(path);
            if !found.iter().any(|known| known.path == path.join(".")) {
                found.push(refusal(&path, identity));
            }
        };
        for (key, value) in wish.as_object().into_iter().flatten() {
            leaves(value, &mut vec![key.clone()], &mut look);
        }
        found
    }

    /// Returns the machinery that Portico itself applied and that is not shown, from an object with
    /// `metadata.managedFields`. A change must send it again or server-side apply would remove it.
    #[must_use]
    pub fn own_machinery(claim_kind: ClaimKind, object: &Value) -> Option<Value> {
        if !claim_kind.is_of_xrd() {
            return None;
        }
        let mut own = Map::new();
        let managers = object.pointer("/metadata/managedFields")?.as_array()?;
        let applied = managers.iter().filter(|entry| {
            entry.get("manager").and_then(Value::as_str) == Some(labels::FIELD_MANAGER)
                && entry.get("operation").and_then(Value::as_str) == Some("Apply")
                && entry.get("subresource").is_none()
        });
        for entry in applied {
            for name in MACHINERY {
                let owned = entry.pointer(&format!("/fieldsV1/f:spec/f:{name}"));
                let there = object.pointer(&format!("/spec/{name}"));
                if let (Some(owned), Some(there)) = (owned, there)
                    && let Some(value) = of_owner(owned, there)
                {
                    own.insert(name.to_owned(), value);
                }
            }
        }
        (!own.is_empty()).then_some(Value::Object(own))
    }

    /// Puts machinery that Portico applied before back into a manifest. Shown machinery is part of the request, so it
    /// is left alone.
    pub fn restore_machinery(&self, own_machinery: Option<&Value>, manifest: &mut Value) {
        let own = own_machinery.and_then(|own| without(own, &below(&self.shown, &["spec"])));
        if let (Some(own), Some(spec)) = (own, manifest.get_mut("spec")) {
            fill(spec, &own);
        }
    }

    /// Returns the object for display: its names, user fields, Portico's labels and the machinery that Portico
    /// applied.
    #[must_use]
    pub fn displayed(&self, object: &Value, own_machinery: Option<&Value>) -> Value {
        let mut shown = Map::new();
        for key in ["apiVersion", "kind"] {
            shown.extend(object.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        let names = ["name", "namespace"].map(|key| vec![key.to_owned()]);
        let mut open = names.to_vec();
        open.extend(below(&self.shown, &["metadata"]));
        for kind in ["labels", "annotations"] {
            let keys = object
                .get("metadata")
                .and_then(|metadata| metadata.get(kind)?.as_object());
            let ours = keys
                .into_iter()
                .flat_map(Map::keys)
                .filter(|key| is_portico_label(key));
            open.extend(ours.map(|key| vec![kind.to_owned(), key.clone()]));
        }
        let metadata = object
            .get("metadata")
            .and_then(|metadata| picked(metadata, &open));
        shown.extend(metadata.map(|metadata| ("metadata".to_owned(), metadata)));
        if let Value::Object(rest) = self.user_fields(object) {
            shown.extend(rest.into_iter().filter(|(key, _)| key != "metadata"));
        }
        let mut shown = Value::Object(shown);
        self.restore_machinery(own_machinery, &mut shown);
        shown
    }

    /// Returns form hints that hide machinery that is not in the form.
    #[must_use]
    pub fn hints(&self, schema: &Schema, hints: &FormHints) -> FormHints {
        let mut hints = hints.clone();
        if !self.of_xrd {
            return hints;
        }
        let mut hide = |path: String| hints.fields.entry(path).or_default().hidden = true;
        for name in MACHINERY {
            let open = below(&self.in_form, &["spec", name]);
            let path = format!("spec.{name}");
            let Some(node) = schema.node_at(&path) else {
                continue;
            };
            if open.is_empty() {
                hide(path);
            } else if !open.iter().any(Vec::is_empty) {
                for (child, _) in node.properties() {
                    if !open.iter().any(|open| open[0] == child) {
                        hide(format!("{path}.{child}"));
                    }
                }
            }
        }
        hints
    }
}

/// Returns the `spec` paths that a plan sets and that people may adjust.
fn adjustable(plan: &Plan) -> Vec<Vec<String>> {
    let allowed: Vec<Vec<String>> = plan.adjustable.iter().map(|path| tokens(path)).collect();
    let mut open = Vec::new();
    for (key, value) in plan.values.iter().filter(|(key, _)| *key == "spec") {
        leaves(value, &mut vec![key.clone()], &mut |path, _| {
            if allowed.iter().any(|allowed| path.starts_with(allowed)) {
                open.push(path.to_vec());
            }
        });
    }
    open
}

/// Checks that an offering may make a path settable.
///
/// # Errors
/// Why it may not.
pub fn check_settable(path: &str) -> Result<(), NotSettable> {
    let tokens = tokens(path);
    let names: Vec<&str> = tokens.iter().map(String::as_str).collect();
    Err(match names.as_slice() {
        ["metadata", "labels" | "annotations", key] if is_portico_label(key) => NotSettable::SetByPortico,
        ["metadata", "labels" | "annotations", key] if !key.is_empty() => return Ok(()),
        ["metadata", ..] => NotSettable::Metadata,
        ["spec", "crossplane"] => NotSettable::WholeCrossplane,
        ["spec", "crossplane", name, ..] | ["spec", name, ..] if NEVER_SETTABLE.contains(name) => {
            NotSettable::Adoption {
                name: (*name).to_owned(),
            }
        }
        ["spec", name, ..] if MACHINERY.contains(name) => return Ok(()),
        ["spec", ..] => NotSettable::NotMachinery,
        _ => NotSettable::OtherRoot,
    })
}

/// Returns what a manifest requests, with sorted keys: everything but its name and the labels that differ with every
/// request. Two manifests request the same if and only if these are equal.
#[must_use]
pub fn requested_fields(manifest: &Value) -> Value {
    let mut requested = Map::new();
    for key in [labels::PLAN, labels::EXPIRES] {
        let mark = ["labels", "annotations"]
            .iter()
            .find_map(|kind| manifest.get("metadata")?.get(kind)?.get(key));
        requested.extend(mark.map(|value| (key.to_owned(), value.clone())));
    }
    for (key, value) in manifest.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let metadata = requested_metadata(value);
                if !metadata.is_empty() {
                    requested.insert(key.clone(), Value::Object(metadata));
                }
            }
            _ => {
                requested.insert(key.clone(), value.clone());
            }
        }
    }
    sorted(&Value::Object(requested))
}

fn requested_metadata(metadata: &Value) -> Map<String, Value> {
    let mut requested = Map::new();
    for (key, value) in metadata.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("name" | "namespace", _) => {}
            ("labels" | "annotations", Value::Object(marked)) => {
                let rest: Map<String, Value> = marked
                    .iter()
                    .filter(|(key, _)| {
                        !PER_REQUEST_LABELS.contains(&key.as_str())
                            && *key != labels::PLAN
                            && *key != labels::EXPIRES
                    })
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                if !rest.is_empty() {
                    requested.insert(key.clone(), Value::Object(rest));
                }
            }
            _ => {
                requested.insert(key.clone(), value.clone());
            }
        }
    }
    requested
}

/// Returns the value with all map keys sorted.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn is_portico_label(key: &str) -> bool {
    key.starts_with("portico.dev/")
}

fn refusal(path: &[String], identity: &Value) -> ForbiddenField {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let reason = match names.as_slice() {
        ["metadata", "name"] => ForbiddenReason::Name,
        ["apiVersion" | "kind"] | ["metadata", "namespace"] => ForbiddenReason::Identity {
            value: at(identity, path).and_then(Value::as_str).map(str::to_owned),
        },
        ["metadata", "labels" | "annotations", key] if is_portico_label(key) => ForbiddenReason::SetByPortico,
        ["metadata", map @ ("labels" | "annotations"), ..] => ForbiddenReason::NotOpened {
            map: (*map).to_owned(),
        },
        ["metadata", ..] | ["status"] => ForbiddenReason::SetByControllers,
        ["spec", .., name] if NEVER_SETTABLE.contains(name) => ForbiddenReason::Adoption,
        _ => ForbiddenReason::Machinery,
    };
    ForbiddenField {
        path: path.join("."),
        reason,
    }
}

/// Returns the part of `value` that a manager owns according to the `fieldsV1` of its `metadata.managedFields` entry.
/// Lists are taken whole.
fn of_owner(owned: &Value, value: &Value) -> Option<Value> {
    let fields: Vec<(&str, &Value)> = owned
        .as_object()?
        .iter()
        .filter_map(|(key, below)| Some((key.strip_prefix("f:")?, below)))
        .collect();
    let Value::Object(map) = value else {
        return Some(value.clone());
    };
    if fields.is_empty() {
        // An atomic or empty map.
        return Some(value.clone());
    }
    let kept: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, below)| Some((name.to_owned(), of_owner(below, map.get(name)?)?)))
        .collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

#[cfg(test)]
mod tests;
