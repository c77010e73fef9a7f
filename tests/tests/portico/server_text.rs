//! Classifies the messages of a real API server.

use std::time::Duration;

use portico_planes::PlaneError;
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::raw_client::RawResponse;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

const WIDGETS: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev/widgets";

fn error(said: &RawResponse) -> PlaneError {
    assert!(!said.is_success(), "{said:?}");
    PlaneError::from_response("real", said.status, None, said.body.to_string().as_bytes())
}

fn widget(namespace: &str, metadata: &Value, size: i64) -> Value {
    let mut widget = json!({
        "apiVersion": "tests.portico.dev/v1", "kind": "Widget",
        "metadata": { "name": "lamp", "namespace": namespace }, "spec": { "size": size },
    });
    for (key, value) in metadata.as_object().unwrap() {
        widget["metadata"][key] = value.clone();
    }
    widget
}

#[tokio::test(flavor = "multi_thread")]
async fn error_messages_of_a_real_api_server_are_classified_correctly() {
    let test = "error_messages_of_a_real_api_server_are_classified_correctly";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let _ = kubectl.run(&["create", "namespace", "payments-dev"]);
    let real = server.raw_client();
    until("widgets are served", Duration::from_secs(30), async || {
        (real.try_get(WIDGETS).await? == 200).then_some(())
    })
    .await;
    let lamp = format!("{WIDGETS}/lamp");
    let apply = async |object: Value, options: &str| {
        let path = format!("{lamp}?fieldManager=portico&force=false{options}");
        real.ask(Method::PATCH, &path, Some(&object)).await
    };

    // An apply to a missing object, then to another object.
    let elsewhere = json!({ "uid": "00000000-0000-0000-0000-000000000001" });
    let said = apply(widget("payments-dev", &elsewhere, 1), "").await;
    assert!(matches!(error(&said), PlaneError::Gone { .. }), "{said:?}");
    assert!(
        apply(widget("payments-dev", &json!({}), 1), "")
            .await
            .is_success()
    );
    let said = apply(widget("payments-dev", &elsewhere, 1), "").await;
    match error(&said) {
        PlaneError::Invalid { causes, .. } => assert_eq!(causes[0].field, "metadata.uid"),
        other => panic!("{other:?}"),
    }

    // The same for a deletion.
    let options = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": elsewhere });
    let said = real.ask(Method::DELETE, &lamp, Some(&options)).await;
    assert!(matches!(error(&said), PlaneError::Gone { .. }), "{said:?}");

    // A concurrent write, for an apply and for an update.
    let old = json!({ "resourceVersion": "1" });
    let said = apply(widget("payments-dev", &old, 2), "").await;
    assert!(matches!(error(&said), PlaneError::Contended { .. }), "{said:?}");
    let said = real
        .ask(Method::PUT, &lamp, Some(&widget("payments-dev", &old, 2)))
        .await;
    assert!(matches!(error(&said), PlaneError::Contended { .. }), "{said:?}");

    // Fields of another manager.
    let mine = format!("{lamp}?fieldManager=someone-else&force=false");
    let said = real
        .ask(Method::PATCH, &mine, Some(&widget("payments-dev", &json!({}), 3)))
        .await;
    match error(&said) {
        PlaneError::Conflict { managers, .. } => assert_eq!(managers, ["portico"]),
        other => panic!("{other:?}"),
    }

    // A missing namespace, as `dry_run` recognizes it.
    let nowhere =
        "/apis/tests.portico.dev/v1/namespaces/nowhere/widgets/lamp?fieldManager=portico&dryRun=All";
    let said = real
        .ask(Method::PATCH, nowhere, Some(&widget("nowhere", &json!({}), 1)))
        .await;
    assert_eq!(
        (said.status, said.message()),
        (404, "namespaces \"nowhere\" not found")
    );

    // A terminating namespace; no controller finishes it.
    let _ = kubectl.run(&["create", "namespace", "leaving"]);
    let _ = kubectl.run(&["delete", "namespace", "leaving", "--wait=false"]);
    let leaving = "/apis/tests.portico.dev/v1/namespaces/leaving/widgets/lamp?fieldManager=portico";
    let said = real
        .ask(Method::PATCH, leaving, Some(&widget("leaving", &json!({}), 1)))
        .await;
    let told = error(&said).to_string();
    assert!(
        told.starts_with("The claim’s namespace is being deleted"),
        "{told} {said:?}"
    );

    // A missing right, without the name of the account.
    let refused = kubectl.try_run(
        &["get", "widgets", "lamp", "-n", "payments-dev", "--as=dana"],
        None,
    );
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    let message = stderr.split_once("(Forbidden): ").expect("a refusal").1.trim();
    let status = json!({ "reason": "Forbidden", "message": message });
    let told = PlaneError::from_response("real", 403, None, status.to_string().as_bytes()).to_string();
    assert!(
        told.contains("the right to get widgets.tests.portico.dev in payments-dev is missing"),
        "{told}"
    );
    assert!(!told.contains("dana"), "{told}");
}
