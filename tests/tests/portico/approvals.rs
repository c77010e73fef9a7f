//! The approval queue shows what an approver needs to decide.

use portico_tests::demo::Demo;
use portico_tests::person::Answer;
use portico_tests::story::{
    POSTGRESQL, claim_path, decide, request, request_id, submit_form, until_claim, until_request,
};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_the_plan_difference_the_reason_and_the_deadline_first() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let wish = [("_plan", "small"), ("/spec/storage/size", "35Gi")];
    let larger = request(&dana, POSTGRESQL, "larger", &wish).await;
    let _ = until_request(&dana, &larger, "Awaiting approval").await;

    let queue = ada.get("/approvals").await.expect(200).page();
    let line = queue.text(&format!("#a-{larger}")).unwrap();
    for fact in ["Dana Okafor", "larger", "small", "production", "EUR a month"] {
        assert!(line.contains(fact), "{line}");
    }
    let open = format!("#approval-{larger}");
    let said = queue.text(&open).unwrap();
    assert!(
        said.contains("expires in") && said.contains("Quota with this one"),
        "{said}"
    );
    let differs = queue.text(&format!("{open} .diff")).unwrap();
    assert!(
        differs.contains("- size: 20Gi") && differs.contains("+ size: 35Gi"),
        "{differs}"
    );
    assert!(!differs.contains("apiVersion"), "only what differs: {differs}");
    let titles = queue.texts(&format!("{open} h3"));
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
        .text(&format!("#approval-{id} .well"))
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
        queue.texts(&format!("#approval-{id} .meter")).join("; ")
    };
    let alone = meters(&one).await;
    assert!(alone.contains("(+1)") && !alone.contains("waiting"), "{alone}");
    let _ = request(&dana, POSTGRESQL, "two", &[("_plan", "small")]).await;
    let both = meters(&one).await;
    assert!(both.contains("With the other one waiting: "), "{both}");
    for line in alone.split("; ") {
        assert!(
            both.contains(line),
            "the line for this request alone is unchanged: {line} in {both}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_opens_one_request_and_after_a_decision_the_next() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        ids.push(request(&dana, POSTGRESQL, name, &[("_plan", "small")]).await);
    }
    let opened = |answer: &Answer| {
        let page = answer.page();
        page.text("#opened").unwrap_or_else(|| page.body())
    };
    let first = ada.get("/approvals").await.expect(200);
    assert!(opened(&first).starts_with("PostgreSQL one"), "{}", opened(&first));
    let second = ada
        .get(&format!("/approvals?request={}", ids[1]))
        .await
        .expect(200);
    assert!(
        opened(&second).starts_with("PostgreSQL two"),
        "{}",
        opened(&second)
    );
    let form = second.page().form("/decide").unwrap();

    // A rejection without a reason is refused, and nothing is decided.
    let refused = ada
        .submit(&second.url, &form, Some(("_decision", "reject")))
        .await
        .expect(422);
    let said = refused.page().body();
    assert!(said.contains("Say why you reject it"), "{said}");
    let decision = format!("/api/v1/requests/{}/decision", ids[1]);
    let body = serde_json::json!({ "approve": false, "revision": 1 });
    let refused = ada.api(reqwest::Method::POST, &decision, Some(&body)).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["type"], "urn:portico:problem:reason-required");
    assert_eq!(refused.json()["errors"][0]["field"], "comment");

    let after = ada
        .submit(
            &second.url,
            &form.with("_comment", "No room"),
            Some(("_decision", "reject")),
        )
        .await
        .expect(200);
    assert!(
        opened(&after).starts_with("PostgreSQL three"),
        "{}",
        opened(&after)
    );

    // What was withdrawn meanwhile says so and stays.
    let own = dana.get(&format!("/requests/{}", ids[2])).await.expect(200);
    let withdraw = own.page().form("/withdraw").unwrap();
    let _ = dana.submit(&own.url, &withdraw, None).await.expect(200);
    for by in ["request", "opened"] {
        let gone = ada
            .get(&format!("/approvals?{by}={}", ids[2]))
            .await
            .expect(200)
            .page();
        assert!(gone.form("/decide").is_none());
        let said = gone.text(".decide-closed").unwrap();
        assert!(said.starts_with("Dana Okafor took it back"), "{said}");
        assert!(said.ends_with("Open the next one"), "{said}");
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
    let line = queue.text(&format!("#a-{id}")).unwrap();
    assert!(line.contains("28 EUR a month"), "{line}");
    let price = queue.text(&format!("#approval-{id} .price")).unwrap();
    assert_eq!(price, "Price: 28 EUR a month");
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
    let as_json = dana
        .api(Method::GET, &format!("/api/v1/requests/{id}"), None)
        .await;
    let as_json = as_json.expect(200).json();
    assert_eq!(as_json["cost"], "28 EUR a month");
    assert_eq!(
        as_json["price"],
        json!({ "amount": 28.0, "currency": "EUR", "period": "month" })
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

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_taken_back_by_the_api_once_and_by_who_made_it() {
    let demo = Demo::start_with(&["--undo-seconds", "120"]).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let id = request(&dana, POSTGRESQL, "second-thoughts", &[("_plan", "small")]).await;
    let path = format!("/api/v1/requests/{id}");
    let decision = format!("{path}/decision");
    let read = async || ada.api(Method::GET, &path, None).await.expect(200).json();
    let approve = async || {
        let body = json!({ "approve": true, "revision": read().await["revision"] });
        ada.api(Method::POST, &decision, Some(&body))
            .await
            .expect(200)
            .json()
    };
    assert_eq!(read().await["undoUntil"], json!(null));
    let until = approve().await["undoUntil"].clone();
    assert!(until.is_string(), "{until}");
    assert_eq!(read().await["undoUntil"], until);
    let seen_by_dana = dana.api(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(seen_by_dana["undoUntil"], json!(null), "it is not her decision");
    let _ = dana.api(Method::DELETE, &decision, None).await.expect(409);
    let _ = ada.api(Method::DELETE, &decision, None).await.expect(204);
    assert_eq!(read().await["row"]["state"], json!("awaitingApproval"));
    let refused = ada.api(Method::DELETE, &decision, None).await.expect(409);
    assert!(refused.text.contains("too late to undo"), "{}", refused.text);
}
