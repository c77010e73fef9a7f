//! The fields of a claim that controllers set: an autoscaler's `spec.replicas`, what an operator fills in.
//!
//! They are not shown as the claim's own, and a change sends them only if it changes them: sent as they were, they would be
//! Portico's from then on, and what a controller sets while a request waits for approval would be undone, or be a conflict.
//! Who owns a field follows from `metadata.managedFields` (Kubernetes, "Server-Side Apply").

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field_owners::{FieldOwner, fields, manager};
use super::{gives_up, labels};
use crate::text::sanitize;

/// Fields that are kept. What goes beyond counts as the claim's own.
const MAX_FIELDS: usize = 200;

/// Fields of an object that controllers own, and neither Portico nor a person. Never empty. Of lists that several manage
/// together none counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerFields(Vec<ControllerField>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct ControllerField {
    path: Vec<String>,
    manager: String,
}

impl ControllerFields {
    /// Returns the fields of an object with `metadata.managedFields`. `None` if there are none, or if Portico has applied
    /// nothing of the object: then it is not Portico's to say.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let entries = object.pointer("/metadata/managedFields")?.as_array()?;
        let (own, others): (Vec<&Value>, Vec<&Value>) = entries
            .iter()
            .filter(|entry| entry.get("subresource").is_none())
            .partition(|entry| {
                let name = manager(entry);
                name == labels::FIELD_MANAGER || gives_up(name)
            });
        if !own.iter().any(|entry| manager(entry) == labels::FIELD_MANAGER) {
            return None;
        }
        let mut found: BTreeMap<Vec<String>, &str> = BTreeMap::new();
        for entry in others {
            leaves(fields(entry), &mut Vec::new(), &mut |path| {
                let is_own = own.iter().any(|own| touches(fields(own), path));
                if found.len() < MAX_FIELDS && !is_own {
                    found.insert(path.to_vec(), manager(entry));
                }
            });
        }
        let fields: Vec<_> = found
            .into_iter()
            .map(|(path, manager)| ControllerField {
                path,
                manager: sanitize(manager),
            })
            .collect();
        (!fields.is_empty()).then_some(Self(fields))
    }

    fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.0.iter().map(|field| &field.path)
    }

    /// Who sets which of those that `object` has.
    #[must_use]
    pub fn owners_in(&self, object: &Value) -> Vec<FieldOwner> {
        let mut owners: Vec<FieldOwner> = Vec::new();
        for ControllerField { path, manager } in &self.0 {
            if at(object, path).is_none() {
                continue;
            }
            let field = sanitize(&path.join("."));
            match owners.iter_mut().find(|owner| owner.manager == *manager) {
                Some(owner) => owner.fields.push(field),
                None => owners.push(FieldOwner {
                    manager: manager.clone(),
                    fields: vec![field],
                }),
            }
        }
        owners
    }

    /// Removes them from an object.
    pub fn remove_from(&self, object: &mut Value) {
        for path in self.paths() {
            remove(object, path);
        }
    }

    /// Removes those from `object` that `wish` has as `live` does, except those that `keep` names.
    pub fn remove_unchanged(
        &self,
        object: &mut Value,
        wish: &Value,
        live: &Value,
        keep: impl Fn(&[String]) -> bool,
    ) {
        for path in self.paths().filter(|path| !keep(path)) {
            if at(wish, path) == at(live, path) {
                remove(object, path);
            }
        }
    }

    /// Gives an object those that it lacks, as `live` has them: what the API server makes of it.
    pub fn complete(&self, object: &mut Value, live: &Value) {
        for path in self.paths() {
            if at(object, path).is_none()
                && let Some(value) = at(live, path)
            {
                insert(object, path, value);
            }
        }
    }
}

/// Calls `found` with the path of each field that is owned as a whole, outside names, metadata and status.
fn leaves(owned: &Map<String, Value>, path: &mut Vec<String>, found: &mut dyn FnMut(&[String])) {
    for (key, node) in owned {
        let Some(name) = key.strip_prefix("f:") else {
            continue;
        };
        if path.is_empty() && matches!(name, "apiVersion" | "kind" | "metadata" | "status") {
            continue;
        }
        path.push(name.to_owned());
        match node.as_object() {
            Some(below) if below.keys().any(|key| key.starts_with("f:")) => leaves(below, path, found),
            // Items of a list.
            Some(below) if below.keys().any(|key| key != ".") => {}
            _ => found(path),
        }
        path.pop();
    }
}

/// True if the path, something below it, or something above it as a whole belongs to the owner of these fields.
fn touches(owned: &Map<String, Value>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match owned.get(&format!("f:{first}")).map(Value::as_object) {
        None => false,
        Some(Some(below)) if below.keys().any(|key| key != ".") => touches(below, rest),
        Some(_) => true,
    }
}

fn at<'v>(object: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, key| value.get(key))
}

/// Removes the field, and maps that are empty without it.
fn remove(object: &mut Value, path: &[String]) {
    let (Some(map), Some((first, rest))) = (object.as_object_mut(), path.split_first()) else {
        return;
    };
    if rest.is_empty() {
        map.shift_remove(first);
        return;
    }
    let Some(below) = map.get_mut(first) else {
        return;
    };
    let was_empty = below.as_object().is_none_or(Map::is_empty);
    remove(below, rest);
    if !was_empty && below.as_object().is_some_and(Map::is_empty) {
        map.shift_remove(first);
    }
}

/// Inserts the field, unless something else than a map is in its way.
fn insert(object: &mut Value, path: &[String], value: &Value) {
    let (Some(map), Some((first, rest))) = (object.as_object_mut(), path.split_first()) else {
        return;
    };
    if rest.is_empty() {
        map.insert(first.clone(), value.clone());
        return;
    }
    let below = map
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    insert(below, rest, value);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, fields: impl Into<Value>) -> Value {
        let fields = fields.into();
        json!({ "manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields })
    }

    fn object(spec: impl Into<Value>, entries: impl Into<Value>) -> Value {
        let (spec, entries) = (spec.into(), entries.into());
        json!({ "metadata": { "name": "a", "managedFields": entries }, "spec": spec, "status": { "ready": true } })
    }

    /// Portico set the size, an autoscaler the replicas, an operator some of what belongs to monitoring.
    fn scaled() -> Value {
        object(
            json!({ "size": 5, "replicas": 3, "monitoring": { "enabled": true, "port": 9187 }, "tier": { "name": "x" } }),
            vec![
                entry(
                    "portico",
                    "Apply",
                    json!({ "f:spec": { "f:size": {}, "f:monitoring": { "f:enabled": {} } }, "f:metadata": { "f:labels": {} } }),
                ),
                entry(
                    "autoscaler",
                    "Update",
                    json!({ "f:spec": { "f:replicas": {}, "f:size": {} } }),
                ),
                entry(
                    "operator",
                    "Update",
                    json!({
                        "f:spec": { "f:monitoring": { ".": {}, "f:port": {} }, "f:tier": { ".": {}, "f:name": {} } },
                        "f:metadata": { "f:finalizers": {} },
                    }),
                ),
            ],
        )
    }

    #[test]
    fn they_are_what_only_controllers_own() {
        let live = scaled();
        let found = ControllerFields::of(&live).unwrap();
        let owners = |object: &Value| -> Vec<(String, Vec<String>)> {
            let owners = found.owners_in(object);
            owners
                .into_iter()
                .map(|owner| (owner.manager, owner.fields))
                .collect()
        };
        let operator = |fields: &[&str]| {
            (
                "operator".to_owned(),
                fields.iter().map(ToString::to_string).collect(),
            )
        };
        let autoscaler = ("autoscaler".to_owned(), vec!["spec.replicas".to_owned()]);
        assert_eq!(
            owners(&live),
            [operator(&["spec.monitoring.port", "spec.tier.name"]), autoscaler]
        );
        let in_part = json!({ "spec": { "tier": { "name": "x" } } });
        assert_eq!(owners(&in_part), [operator(&["spec.tier.name"])]);
    }

    #[test]
    fn without_a_controller_or_without_portico_there_are_none() {
        let spec = json!({ "size": 5 });
        let size = json!({ "f:spec": { "f:size": {} } });
        for entries in [
            vec![],
            vec![entry("portico", "Apply", size.clone())],
            vec![
                entry("portico", "Apply", size.clone()),
                entry(
                    "kubectl-edit",
                    "Update",
                    json!({ "f:spec": { "f:replicas": {} } }),
                ),
            ],
            vec![entry(
                "operator",
                "Update",
                json!({ "f:spec": { "f:replicas": {} } }),
            )],
        ] {
            assert_eq!(ControllerFields::of(&object(spec.clone(), entries)), None);
        }
        let mut status = entry("operator", "Update", json!({ "f:spec": { "f:replicas": {} } }));
        status["subresource"] = json!("status");
        let entries = vec![entry("portico", "Apply", size), status];
        assert_eq!(ControllerFields::of(&object(spec, entries)), None);
        assert_eq!(ControllerFields::of(&json!({})), None);
    }

    #[test]
    fn shared_lists_and_what_portico_owns_around_or_below_count_as_its_own() {
        for (own, other) in [
            (
                json!({ "f:users": {} }),
                json!({ "f:users": { "k:{\"name\":\"a\"}": { ".": {} } } }),
            ),
            (
                json!({ "f:size": {} }),
                json!({ "f:users": { "k:{\"name\":\"a\"}": { ".": {} } } }),
            ),
            (json!({ "f:tier": {} }), json!({ "f:tier": { "f:name": {} } })),
            (json!({ "f:tier": { "f:name": {} } }), json!({ "f:tier": {} })),
        ] {
            let entries = vec![
                entry("portico", "Apply", json!({ "f:spec": own })),
                entry("operator", "Update", json!({ "f:spec": other })),
            ];
            assert_eq!(
                ControllerFields::of(&object(json!({}), entries.clone())),
                None,
                "{entries:?}"
            );
        }
    }

    #[test]
    fn the_claims_own_fields_are_what_is_left() {
        let live = scaled();
        let found = ControllerFields::of(&live).unwrap();
        let mut own = live.clone();
        found.remove_from(&mut own);
        assert_eq!(
            own["spec"],
            json!({ "size": 5, "monitoring": { "enabled": true } })
        );
        found.complete(&mut own, &live);
        assert_eq!(own["spec"], live["spec"]);
    }

    #[test]
    fn a_change_sends_only_those_that_it_changes() {
        let live = scaled();
        let found = ControllerFields::of(&live).unwrap();
        let mut wish = live.clone();
        wish["spec"]["size"] = json!(6);
        wish["spec"]["tier"]["name"] = json!("y");
        let mut sent = wish.clone();
        found.remove_unchanged(&mut sent, &wish, &live, |_| false);
        assert_eq!(
            sent["spec"],
            json!({ "size": 6, "monitoring": { "enabled": true }, "tier": { "name": "y" } })
        );
        // What it is compared with keeps what is changed.
        let mut before = live.clone();
        found.remove_unchanged(&mut before, &wish, &live, |_| false);
        assert_eq!(
            before["spec"],
            json!({ "size": 5, "monitoring": { "enabled": true }, "tier": { "name": "x" } })
        );
        let mut kept = live.clone();
        found.remove_unchanged(&mut kept, &live, &live, |path| path == ["spec", "replicas"]);
        assert_eq!(kept["spec"]["replicas"], 3);
    }

    #[test]
    fn completing_replaces_nothing() {
        let live = scaled();
        let found = ControllerFields::of(&live).unwrap();
        let mut manifest = json!({ "spec": { "replicas": 7, "tier": "flat" } });
        found.complete(&mut manifest, &live);
        assert_eq!(
            manifest,
            json!({ "spec": { "replicas": 7, "tier": "flat", "monitoring": { "port": 9187 } } })
        );
    }
}
