//! Authentication, authorization, impersonation and the audit log.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{ControlPlane, Identity, Rule, Settings, Subject};
use super::{BUCKETS, Served, bucket};

/// A user with all rights in one namespace.
fn let_dana_in(served: &Served) {
    served
        .plane
        .access()
        .add_token("danas", Identity::new("dana", ["team"]));
    served
        .plane
        .access()
        .grant(Subject::Group("team".into()), Rule::all_in("default"));
}

#[tokio::test]
async fn requests_without_a_valid_token_get_401() {
    let served = Served::new().await;
    let request = served.client.get(format!("http://{}{BUCKETS}", served.address()));
    let (code, status) = Served::send(request).await;
    assert_eq!((code.as_u16(), &status["reason"]), (401, &json!("Unauthorized")));
    let request = served.client.get(format!("http://{}/readyz", served.address()));
    assert_eq!(Served::send(request).await.0, 200);
}

#[tokio::test]
async fn rules_apply_only_in_their_namespaces() {
    let mut served = Served::new().await;
    let_dana_in(&served);
    served.token = "danas".into();
    assert_eq!(served.post(BUCKETS, &bucket("one")).await.0, 201);
    let (code, status) = served.get("/apis/storage.example.org/v1/buckets").await;
    assert_eq!((code.as_u16(), &status["reason"]), (403, &json!("Forbidden")));
    let message = status["message"].as_str().unwrap();
    assert!(
        message.contains("User \"dana\" cannot list resource \"buckets\""),
        "{message}"
    );
    assert_eq!(served.get("/api/v1/namespaces/kube-system/secrets").await.0, 403);
}

#[tokio::test]
async fn access_reviews_answer_what_is_allowed() {
    let mut served = Served::new().await;
    let_dana_in(&served);
    let reviews = "/apis/authorization.k8s.io/v1";
    let ask = |namespace: &str| {
        json!({"spec": {"resourceAttributes": {
            "verb": "create", "group": "storage.example.org", "resource": "buckets", "namespace": namespace,
        }}})
    };
    let mut about_dana = ask("kube-system");
    about_dana["spec"]["user"] = json!("dana");
    about_dana["spec"]["groups"] = json!(["team"]);
    let (code, review) = served
        .post(&format!("{reviews}/subjectaccessreviews"), &about_dana)
        .await;
    assert_eq!(
        (code.as_u16(), &review["status"]["allowed"]),
        (201, &json!(false))
    );
    served.token = "danas".into();
    let own = format!("{reviews}/selfsubjectaccessreviews");
    assert_eq!(
        served.post(&own, &ask("default")).await.1["status"]["allowed"],
        true
    );
    assert_eq!(served.post(&own, &ask("")).await.1["status"]["allowed"], false);
    let (_, rules) = served
        .post(
            &format!("{reviews}/selfsubjectrulesreviews"),
            &json!({"spec": {"namespace": "default"}}),
        )
        .await;
    assert_eq!(rules["status"]["resourceRules"][0]["verbs"], json!(["*"]));
    let (_, me) = served
        .post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({}))
        .await;
    assert_eq!(me["status"]["userInfo"]["username"], "dana");
}

#[tokio::test]
async fn impersonation_works_and_is_audited() {
    let mut served = Served::new().await;
    let_dana_in(&served);
    let as_dana = |served: &Served, path: &str| {
        let request = served.request(Method::POST, path);
        request
            .header("impersonate-user", "dana")
            .header("impersonate-group", "team")
            .json(&bucket("one"))
    };
    let elsewhere = BUCKETS.replace("default", "kube-system");
    assert_eq!(Served::send(as_dana(&served, &elsewhere)).await.0, 403);
    assert_eq!(Served::send(as_dana(&served, BUCKETS)).await.0, 201);
    let entries = served.plane.audit().entries();
    let last = entries.last().unwrap();
    assert_eq!(
        (last.user.as_str(), last.acting_as.as_deref()),
        ("portico", Some("dana"))
    );
    assert_eq!((last.attributes.verb.as_str(), last.code), ("create", 201));
    served.token = "danas".into();
    let (code, status) = Served::send(
        served
            .request(Method::GET, BUCKETS)
            .header("impersonate-user", "portico"),
    )
    .await;
    assert_eq!(code, 403);
    assert!(
        status["message"].as_str().unwrap().contains("cannot impersonate"),
        "{status}"
    );
}

#[test]
fn a_kubeconfig_is_text_also_where_it_looks_like_numbers() {
    let plane = ControlPlane::new("1e3", Settings::default());
    let text = plane.kubeconfig_for(([127, 0, 0, 1], 9).into(), "007", "12345");
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(config["clusters"][0]["name"], "1e3");
    assert_eq!(config["current-context"], "1e3");
    assert_eq!(
        config["users"][0],
        json!({ "name": "007", "user": { "token": "12345" } })
    );
    assert_eq!(config["contexts"][0]["context"]["user"], "007");
}
