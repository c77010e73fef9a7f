//! The main flow: from sign-in to a ready database, with approval, change and deletion.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::story::{
    BUCKET, CLUSTER, POSTGRESQL, QUEUE, claim_path, decide, request, submit_form, until_claim, until_request,
};
use portico_tests::until::until_right;

on_all_planes!(
    a_database_is_requested_approved_connected_changed_and_deleted,
    a_request_that_needs_approval_waits_for_the_approver,
    of_two_concurrent_decisions_one_counts,
    a_claim_is_never_placed_on_another_tenants_plane,
);

async fn a_database_is_requested_approved_connected_changed_and_deleted(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    the_story(&demo).await;
}

/// The main flow, on the database that the demo uses.
pub(crate) async fn the_story(demo: &Demo) {
    let dana = demo.sign_in("dana").await;
    let catalog = dana.get("/catalog").await.expect(200);
    for title in [
        "PostgreSQL",
        "MySQL",
        "Cache",
        "Topic",
        "Queue",
        "Bucket",
        "Kubernetes cluster",
    ] {
        let titles = catalog.page().texts(".card h2");
        assert!(
            titles
                .iter()
                .any(|one| one.to_lowercase().contains(&title.to_lowercase())),
            "{title} in {titles:?}"
        );
    }

    // In dev no approval is needed.
    dana.work_in("payments/dev").await;
    let id = request(&dana, POSTGRESQL, "first-db", &[]).await;
    let fulfilled = until_request(&dana, &id, "Fulfilled").await;
    let claim = claim_path(&fulfilled);
    let page = until_claim(&dana, &claim, "Ready").await;

    reveal_each_key_once(&dana, &page).await;

    // A change works the same way and updates the object.
    let change = dana.get(&format!("{claim}/change")).await.expect(200);
    let form = change
        .page()
        .form("/change")
        .expect("a form")
        .with("/spec/storage/size", "40Gi");
    let sent = dana.submit(&change.url, &form, Some(("_do", "submit"))).await;
    let change = portico_tests::story::request_id(&sent);
    let _ = until_request(&dana, &change, "Fulfilled").await;
    let changed = until_right(
        "the change on the claim's page",
        Duration::from_secs(10),
        async || dana.get(&claim).await,
        |answer| {
            answer
                .page()
                .text("#object")
                .is_some_and(|yaml| yaml.contains("40Gi"))
        },
    );
    let _ = changed.await;

    // A deletion asks for the claim's name.
    let delete = dana.get(&format!("{claim}/delete")).await.expect(200);
    let form = delete.page().form("/delete").expect("a form");
    let refused = dana
        .submit(&delete.url, &form.clone().with("_confirm", "another-name"), None)
        .await;
    assert_eq!(refused.status, 422, "{}", refused.page().body());
    assert!(
        refused.page().text("#confirm-problems").is_some(),
        "the problem is beside the field"
    );
    let sent = dana
        .submit(&delete.url, &form.with("_confirm", "first-db"), None)
        .await;
    let delete = portico_tests::story::request_id(&sent);
    let _ = until_request(&dana, &delete, "Fulfilled").await;
    let gone = until_right(
        "the claim to be gone",
        Duration::from_secs(30),
        async || dana.get("/claims").await,
        |answer| !answer.page().body().contains("first-db"),
    );
    let _ = gone.await;
}

/// Reveals every hidden key, and checks that the page before contained none of the values in text, attributes or
/// scripts.
async fn reveal_each_key_once(dana: &portico_tests::person::Person, page: &portico_tests::person::Answer) {
    let reveal = page.page().form("/reveal").expect("a reveal button");
    assert!(!reveal.buttons.is_empty(), "the password at the least is hidden");
    for (name, value, _) in &reveal.buttons {
        let revealed = dana
            .submit(&page.url, &reveal, Some((name, value)))
            .await
            .expect(200);
        assert_eq!(revealed.header("cache-control"), Some("no-store"));
        let shown = revealed.page().text("pre.revealed").unwrap_or_default();
        let secret = password_in(shown.trim());
        assert!(secret.len() >= 8, "{value} is revealed: {shown}");
        assert!(
            !page.text.contains(secret),
            "the page contains the hidden {value}"
        );
    }
}

/// The password in a URL such as `postgresql://admin:secret@host/db`; other text is the secret itself.
fn password_in(revealed: &str) -> &str {
    let user_and_password = revealed
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .and_then(|(authority, _)| authority.split_once(':'));
    user_and_password.map_or(revealed, |(_, password)| password)
}

async fn a_request_that_needs_approval_waits_for_the_approver(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, ada, pat) = (
        demo.sign_in("dana").await,
        demo.sign_in("ada").await,
        demo.sign_in("pat").await,
    );

    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "settlements", &[]).await;
    let waiting = until_request(&dana, &id, "Awaiting approval").await;
    assert!(
        waiting.page().form("/decide").is_none(),
        "people cannot approve their own requests"
    );

    let queue = ada.get("/approvals").await.expect(200);
    assert!(
        queue.page().body().contains("settlements"),
        "{}",
        queue.page().body()
    );
    let _ = decide(&ada, &id, "approve", "Go ahead").await.expect(200);
    let fulfilled = until_request(&dana, &id, "Fulfilled").await;
    assert!(
        fulfilled.page().body().contains("Go ahead"),
        "the approver's comment stands on the request"
    );
    let _ = until_claim(&dana, &claim_path(&fulfilled), "Ready").await;

    // The platform team approves clusters, also in dev.
    dana.work_in("payments/dev").await;
    let id = request(&dana, CLUSTER, "trial", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let seen_by_ada = ada.get(&format!("/requests/{id}")).await.expect(200);
    assert!(
        seen_by_ada.page().form("/decide").is_none(),
        "the team's approver cannot decide for the platform team"
    );
    let _ = decide(&pat, &id, "approve", "").await.expect(200);
    let fulfilled = until_request(&dana, &id, "Fulfilled").await;
    let _ = until_claim(&dana, &claim_path(&fulfilled), "Ready").await;

    // A rejection needs a reason.
    dana.work_in("payments/production").await;
    let id = request(&dana, BUCKET, "unwanted", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let _ = decide(&ada, &id, "reject", "We have enough of these")
        .await
        .expect(200);
    let rejected = until_request(&dana, &id, "Rejected").await;
    assert!(rejected.page().body().contains("We have enough of these"));

    // The requester can withdraw.
    let id = request(&dana, BUCKET, "second-thoughts", &[]).await;
    let waiting = until_request(&dana, &id, "Awaiting approval").await;
    let form = waiting.page().form("/withdraw").expect("the form to withdraw");
    let _ = dana.submit(&waiting.url, &form, None).await.expect(200);
    let _ = until_request(&dana, &id, "Withdrawn").await;
}

async fn of_two_concurrent_decisions_one_counts(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    let elsewhere = demo.sign_in("ada").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "contested", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;

    let (yes, no) = (
        ada.get(&format!("/requests/{id}")).await,
        elsewhere.get(&format!("/requests/{id}")).await,
    );
    let (yes_form, no_form) = (
        yes.page().form("/decide").unwrap(),
        no.page()
            .form("/decide")
            .unwrap()
            .with("_comment", "Not this one"),
    );
    let (first, second) = tokio::join!(
        ada.submit(&yes.url, &yes_form, Some(("_decision", "approve"))),
        elsewhere.submit(&no.url, &no_form, Some(("_decision", "reject"))),
    );
    let taken = [first.status.is_success(), second.status.is_success()];
    assert_eq!(
        taken.iter().filter(|&&taken| taken).count(),
        1,
        "{} and {}",
        first.status,
        second.status
    );
    let refused = if taken[0] { second } else { first };
    assert_eq!(refused.status, 409, "{}", refused.page().body());
}

async fn a_claim_is_never_placed_on_another_tenants_plane(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let form = dana.get(&format!("/catalog/{BUCKET}/request")).await.expect(200);
    let page = form.page();
    assert!(
        !page.body().contains("research-own"),
        "payments does not hear of research's own control plane"
    );
    assert!(!page.body().contains("Research"), "nor of its title");
    let forced = submit_form(&dana, BUCKET, "trespasser", &[("_plane", "research-own")]).await;
    assert!(
        forced.status.is_client_error(),
        "{} {}",
        forced.status,
        forced.url
    );
    for plane in ["eu-shared", "us-shared", "research-own"] {
        let claims = dana
            .get(&format!("/claims/{plane}/{BUCKET}/payments-dev/trespasser"))
            .await;
        assert_eq!(claims.status, 404);
    }
}
