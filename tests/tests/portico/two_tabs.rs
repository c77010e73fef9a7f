//! Stale tabs: a form that is submitted after something changed elsewhere, or twice.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::html::Form;
use portico_tests::person::{Answer, Person};
use portico_tests::story::{BUCKET, CACHE, claim_path, request, request_id, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

/// A page with its form.
async fn open(person: &Person, path: &str, action: &str) -> (Answer, Form) {
    let page = person.get(path).await.expect(200);
    let form = page.page().form(action).expect("a form");
    (page, form)
}

async fn send(person: &Person, (page, form): &(Answer, Form)) -> Answer {
    person.submit(&page.url, form, Some(("_do", "submit"))).await
}

/// Whether the claim exists according to the API; its page also answers after a deletion.
async fn status_of(person: &Person, claim: &str) -> u16 {
    let path = format!("/api/v1{claim}");
    person.api(Method::GET, &path, None).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_submits_to_its_own_workspace_after_another_tab_switched() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let path = format!("/catalog/{BUCKET}/request");
    let (page, form) = open(&dana, &path, "/request").await;
    let form = form.with("_name", "here");

    dana.work_in("payments/production").await;
    // Requests by scripts while typing are for the same workspace.
    let checked = dana
        .submit(&page.url, &form, Some(("_do", "update")))
        .await
        .expect(200);
    assert_eq!(
        checked.page().text(".page-head strong").as_deref(),
        Some("payments/dev")
    );
    let sent = send(&dana, &(page.clone(), form.clone())).await;
    let api = format!("/api/v1/requests/{}", request_id(&sent));
    let made = dana.api(Method::GET, &api, None).await.expect(200).json();
    assert_eq!(made["row"]["environment"], "dev", "{made}");
    assert_eq!(made["row"]["claim"]["namespace"], "payments-dev");

    // Other tenants' and unknown workspaces get 404.
    for foreign in ["research/dev", "payments/nowhere", "payments", ""] {
        for what in ["submit", "update"] {
            let another = uuid::Uuid::now_v7().to_string();
            let forged = form
                .clone()
                .with("_name", "elsewhere")
                .with("_request", &another)
                .with("_work_in", foreign);
            let answer = dana.submit(&page.url, &forged, Some(("_do", what))).await;
            assert_eq!(answer.status, 404, "{foreign:?} {what}: {}", answer.page().body());
        }
    }
    // A claim stays in its workspace.
    let claim = claim_path(&until_request(&dana, &request_id(&sent), "Fulfilled").await);
    let (page, form) = open(&dana, &format!("{claim}/change"), "/change").await;
    let forged = form.with("_work_in", "payments/production");
    assert_eq!(send(&dana, &(page, forged)).await.status, 404);
    let requests = dana.get("/requests").await.expect(200).page().body();
    assert!(!requests.contains("elsewhere"), "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_does_not_overwrite_unseen_changes_of_another_tab() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "shared-cache", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let form = format!("{claim}/change");
    let (page, old) = open(&dana, &form, "/change").await;
    let old = old.with("/spec/defaultTtl", "45m");

    // Another tab: the eviction policy.
    let (other_page, other) = open(&dana, &form, "/change").await;
    let other = other.with("/spec/evictionPolicy", "allkeys-lfu");
    let id = request_id(&send(&dana, &(other_page, other)).await);
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let api = format!("/api/v1{claim}");
    let ask = async || dana.api(Method::GET, &api, None).await.expect(200).json();
    let says = |claim: &Value, what: &str| claim["yaml"].as_str().unwrap().contains(what);
    let changed = |claim: &Value| says(claim, "allkeys-lfu");
    until_right("the change", Duration::from_secs(20), ask, changed).await;

    // Validation while typing does not count as a review.
    let typing = dana
        .submit(&page.url, &old, Some(("_do", "update")))
        .await
        .expect(200);
    let old = typing.page().form("/change").unwrap();
    let refused = send(&dana, &(page, old)).await.expect(422);
    assert!(
        refused.page().body().contains("changed since you opened"),
        "{}",
        refused.page().body()
    );
    assert_eq!(
        refused.page().field("/spec/defaultTtl").as_deref(),
        Some("45m"),
        "the input is kept"
    );
    let what = refused.page().text(".differences").unwrap();
    assert!(what.contains("allkeys-lfu"), "says what would be undone: {what}");
    assert!(changed(&ask().await));

    // Now it was reviewed: with the other tab's change taken over, it succeeds.
    let form = refused
        .page()
        .form("/change")
        .unwrap()
        .with("/spec/evictionPolicy", "allkeys-lfu");
    let id = request_id(&send(&dana, &(refused, form)).await);
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let both = |claim: &Value| says(claim, "45m") && says(claim, "allkeys-lfu");
    until_right("both changes", Duration::from_secs(20), ask, both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_or_renewal_sent_twice_creates_one_request() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "twice", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);

    let (page, form) = open(&dana, &claim, "/renew").await;
    let first = request_id(&dana.submit(&page.url, &form, None).await);
    assert_eq!(request_id(&dana.submit(&page.url, &form, None).await), first);
    let _ = until_request(&dana, &first, "Fulfilled").await;
    assert_eq!(request_id(&dana.submit(&page.url, &form, None).await), first);
    let api = format!("/api/v1{claim}");
    let wish = json!({ "requestId": uuid::Uuid::now_v7() });
    let renewal = format!("{api}/renewal");
    let renewed = dana
        .api(Method::POST, &renewal, Some(&wish))
        .await
        .expect(201)
        .json();
    let again = dana
        .api(Method::POST, &renewal, Some(&wish))
        .await
        .expect(201)
        .json();
    assert_eq!(renewed["id"], again["id"]);
    let _ = until_request(&dana, renewed["id"].as_str().unwrap(), "Fulfilled").await;

    let (page, form) = open(&dana, &format!("{claim}/delete"), "/delete").await;
    let form = form.with("_confirm", "twice");
    let first = request_id(&dana.submit(&page.url, &form, None).await);
    assert_eq!(
        request_id(&dana.submit(&page.url, &form, None).await),
        first,
        "a double click"
    );
    let _ = until_request(&dana, &first, "Fulfilled").await;
    until("the claim to leave", Duration::from_secs(20), async || {
        (status_of(&dana, &claim).await == 404).then_some(())
    })
    .await;
    assert_eq!(
        request_id(&dana.submit(&page.url, &form, None).await),
        first,
        "the same form sent later"
    );
    let wish = json!({ "confirm": "twice", "requestId": first });
    let told = dana
        .api(Method::POST, &format!("{api}/deletion"), Some(&wish))
        .await;
    assert_eq!(told.expect(201).json()["id"], Value::from(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_applies_only_to_the_claim_that_was_shown() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, BUCKET, "reborn", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let path = format!("{claim}/delete");
    let (page, old) = open(&dana, &path, "/delete").await;
    let old = old.with("_confirm", "reborn");

    let (shown, form) = open(&dana, &path, "/delete").await;
    let sent = dana
        .submit(&shown.url, &form.with("_confirm", "reborn"), None)
        .await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    until("the claim to leave", Duration::from_secs(20), async || {
        (status_of(&dana, &claim).await == 404).then_some(())
    })
    .await;
    let plane = claim.split('/').nth(2).unwrap();
    let id = request(&dana, BUCKET, "reborn", &[("_plane", plane)]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    until("the claim to be there", Duration::from_secs(20), async || {
        (status_of(&dana, &claim).await == 200).then_some(())
    })
    .await;

    let refused = dana.submit(&page.url, &old, None).await.expect(422);
    assert!(
        refused.page().body().contains("another stands under its name"),
        "{}",
        refused.page().body()
    );
    let api = format!("/api/v1{claim}/deletion");
    let wish = json!({ "confirm": "reborn", "uid": old.get("_uid") });
    let _ = dana.api(Method::POST, &api, Some(&wish)).await.expect(422);
    let _ = dana.get(&claim).await.expect(200);
    // After a reload, the form means the new claim.
    let form = refused.page().form("/delete").unwrap();
    let _ = request_id(&dana.submit(&refused.url, &form, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_client_can_make_changes_conditional_on_what_it_read() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "read-first", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let api = format!("/api/v1{claim}");
    let read = async || dana.api(Method::GET, &api, None).await.expect(200).json();
    let first = read().await;
    let change = async |ttl: &str, hash: &Value| {
        let wish = json!({ "object": { "spec": { "defaultTtl": ttl } }, "liveHash": hash });
        dana.api(Method::POST, &format!("{api}/change"), Some(&wish))
            .await
    };
    let sent = change("45m", &first["liveHash"]).await.expect(201).json();
    let _ = until_request(&dana, sent["id"].as_str().unwrap(), "Fulfilled").await;
    let second = until_right("the change", Duration::from_secs(20), read, |claim: &Value| {
        claim["yaml"].as_str().unwrap().contains("45m")
    })
    .await;

    let refused = change("50m", &first["liveHash"]).await.expect(422);
    assert!(refused.text.contains("changed since"), "{}", refused.text);
    assert_ne!(first["liveHash"], second["liveHash"]);
    let _ = change("50m", &second["liveHash"]).await.expect(201);
}
