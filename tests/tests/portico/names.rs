//! Names are unique within a tenant's environment and an offering, across control planes.

use portico_tests::demo::Demo;
use portico_tests::story::{BUCKET, CACHE, claim_path, request, request_id, submit_form, until_request};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_on_another_plane_is_refused_beside_the_name() {
    let demo = Demo::start().await;
    let (dana, tess) = (demo.sign_in("dana").await, demo.sign_in("tess").await);
    dana.work_in("payments/dev").await;
    tess.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "basket", &[("_plane", "eu-shared")]).await;
    // Both for a pending request and for an existing claim.
    for _ in 0..2 {
        let refused = submit_form(&tess, CACHE, "basket", &[("_plane", "us-shared")])
            .await
            .expect(422);
        let said = refused.page().text("#name-problems").unwrap();
        assert!(
            said.contains("Dana Okafor requested the") && said.contains("basket in payments/dev"),
            "{said}"
        );
        assert!(said.contains("Choose another name"), "{said}");
        let own = submit_form(&dana, CACHE, "basket", &[("_plane", "us-shared")])
            .await
            .expect(422);
        let said = own.page().text("#name-problems").unwrap();
        assert!(said.starts_with("You requested"), "{said}");
        let _ = until_request(&dana, &id, "Fulfilled").await;
    }
    // Objects created by hand count too; other offerings and environments do not.
    let refused = submit_form(
        &dana,
        portico_tests::story::POSTGRESQL,
        "orders",
        &[("_plane", "us-shared")],
    )
    .await
    .expect(422);
    let said = refused.page().text("#name-problems").unwrap();
    assert!(
        said.contains("There is a PostgreSQL named orders in payments/dev"),
        "{said}"
    );
    let _ = request(&dana, BUCKET, "basket", &[]).await;
    dana.work_in("payments/production").await;
    let other = submit_form(&dana, CACHE, "basket", &[("_plane", "us-shared")]).await;
    let _ = request_id(&other);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_tab_shows_who_has_the_name() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let path = format!("/catalog/{}/request", portico_tests::story::POSTGRESQL);
    let page = dana.get(&path).await.expect(200);
    let form = page.page().form("/request").unwrap().with("_name", "twotabs");
    let other = uuid::Uuid::now_v7().to_string();
    let second = form.clone().with("_request", &other);
    let _ = request_id(&dana.submit(&page.url, &form, Some(("_do", "submit"))).await);
    let refused = dana
        .submit(&page.url, &second, Some(("_do", "submit")))
        .await
        .expect(422);
    let said = refused.page().text("#name-problems").unwrap();
    assert!(
        said.contains("You requested") && said.contains("just now"),
        "{said}"
    );
    let body = refused.page().body();
    assert!(!body.contains("The form has changed"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_for_one_name_on_several_planes_create_one_claim() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let ask = async |number: usize| {
        let plane = ["eu-shared", "us-shared"][number % 2];
        let wish = json!({ "offering": BUCKET, "name": "contested", "controlPlane": plane });
        dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await
    };
    let asked = futures::future::join_all((0..10).map(ask)).await;
    let made: Vec<_> = asked.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{asked:#?}");
    let id = made[0].json()["id"].as_str().unwrap().to_owned();
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let again = ask(usize::from(claim.contains("eu-shared"))).await;
    assert_eq!(again.status, 422, "{}", again.text);
    assert!(again.text.contains("Choose another name"), "{}", again.text);
}
