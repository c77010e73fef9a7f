//! The YAML tab sets the user's specification, and nothing else.

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::{Answer, Person};
use portico_tests::raw_client::RawClient;
use portico_tests::story::{
    BUCKET, POSTGRESQL, claim_path, request_id, submit_form, until_claim, until_request,
};
use serde_json::Value;

on_all_planes!(
    users_cannot_choose_the_secret_that_a_claim_writes,
    fields_outside_the_specification_are_refused_by_name,
    invalid_yaml_is_reported_with_its_position_and_kept,
);

async fn ask_by_yaml(person: &Person, offering: &str, name: &str, yaml: &str) -> Answer {
    submit_form(person, offering, name, &[("_tab", "yaml"), ("_yaml", yaml)]).await
}

/// The control plane of a claim, from its page's URL.
fn plane_of(demo: &Demo, claim: &str) -> RawClient {
    let name = claim.split('/').nth(2).unwrap();
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|plane| plane.name == name).unwrap().kubeconfig)
}

async fn postgresql(plane: &RawClient, namespace: &str, name: &str) -> Option<Value> {
    let path =
        format!("/apis/databases.demo.portico.dev/v1/namespaces/{namespace}/postgresqlinstances/{name}");
    plane.get(&path).await
}

async fn users_cannot_choose_the_secret_that_a_claim_writes(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let yaml = "spec:\n  storage: { size: 20Gi }\n  writeConnectionSecretToRef:\n    name: orders-connection\n    namespace: payments-production\n";
    let refused = ask_by_yaml(&dana, POSTGRESQL, "greedy", yaml).await.expect(422);
    let told = refused.page().text("#problems").unwrap();
    assert!(told.contains("spec.writeConnectionSecretToRef"), "{told}");
    let sent = ask_by_yaml(&dana, POSTGRESQL, "greedy", "spec:\n  storage: { size: 20Gi }\n").await;
    let fulfilled = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    let manifest = fulfilled.page().text("#manifest").unwrap();
    assert!(manifest.contains("greedy-connection"), "{manifest}");
    let named = |object: &Value| object["spec"]["writeConnectionSecretToRef"].clone();
    let at = claim_path(&fulfilled);
    let plane = plane_of(&demo, &at);
    let claim = postgresql(&plane, "payments-dev", "greedy").await.unwrap();
    assert_eq!(named(&claim), serde_json::json!({ "name": "greedy-connection" }));

    // The same for a change.
    let _ = until_claim(&dana, &at, "Ready").await;
    let page = dana.get(&format!("{at}/change")).await.expect(200);
    let live = page.page().form("/change").unwrap();
    let wish =
        "spec:\n  storage: { size: 30Gi }\n  writeConnectionSecretToRef: { name: orders-connection }\n";
    let form = live.clone().with("_tab", "yaml").with("_yaml", wish);
    let refused = dana
        .submit(&page.url, &form, Some(("_do", "submit")))
        .await
        .expect(422);
    let told = refused.page().text("#problems").unwrap();
    assert!(told.contains("spec.writeConnectionSecretToRef"), "{told}");
    // Existing values may be repeated.
    let wish =
        "spec:\n  storage: { size: 30Gi }\n  writeConnectionSecretToRef: { name: greedy-connection }\n";
    let form = live.with("_tab", "yaml").with("_yaml", wish);
    let sent = dana.submit(&page.url, &form, Some(("_do", "submit"))).await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    let claim = postgresql(&plane, "payments-dev", "greedy").await.unwrap();
    assert_eq!(claim["spec"]["storage"]["size"], "30Gi", "the change was made");
    assert_eq!(named(&claim)["name"], "greedy-connection");
}

async fn fields_outside_the_specification_are_refused_by_name(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let yaml = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: another
  namespace: research-production
  uid: 00000000-0000-0000-0000-000000000000
  labels: { portico.dev/tenant: research, portico.dev/request: stolen, mine: 'yes' }
  annotations: { portico.dev/requester: somebody else, crossplane.io/paused: 'true' }
  finalizers: [mine.example/for-ever]
  ownerReferences: [{ apiVersion: v1, kind: Secret, name: x, uid: x }]
spec:
  storageClass: archive
status:
  conditions: [{ type: Ready, status: 'True', reason: Forged, lastTransitionTime: '2020-01-01T00:00:00Z' }]
";
    let refused = ask_by_yaml(&dana, BUCKET, "plain", yaml).await.expect(422);
    let told = refused.page().text("#problems").unwrap();
    for field in [
        "apiVersion",
        "kind",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.labels.portico.dev/tenant",
        "metadata.labels.portico.dev/request",
        "metadata.labels.mine",
        "metadata.annotations.portico.dev/requester",
        "metadata.annotations.crossplane.io/paused",
        "metadata.finalizers",
        "metadata.ownerReferences",
        "status",
    ] {
        assert!(told.contains(&format!("{field}: ")), "{field}: {told}");
    }
    assert!(!told.contains("storageClass"), "{told}");

    // The claim's own name may be there.
    let yaml = "
apiVersion: storage.demo.portico.dev/v1
kind: Bucket
metadata: { name: plain, namespace: payments-dev, labels: {} }
spec: { storageClass: archive }
";
    let sent = ask_by_yaml(&dana, BUCKET, "plain", yaml).await;
    let id = request_id(&sent);
    let fulfilled = until_request(&dana, &id, "Fulfilled").await;
    let plane = plane_of(&demo, &claim_path(&fulfilled));
    let path = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets/plain";
    let made = plane.get(path).await.unwrap();
    assert_eq!(made["kind"], "Bucket");
    assert_eq!(made["spec"]["storageClass"], "archive");
    let labels = &made["metadata"]["labels"];
    assert_eq!(
        (&labels["portico.dev/tenant"], &labels["portico.dev/request"]),
        (&Value::from("payments"), &Value::from(id))
    );
}

async fn invalid_yaml_is_reported_with_its_position_and_kept(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let cases = [
        ("not-closed", "spec:\n  quota: [1, 2\n", "line"),
        ("tabbed", "spec:\n\tquota: 20Gi\n", "line"),
        ("twice", "spec:\n  quota: 20Gi\n  quota: 30Gi\n", "quota"),
        ("a-list", "- spec\n", "mapping"),
        ("a-word", "spec\n", "mapping"),
        ("two-documents", "spec: {}\n---\nspec: {}\n", "document"),
        ("misspelled", "spec:\n  qouta: 20Gi\n", "qouta"),
        ("wrong-type", "spec:\n  versioning: perhaps\n", "versioning"),
        (
            "locked",
            "spec:\n  quota: 20Gi\n",
            "spec.quota: the plan small sets this to 50gi",
        ),
        ("no-spec", "spec: nothing\n", "spec"),
        ("unknown-alias", "spec: *nobody\n", "alias"),
    ];
    for (name, yaml, words) in cases {
        let refused = ask_by_yaml(&dana, BUCKET, name, yaml).await;
        let page = refused.page();
        assert_eq!(refused.status, 422, "{name}: {}", page.body());
        let told = format!(
            "{} {}",
            page.text("#problems").unwrap_or_default(),
            page.text("#yaml-problem").unwrap_or_default()
        );
        assert!(told.to_lowercase().contains(words), "{name}: {told}");
        let form = page.form("/request").expect("the form with the problems");
        assert_eq!(form.get("_yaml"), Some(yaml), "{name}: the YAML is kept");
    }
    // The minimal specification: only what the plan and the definition set.
    for (name, yaml) in [("empty", ""), ("null", "spec:\n"), ("comments", "# nothing\n")] {
        let sent = ask_by_yaml(&dana, BUCKET, name, yaml).await;
        let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    }
}
