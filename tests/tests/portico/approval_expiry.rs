//! Pending approvals: they expire, can be withdrawn, and nobody approves their own request.

use std::time::Duration;

use portico_domain::names::RequestId;
use portico_domain::tenancy::Scope;
use portico_store::{Settings, Store};
use portico_tests::demo::{Demo, Planes};
use portico_tests::person::Answer;
use portico_tests::story::{BUCKET, QUEUE, claim_path, decide, request, until_claim, until_request};
use portico_tests::until::until;

on_all_planes!(
    an_undecided_request_expires_and_can_be_submitted_again,
    requesters_can_withdraw_but_not_approve_their_own_request,
);

async fn an_undecided_request_expires_and_can_be_submitted_again(planes: Planes) {
    let mut demo = Demo::start_on(planes).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "forgotten", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let open = ada.get(&format!("/requests/{id}")).await.expect(200);
    let late = open.page().form("/decide").expect("the form to decide");

    // The policy counts in hours, so move the request three days back in the database.
    demo.stop();
    let url = format!("sqlite:{}", demo.data().join("portico.db").display());
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    let key: RequestId = id.parse().unwrap();
    let mut stored = store.request(&Scope::for_tests(), key).await.unwrap().unwrap();
    stored.approval.as_mut().unwrap().expires_at = stored.created_at;
    store.update_for_tests(&stored, &[]).await.unwrap();
    store.close().await;
    demo.restart().await;

    let expired = until_request(&dana, &id, "Expired").await;
    let told = expired.page().text(".state-line").unwrap();
    assert!(told.contains("Request it again if you still need it"), "{told}");
    assert!(
        expired.page().body().contains("Expired: nobody decided in time"),
        "{}",
        expired.page().body()
    );
    let queue = ada.get("/approvals").await.expect(200);
    assert!(
        !queue.page().body().contains("forgotten"),
        "nobody has to decide on it"
    );
    let decided = ada.submit(&open.url, &late, Some(("_decision", "approve"))).await;
    assert_eq!(decided.status, 409, "{}", decided.page().body());
    assert!(
        decided.page().body().contains("expired"),
        "{}",
        decided.page().body()
    );

    // Submitted again under the same name and approved, it is created.
    let again = request(&dana, QUEUE, "forgotten", &[]).await;
    let _ = until_request(&dana, &again, "Awaiting approval").await;
    let _ = decide(&ada, &again, "approve", "").await.expect(200);
    let fulfilled = until_request(&dana, &again, "Fulfilled").await;
    let _ = until_claim(&dana, &claim_path(&fulfilled), "Ready").await;
}

async fn requesters_can_withdraw_but_not_approve_their_own_request(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let id = request(&dana, BUCKET, "second-thoughts", &[]).await;
    let waiting = until_request(&dana, &id, "Awaiting approval").await;
    let seen_by_ada = ada.get(&format!("/requests/{id}")).await.expect(200);
    let decision = seen_by_ada.page().form("/decide").unwrap();
    assert!(
        seen_by_ada.page().form("/withdraw").is_none(),
        "an approver did not request it"
    );
    let withdrawn = dana
        .submit(&waiting.url, &waiting.page().form("/withdraw").unwrap(), None)
        .await
        .expect(200);
    assert!(
        state(&withdrawn).starts_with("Withdrawn"),
        "{}",
        state(&withdrawn)
    );
    let late = ada
        .submit(&seen_by_ada.url, &decision, Some(("_decision", "approve")))
        .await;
    assert_eq!(late.status, 409, "{}", late.page().body());
    let twice = dana
        .submit(&waiting.url, &waiting.page().form("/withdraw").unwrap(), None)
        .await;
    assert_eq!(twice.status, 409, "{}", twice.page().body());

    // Ada may approve requests of others, but not this one.
    ada.work_in("payments/production").await;
    let own = request(&ada, BUCKET, "for-myself", &[]).await;
    let page = until_request(&ada, &own, "Awaiting approval").await;
    assert!(page.page().form("/decide").is_none());
    assert!(
        page.page()
            .body()
            .contains("Nobody approves a request of their own"),
        "{}",
        page.page().body()
    );
    let others = request(&dana, BUCKET, "for-the-team", &[]).await;
    let _ = until_request(&dana, &others, "Awaiting approval").await;
    let form = ada
        .get(&format!("/requests/{others}"))
        .await
        .page()
        .form("/decide")
        .unwrap();
    let mut forged = form.clone();
    forged.action = format!("/requests/{own}/decide");
    let refused = ada
        .submit(&page.url, &forged, Some(("_decision", "approve")))
        .await;
    assert_eq!(refused.status, 403, "{}", refused.page().body());
    let still = ada.get(&format!("/requests/{own}")).await.expect(200);
    assert!(
        state(&still).starts_with("Awaiting approval"),
        "{}",
        state(&still)
    );
}

fn state(answer: &Answer) -> String {
    answer.page().text(".state-line").unwrap_or_default()
}

const RULE: &str = "apiVersion: portico.dev/v1alpha1
kind: ApprovalPolicy
metadata: { name: guests }
spec:
  rules:
    - name: buckets
      when: tenant.name == 'payments' && offering.category == 'storage'
      then:
        require:
          approvers: { groups: [research-admins] }
      reason: Research looks after everybody's files.
";

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_outside_the_tenant_sees_the_outcome_of_their_approval() {
    let demo = Demo::start().await;
    let folder = demo.configuration("tenants.yaml");
    std::fs::write(folder.with_file_name("guests.yaml"), RULE).unwrap();
    let (dana, ruth, devon) = (
        demo.sign_in("dana").await,
        demo.sign_in("ruth").await,
        demo.sign_in("devon").await,
    );
    dana.work_in("payments/dev").await;
    let id = until(
        "the changed policy to be loaded",
        Duration::from_secs(20),
        async || {
            let name = uuid::Uuid::new_v4().simple().to_string();
            let id = request(&dana, BUCKET, &format!("shared-{}", &name[..8]), &[]).await;
            let page = dana.get(&format!("/requests/{id}")).await.expect(200);
            state(&page).starts_with("Awaiting approval").then_some(id)
        },
    )
    .await;
    let path = format!("/requests/{id}");
    let _ = decide(&ruth, &id, "approve", "Fine with us.").await.expect(200);
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let page = until_request(&ruth, &id, "Fulfilled").await;
    assert!(page.page().body().contains("Fine with us."));
    assert!(page.page().form("/withdraw").is_none());
    // Approvers who were not asked still find nothing, and the claim stays hidden from them.
    let _ = devon.get(&path).await.expect(404);
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = ruth.get(&claim).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_pending_request_comes_first() {
    const AFTER: u16 = 520;
    let mut demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, BUCKET, "first-come", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;

    demo.stop();
    let url = format!("sqlite:{}", demo.data().join("portico.db").display());
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    let key: RequestId = id.parse().unwrap();
    let first = store.request(&Scope::for_tests(), key).await.unwrap().unwrap();
    for number in 0..AFTER {
        let mut another = first.clone();
        another.id = RequestId(uuid::Uuid::now_v7());
        another.claim.name = format!("later-{number}").parse().unwrap();
        another.created_at = jiff::Timestamp::now();
        store.insert_for_tests(&another, &[]).await.unwrap();
    }
    store.close().await;
    demo.restart().await;

    let ada = demo.sign_in("ada").await;
    let queue = ada.get("/approvals").await.expect(200).page();
    assert!(queue.body().contains("first-come"), "{}", queue.body());
    let listed = ada
        .api(reqwest::Method::GET, "/api/v1/approvals?page=1", None)
        .await
        .expect(200)
        .json();
    assert_eq!(listed["rows"]["items"][0]["row"]["id"], id);
    assert_eq!(listed["rows"]["total"], AFTER + 1);
    let home = ada
        .api(reqwest::Method::GET, "/api/v1/home", None)
        .await
        .expect(200)
        .json();
    assert_eq!(home["waitingOnMe"][0]["row"]["id"], id);
}
