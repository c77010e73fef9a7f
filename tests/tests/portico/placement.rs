//! Placement by labels of control planes.

use std::fs;
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::story::{BUCKET, CACHE, claim_path, request, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_require_control_plane_labels() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;

    // The form offers the labels that differ, without those of other tenants' planes.
    let form = format!("/catalog/{CACHE}/request");
    let page = dana.get(&form).await.expect(200).page();
    let offered = page.texts("select[name='_label:residency'] option");
    assert_eq!(offered, ["Any", "eu", "us"]);
    assert!(page.texts("select[name='_label:shared'] option").is_empty());
    assert_eq!(
        page.text("label[for='_label:residency']").as_deref(),
        Some("Residency")
    );

    // Choosing a label shows no error for an empty name; submitting does.
    let choosing = page.form("/request").unwrap().with("_label:residency", "us");
    let here = dana.get(&form).await.url;
    let looked = dana
        .submit(&here, &choosing, Some(("_do", "update")))
        .await
        .expect(200);
    assert!(!looked.page().body().contains("Give it a name"));
    let sent = dana
        .submit(&here, &choosing, Some(("_do", "submit")))
        .await
        .expect(422);
    assert!(sent.page().body().contains("Give it a name"));
    let id = request(&dana, CACHE, "over-there", &[("_label:residency", "us")]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    assert!(claim.starts_with("/claims/us-shared/"), "{claim}");

    // A link can carry the choice.
    let page = dana
        .get(&format!("{form}?_label:residency=us"))
        .await
        .expect(200)
        .page();
    let chosen = page.attributes("select[name='_label:residency'] option[selected]", "value");
    assert_eq!(chosen, ["us"]);

    // So can an API client; an impossible label is reported with the planes that lack it.
    let check = async |labels: serde_json::Value| {
        let path = format!("/api/v1/offerings/{BUCKET}/check");
        let wish = json!({ "name": "where", "controlPlaneLabels": labels });
        dana.api(Method::POST, &path, Some(&wish))
            .await
            .expect(200)
            .json()["placement"]
            .clone()
    };
    let there = check(json!({ "residency": "us" })).await;
    assert_eq!(there["chosen"], "us-shared", "{there}");
    let nowhere = check(json!({ "residency": "moon" })).await;
    assert!(nowhere["chosen"].is_null(), "{nowhere}");
    assert!(nowhere.to_string().contains("residency"), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_spread_and_preferred_as_documents_say_and_say_why_they_are_where_they_are() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let path = format!("/api/v1/offerings/{CACHE}/check");
    let check = async |more: serde_json::Value| {
        let mut wish = json!({ "name": "where" });
        wish.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = dana.api(Method::POST, &path, Some(&wish)).await.expect(200);
        answer.json()["placement"].clone()
    };
    // Both are about equally full, so the first by name takes it; what a preview showed stays.
    let fresh = check(json!({})).await;
    assert_eq!(fresh["chosen"], "eu-shared", "{fresh}");
    let shown = check(json!({ "shownControlPlane": "us-shared" })).await;
    assert_eq!(shown["chosen"], "us-shared", "{shown}");

    let set = async |rules: &str, chosen: serde_json::Value| {
        let file = demo.configuration("tenants.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("      placement:"))
            .collect();
        let text = lines.join("\n").replacen(
            "      namespace: payments-dev\n",
            &format!("      namespace: payments-dev\n      placement: {rules}\n"),
            1,
        );
        fs::write(&file, text).unwrap();
        until("the rules", Duration::from_secs(30), async || {
            let placement = check(json!({})).await;
            (placement["chosen"] == chosen).then_some(placement)
        })
        .await
    };
    let preferred = set(
        "{ prefer: [{ labels: { region: us-east }, weight: 15 }], spread: { over: region } }",
        json!("us-shared"),
    )
    .await;
    assert_eq!(
        preferred["candidates"][1]["notChosen"], "it lacks region=us-east, which is preferred here",
        "{preferred}"
    );
    // The preference outweighs one claim more there, and not two.
    let mut where_they_are = Vec::new();
    for name in ["first", "second", "third"] {
        let id = request(&dana, CACHE, name, &[("_plan", "small")]).await;
        let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
        where_they_are.push(claim.split('/').nth(2).unwrap().to_owned());
    }
    assert_eq!(where_they_are, ["us-shared", "us-shared", "eu-shared"]);
    let third = format!("/api/v1/claims/eu-shared/{CACHE}/payments-dev/third");
    let third = dana.api(Method::GET, &third, None).await.expect(200);
    assert!(
        third.text.contains(
            "portico.dev/placed: \\\"Europe, shared: none of the 2 Cache claims here is in region eu-central yet."
        ),
        "{}",
        third.text
    );
    let form = dana
        .get(&format!("/catalog/{CACHE}/request"))
        .await
        .expect(200)
        .page();
    assert_eq!(form.field("_placed").as_deref(), Some("us-shared"));
    assert!(form.body().contains("Why not another?"));

    // Required, it waits for the one with the fewest.
    set("{ spread: { over: region, required: true } }", json!("eu-shared")).await;
    let nowhere = check(json!({ "controlPlane": "us-shared" })).await;
    assert!(nowhere["chosen"].is_null(), "{nowhere}");
    let refused = nowhere["candidates"].as_array().unwrap();
    let of_us = refused.iter().find(|one| one["plane"] == "us-shared").unwrap();
    assert_eq!(
        of_us["ruledOut"],
        json!([
            "2 of the 3 Cache claims here are already in region us-east, and they must be spread over region"
        ]),
        "{nowhere}"
    );
}
