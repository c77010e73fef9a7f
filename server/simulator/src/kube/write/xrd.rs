//! Defaults, status and validation of a Crossplane `CompositeResourceDefinition` that is written.

use jiff::Timestamp;
use portico_domain::xrd::definitions;
use serde_json::{Value, json};

use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::schema::definition_errors;

/// Sets defaults and the status of a definition, and returns what is invalid.
pub(crate) fn prepare(state: &State, xrd: &mut Value, old: Option<&Value>, now: Timestamp) -> Vec<Cause> {
    let modern = xrd["apiVersion"] == "apiextensions.crossplane.io/v2";
    let default = if modern { "Namespaced" } else { "LegacyCluster" };
    let stored = old
        .map(|old| old["spec"]["scope"].clone())
        .filter(|scope| !scope.is_null());
    let spec = object::map_mut(xrd, "spec");
    spec.entry("scope")
        .or_insert_with(|| stored.unwrap_or_else(|| json!(default)));
    let mut causes = faults(xrd, modern);
    if let Some(old) = old {
        for field in ["group", "names", "scope", "claimNames"] {
            if old["spec"][field] != xrd["spec"][field] {
                causes.push(Cause::invalid(
                    format!("spec.{field}"),
                    &xrd["spec"][field],
                    "Value is immutable",
                ));
            }
        }
    }
    if !causes.is_empty() {
        return causes;
    }
    let definitions = definitions(xrd);
    for crd in &definitions {
        causes.extend(definition_errors(crd));
    }
    // Crossplane ignores a definition whose kind another definition already has, and sets no condition on it
    // (crossplane/crossplane issue 6610).
    if definitions
        .iter()
        .any(|crd| is_anothers(state, crd, object::name(xrd)))
    {
        xrd["status"] = json!({});
        return causes;
    }
    let referenceable = xrd["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|v| v["referenceable"] == true);
    let version = referenceable.map(|v| v["name"].clone()).unwrap_or_default();
    let version = format!("{}/{}", text(&xrd["spec"]["group"]), text(&version));
    let mut conditions = vec![("Established", "WatchingCompositeResource")];
    let mut controllers =
        json!({"compositeResourceType": {"apiVersion": version, "kind": xrd["spec"]["names"]["kind"]}});
    if xrd["spec"]["claimNames"].is_object() {
        conditions.push(("Offered", "WatchingCompositeResourceClaim"));
        controllers["compositeResourceClaimType"] =
            json!({"apiVersion": version, "kind": xrd["spec"]["claimNames"]["kind"]});
    }
    let since = |name: &str| {
        let before = old.and_then(|old| old["status"]["conditions"].as_array());
        let before = before.into_iter().flatten().find(|c| c["type"] == name);
        before.map_or_else(|| object::timestamp(now), |c| c["lastTransitionTime"].clone())
    };
    let conditions: Vec<Value> = conditions
        .into_iter()
        .map(|(name, reason)| json!({"type": name, "status": "True", "reason": reason, "lastTransitionTime": since(name)}))
        .collect();
    xrd["status"] = json!({"conditions": conditions, "controllers": controllers});
    causes
}

fn faults(xrd: &Value, modern: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let spec = &xrd["spec"];
    for path in [&["group"][..], &["names", "plural"], &["names", "kind"]] {
        if object::at(spec, path).as_str().is_none_or(str::is_empty) {
            causes.push(Cause::required(format!("spec.{}", path.join(".")), ""));
        }
    }
    let scope = text(&spec["scope"]);
    let scopes: &[&str] = if modern {
        &["Namespaced", "Cluster", "LegacyCluster"]
    } else {
        &["LegacyCluster", "Namespaced", "Cluster"]
    };
    if !scopes.contains(&scope.as_str()) {
        let message = format!(
            "Unsupported value: {scope:?}: supported values: {}",
            scopes.join(", ")
        );
        causes.push(Cause {
            reason: "FieldValueNotSupported".into(),
            message,
            field: "spec.scope".into(),
        });
    }
    if scope != "LegacyCluster" {
        for (field, why) in [
            (
                "claimNames",
                "Only LegacyCluster composite resources can offer claims",
            ),
            (
                "connectionSecretKeys",
                "Only LegacyCluster composite resources support connection secrets",
            ),
        ] {
            if !spec[field].is_null() {
                causes.push(Cause::invalid("spec", &json!("object"), why));
            }
        }
    }
    if spec["claimNames"].is_object() {
        for field in ["kind", "plural"] {
            if spec["claimNames"][field] == spec["names"][field] {
                let why = format!(
                    "{} conflicts with composite resource name",
                    text(&spec["names"][field])
                );
                causes.push(Cause::invalid(
                    format!("spec.claimNames.{field}"),
                    &spec["claimNames"][field],
                    why,
                ));
            }
        }
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if versions.iter().filter(|v| v["referenceable"] == true).count() != 1 {
        causes.push(Cause::invalid(
            "spec.versions",
            &json!(versions.len()),
            "exactly one version must be referenceable",
        ));
    }
    let expected = format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"]));
    if object::name(xrd) != expected {
        causes.push(Cause::invalid(
            "metadata.name",
            &json!(object::name(xrd)),
            format!("must be {expected}"),
        ));
    }
    causes
}

/// Whether another XRD owns the definition that this XRD would create.
pub(super) fn is_anothers(state: &State, crd: &Value, xrd: &str) -> bool {
    let kind = state.kinds.of(&GroupKind::new(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
    ));
    let Some(current) = kind.and_then(|kind| state.store.get(&kind, &Key::of(crd))) else {
        return false;
    };
    let owners = current["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["kind"] == "CompositeResourceDefinition" && owner["name"] != xrd)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
