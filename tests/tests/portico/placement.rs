//! Placement by labels of control planes.

use portico_tests::demo::Demo;
use portico_tests::story::{BUCKET, CACHE, claim_path, request, until_request};
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
