//! The approval queue answers in forty seconds: should I say yes?

use portico_tests::demo::Demo;
use portico_tests::story::{POSTGRESQL, request, until_request};

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_first_what_differs_from_the_plan_why_they_are_asked_and_until_when() {
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
async fn a_wish_that_is_its_plan_and_nothing_else_says_so() {
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
