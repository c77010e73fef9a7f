//! The home page shows recent changes, including claims whose health changed without a request.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::story::{CACHE, POSTGRESQL, QUEUE, until_claim};
use portico_tests::until::until;

#[tokio::test(flavor = "multi_thread")]
async fn recent_changes_list_claims_that_became_ready_or_failed() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let at = |offering: &str, name: &str| format!("/claims/eu-shared/{offering}/payments-dev/{name}");
    let _ = until_claim(&dana, &at(POSTGRESQL, "orders"), "Ready").await;
    let _ = until_claim(&dana, &at(QUEUE, "refunds"), "Degraded").await;
    let said = until("home to show both changes", Duration::from_secs(10), async || {
        let home = dana.get("/").await.expect(200).page();
        let said = home.texts("section[aria-labelledby=today] li");
        (said.len() > 1).then_some(said)
    })
    .await;
    let has = |words: &str| {
        said.iter()
            .any(|line| line.contains(words) && line.contains("payments / dev"))
    };
    assert!(has("orders became ready"), "{said:#?}");
    assert!(has("refunds broke"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_claims_come_first_among_those_that_need_attention() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let sessions = format!("/claims/eu-shared/{CACHE}/payments-production/sessions");
    let page = until_claim(&dana, &sessions, "Ready").await.page();
    // Failing claims are listed too.
    let refunds = format!("/claims/eu-shared/{QUEUE}/payments-dev/refunds");
    let _ = until_claim(&dana, &refunds, "Degraded").await;
    assert_eq!(page.attributes(".verdict.warning", "role"), ["status"]);

    let list = dana.get("/claims").await.expect(200).page();
    let first = list.text("tbody tr").unwrap();
    assert!(
        first.contains("sessions") && first.contains("Ran out") && first.contains("Renew it or delete it"),
        "{first}"
    );
    let home = dana.get("/").await.expect(200).page();
    let unwell = home.texts("section[aria-labelledby=unwell] tbody tr");
    assert!(
        unwell[0].contains("sessions") && unwell[0].contains("Ran out"),
        "{unwell:#?}"
    );
    assert!(unwell.iter().any(|row| row.contains("refunds")), "{unwell:#?}");
}
