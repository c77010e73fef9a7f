//! Where a claim shall run, by the labels of control planes.

use portico_tests::demo::Demo;
use portico_tests::story::{BUCKET, CACHE, claim_path, request, until_request};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn one_may_ask_for_labels_of_the_control_plane() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;

    // The form offers what control planes differ by, and nothing of those that are not for this tenant.
    let form = format!("/catalog/{CACHE}/request");
    let page = dana.get(&form).await.expect(200).page();
    let offered = page.texts("select[name='_label:residency'] option");
    assert_eq!(offered, ["Any", "eu", "us"]);
    assert!(page.texts("select[name='_label:shared'] option").is_empty());
    assert_eq!(
        page.text("label[for='_label:residency']").as_deref(),
        Some("Residency")
    );

    // Choosing it is no reason to be told of a name that one has not come to yet; sending is.
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

    // A link may carry the choice.
    let page = dana
        .get(&format!("{form}?_label:residency=us"))
        .await
        .expect(200)
        .page();
    let chosen = page.attributes("select[name='_label:residency'] option[selected]", "value");
    assert_eq!(chosen, ["us"]);

    // So does a program, and what nobody has is said, with who lacks it.
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
