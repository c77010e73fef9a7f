//! API tokens: created on a page, used by a program, revoked.

use portico_tests::demo::Demo;
use portico_tests::person::{Answer, Person};
use reqwest::Method;
use serde_json::json;

async fn make(person: &Person, name: &str, scope: &str) -> Answer {
    let page = person.get("/tokens").await.expect(200);
    let form = page.page().form("/tokens").expect("a form for a new token");
    let form = form.with("_name", name).with("_days", "7").with("_scope", scope);
    person.submit(&page.url, &form, None).await
}

/// An API call with a token and no cookies.
async fn call(program: &Person, token: &str, method: Method, path: &str) -> Answer {
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("accept", "application/json".to_owned()),
    ];
    let body = (method != Method::GET).then(|| ("application/json", json!({ "name": "x" }).to_string()));
    program.raw(method, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_created_shown_once_and_revoked() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let answer = make(&dana, "deploy <b>pipeline</b>", "full").await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let secret = answer.page().text("#made").expect("the secret");
    assert!(secret.starts_with("portico_"), "{secret}");
    let listed = dana.get("/tokens").await.expect(200).page();
    let row = listed.text("tbody tr").unwrap();
    assert!(
        row.contains("deploy <b>pipeline</b>") && row.contains("Never"),
        "{row}"
    );
    assert!(!listed.body().contains(&secret), "it is shown once");

    let program = demo.anonymous();
    let viewer = call(&program, &secret, Method::GET, "/api/v1/viewer")
        .await
        .expect(200);
    assert!(viewer.text.contains("Dana"), "{}", viewer.text);
    // A token can submit requests, which are checked; it cannot create tokens.
    let _ = call(&program, &secret, Method::POST, "/api/v1/tokens")
        .await
        .expect(403);
    let row = dana
        .get("/tokens")
        .await
        .expect(200)
        .page()
        .text("tbody tr")
        .unwrap();
    assert!(!row.contains("Never"), "the last use is shown: {row}");

    // Nobody else can see or revoke it.
    let ada = demo.sign_in("ada").await;
    assert!(
        ada.get("/tokens")
            .await
            .expect(200)
            .page()
            .text("tbody tr")
            .is_none()
    );
    let revoke = listed.form("/revoke").expect("a button to revoke it");
    let _ = ada.post(&revoke.action, &[]).await.expect(404);
    let page = dana.get("/tokens").await;
    let _ = dana.submit(&page.url, &revoke, None).await.expect(200);
    let _ = call(&program, &secret, Method::GET, "/api/v1/viewer")
        .await
        .expect(401);

    let pat = demo.sign_in("pat").await;
    let record = pat.get("/admin/record?verb=token.").await.expect(200).page();
    let text = record.text("main").unwrap();
    assert!(
        text.contains("revoked the API token deploy") && text.contains("made the API token deploy"),
        "{text}"
    );
    assert!(!text.contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_token_cannot_change_anything() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let secret = make(&dana, "dashboard", "read")
        .await
        .expect(200)
        .page()
        .text("#made")
        .unwrap();
    let program = demo.anonymous();
    let _ = call(&program, &secret, Method::GET, "/api/v1/claims")
        .await
        .expect(200);
    for path in ["/api/v1/requests", "/api/v1/tokens"] {
        let refused = call(&program, &secret, Method::POST, path).await.expect(403);
        assert!(refused.text.contains("read-only"), "{}", refused.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_a_name_and_the_form_keeps_its_choices() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let answer = make(&dana, " ", "full").await.expect(422);
    let page = answer.page();
    assert!(page.text(".problem").unwrap().contains("Give it a name"));
    assert_eq!(page.form("/tokens").unwrap().get("_scope"), Some("full"));
    assert!(page.text("tbody tr").is_none());
}
