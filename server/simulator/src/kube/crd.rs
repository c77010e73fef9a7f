//! `CustomResourceDefinitions`: judging them, and serving the kinds that they define.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::admission::{self, Judge};
use super::delete;
use super::error::Cause;
use super::kinds::{Column, GroupKind, Kind, Version, version_priority};
use super::metadata;
use super::object::{self, Key};
use super::plane::State;

/// Fills in what the server decides (default names, status) and says what is wrong.
pub(super) fn prepare(state: &State, crd: &mut Value, now: Timestamp) -> Vec<Cause> {
    let causes = admission::faults(crd);
    if !causes.is_empty() {
        return causes;
    }
    let kind = crd["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let names = object::map_mut(&mut crd["spec"], "names");
    names
        .entry("singular")
        .or_insert_with(|| json!(kind.to_lowercase()));
    names
        .entry("listKind")
        .or_insert_with(|| json!(format!("{kind}List")));
    object::map_mut(&mut crd["spec"], "conversion")
        .entry("strategy")
        .or_insert(json!("None"));
    let accepted = conflict(state, crd);
    let mut stored: Vec<String> = object::texts(&crd["status"]["storedVersions"])
        .into_iter()
        .map(str::to_owned)
        .collect();
    let storage = storage_version(crd).to_owned();
    if !stored.contains(&storage) {
        stored.push(storage);
    }
    let conditions = match &accepted {
        None => [
            (
                "NamesAccepted",
                "True",
                "NoConflicts",
                "no conflicts found".to_owned(),
            ),
            (
                "Established",
                "True",
                "InitialNamesAccepted",
                "the initial names have been accepted".to_owned(),
            ),
        ],
        Some(why) => [
            ("NamesAccepted", "False", "KindConflict", why.clone()),
            (
                "Established",
                "False",
                "NotAccepted",
                "not all names are accepted".to_owned(),
            ),
        ],
    };
    let previous = crd["status"]["conditions"].clone();
    let conditions: Vec<Value> = conditions
        .into_iter()
        .map(|(name, status, reason, message)| {
            let same = previous.as_array().into_iter().flatten().find(|c| c["type"] == name && c["status"] == status);
            let since = same.map_or_else(|| metadata::seconds(now), |c| c["lastTransitionTime"].clone());
            json!({"type": name, "status": status, "reason": reason, "message": message, "lastTransitionTime": since})
        })
        .collect();
    let names = if accepted.is_none() {
        crd["spec"]["names"].clone()
    } else {
        json!({"plural": "", "kind": ""})
    };
    crd["status"] = json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored});
    causes
}

fn storage_version(crd: &Value) -> &str {
    let versions = crd["spec"]["versions"].as_array();
    let storage = versions.into_iter().flatten().find(|v| v["storage"] == true);
    storage.and_then(|v| v["name"].as_str()).unwrap_or_default()
}

/// Why its kind cannot be served: another definition has the names.
fn conflict(state: &State, crd: &Value) -> Option<String> {
    let group = crd["spec"]["group"].as_str()?;
    let plural = crd["spec"]["names"]["plural"].as_str()?;
    let kind = crd["spec"]["names"]["kind"].as_str()?;
    let taken = state.kinds.of(&GroupKind::new(group, kind))?;
    (taken.plural != plural).then(|| format!("{kind:?} is already in use"))
}

/// Serves the kinds of all definitions that are kept.
pub(super) fn install_all(state: &mut State) {
    let definitions = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
    let all: Vec<_> = state
        .store
        .table(&definitions)
        .into_iter()
        .flat_map(|table| table.values().cloned())
        .collect();
    for definition in all {
        install(state, &definition);
    }
}

/// Serves the kind of an established definition.
pub(super) fn install(state: &mut State, crd: &Value) {
    let conditions = crd["status"]["conditions"].as_array();
    if !conditions
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Established" && c["status"] == "True")
    {
        return;
    }
    if object::is_deleting(crd) {
        return;
    }
    if let Ok(kind) = kind_of(crd) {
        state.kinds.insert(kind);
    }
}

fn kind_of(crd: &Value) -> Result<Kind, Vec<Cause>> {
    let spec = &crd["spec"];
    let names = &spec["names"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| object::texts(value).into_iter().map(str::to_owned).collect();
    let mut versions: Vec<Version> = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|v| version_of(spec, v))
        .collect();
    versions.sort_by_key(|v| version_priority(&v.name));
    Ok(Kind {
        group: text(&spec["group"]),
        kind: text(&names["kind"]),
        list_kind: text(&names["listKind"]),
        plural: text(&names["plural"]),
        singular: text(&names["singular"]),
        short_names: list(&names["shortNames"]),
        categories: list(&names["categories"]),
        namespaced: spec["scope"] == "Namespaced",
        versions,
        storage: storage_version(crd).to_owned(),
        judge: Some(Arc::new(Judge::of(crd)?)),
        custom: true,
    })
}

fn version_of(spec: &Value, version: &Value) -> Version {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&version["name"]);
    let group = text(&spec["group"]);
    let deprecated = (version["deprecated"] == true).then(|| {
        let default = || format!("{group}/{name} {} is deprecated", text(&spec["names"]["kind"]));
        version["deprecationWarning"]
            .as_str()
            .map_or_else(default, str::to_owned)
    });
    let mut columns: Vec<Column> = version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten()
        .map(column)
        .collect();
    if columns.is_empty() {
        columns.push(age());
    }
    let selectable = version["selectableFields"].as_array().into_iter().flatten();
    Version {
        name,
        served: version["served"] == true,
        deprecated,
        status: version["subresources"]["status"].is_object(),
        schema: Some(Arc::new(version["schema"]["openAPIV3Schema"].clone())),
        columns,
        selectable: selectable
            .map(|f| text(&f["jsonPath"]).trim_start_matches('.').to_owned())
            .collect(),
    }
}

fn column(column: &Value) -> Column {
    let text = |field: &str| column[field].as_str().unwrap_or_default().to_owned();
    Column {
        name: text("name"),
        kind: text("type"),
        format: text("format"),
        description: text("description"),
        priority: column["priority"].as_i64().unwrap_or(0),
        path: text("jsonPath"),
    }
}

/// The column that every kind shows when it names none.
pub(super) fn age() -> Column {
    Column {
        name: "Age".into(),
        kind: "date".into(),
        format: String::new(),
        description:
            "CreationTimestamp is a timestamp representing the server time when this object was created."
                .into(),
        priority: 0,
        path: ".metadata.creationTimestamp".into(),
    }
}

/// Holds a definition until the last of its instances is gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Has a definition that is to be deleted wait for instances that finalizers hold. Until they are gone its kind is
/// served, and nothing new is taken.
pub(super) fn hold_back(state: &State, crd: &mut Value) {
    let held = instances(state, crd).into_iter().any(|(kind, key)| {
        let instance = state.store.get(&kind, &key);
        instance.is_some_and(|instance| !object::finalizers(&instance).is_empty())
    });
    if !held || object::finalizers(crd).contains(&CLEANUP) {
        return;
    }
    let mut finalizers: Vec<String> = object::finalizers(crd).into_iter().map(str::to_owned).collect();
    finalizers.push(CLEANUP.to_owned());
    object::set_meta(crd, "finalizers", Some(json!(finalizers)));
    let terminating = json!({
        "type": "Terminating", "status": "True", "reason": "InstanceDeletionInProgress",
        "message": "CustomResource deletion is in progress",
        "lastTransitionTime": crd["metadata"]["deletionTimestamp"],
    });
    if let Some(conditions) = crd["status"]["conditions"].as_array_mut() {
        conditions.push(terminating);
    }
}

/// Deletes all instances of a definition, as far as their finalizers let them go.
pub(super) fn delete_instances(state: &mut State, crd: &Value) {
    for (kind, key) in instances(state, crd) {
        let _ = delete::delete(state, &kind, &key, &delete::DeleteOptions::default());
    }
}

/// Lets the definition of a kind go that is being deleted, once its last instance is gone.
pub(super) fn finish(state: &mut State, kind: &Kind, now: Timestamp) {
    let Some(definitions) = state
        .kinds
        .resource("apiextensions.k8s.io", "customresourcedefinitions")
    else {
        return;
    };
    let key = Key::cluster(format!("{}.{}", kind.plural, kind.group));
    let Some(crd) = state.store.get(&definitions, &key) else {
        return;
    };
    let finalizers = object::finalizers(&crd);
    if !object::is_deleting(&crd) || !finalizers.contains(&CLEANUP) || !instances(state, &crd).is_empty() {
        return;
    }
    let left: Vec<&str> = finalizers.into_iter().filter(|name| *name != CLEANUP).collect();
    let is_last = left.is_empty();
    let left = json!(left);
    let mut crd = Value::clone(&crd);
    object::set_meta(&mut crd, "finalizers", Some(left));
    state.store.put(&definitions, crd);
    if is_last {
        delete::remove(state, &definitions, &key, now);
    }
}

/// Whether the definition of a kind is being deleted.
pub(super) fn is_terminating(state: &State, kind: &Kind) -> bool {
    let definitions = state
        .kinds
        .resource("apiextensions.k8s.io", "customresourcedefinitions");
    let key = Key::cluster(format!("{}.{}", kind.plural, kind.group));
    definitions
        .and_then(|definitions| state.store.get(&definitions, &key))
        .is_some_and(|crd| object::is_deleting(&crd))
}

fn instances(state: &State, crd: &Value) -> Vec<(Arc<Kind>, Key)> {
    let spec = &crd["spec"];
    let group = spec["group"].as_str().unwrap_or_default();
    let plural = spec["names"]["plural"].as_str().unwrap_or_default();
    let Some(kind) = state.kinds.resource(group, plural) else {
        return Vec::new();
    };
    let table = state.store.table(&kind.group_kind());
    let keys = table.into_iter().flat_map(|table| table.keys().cloned());
    keys.map(|key| (Arc::clone(&kind), key)).collect()
}

/// Stops serving the kind of a definition that is gone; its objects go with it.
pub(super) fn uninstall(state: &mut State, crd: &Value, now: Timestamp) {
    let spec = &crd["spec"];
    let group = spec["group"].as_str().unwrap_or_default();
    let Some(kind) = state
        .kinds
        .resource(group, spec["names"]["plural"].as_str().unwrap_or_default())
    else {
        return;
    };
    let keys: Vec<_> = state
        .store
        .table(&kind.group_kind())
        .into_iter()
        .flat_map(|table| table.keys().cloned())
        .collect();
    for key in keys {
        delete::remove(state, &kind, &key, now);
    }
    state.kinds.remove(&kind.group, &kind.plural);
}
