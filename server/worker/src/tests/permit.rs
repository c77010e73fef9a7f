//! What is not permitted when it would be applied is not applied, and requester and approver read why.

use std::collections::BTreeSet;

use portico_domain::documents::{ActAs, Approvers, PassedOn};
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::{ApplyPermission, NotChecked};
use portico_domain::request::{Decision, Request, RuleNeed, State};
use portico_domain::tenancy::Person;
use serde_json::json;

use super::world::{World, change, create, delete, until};

fn lost_standing() -> Obstacle {
    Obstacle::NotADeveloper {
        requester: "Dana".to_owned(),
        tenant: "Payments".to_owned(),
    }
}

fn cordoned() -> Obstacle {
    Obstacle::Cordoned {
        plane: "Europe".to_owned(),
        reason: Some("it is rebuilt".to_owned()),
    }
}

#[tokio::test]
async fn what_may_not_be_applied_any_more_fails_with_the_reason_and_touches_nothing() {
    let world = World::new().await;
    world.permits.set(Ok(ApplyPermission::Refused(lost_standing())));
    let uid = world.make_bucket("old", &[]);
    let _worker = world.work();
    for request in [create("files"), change("old", &uid), delete("old", &uid)] {
        world.submit(&request).await;
        let failed = world.until_state(request.id, State::Failed).await;
        let why = failed.failure.unwrap().to_string();
        assert!(
            why.starts_with("Dana is no longer a developer of Payments"),
            "{why}"
        );
        assert_eq!(
            world.verbs(request.id).await,
            ["request.submitted", "request.failed"],
            "nothing was begun"
        );
        let event = world.events(request.id).await.pop().unwrap().event;
        assert_eq!(event.details["reason"], json!("requester-lost-standing"));
    }
    assert_eq!(world.bucket("files"), None);
    assert_eq!(world.bucket("old").unwrap()["spec"]["sizeGb"], json!(5));
}

#[tokio::test]
async fn what_may_pass_is_waited_for_and_told_once() {
    let world = World::new().await;
    world.permits.set(Ok(ApplyPermission::Refused(cordoned())));
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    until("it was asked more than once", || async {
        world.permits.calls() > 3
    })
    .await;
    let waiting = world.now(request.id).await;
    assert_eq!(waiting.state, State::Approved);
    let why = waiting.waiting_for.unwrap().to_string();
    assert!(
        why.contains("Europe is cordoned") && why.contains("it is rebuilt"),
        "{why}"
    );
    assert_eq!(world.bucket("files"), None);
    world.permits.grant();
    world.until_state(request.id, State::Fulfilled).await;
    assert_eq!(
        world.verbs(request.id).await,
        [
            "request.submitted",
            "request.retried",
            "request.applying",
            "request.fulfilled"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_judged_is_judged_again() {
    let world = World::new().await;
    world
        .permits
        .set(Err(NotChecked("the database failed".to_owned())));
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    until("it waits", || async {
        world.now(request.id).await.waiting_for.is_some()
    })
    .await;
    assert_eq!(world.bucket("files"), None);
    world.permits.grant();
    world.until_state(request.id, State::Fulfilled).await;
}

#[tokio::test]
async fn where_policy_asks_for_more_by_now_it_waits_for_them() {
    let world = World::new().await;
    let rule = RuleNeed {
        policy: "company".to_owned(),
        rule: "two".to_owned(),
        reason: "Two must agree.".to_owned(),
        approvers: Approvers::TenantApprovers {},
        count: 2,
        publication: None,
    };
    world.permits.set(Ok(ApplyPermission::NeedsApproval {
        rules: vec![rule.clone()],
        expires_after_hours: 24,
        schema_hash: Some("new".to_owned()),
    }));
    let _worker = world.work();
    let request = create("files");
    let agreed = |digest: &str| Decision {
        by: Person {
            subject: digest.to_owned(),
            name: "Ada".to_owned(),
            email: None,
        },
        groups: Vec::new(),
        tenant_approver: true,
        approved: true,
        comment: None,
        at: request.created_at,
        provider: None,
        digest: Some(digest.to_owned()),
        policy: None,
        void: false,
        undone_at: None,
    };
    let as_it_will_be = Request {
        schema_hash: Some("new".to_owned()),
        ..request.clone()
    };
    let request = Request {
        decisions: vec![agreed(&as_it_will_be.digest()), agreed("of another schema")],
        ..request
    };
    world.submit(&request).await;
    let waiting = world.until_state(request.id, State::AwaitingApproval).await;
    let need = waiting.approval.unwrap();
    assert_eq!(need.rules, [rule]);
    assert_eq!(waiting.schema_hash.as_deref(), Some("new"));
    let void: Vec<bool> = waiting.decisions.iter().map(|decision| decision.void).collect();
    assert_eq!(
        void,
        [false, true],
        "who agreed to something else did not agree to this"
    );
    assert_eq!(world.bucket("files"), None);
    assert_eq!(
        world.verbs(request.id).await,
        ["request.submitted", "request.awaiting"]
    );
}

#[tokio::test]
async fn what_got_through_before_the_permission_went_counts() {
    let world = World::new().await;
    // As attempts before would have left them, when their answers were lost.
    world.make_bucket("other", &[]);
    let request = Request {
        state: State::Applying,
        ..create("files")
    };
    world
        .simulated
        .objects()
        .managed_by("portico")
        .apply(request.manifest.clone())
        .unwrap();
    let uid = world.make_bucket("leaving", &["demo.portico.dev/keep"]);
    world.delete_bucket("leaving");
    let leaving = Request {
        state: State::Applying,
        ..delete("leaving", &uid)
    };
    let untouched = Request {
        state: State::Applying,
        ..create("untouched")
    };
    world.permits.set(Ok(ApplyPermission::Refused(lost_standing())));
    for request in [&request, &leaving, &untouched] {
        world.submit(request).await;
    }
    let _worker = world.work();
    world.until_state(request.id, State::Fulfilled).await;
    world.until_state(untouched.id, State::Failed).await;
    assert_eq!(world.bucket("untouched"), None);
    until("the delete goes on", || async {
        world.now(leaving.id).await.waiting_for.is_some()
    })
    .await;
    world.change_bucket("leaving", json!({"metadata": {"finalizers": null}}));
    world.until_state(leaving.id, State::Fulfilled).await;
}

#[tokio::test]
async fn a_control_plane_that_acts_as_the_person_is_told_their_groups_of_now() {
    let world = World::over(
        portico_store::testing::sqlite().await,
        ActAs::Person(PassedOn::default()),
    )
    .await;
    world.permits.set(Ok(ApplyPermission::Granted {
        provider: "sso".to_owned(),
        groups: BTreeSet::from(["payments-viewers".to_owned()]),
    }));
    let _worker = world.work();
    let request = create("files");
    assert!(request.requester_groups.contains("payments-developers"));
    world.submit(&request).await;
    world.until_state(request.id, State::Failed).await;
    let asked = world
        .simulated
        .audit()
        .entries()
        .into_iter()
        .find(|entry| entry.attributes.resource == "buckets" && entry.attributes.name == "files")
        .unwrap();
    let groups = &asked.groups;
    assert!(
        groups.contains("payments-viewers") && !groups.contains("payments-developers"),
        "{groups:?}"
    );
}
