//! Serves the kinds that `CustomResourceDefinition`s define.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::kind::{Column, GroupKind, Kind, Version, version_priority};
use crate::kube::types::object::{self, Key};
use crate::kube::types::schema::SchemaValidator;

/// The name of the storage version.
pub(crate) fn storage_version(crd: &Value) -> &str {
    let versions = crd["spec"]["versions"].as_array();
    let storage = versions.into_iter().flatten().find(|v| v["storage"] == true);
    storage.and_then(|v| v["name"].as_str()).unwrap_or_default()
}

/// Whether a kind is `CustomResourceDefinition`.
pub(crate) fn is_definition(kind: &Kind) -> bool {
    kind.group == "apiextensions.k8s.io" && kind.plural == "customresourcedefinitions"
}

/// Serves the kinds of all stored definitions.
pub(crate) fn install_all(state: &mut State) {
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

/// Serves the kind of a definition that is established and not being deleted.
pub(crate) fn install(state: &mut State, crd: &Value) {
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

/// The kind that a definition defines.
///
/// # Errors
/// What is wrong with its schemas.
pub(crate) fn kind_of(crd: &Value) -> Result<Kind, Vec<Cause>> {
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
        validator: Some(Arc::new(SchemaValidator::parse(crd)?)),
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

/// The default column of kinds that define none.
pub(crate) fn age() -> Column {
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

/// The finalizer that keeps a definition until its last instance is gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Adds the cleanup finalizer to a definition that is being deleted while finalizers hold some of its instances.
/// Its kind stays served until they are gone, but takes no new objects.
pub(crate) fn hold_back(state: &State, crd: &mut Value) {
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

/// Removes the cleanup finalizer from a definition that is being deleted, once its last instance is gone.
/// Returns the definition's key when it must be removed now.
pub(crate) fn finish(state: &mut State, kind: &Kind) -> Option<(Arc<Kind>, Key)> {
    let definitions = state
        .kinds
        .resource("apiextensions.k8s.io", "customresourcedefinitions")?;
    let key = Key::cluster(format!("{}.{}", kind.plural, kind.group));
    let crd = state.store.get(&definitions, &key)?;
    let finalizers = object::finalizers(&crd);
    if !object::is_deleting(&crd) || !finalizers.contains(&CLEANUP) || !instances(state, &crd).is_empty() {
        return None;
    }
    let left: Vec<&str> = finalizers.into_iter().filter(|name| *name != CLEANUP).collect();
    let is_last = left.is_empty();
    let left = json!(left);
    let mut crd = Value::clone(&crd);
    object::set_meta(&mut crd, "finalizers", Some(left));
    state.store.put(&definitions, crd);
    is_last.then_some((definitions, key))
}

/// Whether the definition of a kind is being deleted.
pub(crate) fn is_terminating(state: &State, kind: &Kind) -> bool {
    let definitions = state
        .kinds
        .resource("apiextensions.k8s.io", "customresourcedefinitions");
    let key = Key::cluster(format!("{}.{}", kind.plural, kind.group));
    definitions
        .and_then(|definitions| state.store.get(&definitions, &key))
        .is_some_and(|crd| object::is_deleting(&crd))
}

/// The instances of a definition.
pub(crate) fn instances(state: &State, crd: &Value) -> Vec<(Arc<Kind>, Key)> {
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

/// Stops serving the kind of a definition that is gone.
pub(crate) fn uninstall(state: &mut State, crd: &Value) {
    let spec = &crd["spec"];
    let group = spec["group"].as_str().unwrap_or_default();
    state
        .kinds
        .remove(group, spec["names"]["plural"].as_str().unwrap_or_default());
}
