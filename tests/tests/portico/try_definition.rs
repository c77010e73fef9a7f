//! What Portico says of a changed definition is what the real API server does after the change.

use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::person::Person;
use portico_tests::raw_client::{RawClient, RawResponse};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::real_control_plane::portal_over;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const GADGETS: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev/gadgets";

fn definition(spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.tests.portico.dev", "labels": {"portico.dev/offered": "true"}},
        "spec": {
            "group": "tests.portico.dev", "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    })
}

fn today() -> Value {
    json!({"type": "object", "properties": {
        "size": {"type": "integer"},
        "colour": {"type": "string"},
        "frozen": {"type": "boolean"},
        "tier": {"type": "string", "default": "basic"},
        "remark": {"type": "string"},
        "note": {"type": "string"},
    }})
}

fn changed() -> Value {
    json!({
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 10},
            "colour": {"type": "string"},
            "frozen": {"type": "boolean"},
            "tier": {"type": "string", "default": "standard"},
            "zone": {"type": "string", "default": "a"},
            "remark": {"type": "string"},
        },
        "x-kubernetes-validations": [
            {"rule": "!has(self.colour) || self.size > 20", "message": "coloured ones are larger than 20"},
            {"rule": "!has(oldSelf.frozen) || self.size > oldSelf.size", "message": "frozen ones must grow"},
        ],
    })
}

/// Names and `spec` of the objects that exist.
fn gadgets() -> Vec<(&'static str, Value)> {
    vec![
        ("coloured", json!({"size": 15, "colour": "red"})),
        ("fine", json!({"size": 50})),
        ("frozen", json!({"size": 50, "frozen": true})),
        ("noted", json!({"size": 50, "note": "mind the gap"})),
        ("small", json!({"size": 5})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_does_what_the_trial_of_a_definition_says() {
    if !ApiServer::is_here("the_api_server_does_what_the_trial_of_a_definition_says") {
        return;
    }
    let server = ApiServer::start().await;
    let plane = server.raw_client();
    plane.create(DEFINITIONS, &definition(&today())).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments-dev"}});
    plane.create("/api/v1/namespaces", &namespace).await;
    until("gadgets are served", Duration::from_secs(20), async || {
        (plane.try_get(GADGETS).await == Some(200)).then_some(())
    })
    .await;
    for (name, spec) in gadgets() {
        plane.create(GADGETS, &gadget(name, &spec)).await;
    }
    let portal = portal_over(&server).await;
    let pat = portal.world.sign_in("pat").await;
    let report = until("all gadgets are known", Duration::from_secs(30), async || {
        // Each trial counts as a change, of which a person may make only so many.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let report = try_it(&pat, &definition(&changed())).await;
        (report["planes"][0]["known"] == gadgets().len()).then_some(report)
    })
    .await;
    let tried = &report["planes"][0];
    assert_eq!(report["faults"], json!([]));
    assert_eq!(
        (&tried["outcome"], &tried["tried"]),
        (&json!("complete"), &json!(5)),
        "{report:#}"
    );
    let page = pat
        .post(
            "/admin/try-definition",
            &[("_definition", &definition(&changed()).to_string())],
        )
        .await
        .expect(200)
        .page();
    let said = page.text("main").unwrap();
    assert!(
        said.contains("Refused at every change") && said.contains("frozen ones must grow"),
        "{said}"
    );
    assert!(!said.contains("mind the gap"), "{said}");

    // Now it really changes.
    let applied = plane
        .ask(
            Method::PATCH,
            &format!("{DEFINITIONS}/gadgets.tests.portico.dev?fieldManager=tests&force=true"),
            Some(&definition(&changed())),
        )
        .await;
    assert!(applied.is_success(), "{applied:?}");
    until("the change takes effect", Duration::from_secs(20), async || {
        let created = dry_run(
            &plane,
            Method::POST,
            GADGETS,
            &gadget("other", &json!({"size": 1})),
        )
        .await;
        (created.status == 422).then_some(())
    })
    .await;
    for (name, before) in gadgets() {
        let effects = effects_on(tried, name);
        let live = plane.get(&format!("{GADGETS}/{name}")).await.unwrap();
        agrees_on_values(name, &before, &live, &effects);
        agrees_on_writes(&plane, name, &live, &effects).await;
    }
}

async fn try_it(person: &Person, definition: &Value) -> Value {
    let body = json!({"definition": definition.to_string()});
    let answer = person
        .api(Method::POST, "/api/v1/definition-trials", Some(&body))
        .await;
    answer.expect(200).json()
}

fn gadget(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "tests.portico.dev/v1", "kind": "Gadget",
        "metadata": {"name": name, "namespace": "payments-dev"}, "spec": spec,
    })
}

async fn dry_run(plane: &RawClient, method: Method, path: &str, object: &Value) -> RawResponse {
    plane
        .ask(method, &format!("{path}?dryRun=All"), Some(object))
        .await
}

fn effects_on(tried: &Value, name: &str) -> Vec<Value> {
    let claims = tried["claims"].as_array().unwrap();
    let claim = claims.iter().find(|claim| claim["name"] == name);
    claim.map_or_else(Vec::new, |claim| claim["effects"].as_array().unwrap().clone())
}

/// What the control plane returns now has the defaults and lacks the fields that the trial said.
fn agrees_on_values(name: &str, before: &Value, live: &Value, effects: &[Value]) {
    let mut expected = before.clone();
    // The default of its creation is stored.
    expected["tier"] = json!("basic");
    for effect in effects {
        let path = effect["path"].as_str().unwrap_or_default();
        let field = path.strip_prefix("spec.").unwrap_or_default().to_owned();
        match (effect["effect"].as_str(), effect["when"].as_str()) {
            (Some("pruned"), _) => drop(expected.as_object_mut().unwrap().remove(&field)),
            (Some("defaulted"), Some("read")) => expected[&field] = effect["to"].clone(),
            _ => {}
        }
    }
    assert_eq!(live["spec"], expected, "{name}: {effects:?}");
}

/// The API server refuses the writes that the trial said, and no others.
async fn agrees_on_writes(plane: &RawClient, name: &str, live: &Value, effects: &[Value]) {
    let refused = |updates: &[&str]| -> Vec<&Value> {
        let refused = effects.iter().filter(|effect| effect["effect"] == "refused");
        refused
            .filter(|effect| updates.contains(&effect["update"].as_str().unwrap()))
            .collect()
    };
    let path = format!("{GADGETS}/{name}");
    let unchanged = dry_run(plane, Method::PUT, &path, live).await;
    agree(name, "the unchanged object", &unchanged, &refused(&["every"]));

    let mut remarked = live.clone();
    remarked["spec"]["remark"] = json!("new");
    let remarked = dry_run(plane, Method::PUT, &path, &remarked).await;
    agree(
        name,
        "another field of its spec",
        &remarked,
        &refused(&["every", "ofSpec"]),
    );

    let created: Vec<&Value> = effects.iter().filter(|effect| effect["create"] == true).collect();
    let new = gadget(&format!("new-{name}"), &live["spec"]);
    let new = dry_run(plane, Method::POST, GADGETS, &new).await;
    agree(name, "an equal new object", &new, &created);

    let mut fresh = live["spec"].clone();
    for effect in effects.iter().filter(|effect| effect["when"] == "created") {
        let field = effect["path"].as_str().unwrap().strip_prefix("spec.").unwrap();
        assert_eq!(fresh[field], effect["from"], "{name}");
        fresh.as_object_mut().unwrap().remove(field);
        let new = dry_run(
            plane,
            Method::POST,
            GADGETS,
            &gadget(&format!("new-{name}"), &fresh),
        )
        .await;
        if new.is_success() {
            assert_eq!(new.body["spec"][field], effect["to"], "{name}");
        }
    }
}

fn agree(name: &str, write: &str, said: &RawResponse, refusals: &[&Value]) {
    assert_eq!(
        said.is_success(),
        refusals.is_empty(),
        "{name}, {write}: {said:?} {refusals:?}"
    );
    let causes = said.causes();
    for refusal in refusals {
        let (path, message) = (
            refusal["path"].as_str().unwrap(),
            refusal["message"].as_str().unwrap(),
        );
        let detail = message.split_once(": ").map_or(message, |(_, detail)| detail);
        assert!(
            causes
                .iter()
                .any(|(field, _, message)| field == path && message.contains(detail)),
            "{name}, {write}: {path}: {message} is not among {causes:?}"
        );
    }
}
