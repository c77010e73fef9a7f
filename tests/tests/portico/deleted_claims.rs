//! The page of a claim that was deleted says so, and who deleted it.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Answer;
use portico_tests::story::{BUCKET, POSTGRESQL, claim_path, request, request_id, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;

fn is_gone(answer: &Answer) -> bool {
    let verdict = answer.page().text(".verdict");
    answer.status == 404 || verdict.is_some_and(|verdict| verdict.starts_with("Gone"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_deleted_claim_says_who_deleted_it_and_when() {
    let demo = Demo::start().await;
    let (dana, vic, devon) = (
        demo.sign_in("dana").await,
        demo.sign_in("vic").await,
        demo.sign_in("devon").await,
    );
    dana.work_in("payments/dev").await;
    let id = request(&dana, POSTGRESQL, "short-lived", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &claim, "Ready").await;
    let page = dana.get(&format!("{claim}/delete")).await.expect(200);
    let form = page
        .page()
        .form("/delete")
        .unwrap()
        .with("_confirm", "short-lived");
    let delete = request_id(&dana.submit(&page.url, &form, None).await);

    // While it is being deleted, no later steps are shown.
    until("the claim to leave", Duration::from_secs(30), async || {
        let answer = vic.get(&claim).await;
        if is_gone(&answer) {
            return Some(());
        }
        let page = answer.expect(200).page();
        let deleting = page.text(".verdict").is_some_and(|it| it.starts_with("Deleting"));
        let tree = page.text(".tree").unwrap_or_default();
        assert!(
            !deleting || !tree.contains("there yet"),
            "what is gone is not to come: {tree}"
        );
        None
    })
    .await;
    let _ = until_request(&vic, &delete, "Fulfilled").await;
    let gone = vic.get(&claim).await;
    let main = gone.page().text("main").unwrap();
    assert!(
        main.contains("Deleted just now by Dana Okafor") || main.contains("s ago by Dana Okafor"),
        "{main}"
    );
    let links = gone.page().attributes("main a", "href");
    assert!(links.contains(&format!("/requests/{delete}")), "{links:?}");
    // An open page can refresh into this one: it has the region that updates.
    assert_eq!(gone.page().texts("main [data-live=claim]").len(), 1);
    // Another tenant learns nothing.
    let other = devon.get(&claim).await.expect(404).page().body();
    assert!(!other.contains("Dana"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_outside_the_portal_is_attributed_to_nobody() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, BUCKET, "pulled-away", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let on = claim.split('/').nth(2).unwrap();
    let mut planes = demo.ready.control_planes.iter();
    let plane = planes.find(|plane| plane.name == on).unwrap();
    let plane = portico_tests::raw_client::RawClient::of(&plane.kubeconfig);
    let object = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets/pulled-away";
    assert!(plane.ask(Method::DELETE, object, None).await.is_success());
    let gone = until("the claim to leave", Duration::from_secs(30), async || {
        let answer = dana.get(&claim).await;
        is_gone(&answer).then_some(answer)
    })
    .await;
    let main = gone.page().text("main").unwrap();
    assert!(main.contains("by other hands"), "{main}");
    assert!(
        !main.contains("just now by Dana Okafor") && !main.contains("ago by Dana Okafor"),
        "{main}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_control_plane_refuses_is_said_before_anybody_is_asked() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let protected = [("/spec/deletionProtection", "true")];
    let id = request(&dana, POSTGRESQL, "precious", &protected).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &claim, "Ready").await;

    // A Usage protects it, and its webhook answers a dry run too.
    let delete = format!("{claim}/delete");
    let page = dana.get(&delete).await.expect(200);
    let said = page.page().text(".notice.warning").expect("the refusal");
    assert!(
        said.contains("does not accept it") && said.contains("deletion protection is on"),
        "{said}"
    );
    let form = page.page().form("/delete").unwrap().with("_confirm", "precious");
    let sent = dana.submit(&page.url, &form, None).await.expect(422);
    assert!(
        sent.page()
            .text("main")
            .unwrap()
            .contains("deletion protection is on")
    );
    let by_api = dana
        .api(
            Method::POST,
            &format!("/api/v1{claim}/deletion"),
            Some(&serde_json::json!({ "confirm": "precious" })),
        )
        .await
        .expect(422);
    assert!(by_api.text.contains("dry-run"), "{}", by_api.text);

    // Without the protection it can be deleted, and asking deleted nothing.
    let page = dana.get(&format!("{claim}/change")).await.expect(200);
    let form = page.page().form("/change").unwrap();
    let form = form
        .without("/spec/deletionProtection")
        .with("/spec/deletionProtection", "false");
    let sent = dana.submit(&page.url, &form, Some(("_do", "submit"))).await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    until("the protection to go", Duration::from_secs(30), async || {
        let page = dana.get(&delete).await.expect(200).page();
        page.text(".notice.warning").is_none().then_some(())
    })
    .await;
    let _ = until_claim(&dana, &claim, "Ready").await;
}
