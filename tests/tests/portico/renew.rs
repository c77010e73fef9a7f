//! Claims with an end date, and their renewal.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::story::{BUCKET, CACHE, claim_path, request, until_claim, until_request};
use portico_tests::until::until_right;
use reqwest::Method;
use serde_json::{Value, json};

on_all_planes!(
    a_renewal_only_extends_the_end_date,
    an_expired_claim_is_marked_and_otherwise_unchanged,
);

/// The end date of the claim at `path`, in seconds since the epoch.
fn expires(claim: &Value) -> i64 {
    let text = claim["row"]["expiresAt"].as_str().expect("a date");
    text.parse::<jiff::Timestamp>().expect("a time").as_second()
}

async fn a_renewal_only_extends_the_end_date(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let file = demo.configuration("offering-cache.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let id = request(&dana, CACHE, "kept", &[]).await;
    let path = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let api = format!("/api/v1{path}");
    let before = dana.api(Method::GET, &api, None).await.expect(200).json();
    let now = jiff::Timestamp::now().as_second();
    assert!((expires(&before) - now - 90 * 86_400).abs() < 120, "{before}");

    // The platform team allows more time: a renewal uses it, a change keeps the date.
    std::fs::write(&file, text.replace("lifetimeDays: 90", "lifetimeDays: 200")).unwrap();
    let more = |claim: &Value| {
        let until = claim["renewsUntil"]
            .as_str()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        until.is_some_and(|until| until.as_second() - now > 199 * 86_400)
    };
    let ask = async || dana.api(Method::GET, &api, None).await.expect(200).json();
    until_right("the new lifetime", Duration::from_secs(20), ask, more).await;
    let wish = json!({ "object": { "spec": { "memory": "512Mi", "mode": "single", "tls": false } } });
    let changed = dana
        .api(Method::POST, &format!("{api}/change"), Some(&wish))
        .await
        .expect(201)
        .json();
    let _ = until_request(&dana, changed["id"].as_str().unwrap(), "Fulfilled").await;
    let same = |claim: &Value| claim["yaml"].as_str().unwrap().contains("tls: false");
    let after = until_right("the change", Duration::from_secs(20), ask, same).await;
    assert_eq!(
        expires(&after),
        expires(&before),
        "a change must not extend the lifetime"
    );

    let page = until_claim(&dana, &path, "Ready").await;
    let form = page.page().form("/renew").expect("a button to renew it");
    let sent = dana.submit(&page.url, &form, None).await.expect(200);
    let id = portico_tests::story::request_id(&sent);
    let asked = dana.get(&format!("/requests/{id}")).await.expect(200);
    let said = asked.page().text("main").unwrap();
    assert!(
        said.contains("Longer life for the Cache") && said.contains("until"),
        "{said}"
    );
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let moved = |claim: &Value| expires(claim) - now > 199 * 86_400;
    let renewed = until_right("the later date", Duration::from_secs(20), ask, moved).await;
    let spec = |claim: &Value| {
        let yaml = claim["yaml"].as_str().unwrap();
        yaml.split("\nspec:").nth(1).unwrap().to_owned()
    };
    assert_eq!(spec(&renewed), spec(&after));
    assert_eq!(renewed["row"]["plan"], "small");
}

async fn an_expired_claim_is_marked_and_otherwise_unchanged(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    let path = format!("/claims/eu-shared/{CACHE}/payments-production/sessions");
    let page = until_claim(&dana, &path, "Ready").await.page();
    let verdict = page.text(".verdict").unwrap();
    assert!(
        verdict.contains("Its time was over") && verdict.contains("renew it, or delete it"),
        "{verdict}"
    );
    let vic = demo.sign_in("vic").await.get(&path).await.expect(200).page();
    assert!(vic.form("/renew").is_none());
    // A claim without an end date cannot be renewed.
    dana.work_in("payments/dev").await;
    let id = request(&dana, BUCKET, "lasting", &[]).await;
    let lasting = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let page = dana.get(&lasting).await.expect(200).page();
    assert!(page.form("/renew").is_none());
    let api = format!("/api/v1{lasting}/renewal");
    let refused = dana.api(Method::POST, &api, Some(&json!({}))).await.expect(409);
    assert!(refused.text.contains("needs no renewing"), "{}", refused.text);

    let renewal = dana
        .api(
            Method::POST,
            &format!("/api/v1{path}/renewal"),
            Some(&json!({ "note": "Still in use" })),
        )
        .await
        .expect(201)
        .json();
    let _ = until_request(&dana, renewal["id"].as_str().unwrap(), "Fulfilled").await;
    let right = |answer: &portico_tests::person::Answer| {
        answer
            .page()
            .text(".verdict")
            .is_some_and(|verdict| !verdict.contains("over"))
    };
    let ask = async || dana.get(&path).await;
    until_right("the reminder to go", Duration::from_secs(20), ask, right).await;
}
