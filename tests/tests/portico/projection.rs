//! Forms, YAML, preview, approval and apply agree: nobody can set machinery fields in any way, existing ones
//! stay, and a change without a difference is refused.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::html::Form;
use portico_tests::person::{Answer, Person};
use portico_tests::raw_client::RawClient;
use portico_tests::story::{
    BUCKET, CACHE, POSTGRESQL, claim_path, request, request_id, submit_form, until_claim, until_request,
};
use portico_tests::until::until_right;
use reqwest::Method;
use serde_json::{Value, json};

on_all_planes!(
    machinery_fields_are_refused_in_forms_yaml_and_the_api,
    existing_machinery_fields_are_kept_unchanged,
    a_change_without_a_difference_is_refused,
);

/// A fragment of an object, the field that the error must name, and the form input that would post it (empty if
/// none could).
type Attack = (Value, &'static str, Option<(&'static str, &'static str)>);

/// Attempts by offering.
fn attacks(offering: &str) -> Vec<Attack> {
    let mut attacks = vec![
        (
            json!({"metadata": {"annotations": {"crossplane.io/paused": "true"}}}),
            "metadata.annotations.crossplane.io/paused",
            None,
        ),
        (
            json!({"metadata": {"labels": {"team": "x"}}}),
            "metadata.labels.team",
            None,
        ),
        (
            json!({"metadata": {"finalizers": ["x.example/keep"]}}),
            "metadata.finalizers",
            None,
        ),
        (
            json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Secret", "name": "x", "uid": "x"}]}}),
            "metadata.ownerReferences",
            None,
        ),
        (
            json!({"metadata": {"labels": {"portico.dev/tenant": "research"}}}),
            "metadata.labels.portico.dev/tenant",
            None,
        ),
        (json!({"status": {"phase": "Ready"}}), "status", None),
    ];
    if offering == POSTGRESQL {
        attacks.extend([
            (
                json!({"spec": {"resourceRef": {"apiVersion": "x/v1", "kind": "X", "name": "anothers"}}}),
                "spec.resourceRef",
                Some(("/spec/resourceRef/name", "anothers")),
            ),
            (
                json!({"spec": {"compositionRef": {"name": "cheap"}}}),
                "spec.compositionRef",
                Some(("/spec/compositionRef/name", "cheap")),
            ),
            (
                json!({"spec": {"compositionSelector": {"matchLabels": {"tier": "another"}}}}),
                "spec.compositionSelector",
                Some(("/spec/compositionSelector/matchLabels/@0/key", "tier")),
            ),
            (
                json!({"spec": {"compositeDeletePolicy": "Foreground"}}),
                "spec.compositeDeletePolicy",
                Some(("/spec/compositeDeletePolicy", "Foreground")),
            ),
            (
                json!({"spec": {"writeConnectionSecretToRef": {"name": "payroll"}}}),
                "spec.writeConnectionSecretToRef",
                Some(("/spec/writeConnectionSecretToRef/name", "payroll")),
            ),
        ]);
    }
    if offering == CACHE {
        attacks.extend([
            (
                json!({"spec": {"crossplane": {"compositionRef": {"name": "cheap"}}}}),
                "spec.crossplane.compositionRef",
                Some(("/spec/crossplane/compositionRef/name", "cheap")),
            ),
            (
                json!({"spec": {"crossplane": {"compositionUpdatePolicy": "Manual"}}}),
                "spec.crossplane.compositionUpdatePolicy",
                Some(("/spec/crossplane/compositionUpdatePolicy", "Manual")),
            ),
        ]);
    }
    attacks
}

/// Submits a form with a fragment of YAML, or with form fields.
async fn post(person: &Person, (page, form): &(Answer, Form), fields: &[(&str, &str)]) -> Answer {
    let mut form = form.clone();
    for (name, value) in fields {
        form = form.with(name, value);
    }
    person.submit(&page.url, &form, Some(("_do", "submit"))).await
}

async fn open(person: &Person, path: &str, action: &str) -> (Answer, Form) {
    let page = person.get(path).await.expect(200);
    let form = page.page().form(action).expect("a form");
    (page, form)
}

fn names(refused: &Answer, field: &str) {
    assert_eq!(
        refused.status,
        422,
        "{field}: {} {}",
        refused.url,
        refused.page().body()
    );
    let told = refused
        .page()
        .text("#problems")
        .unwrap_or_else(|| refused.text.clone());
    assert!(told.contains(field), "{field} is named: {told}");
}

async fn machinery_fields_are_refused_in_forms_yaml_and_the_api(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    for (number, offering) in [POSTGRESQL, CACHE, BUCKET].into_iter().enumerate() {
        let name = format!("kept-{number}");
        let id = request(&dana, offering, &name, &[]).await;
        let claim = claim_path(&until_request(&dana, &id, "Applied").await);
        let _ = until_claim(&dana, &claim, "Ready").await;
        let form = open(&dana, &format!("{claim}/change"), "/change").await;
        for (piece, field, input) in attacks(offering) {
            let yaml = piece.to_string();
            let by_yaml = [("_tab", "yaml"), ("_yaml", yaml.as_str())];
            // A new claim: by the YAML tab, the API, and a manipulated form.
            names(&submit_form(&dana, offering, "greedy", &by_yaml).await, field);
            let wish = json!({ "offering": offering, "name": "greedy", "object": piece });
            names(
                &dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await,
                field,
            );
            if let Some(input) = input {
                names(&submit_form(&dana, offering, "greedy", &[input]).await, field);
            }
            // A change.
            names(&post(&dana, &form, &by_yaml).await, field);
            let wish = json!({ "object": piece });
            let api = format!("/api/v1{claim}/change");
            names(&dana.api(Method::POST, &api, Some(&wish)).await, field);
            if let Some(input) = input {
                names(&post(&dana, &form, &[input]).await, field);
            }
        }
    }
    let requests = dana.api(Method::GET, "/api/v1/requests", None).await.expect(200);
    assert!(!requests.text.contains("greedy"), "nothing of it was requested");
}

fn plane_of(demo: &Demo, claim: &str) -> RawClient {
    let name = claim.split('/').nth(2).unwrap();
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|plane| plane.name == name).unwrap().kubeconfig)
}

async fn existing_machinery_fields_are_kept_unchanged(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "selected", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Applied").await);
    let _ = until_claim(&dana, &claim, "Ready").await;
    let plane = plane_of(&demo, &claim);
    let at = "/apis/databases.demo.portico.dev/v1/namespaces/payments-dev/caches/selected";
    // Set by an earlier version of Portico: applied with its field manager.
    let mut had = plane.get(at).await.unwrap();
    let owned = &had["metadata"]["managedFields"];
    assert!(owned.to_string().contains("portico"), "{owned}");
    let labels = had["metadata"]["labels"].take();
    let annotations = had["metadata"]["annotations"].take();
    let applied = json!({
        "apiVersion": had["apiVersion"], "kind": had["kind"],
        "metadata": {"name": "selected", "namespace": "payments-dev", "labels": labels, "annotations": annotations},
        "spec": {
            "memory": had["spec"]["memory"], "mode": had["spec"]["mode"],
            "crossplane": {"compositionSelector": {"matchLabels": {"tier": "chosen"}}},
        },
    });
    let said = plane
        .ask(
            Method::PATCH,
            &format!("{at}?fieldManager=portico&force=true"),
            Some(&applied),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
    let selector =
        |object: &Value| object["spec"]["crossplane"]["compositionSelector"]["matchLabels"]["tier"].clone();
    let api = format!("/api/v1{claim}");
    let ask = async || dana.api(Method::GET, &api, None).await.expect(200).json();
    let shows = |claim: &Value| claim["yaml"].as_str().unwrap().contains("tier: chosen");
    until_right(
        "what Portico applied is shown",
        Duration::from_secs(20),
        ask,
        shows,
    )
    .await;

    // Machinery and labels of other managers, unrelated to the change.
    let others = json!({
        "apiVersion": had["apiVersion"], "kind": had["kind"],
        "metadata": {"name": "selected", "namespace": "payments-dev", "labels": {"team": "others"}},
        "spec": {"crossplane": {"compositionRevisionSelector": {"matchLabels": {"channel": "others"}}}},
    });
    let said = plane
        .ask(Method::PATCH, &format!("{at}?fieldManager=others"), Some(&others))
        .await;
    assert!(said.is_success(), "{said:?}");

    let form = open(&dana, &format!("{claim}/change"), "/change").await;
    let id = request_id(&post(&dana, &form, &[("/spec/defaultTtl", "45m")]).await);
    let page = until_request(&dana, &id, "Applied").await.page();
    let diff = page.text(".diff").unwrap();
    assert!(diff.contains("+ defaultTtl: 45m"), "{diff}");
    for unchanged in ["- tier", "+ tier", "- channel", "+ channel", "team"] {
        assert!(!diff.contains(unchanged), "{unchanged}: {diff}");
    }
    let manifest = page.text("#manifest").unwrap();
    assert!(
        manifest.contains("tier: chosen") && !manifest.contains("others"),
        "its own is sent again, that of others is left to them: {manifest}"
    );
    let after = plane.get(at).await.unwrap();
    assert_eq!(after["spec"]["defaultTtl"], "45m");
    assert_eq!(selector(&after), "chosen");
    assert_eq!(after["metadata"]["labels"]["team"], "others");
    let channel = &after["spec"]["crossplane"]["compositionRevisionSelector"]["matchLabels"]["channel"];
    assert_eq!(*channel, "others");

    // Portico cannot remove fields of other managers, and does not pretend to.
    let others = json!({
        "apiVersion": had["apiVersion"], "kind": had["kind"],
        "metadata": {"name": "selected", "namespace": "payments-dev"},
        "spec": {"defaultTtl": "45m"},
    });
    let said = plane
        .ask(
            Method::PATCH,
            &format!("{at}?fieldManager=others-too"),
            Some(&others),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
    let form = open(&dana, &format!("{claim}/change"), "/change").await;
    let refused = post(&dana, &form, &[("/spec/defaultTtl", "")]).await;
    names(&refused, "spec.defaultTtl");
    let told = refused.page().text("#problems").unwrap();
    assert!(told.contains("others than Portico have set it too"), "{told}");
}

async fn a_change_without_a_difference_is_refused(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    for (number, offering) in [POSTGRESQL, CACHE, BUCKET].into_iter().enumerate() {
        let name = format!("same-{number}");
        let id = request(&dana, offering, &name, &[]).await;
        let claim = claim_path(&until_request(&dana, &id, "Applied").await);
        let _ = until_claim(&dana, &claim, "Ready").await;
        let form = open(&dana, &format!("{claim}/change"), "/change").await;
        names(&post(&dana, &form, &[]).await, "Nothing changes");
        let api = format!("/api/v1{claim}");
        let said = dana
            .api(Method::POST, &format!("{api}/change"), Some(&json!({})))
            .await
            .expect(422);
        assert!(said.text.contains("Nothing changes"), "{}", said.text);
        // The claim's own YAML, posted unchanged.
        let read = dana.api(Method::GET, &api, None).await.expect(200).json();
        let yaml = [("_tab", "yaml"), ("_yaml", read["yaml"].as_str().unwrap())];
        names(&post(&dana, &form, &yaml).await, "Nothing changes");
        let whole = [("_tab", "yaml"), ("_yaml", read["fullYaml"].as_str().unwrap())];
        names(&post(&dana, &form, &whole).await, "Nothing changes");
    }
}
