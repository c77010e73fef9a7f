//! Cordoning a control plane, emptying it, and uncordoning it.

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::Person;
use portico_tests::story::{BUCKET, POSTGRESQL, claim_path, request, until_request};
use reqwest::Method;
use serde_json::{Value, json};

on_all_planes!(
    a_cordoned_plane_gets_no_new_claims_and_keeps_existing_ones,
    claims_on_a_cordoned_plane_are_listed_with_owners_and_can_be_changed,
);

/// Where a new bucket would be placed, and why other control planes are ruled out.
async fn placement(person: &Person) -> Value {
    let path = format!("/api/v1/offerings/{BUCKET}/check");
    let answer = person
        .api(Method::POST, &path, Some(&json!({ "name": "where" })))
        .await;
    answer.expect(200).json()["placement"].clone()
}

async fn a_cordoned_plane_gets_no_new_claims_and_keeps_existing_ones(planes: Planes) {
    let mut demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let pat = demo.sign_in("pat").await;
    let chosen = placement(&dana).await["chosen"].as_str().unwrap().to_owned();
    let path = format!("/admin/control-planes/{chosen}");
    let page = pat.get(&path).await.expect(200);
    assert!(
        page.page().text("#remaining").is_none(),
        "no list of remaining claims before the cordon"
    );
    let form = page.page().form("/cordon").expect("a button to cordon it");
    let page = pat
        .submit(
            &page.url,
            &form.with("_reason", "It is rebuilt\r\non <Friday>."),
            None,
        )
        .await
        .expect(200)
        .page();
    let text = page.text("main").unwrap();
    assert!(
        text.contains("Cordoned by") && text.contains("Claims still here"),
        "{text}"
    );
    let list = pat.get("/admin/control-planes").await.expect(200).page();
    assert!(list.text(&format!("#p-{chosen}")).unwrap().contains("Cordoned"));

    // Placement shows the cordon, and a request goes elsewhere.
    let elsewhere = placement(&dana).await;
    assert_ne!(elsewhere["chosen"].as_str(), Some(chosen.as_str()));
    let why = elsewhere.to_string();
    assert!(
        why.contains("cordoned: it takes no new claims (It is rebuilt on <Friday>.)"),
        "{why}"
    );
    let id = request(&dana, BUCKET, "elsewhere", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    assert!(!claim.contains(&chosen), "{claim}");
    let asked = json!({ "offering": BUCKET, "name": "stubborn", "controlPlane": chosen });
    let refused = dana
        .api(Method::POST, "/api/v1/requests", Some(&asked))
        .await
        .expect(422);
    assert!(
        refused.text.contains("No control plane can serve"),
        "{}",
        refused.text
    );

    // The cordon persists and is recorded once.
    demo.stop();
    demo.restart().await;
    let again = pat.post(&format!("{path}/cordon"), &[]).await.expect(409).page();
    assert!(again.text("main").unwrap().contains("cordoned already"));
    let page = pat.get(&path).await.expect(200);
    let open = page.page().form("/uncordon").expect("a button to uncordon it");
    let _ = pat.submit(&page.url, &open, None).await.expect(200);
    let _ = pat.post(&open.action, &[]).await.expect(409);
    assert!(!placement(&dana).await.to_string().contains("cordoned"));
    let record = pat
        .get("/admin/record?verb=plane.")
        .await
        .expect(200)
        .page()
        .text("main")
        .unwrap();
    for said in [format!("uncordoned {chosen}"), format!("cordoned {chosen}")] {
        assert!(record.contains(&said), "{record}");
    }
}

async fn claims_on_a_cordoned_plane_are_listed_with_owners_and_can_be_changed(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let pat = demo.sign_in("pat").await;
    let plane = "/api/v1/control-planes/eu-shared";
    let cordon = format!("{plane}/cordon");
    let _ = pat.api(Method::POST, &cordon, Some(&json!({}))).await.expect(204);
    let detail = pat.api(Method::GET, plane, None).await.expect(200).json();
    let left = detail["remaining"].as_array().unwrap();
    let orders = left
        .iter()
        .find(|row| row["reference"]["name"] == "orders")
        .expect("an existing claim");
    assert_eq!(
        (&orders["tenant"], &orders["environment"]),
        (&json!("payments"), &json!("dev"))
    );
    let dana = demo.sign_in("dana").await;
    let path = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders/change");
    let form = dana.get(&path).await.expect(200).page();
    assert!(!form.text("main").unwrap().contains("cordoned"));
    let _ = pat.api(Method::DELETE, &cordon, None).await.expect(204);
    let _ = pat.api(Method::DELETE, &cordon, None).await.expect(409);
}
