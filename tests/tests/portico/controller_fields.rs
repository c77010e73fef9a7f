//! What a controller sets in a claim stays the controller's: it is shown as its own, and changes do not send it.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::story::{BUCKET, decide, request, request_id, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::managed_elsewhere::{path_of, plane};
use crate::permission::rewrite;

on_all_planes!(what_a_controller_sets_is_left_to_it);

const TIMEOUT: Duration = Duration::from_secs(20);
const OBJECT: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets/encrypted";

async fn what_a_controller_sets_is_left_to_it(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/dev").await;
    rewrite(&demo, "approval-policies.yaml", |text| {
        let rule = "request.action == 'create' && environment.production";
        text.replacen(rule, "request.action == 'change'", 1)
    })
    .await;
    let eu = plane(&demo);
    let keys = async |key: &str| {
        let encryption = json!({ "algorithm": "kms", "key": key });
        let body = json!({ "spec": { "encryption": encryption } }).to_string();
        let at = format!("{OBJECT}?fieldManager=key-controller");
        let patched = eu
            .send(Method::PATCH, &at, "application/merge-patch+json", body)
            .await;
        assert!(patched.is_success(), "{patched:?}");
    };
    let wish = [("_plan", "small"), ("_plane", "eu-shared")];
    let id = request(&dana, BUCKET, "encrypted", &wish).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let path = path_of("payments-dev", "encrypted");
    let _ = until_claim(&dana, &path, "Ready").await;

    // It is shown whose it is.
    keys("kms://first").await;
    let shown = until("the controller's field", TIMEOUT, async || {
        let claim = dana
            .api(Method::GET, &format!("/api/v1{path}"), None)
            .await
            .expect(200)
            .json();
        claim["setByControllers"].is_array().then_some(claim)
    })
    .await;
    assert_eq!(
        shown["setByControllers"],
        json!([{ "manager": "key-controller", "fields": ["spec.encryption.algorithm", "spec.encryption.key"] }])
    );
    let yaml = |claim: &Value, which: &str| claim[which].as_str().unwrap().to_owned();
    assert!(!yaml(&shown, "yaml").contains("encryption"), "{shown}");
    assert!(yaml(&shown, "yaml").contains("quota"), "{shown}");
    assert!(yaml(&shown, "fullYaml").contains("key: kms://first"), "{shown}");
    let page = dana.get(&path).await.expect(200).page();
    let said = page.text("main").unwrap();
    assert!(
        said.contains("key-controller sets spec.encryption.algorithm, spec.encryption.key"),
        "{said}"
    );

    // A change of something else shows it and does not ask for it.
    let open = dana.get(&format!("{path}/change")).await.expect(200);
    let form = open.page().form("/change").expect("a form");
    let sent = dana
        .submit(
            &open.url,
            &form.with("/spec/versioning", "true"),
            Some(("_do", "submit")),
        )
        .await;
    let id = request_id(&sent);
    let waits = until_request(&dana, &id, "Awaiting approval").await.page();
    let said = waits.text("main").unwrap();
    assert!(said.contains("versioning: true"), "{said}");
    assert!(!said.contains("encryption"), "{said}");

    // What the controller does until it is agreed to is neither undone nor in the way.
    keys("kms://second").await;
    let _ = decide(&ada, &id, "approve", "").await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let object = eu.get(OBJECT).await.unwrap();
    assert_eq!(object["spec"]["versioning"], true, "{object}");
    assert_eq!(
        object["spec"]["encryption"],
        json!({ "algorithm": "kms", "key": "kms://second" }),
        "{object}"
    );
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let applied = entries
        .iter()
        .find(|entry| entry["operation"] == "Apply")
        .unwrap();
    assert_eq!(applied["manager"], "portico");
    assert!(
        applied.pointer("/fieldsV1/f:spec/f:versioning").is_some(),
        "{applied}"
    );
    assert!(
        applied.pointer("/fieldsV1/f:spec/f:encryption").is_none(),
        "{applied}"
    );

    // Who wants it otherwise is told who holds it.
    let open = dana.get(&format!("{path}/change")).await.expect(200);
    let form = open.page().form("/change").expect("a form");
    let refused = dana
        .submit(
            &open.url,
            &form.with("/spec/encryption/algorithm", "AES256"),
            Some(("_do", "submit")),
        )
        .await;
    assert_eq!(refused.status, 409, "{}", refused.page().body());
    let said = refused.page().text("#take-over").expect("a choice");
    assert!(said.contains("key-controller"), "{said}");
}
