//! Health rules of an offering are tried on live claims, by the page and by the API.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::story::CACHE;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_admin_tries_health_rules_on_live_claims_and_nothing_changes() {
    let demo = Demo::start().await;
    let pat = demo.sign_in("pat").await;
    let path = format!("/admin/health/{CACHE}");
    until("a cache is ready", Duration::from_mins(1), async || {
        let claims = pat.get(&format!("/api/v1/claims?offering={CACHE}")).await.json();
        claims.to_string().contains("\"health\":\"ready\"").then_some(())
    })
    .await;
    let offering = pat.get(&format!("/catalog/{CACHE}")).await.expect(200).page();
    assert!(
        offering.attributes("main a", "href").contains(&path),
        "a link for platform admins"
    );

    // The form works as it is sent, without scripts.
    let opened = pat.get(&path).await.expect(200);
    let form = opened
        .page()
        .form("/admin/health")
        .expect("a form")
        .with("_failed", "object.metadata.name == 'sessions'")
        .with("_message", "'Tried on ' + object.metadata.name");
    let tried = pat.submit(&opened.url, &form, None).await.expect(200).page();
    let first = &tried.texts("main table.rows tbody tr")[0];
    assert!(first.contains("sessions") && first.contains("Ready"), "{first}");
    assert!(
        first.contains("Degraded") && first.contains("Tried on sessions"),
        "{first}"
    );
    let yaml = tried.text("#rules-yaml").unwrap();
    assert!(yaml.contains("health:") && yaml.contains("failed:"), "{yaml}");

    // What cannot be compiled is said at its field, with its place.
    let wrong = form.with("_ready", "true &&\n status.phase == 'Up'");
    let said = pat.submit(&opened.url, &wrong, None).await.expect(422).page();
    let problem = said.text("#ready-problems").unwrap();
    assert!(problem.contains("Line 2, column 2"), "{problem}");
    let kept = said.form("/admin/health").expect("the form again");
    assert_eq!(kept.get("_failed"), Some("object.metadata.name == 'sessions'"));

    // The API answers the same, and nobody else learns of it.
    let api = format!("/api/v1/offerings/{CACHE}/health-trials");
    let body = json!({ "failed": "object.metadata.name == 'sessions'" });
    let trial = pat.api(Method::POST, &api, Some(&body)).await.expect(200).json();
    assert_eq!(
        (&trial["changed"], &trial["claims"][0]["name"]),
        (&json!(1), &json!("sessions"))
    );
    let refused = json!({ "ready": "object.status." });
    let refused = pat
        .api(Method::POST, &api, Some(&refused))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&refused["problems"][0]["line"], &refused["tried"]),
        (&json!(1), &json!(0)),
        "{refused}"
    );
    for name in ["tess", "ada", "dana"] {
        let person = demo.sign_in(name).await;
        let _ = person.get(&path).await.expect(404);
        let _ = person.api(Method::POST, &api, Some(&body)).await.expect(404);
    }

    // Nothing is stored: the claim shows what it did, and so does the form.
    let claim = pat
        .get(&format!(
            "/api/v1/claims/eu-shared/{CACHE}/payments-production/sessions"
        ))
        .await
        .expect(200)
        .json();
    assert_eq!(claim["row"]["health"], "ready", "{claim}");
    let again = pat.get(&path).await.expect(200).page();
    let form = again.form("/admin/health").expect("the form of the document");
    assert_eq!(form.get("_failed").unwrap_or_default().trim(), "");
}
