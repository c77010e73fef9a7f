use std::sync::Arc;

use kube_schema::Definition;
use serde_json::{Value, json};

use super::*;

fn crd(spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "buckets.example.org"},
        "spec": {
            "group": "example.org", "scope": "Namespaced",
            "names": {"kind": "Bucket", "plural": "buckets", "singular": "bucket", "listKind": "BucketList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": spec,
                    "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
                }}},
            }],
        },
    })
}

fn changed(crd: &Value) -> ChangedDefinition {
    ChangedDefinition::read(&crd.to_string()).unwrap()
}

fn spec_of(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// The schema that is served now.
fn today() -> Value {
    spec_of(&json!({
        "size": {"type": "integer", "maximum": 1000},
        "tier": {"type": "string", "default": "basic"},
        "owner": {"type": "string"},
    }))
}

fn bucket(spec: &Value) -> Value {
    json!({
        "apiVersion": "example.org/v1", "kind": "Bucket",
        "metadata": {
            "name": "files", "namespace": "team-a", "uid": "1", "resourceVersion": "7", "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": spec,
        "status": {"phase": "Ready"},
    })
}

fn change_to(spec: &Value, ratcheting: bool) -> DefinitionChange {
    let current = Definition::parse(&crd(&today())).unwrap();
    DefinitionChange::new(Arc::new(current), &changed(&crd(spec)), "v1", ratcheting).unwrap()
}

fn effect(spec: &Value, object: &Value) -> Effect {
    change_to(spec, true).effect_on(object).unwrap()
}

/// `update`, `create` and text of each refusal.
fn refusals(effect: &Effect) -> Vec<(RefusedUpdate, bool, String)> {
    let refusals = effect.refusals.iter();
    refusals
        .map(|refusal| {
            let text = format!("{}: {}", refusal.path, refusal.message);
            (refusal.update, refusal.create, text)
        })
        .collect()
}

#[test]
fn nothing_happens_where_nothing_changed() {
    let object = bucket(&json!({"size": 5, "tier": "basic", "owner": "dana"}));
    assert_eq!(effect(&today(), &object), Effect::default());
    assert!(effect(&today(), &object).is_none());
}

#[test]
fn an_unchanged_field_is_let_through_until_it_changes() {
    let mut narrower = today();
    narrower["properties"]["size"]["minimum"] = json!(10);
    let found = effect(
        &narrower,
        &bucket(&json!({"size": 5, "tier": "basic", "owner": "dana"})),
    );
    assert_eq!(
        refusals(&found),
        [(
            RefusedUpdate::OfField,
            true,
            "spec.size: Invalid value: should be greater than or equal to 10".to_owned()
        )],
        "and the value 5 is not in the message"
    );
    assert!(effect(&narrower, &bucket(&json!({"size": 12, "tier": "basic"}))).is_none());
}

#[test]
fn an_api_server_that_does_not_ratchet_refuses_every_update() {
    let mut narrower = today();
    narrower["properties"]["size"]["minimum"] = json!(10);
    let object = bucket(&json!({"size": 5, "tier": "basic"}));
    let found = change_to(&narrower, false).effect_on(&object).unwrap();
    assert_eq!(refusals(&found)[0].0, RefusedUpdate::Every);
    assert!(
        ratchets(Some("v1.30.2"))
            && ratchets(Some("v1.37.2+k3s1"))
            && ratchets(None)
            && ratchets(Some("2.0"))
    );
    assert!(!ratchets(Some("v1.29.14")) && !ratchets(Some("1.9+")));
}

#[test]
fn a_new_required_field_and_a_rule_over_the_spec_refuse_every_change_of_the_spec() {
    let object = bucket(&json!({"size": 5, "tier": "basic", "owner": "dana"}));
    let mut required = today();
    required["properties"]["region"] = json!({"type": "string"});
    required["required"] = json!(["region"]);
    assert_eq!(
        refusals(&effect(&required, &object)),
        [(
            RefusedUpdate::OfSpec,
            true,
            "spec.region: Required value".to_owned()
        )]
    );
    // No field can be taken away: another one is added in its place.
    let only = bucket(&json!({"tier": "basic"}));
    assert_eq!(refusals(&effect(&required, &only))[0].0, RefusedUpdate::OfSpec);

    let mut rule = today();
    rule["x-kubernetes-validations"] = json!([{"rule": "self.size >= 10", "message": "too small"}]);
    assert_eq!(
        refusals(&effect(&rule, &object)),
        [(
            RefusedUpdate::OfSpec,
            true,
            "spec: Invalid value: too small".to_owned()
        )]
    );
}

#[test]
fn a_transition_rule_can_refuse_every_update_and_no_creation() {
    let mut frozen = today();
    frozen["x-kubernetes-validations"] =
        json!([{"rule": "oldSelf.size < 3 || self.size > oldSelf.size", "message": "must grow"}]);
    assert_eq!(
        refusals(&effect(&frozen, &bucket(&json!({"size": 5, "tier": "basic"})))),
        [(
            RefusedUpdate::Every,
            false,
            "spec: Invalid value: must grow".to_owned()
        )]
    );
}

#[test]
fn what_is_refused_today_is_no_effect_of_the_change() {
    let object = bucket(&json!({"size": 5000, "tier": "basic"}));
    assert!(effect(&today(), &object).is_none());
    let mut wider = today();
    wider["properties"]["note"] = json!({"type": "string"});
    assert!(effect(&wider, &object).is_none());
}

#[test]
fn defaults_apply_at_once_or_to_what_is_created_again() {
    let mut defaults = today();
    defaults["properties"]["tier"]["default"] = json!("standard");
    defaults["properties"]["region"] = json!({"type": "string", "default": "eu"});
    let found = effect(&defaults, &bucket(&json!({"size": 5, "tier": "basic"})));
    let change = |path: &str, from: Value, to: Value, when| DefaultChange {
        path: path.to_owned(),
        from: (!from.is_null()).then_some(from),
        to: (!to.is_null()).then_some(to),
        when,
    };
    assert_eq!(
        found.defaults,
        [
            change("spec.region", Value::Null, json!("eu"), DefaultedWhen::Read),
            change(
                "spec.tier",
                json!("basic"),
                json!("standard"),
                DefaultedWhen::Created
            ),
        ]
    );
    assert_eq!(found.refusals, []);
    // Somebody chose another value: it stays.
    let chosen = effect(&defaults, &bucket(&json!({"tier": "gold", "region": "us"})));
    assert!(chosen.is_none(), "{chosen:?}");
    let mut none = today();
    none["properties"]["tier"] = json!({"type": "string"});
    assert_eq!(
        effect(&none, &bucket(&json!({"tier": "basic"}))).defaults,
        [change(
            "spec.tier",
            json!("basic"),
            Value::Null,
            DefaultedWhen::Created
        )]
    );
}

#[test]
fn a_removed_field_is_pruned() {
    let mut without = today();
    without["properties"]
        .as_object_mut()
        .unwrap()
        .shift_remove("owner");
    let found = effect(
        &without,
        &bucket(&json!({"size": 5, "tier": "basic", "owner": "dana"})),
    );
    assert_eq!(found.pruned, ["spec.owner"]);
    assert_eq!((found.refusals, found.defaults), (vec![], vec![]));
    // With a default, too: it is pruned and not defaulted.
    without["properties"]
        .as_object_mut()
        .unwrap()
        .shift_remove("tier");
    let found = effect(&without, &bucket(&json!({"size": 5, "tier": "basic"})));
    assert_eq!(
        (found.pruned, found.defaults),
        (vec!["spec.tier".to_owned()], vec![])
    );
}

#[test]
fn a_version_that_is_no_longer_served_is_tried_as_the_storage_version() {
    let mut both = crd(&today());
    let mut next = both["spec"]["versions"][0].clone();
    next["name"] = json!("v2");
    next["storage"] = json!(false);
    both["spec"]["versions"].as_array_mut().unwrap().push(next);
    let current = Arc::new(Definition::parse(&both).unwrap());
    both["spec"]["versions"][0]["served"] = json!(false);
    both["spec"]["versions"][0]["storage"] = json!(false);
    both["spec"]["versions"][1]["storage"] = json!(true);
    let new = changed(&both);
    assert_eq!(
        DefinitionChange::removed_versions(&current, &new.definition),
        ["v1"]
    );
    let change = DefinitionChange::new(Arc::clone(&current), &new, "v1", true).unwrap();
    assert_eq!(change.tried_version(), "v2");
    let object = bucket(&json!({"size": 5, "tier": "basic"}));
    assert!(change.effect_on(&object).unwrap().is_none());

    both["spec"]["conversion"] = json!({"strategy": "Webhook"});
    assert_eq!(
        DefinitionChange::new(Arc::clone(&current), &changed(&both), "v1", true).unwrap_err(),
        CannotTry::Conversion {
            version: "v1".to_owned()
        }
    );
    both["spec"]["versions"][1]["served"] = json!(false);
    assert_eq!(
        DefinitionChange::new(current, &changed(&both), "v1", true).unwrap_err(),
        CannotTry::NothingServed
    );
}

#[test]
fn what_is_no_object_ends_in_no_panic() {
    let change = change_to(&today(), true);
    for object in [
        json!([1]),
        json!("text"),
        json!(null),
        json!({"spec": 7, "metadata": "x"}),
    ] {
        // Malformed already today, so no effect of the change.
        assert_eq!(change.effect_on(&object).unwrap().refusals, [], "{object}");
    }
}

#[test]
fn scope_and_kind_are_immutable() {
    let current = Definition::parse(&crd(&today())).unwrap();
    let mut other = crd(&today());
    other["spec"]["scope"] = json!("Cluster");
    let other = Definition::parse(&other).unwrap();
    assert_eq!(
        DefinitionChange::immutable_fields(&current, &other),
        [r#"spec.scope: Invalid value: "Cluster": field is immutable"#]
    );
    assert_eq!(DefinitionChange::immutable_fields(&current, &current), [""; 0]);
}

#[test]
fn documents_are_one_definition() {
    let error = |text: &str| ChangedDefinition::read(text).unwrap_err();
    assert_eq!(error(""), DocumentError::Empty);
    assert_eq!(error("# nothing\n---\n"), DocumentError::Empty);
    assert!(matches!(error("a: [1"), DocumentError::NotYaml(_)));
    let text = crd(&today()).to_string();
    assert_eq!(
        error(&format!("{text}\n---\n{text}")),
        DocumentError::SeveralDocuments
    );
    assert_eq!(
        error("apiVersion: v1\nkind: Secret"),
        DocumentError::WrongKind {
            found: "v1 Secret".to_owned()
        }
    );
    assert_eq!(error("[1]"), DocumentError::WrongKind { found: String::new() });
    assert_eq!(error(&" ".repeat(MAX_DOCUMENT_BYTES + 1)), DocumentError::TooLong);
    assert!(matches!(
        error("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}"),
        DocumentError::Malformed(_)
    ));
    let mut faulty = crd(&today());
    faulty["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"]
        ["default"] = json!("ten");
    assert_eq!(changed(&faulty).faults.len(), 1);
}

#[test]
fn composite_resource_definitions_stand_for_what_people_ask_for() {
    let xrd = |version: &str, more: &str| {
        ChangedDefinition::read(&format!(
            r"
apiVersion: apiextensions.crossplane.io/{version}
kind: CompositeResourceDefinition
metadata: {{ name: xbuckets.example.org }}
spec:
  group: example.org
  names: {{ kind: XBucket, plural: xbuckets }}
  {more}
  versions:
  - name: v1
    served: true
    referenceable: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {{ size: {{ type: integer }} }}
"
        ))
        .unwrap()
    };
    let claims = xrd("v1", "claimNames: { kind: Bucket, plural: buckets }");
    let composites = xrd("v2", "");
    for (found, name, field) in [
        (&claims, "buckets.example.org", "spec.compositeDeletePolicy"),
        (
            &composites,
            "xbuckets.example.org",
            "spec.crossplane.compositionRef",
        ),
    ] {
        assert!(found.derived);
        assert_eq!(found.definition.name, name);
        assert_eq!(found.definition.scope, Scope::Namespaced);
        assert_eq!(found.faults, [""; 0]);
        let schema = found.definition.version("v1").unwrap().schema().unwrap();
        assert!(schema.node_at(field).is_some() && schema.node_at("spec.size").is_some());
    }
    assert_eq!(xrd("v1", "scope: LegacyCluster").definition.scope, Scope::Cluster);
    // Malformed ones are refused, and nothing panics.
    for bad in [
        "names: x",
        "claimNames: { plural: 7 }",
        "metadata: { labels: 3 }",
        "versions: 7",
    ] {
        let text = format!(
            "{{apiVersion: apiextensions.crossplane.io/v1, kind: CompositeResourceDefinition, spec: {{{bad}}}}}"
        );
        assert!(ChangedDefinition::read(&text).is_err(), "{bad}");
    }
}

#[test]
fn that_rules_were_skipped_is_no_refusal_of_its_own() {
    let mut spec = spec_of(&json!({"size": {"type": "string"}, "zone": {"type": "string"}}));
    spec["x-kubernetes-validations"] = json!([{"rule": "has(self.zone)", "message": "needs a zone"}]);
    let found = refusals(&effect(&spec, &bucket(&json!({"size": 5}))));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].2.contains("size"), "{found:?}");
}
