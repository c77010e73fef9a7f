//! The approval queue shows what an approver needs to decide.

use portico_tests::demo::Demo;
use portico_tests::story::{
    POSTGRESQL, claim_path, decide, request, request_id, submit_form, until_claim, until_request,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_the_plan_difference_the_reason_and_the_deadline_first() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let wish = [("_plan", "small"), ("/spec/storage/size", "35Gi")];
    let larger = request(&dana, POSTGRESQL, "larger", &wish).await;
    let _ = until_request(&dana, &larger, "Awaiting approval").await;

    let queue = ada.get("/approvals").await.expect(200).page();
    let line = queue.text(&format!("#a-{larger} summary")).unwrap();
    assert!(line.contains("Dana Okafor") && line.contains("larger"), "{line}");
    assert!(line.contains("expires in"), "{line}");
    assert!(line.contains("production"), "{line}");
    assert!(line.contains("Quota after this:"), "{line}");
    let differs = queue.text(&format!("#a-{larger} .diff")).unwrap();
    assert!(
        differs.contains("- size: 20Gi") && differs.contains("+ size: 35Gi"),
        "{differs}"
    );
    assert!(!differs.contains("apiVersion"), "only what differs: {differs}");
    let titles = queue.texts(&format!("#a-{larger} h2"));
    assert_eq!(titles[0], "What differs from the plan Small");
    let whole = queue.text(&format!("#manifest-{larger}")).unwrap();
    assert!(whole.contains("apiVersion") && whole.contains("35Gi"), "{whole}");

    let page = ada.get(&format!("/requests/{larger}")).await.expect(200).page();
    assert!(
        page.body().contains("If nobody decides before."),
        "{}",
        page.body()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_changes_to_its_plan_says_so() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let id = request(&dana, POSTGRESQL, "plain", &[("_plan", "small")]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let queue = ada.get("/approvals").await.expect(200).page();
    let said = queue
        .text(&format!("#a-{id} .well"))
        .unwrap_or_else(|| queue.body());
    assert_eq!(said, "Nothing: it is the plan Small as it stands.");
}

#[tokio::test(flavor = "multi_thread")]
async fn quota_is_shown_for_this_request_and_with_all_pending_ones() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let one = request(&dana, POSTGRESQL, "one", &[("_plan", "small")]).await;
    let meters = async |id: &str| {
        let queue = ada.get("/approvals").await.expect(200).page();
        queue.texts(&format!("#a-{id} .meter")).join("; ")
    };
    let alone = meters(&one).await;
    assert!(alone.contains("(+1)") && !alone.contains("waiting"), "{alone}");
    let _ = request(&dana, POSTGRESQL, "two", &[("_plan", "small")]).await;
    let both = meters(&one).await;
    assert!(both.contains("; with the other one waiting"), "{both}");
    for line in alone.split("; ") {
        assert!(
            both.contains(line),
            "the line for this request alone is unchanged: {line} in {both}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_is_shown_wherever_somebody_decides() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let form = format!("/catalog/{POSTGRESQL}/request?_plan=medium");
    let summary = dana.get(&form).await.expect(200).page().text(".summary").unwrap();
    assert!(summary.contains("190 EUR a month"), "{summary}");
    let id = request(&dana, POSTGRESQL, "dear", &[("_plan", "small")]).await;
    let queue = ada.get("/approvals").await.expect(200).page();
    let line = queue.text(&format!("#a-{id} summary")).unwrap();
    assert!(line.contains("28 EUR a month"), "{line}");
    assert!(queue.text(&format!("#a-{id}")).unwrap().contains("Price"));
    let page = ada.get(&format!("/requests/{id}")).await.expect(200).page();
    assert!(page.body().contains("28 EUR a month"));
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let claim = claim_path(&until_request(&dana, &id, "Applied").await);
    let page = until_claim(&dana, &claim, "Ready").await.page();
    assert!(page.body().contains("28 EUR a month"));
    let change = dana.get(&format!("{claim}/change")).await.expect(200);
    let form = change.page().form("/change").unwrap().with("_plan", "medium");
    let checked = dana
        .submit(&change.url, &form, Some(("_do", "update")))
        .await
        .expect(200);
    let summary = checked.page().text(".summary").unwrap();
    assert!(
        summary.contains("190 EUR a month, 162 EUR more than now"),
        "{summary}"
    );
    let delete = dana.get(&format!("{claim}/delete")).await.expect(200).page();
    assert!(delete.text("main").unwrap().contains("28 EUR a month"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_approval_submitting_leads_to_the_claim_which_becomes_ready() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let landed = submit_form(&dana, POSTGRESQL, "landed", &[]).await.expect(200);
    let path = landed.url.path().to_owned();
    assert!(
        path.starts_with("/claims/") && path.ends_with("/landed"),
        "{path}"
    );
    let verdict = landed.page().text(".verdict").unwrap();
    assert!(verdict.starts_with("Pending"), "{verdict}");
    let _ = until_claim(&dana, &path, "Ready").await;
    // The request stays reachable and shows the decision.
    let page = dana
        .get(&format!("/requests/{}", request_id(&landed)))
        .await
        .expect(200)
        .page();
    assert!(page.text(".state-line").unwrap().starts_with("Applied"));
    // Others see no more of pending requests than of claims.
    let devon = demo.sign_in("devon").await;
    assert_eq!(devon.get(&path).await.status, 404);
}
