//! What becomes of a request when all is well, and when it should not be done.

use jiff::SignedDuration;
use portico_domain::documents::{ActAs, PassedOn};
use portico_domain::request::{ApprovalNeed, Request, State};
use portico_store::testing::request;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::world::{World, change, create, delete, settings, until};

#[tokio::test]
async fn a_new_claim_is_applied_as_it_was_frozen() {
    let world = World::new().await;
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    let fulfilled = world.until_state(request.id, State::Fulfilled).await;
    let bucket = world.bucket("files").unwrap();
    assert_eq!(bucket["spec"], request.manifest["spec"]);
    assert_eq!(
        bucket["metadata"]["labels"],
        request.manifest["metadata"]["labels"]
    );
    assert_eq!(fulfilled.uid.as_deref(), bucket["metadata"]["uid"].as_str());
    assert_eq!((fulfilled.attempts, fulfilled.waiting_for), (1, None));
    assert_eq!(
        world.verbs(request.id).await,
        ["request.submitted", "request.applying", "request.fulfilled"]
    );
}

#[tokio::test]
async fn a_change_is_applied_to_the_object_it_is_about() {
    let world = World::new().await;
    let _worker = world.work();
    let made = create("files");
    world.submit(&made).await;
    let uid = world.until_state(made.id, State::Fulfilled).await.uid.unwrap();
    let changed = change("files", &uid);
    world.submit(&changed).await;
    world.until_state(changed.id, State::Fulfilled).await;
    let bucket = world.bucket("files").unwrap();
    assert_eq!(bucket["spec"]["sizeGb"], json!(20));
    assert_eq!(bucket["metadata"]["uid"].as_str(), Some(uid.as_str()));
}

#[tokio::test]
async fn a_change_leaves_alone_what_was_made_anew_under_the_name() {
    let world = World::new().await;
    let _worker = world.work();
    let old = world.make_bucket("files", &[]);
    world.delete_bucket("files");
    world.make_bucket("files", &[]);
    let changed = change("files", &old);
    world.submit(&changed).await;
    let failed = world.until_state(changed.id, State::Failed).await;
    assert!(
        failed
            .failure
            .unwrap()
            .to_string()
            .contains("deleted and created again")
    );
    assert_eq!(world.bucket("files").unwrap()["spec"]["sizeGb"], json!(5));
}

/// Both are the same field manager, so the API server would let it happen.
#[tokio::test]
async fn what_another_portal_has_taken_over_is_left_alone() {
    let world = World::new().await;
    let _worker = world.work();
    let made = create("files");
    world.submit(&made).await;
    let uid = world.until_state(made.id, State::Fulfilled).await.uid.unwrap();
    let of = |portal: &str| json!({"metadata": {"annotations": {"portico.dev/portal": portal}}});
    for (request, size) in [
        (change("files", &uid), made.manifest["spec"]["sizeGb"].clone()),
        (delete("files", &uid), json!(20)),
    ] {
        world.change_bucket("files", of("staging"));
        world.submit(&request).await;
        until("it waits", || async {
            let now = world.now(request.id).await;
            now.waiting_for
                .is_some_and(|reason| reason.to_string().contains("another Portico, staging"))
        })
        .await;
        assert_eq!(world.bucket("files").unwrap()["spec"]["sizeGb"], size);
        // Given back, it goes on.
        world.change_bucket("files", of("main"));
        world.until_state(request.id, State::Fulfilled).await;
    }
    assert_eq!(world.bucket("files"), None);
}

#[tokio::test]
async fn a_change_does_not_bring_back_what_is_gone() {
    let world = World::new().await;
    let _worker = world.work();
    let uid = world.make_bucket("files", &[]);
    world.delete_bucket("files");
    let changed = change("files", &uid);
    world.submit(&changed).await;
    world.until_state(changed.id, State::Failed).await;
    assert_eq!(world.bucket("files"), None);
}

#[tokio::test]
async fn a_delete_is_fulfilled_when_the_claim_is_gone() {
    let world = World::new().await;
    let _worker = world.work();
    let uid = world.make_bucket("files", &["demo.portico.dev/keep"]);
    let deleted = delete("files", &uid);
    world.submit(&deleted).await;
    until("it is being deleted", || async {
        world
            .bucket("files")
            .is_some_and(|bucket| bucket.pointer("/metadata/deletionTimestamp").is_some())
    })
    .await;
    until("it says what it waits for", || async {
        world.now(deleted.id).await.waiting_for.is_some()
    })
    .await;
    let waiting = world.now(deleted.id).await;
    assert_eq!(
        (
            waiting.state,
            waiting.waiting_for.map(|reason| reason.to_string()).as_deref()
        ),
        (State::Applying, Some("eu-shared is deleting files."))
    );
    world.change_bucket("files", json!({"metadata": {"finalizers": null}}));
    world.until_state(deleted.id, State::Fulfilled).await;
    assert_eq!(world.bucket("files"), None);
    let verbs = world.verbs(deleted.id).await;
    assert_eq!(
        verbs,
        [
            "request.submitted",
            "request.applying",
            "request.retried",
            "request.fulfilled"
        ]
    );
}

#[tokio::test]
async fn a_delete_leaves_alone_what_was_made_anew_under_the_name() {
    let world = World::new().await;
    let _worker = world.work();
    let old = world.make_bucket("files", &[]);
    world.delete_bucket("files");
    let new = world.make_bucket("files", &[]);
    let deleted = delete("files", &old);
    world.submit(&deleted).await;
    world.until_state(deleted.id, State::Fulfilled).await;
    assert_eq!(
        world.bucket("files").unwrap()["metadata"]["uid"].as_str(),
        Some(new.as_str())
    );
}

#[tokio::test]
async fn an_object_that_others_made_is_not_taken_over() {
    let world = World::new().await;
    let _worker = world.work();
    world.make_bucket("files", &[]);
    let before = world.bucket("files").unwrap();
    let request = create("files");
    world.submit(&request).await;
    let failed = world.until_state(request.id, State::Failed).await;
    let why = failed.failure.unwrap().to_string();
    assert!(
        why.contains("already has a Bucket called files") && why.contains("Choose another name"),
        "{why}"
    );
    assert_eq!(world.bucket("files").unwrap(), before);
    assert_eq!(world.verbs(request.id).await.last().unwrap(), "request.failed");
}

#[tokio::test]
async fn fields_that_others_set_are_not_forced() {
    let world = World::new().await;
    let _worker = world.work();
    let uid = world.make_bucket("files", &[]);
    let changed = change("files", &uid);
    world.submit(&changed).await;
    let failed = world.until_state(changed.id, State::Failed).await;
    assert!(
        failed
            .failure
            .unwrap()
            .to_string()
            .starts_with("kubectl sets fields")
    );
    assert_eq!(world.bucket("files").unwrap()["spec"]["sizeGb"], json!(5));
}

#[tokio::test]
async fn what_was_withdrawn_before_the_worker_began_is_not_applied() {
    let world = World::new().await;
    let request = create("files");
    world.submit(&request).await;
    world
        .database
        .store
        .update_for_tests(
            &Request {
                state: State::Withdrawn,
                ..request.clone()
            },
            &[],
        )
        .await
        .unwrap();
    let after = create("after");
    world.submit(&after).await;
    let _worker = world.work();
    world.until_state(after.id, State::Fulfilled).await;
    assert_eq!(world.now(request.id).await.state, State::Withdrawn);
    assert_eq!(world.bucket("files"), None);
}

#[tokio::test]
async fn what_nobody_decided_on_expires() {
    let world = World::new().await;
    let _worker = world.work();
    let mut late = request("payments", "late", State::AwaitingApproval);
    let expires_at = late.created_at - SignedDuration::from_secs(1);
    late.approval = Some(ApprovalNeed {
        rules: Vec::new(),
        expires_at,
    });
    let in_time = Request {
        approval: Some(ApprovalNeed {
            rules: Vec::new(),
            expires_at: late.created_at + SignedDuration::from_hours(1),
        }),
        ..request("payments", "in-time", State::AwaitingApproval)
    };
    world.submit(&in_time).await;
    world.submit(&late).await;
    let expired = world.until_state(late.id, State::Expired).await;
    assert!(
        expired
            .failure
            .unwrap()
            .to_string()
            .contains("Nobody decided in time")
    );
    assert_eq!(
        world.verbs(late.id).await,
        ["request.submitted", "request.expired"]
    );
    assert_eq!(world.now(in_time.id).await.state, State::AwaitingApproval);
}

#[tokio::test]
async fn the_time_to_ready_is_noted() {
    let world = World::new().await;
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    world.until_state(request.id, State::Fulfilled).await;
    let offering = &request.claim.offering;
    assert_eq!(world.database.store.typical_time(offering).await.unwrap(), None);
    let bucket = world.bucket("files").unwrap();
    let created = bucket["metadata"]["creationTimestamp"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    let since = (created + SignedDuration::from_secs(42)).to_string();
    let ready = json!({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}]});
    let key = portico_simulator::kube::Key::namespaced("payments-dev", "files");
    world
        .simulated
        .objects()
        .patch_status(&super::world::kind(), &key, ready)
        .unwrap();
    until("it is noted", || async {
        world
            .database
            .store
            .typical_time(offering)
            .await
            .unwrap()
            .is_some()
    })
    .await;
    let typical = world.database.store.typical_time(offering).await.unwrap();
    assert_eq!(typical, Some(std::time::Duration::from_secs(42)));
}

#[tokio::test]
async fn a_control_plane_that_acts_as_the_person_sees_them() {
    let world = World::over(
        portico_store::testing::sqlite().await,
        ActAs::Person(PassedOn::default()),
    )
    .await;
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    // The person has no right there, and Portico's own does not help them.
    let failed = world.until_state(request.id, State::Failed).await;
    assert!(failed.failure.unwrap().to_string().contains("does not allow it"));
    let asked = world
        .simulated
        .audit()
        .entries()
        .into_iter()
        .find(|entry| entry.attributes.resource == "buckets" && entry.attributes.name == "files")
        .unwrap();
    assert_eq!(
        asked.acting_as.as_deref(),
        Some(request.requester.subject.as_str())
    );
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_is_under_way() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let worker = world.work_with(settings(), stop.clone());
    let request = create("files");
    world.submit(&request).await;
    until("it has begun", || async {
        world.now(request.id).await.state != State::Approved
    })
    .await;
    stop.cancel();
    worker.await.unwrap();
    assert_eq!(world.now(request.id).await.state, State::Fulfilled);
}

#[tokio::test]
async fn the_record_says_who_did_it() {
    let world = World::new().await;
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    world.until_state(request.id, State::Fulfilled).await;
    let fulfilled = world.events(request.id).await.pop().unwrap().event;
    assert_eq!(
        (fulfilled.actor.as_str(), fulfilled.subject),
        ("portico", request.id.to_string())
    );
    assert_eq!(fulfilled.tenant, Some(request.tenant));
    assert_eq!(
        fulfilled.details["manifestHash"],
        Value::String(request.manifest_hash)
    );
    assert_eq!(
        fulfilled.details["claim"],
        Value::String(request.claim.to_string())
    );
}
