//! Quota: pending requests count, and only growth is refused.

use portico_tests::demo::Demo;
use portico_tests::person::{Answer, Person};
use portico_tests::story::{POSTGRESQL, claim_path, decide, request, request_id, submit_form, until_request};

/// MySQL: any plan can be changed to any other.
const MYSQL: &str = "mysqlinstances.databases.demo.portico.dev";

async fn database(person: &Person, name: &str) -> String {
    let id = request(person, MYSQL, name, &[]).await;
    claim_path(&until_request(person, &id, "Fulfilled").await)
}

async fn change_plan(person: &Person, claim: &str, plan: &str) -> Answer {
    let page = person.get(&format!("{claim}/change")).await.expect(200);
    let form = page.page().form("/change").expect("a form").with("_plan", plan);
    person.submit(&page.url, &form, Some(("_do", "submit"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_changes_count_towards_quota_and_are_shown_to_the_approver() {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/dev").await;
    let (one, other) = (database(&dana, "one").await, database(&dana, "other").await);

    // Each fits alone, but not both.
    let first = request_id(&change_plan(&dana, &one, "large").await);
    let _ = until_request(&dana, &first, "Awaiting approval").await;
    let refused = change_plan(&dana, &other, "large").await;
    assert_eq!(refused.status, 422, "{}", refused.url);
    let said = refused.page().text("#problems").unwrap();
    assert!(said.contains("quota of Memory GiB"), "{said}");

    let seen = ada.get(&format!("/requests/{first}")).await.expect(200);
    let meters = seen.page().texts(".meter").join("; ");
    assert!(meters.contains("CPU") && meters.contains("(+23)"), "{meters}");
    assert!(
        !meters.contains("Claims"),
        "the number of claims is unchanged: {meters}"
    );
    let queue = ada.get("/approvals").await.expect(200);
    let meters = queue.page().texts(".meter").join("; ");
    assert!(meters.contains("(+23)"), "{meters}");

    // A rejected request uses nothing.
    let _ = decide(&ada, &first, "reject", "Too dear").await.expect(200);
    let second = request_id(&change_plan(&dana, &other, "large").await);
    let _ = until_request(&dana, &second, "Awaiting approval").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adjusted_plan_values_count_towards_quota() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let size = |size: &'static str| [("/spec/storage/size", size)];
    let refused = submit_form(&dana, POSTGRESQL, "huge", &size("2100Gi"))
        .await
        .expect(422);
    let said = refused.page().text("#problems").unwrap();
    assert!(
        said.contains("quota of Storage GiB") && said.contains("this takes 2100"),
        "{said}"
    );
    // Existing claims count as they are: two changes that fit alone do not fit together.
    let id = request(&dana, POSTGRESQL, "grown", &size("900Gi")).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let refused = submit_form(&dana, POSTGRESQL, "second", &size("900Gi"))
        .await
        .expect(422);
    let said = refused.page().text("#problems").unwrap();
    assert!(said.contains("quota of Storage GiB"), "{said}");
}
