//! The life of an offering over HTTP: nobody but platform admins learns of a draft, and a deprecated offering refuses new
//! claims with a reason.

use std::fs;
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::story::{CACHE, request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

/// Gives the caches of the demo this life, and waits until the portal uses it.
async fn set_lifecycle(demo: &Demo, lifecycle: &str, stage: &str) {
    let path = demo.configuration("offering-cache.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("  lifecycle:"))
        .collect();
    let text = lines
        .join("\n")
        .replacen("spec:\n", &format!("spec:\n  lifecycle: {lifecycle}\n"), 1);
    fs::write(&path, text).unwrap();
    let pat = demo.sign_in("pat").await;
    until("the new life", Duration::from_secs(30), async || {
        let offering = pat
            .api(Method::GET, &format!("/api/v1/offerings/{CACHE}"), None)
            .await
            .expect(200);
        (offering.json()["card"]["lifecycle"]["stage"] == stage).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_like_an_offering_that_does_not_exist() {
    let demo = Demo::start().await;
    set_lifecycle(&demo, "{ stage: draft, note: Under test. }", "draft").await;
    let unknown = "nothings.databases.demo.portico.dev";
    for name in ["dana", "ada"] {
        let person = demo.sign_in(name).await;
        for (method, path, body) in [
            (Method::GET, "/catalog/{offering}", None),
            (Method::GET, "/catalog/{offering}/request", None),
            (Method::GET, "/api/v1/offerings/{offering}", None),
            (
                Method::POST,
                "/api/v1/offerings/{offering}/check",
                Some(json!({"name": "tried", "object": {}})),
            ),
        ] {
            let answers = [CACHE, unknown].map(|offering| path.replace("{offering}", offering));
            let [of_draft, of_none] = [
                person.api(method.clone(), &answers[0], body.as_ref()).await,
                person.api(method.clone(), &answers[1], body.as_ref()).await,
            ];
            assert_eq!(of_draft.status, 404, "{name} {path}: {}", of_draft.text);
            assert_eq!(of_none.status, 404, "{name} {path}");
        }
        for path in [
            "/catalog",
            "/catalog?q=cache",
            "/claims",
            "/requests",
            "/",
            "/api/v1/offerings",
            "/api/v1/search?q=cache",
            "/api/v1/claims",
        ] {
            let answer = person.get(path).await.expect(200);
            let of_claims = |line: &&str| !line.contains("/claims/") && !line.contains("/requests/");
            let text = answer.text.lines().filter(of_claims).collect::<String>();
            assert!(!text.contains(&format!("/catalog/{CACHE}")), "{name} {path}");
            assert!(!text.contains("Under test."), "{name} {path}");
        }
    }
    let pat = demo.sign_in("pat").await;
    let page = pat.get(&format!("/catalog/{CACHE}")).await.expect(200).page();
    assert!(page.body().contains("Draft") && page.body().contains("Under test."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deprecated_offering_refuses_new_claims_with_a_reason() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let _ = request(&dana, CACHE, "before", &[("_plan", "small")]).await;
    set_lifecycle(
        &demo,
        "{ stage: deprecated, sunset: 9999-01-01, replacement: postgresqlinstances.databases.demo.portico.dev }",
        "deprecated",
    )
    .await;
    let page = dana.get(&format!("/catalog/{CACHE}")).await.expect(200).page();
    for part in ["Deprecated", "ends on 1 January 9999", "Use PostgreSQL instead."] {
        assert!(page.body().contains(part), "{part}: {}", page.body());
    }
    let form = dana
        .get(&format!("/catalog/{CACHE}/request"))
        .await
        .expect(403)
        .page();
    assert!(
        form.body()
            .contains("takes no new claims. Request PostgreSQL instead.")
    );
    let check = json!({"name": "after", "object": {}});
    let refused = dana
        .api(
            Method::POST,
            &format!("/api/v1/offerings/{CACHE}/check"),
            Some(&check),
        )
        .await
        .expect(403)
        .json();
    assert_eq!(
        refused["reason"],
        json!({"code": "offering-deprecated", "offering": "Cache", "replacement": "PostgreSQL"})
    );
}
