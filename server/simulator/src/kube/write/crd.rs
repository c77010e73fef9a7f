//! Defaults, status and validation of a `CustomResourceDefinition` that is written.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kube::registry::crd::storage_version;
use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object;
use crate::kube::types::schema::definition_errors;

/// Sets default names and the status of a definition, and returns what is invalid.
pub(crate) fn prepare(state: &State, crd: &mut Value, now: Timestamp) -> Vec<Cause> {
    let causes = definition_errors(crd);
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
            let since = same.map_or_else(|| object::timestamp(now), |c| c["lastTransitionTime"].clone());
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

/// The conflict when another definition serves the same kind.
fn conflict(state: &State, crd: &Value) -> Option<String> {
    let group = crd["spec"]["group"].as_str()?;
    let plural = crd["spec"]["names"]["plural"].as_str()?;
    let kind = crd["spec"]["names"]["kind"].as_str()?;
    let taken = state.kinds.of(&GroupKind::new(group, kind))?;
    (taken.plural != plural).then(|| format!("{kind:?} is already in use"))
}
