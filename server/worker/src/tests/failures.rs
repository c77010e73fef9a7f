//! Control planes that are slow, gone, overloaded or lying.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::request::{Request, State};
use portico_planes::PlaneState;
use portico_simulator::kube::{Fault, Matcher};
use tokio_util::sync::CancellationToken;

use super::world::{World, create, settings, until};
use crate::{Settings, Worker};

fn refusal(code: u16, message: &str) -> Fault {
    Fault::Status {
        code,
        message: message.to_owned(),
        retry_after: None,
    }
}

async fn waits(world: &World, request: &Request) -> Request {
    until("it waits", || async {
        world.now(request.id).await.waiting_for.is_some()
    })
    .await;
    world.now(request.id).await
}

#[tokio::test]
async fn a_control_plane_that_is_gone_is_waited_for_and_the_request_says_so() {
    let world = World::new().await;
    let _worker = world.work();
    world.simulated.faults().refuse_connections(true);
    let request = create("files");
    world.submit(&request).await;
    let waiting = waits(&world, &request).await;
    assert_eq!(waiting.state, State::Applying);
    assert!(
        waiting
            .waiting_for
            .unwrap()
            .to_string()
            .contains("Waiting for eu-shared")
    );
    until("it tries more than once", || async {
        world.now(request.id).await.attempts > 2
    })
    .await;
    world.simulated.faults().clear();
    let fulfilled = world.until_state(request.id, State::Fulfilled).await;
    assert_eq!(fulfilled.waiting_for, None);
    let verbs = world.verbs(request.id).await;
    let retried = verbs.iter().filter(|verb| *verb == "request.retried").count();
    assert!(
        retried < fulfilled.attempts as usize,
        "what is waited for is told when it changes, not each time: {verbs:?}"
    );
}

#[tokio::test]
async fn another_message_of_the_same_cause_is_no_new_event() {
    let world = World::new().await;
    let refuse = |attempt: u32| {
        let message = format!("etcd has no leader, attempt {attempt}");
        let faults = world.simulated.faults();
        faults.add(Matcher::of("patch", "buckets"), refusal(503, &message))
    };
    let first = refuse(1);
    let _worker = world.work();
    let request = create("files");
    world.submit(&request).await;
    until("it tried", || async { world.now(request.id).await.attempts > 0 }).await;
    let _ = refuse(2);
    world.simulated.faults().remove(first);
    let tried = world.now(request.id).await.attempts;
    until("it tried twice more", || async {
        world.now(request.id).await.attempts > tried + 1
    })
    .await;
    world.simulated.faults().clear();
    let _ = world.until_state(request.id, State::Fulfilled).await;
    let verbs = world.verbs(request.id).await;
    let retried = verbs.iter().filter(|verb| *verb == "request.retried").count();
    assert_eq!(retried, 1, "{verbs:?}");
}

#[tokio::test]
async fn a_control_plane_that_comes_back_is_not_kept_waiting() {
    let world = World::new().await;
    // By its pauses alone it would come back after a minute at the earliest.
    let patient = Settings {
        first_pause: Duration::from_mins(2),
        longest_pause: Duration::from_mins(2),
        ..settings()
    };
    let _worker = world.work_with(patient, CancellationToken::new());
    world.simulated.faults().refuse_connections(true);
    let request = create("files");
    world.submit(&request).await;
    waits(&world, &request).await;
    let plane = &request.claim.plane;
    until("the control plane is known to be gone", || async {
        world
            .planes
            .status(plane)
            .is_some_and(|status| status.state == PlaneState::Unreachable)
    })
    .await;
    world.simulated.faults().clear();
    world.until_state(request.id, State::Fulfilled).await;
}

#[tokio::test]
async fn trouble_that_passes_is_tried_again() {
    for fault in [
        refusal(500, "etcd has no leader"),
        refusal(503, "shutting down"),
        refusal(429, "too many requests"),
        Fault::Garbage,
        Fault::Hangup,
        Fault::Latency(Duration::from_millis(1500)),
    ] {
        let world = World::new().await;
        let _worker = world.work();
        world
            .simulated
            .faults()
            .add(Matcher::of("patch", "buckets").times(2), fault.clone());
        let request = create("files");
        world.submit(&request).await;
        let fulfilled = world.until_state(request.id, State::Fulfilled).await;
        assert!(fulfilled.attempts > 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_refused_for_good_fails_with_what_was_said() {
    for (code, message) in [
        (403, "buckets are for others"),
        (422, "the name is too ugly"),
        (400, "the webhook objects"),
    ] {
        let world = World::new().await;
        let _worker = world.work();
        world
            .simulated
            .faults()
            .add(Matcher::of("patch", "buckets"), refusal(code, message));
        let request = create("files");
        world.submit(&request).await;
        let failed = world.until_state(request.id, State::Failed).await;
        let why = failed.failure.unwrap().to_string();
        assert!(why.contains(message), "{code}: {why}");
        assert_eq!(failed.attempts, 1);
        assert_eq!(world.bucket("files"), None);
    }
}

#[tokio::test]
async fn what_got_through_unheard_is_not_called_a_failure() {
    let world = World::new().await;
    let _worker = world.work();
    let request = create("files");
    // As an attempt before would have left it, when its answer was lost.
    world.make_bucket("other", &[]);
    world
        .simulated
        .objects()
        .managed_by("portico")
        .apply(request.manifest.clone())
        .unwrap();
    world
        .simulated
        .faults()
        .add(Matcher::of("patch", "buckets"), refusal(403, "no longer allowed"));
    world.submit(&request).await;
    let fulfilled = world.until_state(request.id, State::Fulfilled).await;
    assert_eq!(
        fulfilled.uid.as_deref(),
        world.bucket("files").unwrap()["metadata"]["uid"].as_str()
    );
}

#[tokio::test]
async fn a_request_is_given_up_in_the_end() {
    let world = World::new().await;
    let _worker = world.work_with(
        Settings {
            most_attempts: 3,
            ..settings()
        },
        CancellationToken::new(),
    );
    world
        .simulated
        .faults()
        .add(Matcher::of("patch", "buckets"), refusal(500, "broken"));
    let request = create("files");
    world.submit(&request).await;
    let failed = world.until_state(request.id, State::Failed).await;
    assert_eq!(failed.attempts, 3);
    assert!(
        failed
            .failure
            .unwrap()
            .to_string()
            .starts_with("Given up after 3 attempts.")
    );
}

#[tokio::test]
async fn one_control_plane_in_trouble_does_not_hold_up_the_others() {
    let world = World::new().await;
    let _worker = world.work();
    let mut elsewhere = Vec::new();
    for number in 0..20 {
        let mut request = create(&format!("lost-{number}"));
        request.claim.plane = "not-configured".parse().unwrap();
        world.submit(&request).await;
        elsewhere.push(request);
    }
    let here = create("files");
    world.submit(&here).await;
    world.until_state(here.id, State::Fulfilled).await;
    let waiting = waits(&world, &elsewhere[0]).await;
    assert!(
        waiting
            .waiting_for
            .unwrap()
            .to_string()
            .contains("platform admin")
    );
}

#[tokio::test]
async fn when_it_tries_again_follows_from_the_clock_and_from_chance() {
    let world = World::new().await;
    world.simulated.faults().refuse_connections(true);
    let now = Timestamp::from_second(Timestamp::now().as_second() + 5).unwrap();
    let patient = Settings {
        first_pause: Duration::from_mins(2),
        longest_pause: Duration::from_mins(2),
        ..settings()
    };
    let worker = Worker::new(
        world.database.store.clone(),
        world.planes.clone(),
        portico_domain::authz::SystemAuthority::for_tests(),
        world.permits.clone(),
        Arc::clone(&world.work_to_do),
        move || now,
        patient,
    );
    // A quarter of the half that chance may take away.
    tokio::spawn(worker.with_random(|| 0.25).run(CancellationToken::new()));
    let request = create("files");
    world.submit(&request).await;
    let waiting = waits(&world, &request).await;
    assert_eq!(
        waiting.next_attempt_at,
        Some(now + SignedDuration::from_secs(105))
    );
    assert_eq!(waiting.updated_at, now);
}

#[tokio::test]
async fn an_overloaded_control_plane_is_left_alone_by_all_requests() {
    let world = World::new().await;
    let overloaded = Fault::Status {
        code: 429,
        message: "too many requests".to_owned(),
        retry_after: Some(4),
    };
    let fault = world
        .simulated
        .faults()
        .add(Matcher::of("patch", "buckets"), overloaded);
    let mut requests = Vec::new();
    for number in 0..30 {
        let request = create(&format!("files-{number}"));
        world.submit(&request).await;
        requests.push(request);
    }
    let attempts = async || {
        let mut sum = 0;
        for request in &requests {
            sum += world.now(request.id).await.attempts;
        }
        sum
    };
    let at_once = u32::try_from(settings().at_once_on_a_plane).unwrap();
    let _worker = world.work();
    until("it tried", || async { attempts().await > 0 }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tried = attempts().await;
    assert!(tried <= at_once, "{tried}");
    // What it said is waited for, and no longer.
    until("it tries again", || async { attempts().await > tried }).await;
    world.simulated.faults().remove(fault);
    for request in &requests {
        let _ = world.until_state(request.id, State::Fulfilled).await;
    }
}
