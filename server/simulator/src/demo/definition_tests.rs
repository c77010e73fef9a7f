//! The demo's definitions are valid and have the intended rules.

use kube_schema::Definition;
use portico_domain::documents::OfferingSpec;
use serde_json::{Value, json};

use super::tests::specs;
use super::{kinds, people};
use crate::kube::{ControlPlane, GroupKind, Settings};

/// The definitions that a control plane serves, by name, including those derived from composite resource
/// definitions.
fn definitions(plane: &str) -> Vec<Definition> {
    let objects = ControlPlane::new(plane, Settings::default()).objects();
    for definition in kinds::definitions(plane).unwrap() {
        let name = definition["metadata"]["name"].clone();
        objects
            .create(definition)
            .unwrap_or_else(|error| panic!("{plane} {name}: {error:?}"));
    }
    let served = objects.list(&GroupKind::new(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
    ));
    let parse = |definition: &std::sync::Arc<Value>| {
        let parsed = Definition::parse(definition);
        parsed.unwrap_or_else(|error| panic!("{plane} {}: {error}", definition["metadata"]["name"]))
    };
    served.iter().map(parse).collect()
}

fn of_kind<'d>(definitions: &'d [Definition], kind: &str) -> &'d Definition {
    definitions
        .iter()
        .find(|definition| definition.kind == kind)
        .unwrap()
}

/// Validates an object in the storage version and returns what is invalid.
fn wrong(definition: &Definition, spec: &Value, old: Option<&Value>) -> Vec<String> {
    let version = &definition.storage_version().unwrap().name;
    let object = |spec: &Value| {
        json!({
            "apiVersion": format!("{}/{version}", definition.group), "kind": definition.kind,
            "metadata": { "name": "one", "namespace": "try", "resourceVersion": "1" }, "spec": spec,
        })
    };
    let judgement = definition
        .validate(version, &object(spec), old.map(object).as_ref())
        .unwrap();
    let mut found: Vec<String> = judgement
        .violations
        .iter()
        .map(|violation| format!("{violation:?}"))
        .collect();
    found.extend(
        judgement
            .pruned
            .iter()
            .map(|field| format!("unknown field {field}")),
    );
    found
}

#[test]
fn every_definition_of_every_control_plane_is_structural() {
    for plane in people::PLANES {
        for definition in definitions(plane.name) {
            for version in &definition.versions {
                version
                    .schema()
                    .unwrap_or_else(|error| panic!("{} {}: {error}", definition.kind, version.name));
            }
        }
    }
}

#[test]
fn every_plan_is_valid_on_every_plane_that_serves_it() {
    for plane in people::PLANES {
        let definitions = definitions(plane.name);
        for (offering, spec) in specs::<OfferingSpec>("Offering") {
            let named =
                |definition: &&Definition| format!("{}.{}", definition.plural, definition.group) == offering;
            let Some(definition) = definitions.iter().find(named) else {
                continue;
            };
            let schema = definition.storage_version().unwrap().schema().unwrap();
            assert!(!spec.plans.is_empty());
            for plan in spec.plans {
                let found = wrong(definition, &plan.values["spec"], None);
                assert!(
                    found.is_empty(),
                    "{} {offering} {}: {found:#?}",
                    plane.name,
                    plan.name
                );
                for path in plan.adjustable {
                    assert!(schema.node_at(&path).is_some(), "{offering} has no {path}");
                    let pointer = path.replace('.', "/");
                    let values = Value::Object(plan.values.clone());
                    assert!(
                        values.pointer(&format!("/{pointer}")).is_some(),
                        "{offering}: the plan does not set {path}"
                    );
                }
            }
            for path in spec.form.fields.keys().chain(&spec.form.order) {
                assert!(schema.node_at(path).is_some(), "{offering} has no {path}");
            }
            for endpoint in &spec.access.endpoints {
                assert!(
                    schema.node_at(&endpoint.path).is_some(),
                    "{offering} has no {}",
                    endpoint.path
                );
            }
        }
    }
}

#[test]
fn validation_rules_of_the_definitions_apply() {
    let definitions = definitions("eu-shared");
    let postgresql = of_kind(&definitions, "PostgreSQLInstance");
    let storage = json!({ "size": "20Gi" });
    for (spec, says) in [
        (json!({}), "storage"),
        (json!({ "storage": { "size": "20GB" } }), "size"),
        (
            json!({ "storage": storage, "highAvailability": { "synchronousReplicas": 1 } }),
            "fewer standbys",
        ),
        (
            json!({ "storage": storage, "network": { "publicAccess": true } }),
            "at least one allowed range",
        ),
        (
            json!({ "storage": storage, "network": { "allowedRanges": ["everywhere"] } }),
            "allowedRanges",
        ),
        (
            json!({ "storage": storage, "parameters": { "port": "1" } }),
            "set by the platform",
        ),
        (
            json!({ "storage": storage, "source": { "backup": { "instance": "a" }, "clone": { "instance": "b" } } }),
            "oneOf",
        ),
        (
            json!({ "storage": storage, "databases": [{ "name": "a", "owner": "nobody" }], "users": [{ "name": "b" }] }),
            "must be one of the users",
        ),
        (
            json!({ "storage": { "size": "20Gi", "autoGrow": { "enabled": true } } }),
            "needs a limit",
        ),
        (
            json!({ "storage": storage, "users": [{ "name": "a" }, { "name": "a" }] }),
            "uplicate",
        ),
        (
            json!({ "storage": storage, "resources": { "cpu": "many" } }),
            "cpu",
        ),
        (json!({ "storage": storage, "contact": "nobody" }), "contact"),
        (json!({ "storage": storage, "colour": "red" }), "unknown field"),
    ] {
        let found = wrong(postgresql, &spec, None);
        assert!(
            found.iter().any(|wrong| wrong.contains(says)),
            "{spec}: {found:#?}"
        );
    }
    let says = |kind: &str, spec: Value, says: &str| {
        let found = wrong(of_kind(&definitions, kind), &spec, None);
        assert!(
            found.iter().any(|wrong| wrong.contains(says)),
            "{kind} {spec}: {found:#?}"
        );
    };
    says("Cache", json!({ "mode": "replicated" }), "at least one replica");
    says(
        "Bucket",
        json!({ "encryption": { "algorithm": "kms" } }),
        "kms needs a key",
    );
    says(
        "Topic",
        json!({ "replicas": 3, "minInSyncReplicas": 4 }),
        "less than",
    );
    says("Queue", json!({ "messageTtlSeconds": 5 }), "at least 60 seconds");
    says(
        "MySQLInstance",
        json!({ "storageGiB": 20, "iops": 2000 }),
        "provisioned operations",
    );
    says(
        "KubernetesCluster",
        json!({ "nodePools": [{ "name": "a", "scaling": { "min": 5, "max": 2 } }] }),
        "larger than",
    );
}

#[test]
fn transition_rules_of_the_definitions_apply() {
    let definitions = definitions("eu-shared");
    let postgresql = of_kind(&definitions, "PostgreSQLInstance");
    let spec = |size: &str, version: &str| json!({ "storage": { "size": size }, "version": version });
    assert_eq!(
        wrong(postgresql, &spec("40Gi", "17"), Some(&spec("20Gi", "16"))),
        Vec::<String>::new()
    );
    let shrunk = wrong(postgresql, &spec("10Gi", "17"), Some(&spec("20Gi", "17")));
    assert!(
        shrunk.iter().any(|wrong| wrong.contains("cannot shrink")),
        "{shrunk:?}"
    );
    let lowered = wrong(postgresql, &spec("20Gi", "16"), Some(&spec("20Gi", "17")));
    assert!(
        lowered.iter().any(|wrong| wrong.contains("cannot be lowered")),
        "{lowered:?}"
    );
}
