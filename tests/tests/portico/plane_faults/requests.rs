//! Errors on the way of a request: retried, given up, or reported to the requester.

use std::time::Duration;

use futures::future::join_all;
use portico_tests::proxy::{Fault, Operation};
use portico_tests::story::{claim_path, request_id, until_request};
use portico_tests::until::{until, until_right};
use serde_json::json;

use super::{BUCKETS, HANGS, World, ask_for_bucket, field_conflict, invalid, overloaded, quickly};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_retries_after_transient_errors_and_shows_the_reason() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let passing: [(&str, Fault, &str); 7] = [
        (
            "overloaded",
            overloaded(),
            "Waiting for Europe, shared, which has too much to do.",
        ),
        (
            "broken",
            Fault::refusal(500, "etcd has no leader"),
            "Waiting for Europe, shared, which answered 500: etcd has no leader.",
        ),
        (
            "not-json",
            Fault::NotJson,
            "Waiting for Europe, shared, which sent an invalid response",
        ),
        (
            "other-json",
            Fault::OtherJson,
            "Waiting for Europe, shared, which sent an invalid response",
        ),
        (
            "endless",
            Fault::Endless,
            "Waiting for Europe, shared, which sent an invalid response",
        ),
        (
            "hangs",
            HANGS,
            "Waiting for Europe, shared, which does not answer in time.",
        ),
        (
            "cut",
            Fault::Disconnect,
            "Waiting for Europe, shared, which cannot be reached.",
        ),
    ];
    let mut requests = Vec::new();
    for (name, fault, words) in passing {
        world.proxy.inject(Operation::Apply, Some(name), fault);
        let sent = ask_for_bucket(&dana, name).await;
        requests.push((name, request_id(&sent), words));
    }
    // Done, but the response was lost: the portal finds that it was done.
    world
        .proxy
        .inject(Operation::Apply, Some("unheard"), Fault::DropResponse);
    let unheard = request_id(&ask_for_bucket(&dana, "unheard").await);
    let _ = until_request(&dana, &unheard, "which cannot be reached").await;
    assert!(world.bucket("unheard").await.is_some());

    for (name, id, words) in &requests {
        let page = until_request(&dana, id, words).await;
        assert!(
            page.page().text(".state-line").unwrap().starts_with("Applying"),
            "{name}: {}",
            page.page().body()
        );
        assert_eq!(world.bucket(name).await, None, "{name}");
        let _ = quickly(&dana, &format!("/requests/{id}")).await;
    }
    world.proxy.clear_faults();
    for (name, id) in requests
        .iter()
        .map(|(name, id, _)| (*name, id))
        .chain([("unheard", &unheard)])
    {
        let fulfilled = until_request(&dana, id, "Fulfilled").await;
        assert!(fulfilled.page().form("/withdraw").is_none());
        let bucket = world.bucket(name).await.unwrap();
        assert_eq!(
            bucket["metadata"]["labels"]["portico.dev/request"],
            id.as_str(),
            "{name}"
        );
        let at = claim_path(&fulfilled);
        assert!(at.contains("/eu-shared/"), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_a_hanging_plane_can_be_cancelled() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    world.proxy.inject(
        Operation::Apply,
        Some("tired"),
        Fault::refusal(500, "etcd has no leader"),
    );
    let id = request_id(&ask_for_bucket(&dana, "tired").await);
    let waiting = until_request(&dana, &id, "Waiting for Europe, shared").await;
    let seen_by_ada = ada.get(&format!("/requests/{id}")).await;
    assert!(seen_by_ada.page().form("/withdraw").is_none());
    // While the worker is applying it, a withdrawal is refused and can be retried.
    let given_up = until("the request is given up", Duration::from_secs(20), async || {
        let form = dana
            .get(&format!("/requests/{id}"))
            .await
            .page()
            .form("/withdraw")?;
        let answer = dana.submit(&waiting.url, &form, None).await;
        (answer.status != 409).then_some(answer)
    })
    .await;
    let body = given_up.page().body();
    assert!(body.contains("You took the request back."), "{body}");
    assert!(body.contains("Nobody waits for eu-shared any more"), "{body}");
    world.proxy.clear_faults();
    // The name is free again, and nothing of the first request follows.
    let again = request_id(&ask_for_bucket(&dana, "tired").await);
    let _ = until_request(&dana, &again, "Fulfilled").await;
    let bucket = world.bucket("tired").await.unwrap();
    assert_eq!(
        bucket["metadata"]["labels"]["portico.dev/request"],
        again.as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_errors_fail_the_request_with_their_message() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let settled: [(&str, Fault, &str); 5] = [
        (
            "forbidden",
            Fault::refusal(403, "buckets are for others"),
            "Europe, shared does not allow it: buckets are for others. Ask the platform team for the missing right.",
        ),
        (
            "of-kubectl",
            field_conflict(),
            "kubectl sets fields that this request would change, and Portico takes over only what a request says.",
        ),
        (
            "conflicting",
            Fault::refusal(409, "in conflict with the moon"),
            "eu-shared says that it conflicts with what is there: in conflict with the moon.",
        ),
        (
            "expired",
            Fault::refusal(410, "too old"),
            "eu-shared answered that it is gone: too old.",
        ),
        (
            "invalid",
            invalid(),
            "spec.quota: Invalid value: too much for this quarter",
        ),
    ];
    for (name, fault, words) in settled {
        world.proxy.inject(Operation::Apply, Some(name), fault);
        let sent = ask_for_bucket(&dana, name).await;
        let failed = until_request(&dana, &request_id(&sent), "Failed").await;
        let body = failed.page().body();
        assert!(body.contains(words), "{name}: {body}");
        assert_eq!(world.bucket(name).await, None, "{name}");
        // It does not prevent a new request.
        world.proxy.clear_faults();
        let again = ask_for_bucket(&dana, name).await;
        let _ = until_request(&dana, &request_id(&again), "Fulfilled").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_succeeds_or_shows_why_it_failed() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let cases: [(&str, Fault, Option<&str>); 8] = [
        (
            "in-use",
            Fault::refusal(
                409,
                "This resource is in-use by 1 Usage(s), including the Usage \"files\"",
            ),
            Some("in-use cannot be deleted yet: This resource is in-use by 1 Usage(s)"),
        ),
        (
            "not-yours",
            Fault::refusal(403, "deleting is for others"),
            Some("Europe, shared does not allow it: deleting is for others"),
        ),
        ("broken", Fault::refusal(500, "etcd has no leader"), None),
        ("overloaded", overloaded(), None),
        ("not-json", Fault::NotJson, None),
        ("hangs", HANGS, None),
        ("cut", Fault::Disconnect, None),
        ("unheard", Fault::DropResponse, None),
    ];
    let made = join_all(cases.iter().map(async |(name, ..)| {
        let id = request_id(&ask_for_bucket(&dana, name).await);
        claim_path(&until_request(&dana, &id, "Fulfilled").await)
    }))
    .await;
    let mut waiting = Vec::new();
    for ((name, fault, refused), claim) in cases.into_iter().zip(made) {
        world.proxy.inject(Operation::Delete, Some(name), fault);
        let page = until_right(
            "the claim's page",
            Duration::from_secs(20),
            async || dana.get(&format!("{claim}/delete")).await,
            |answer| answer.status == 200,
        )
        .await;
        let form = page
            .page()
            .form("/delete")
            .expect("a form")
            .with("_confirm", name);
        let id = request_id(&dana.submit(&page.url, &form, None).await);
        if let Some(words) = refused {
            let failed = until_request(&dana, &id, "Failed").await;
            assert!(
                failed.page().body().contains(words),
                "{name}: {}",
                failed.page().body()
            );
            assert!(world.bucket(name).await.is_some(), "{name} still exists");
        } else {
            let _ = until_request(&dana, &id, "Waiting for").await;
            waiting.push((name, id));
        }
    }
    // A lying control plane does not make the portal believe that a claim is deleted.
    world
        .proxy
        .inject(Operation::Read, Some("broken"), Fault::OtherJson);
    let broken = &waiting[0];
    let _ = until_request(&dana, &broken.1, "which sent an invalid response").await;
    world.proxy.clear_faults();
    for (name, id) in waiting {
        let _ = until_request(&dana, &id, "Fulfilled").await;
        assert_eq!(world.bucket(name).await, None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_created_concurrently_by_others_is_left_unchanged() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let theirs = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": "outrun", "labels": { "team": "theirs" } },
        // No overlap with this request's fields: a merge would not conflict.
        "spec": { "quota": "50Gi", "storageClass": "standard" },
    });
    let outrun = Fault::CreateBefore(BUCKETS.to_owned(), theirs);
    world.proxy.inject(Operation::Apply, Some("outrun"), outrun);
    let id = request_id(&ask_for_bucket(&dana, "outrun").await);
    let failed = until_request(&dana, &id, "Failed").await;
    let said = failed.page().body();
    assert!(said.contains("already has a Bucket called outrun"), "{said}");
    let there = world.bucket("outrun").await.expect("theirs");
    assert_eq!(
        there["metadata"]["labels"],
        json!({ "team": "theirs" }),
        "{there}"
    );
    assert_eq!(there["metadata"].get("annotations"), None, "{there}");
}
