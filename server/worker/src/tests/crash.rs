//! Ended at any instant and started again, the worker finishes: nothing lost, nothing twice.

use std::collections::BTreeMap;
use std::time::Duration;

use portico_domain::documents::ActAs;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::Scope;
use portico_simulator::kube::{Fault, Matcher};
use portico_store::testing::TestStore;
use portico_store::{ChainVerdict, RequestFilter};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::world::{World, change, create, delete, kind, until};

/// New claims, and as many changes and deletes.
const EACH: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_at_random_instants_nothing_is_lost_and_nothing_done_twice_on_sqlite() {
    crash(portico_store::testing::sqlite().await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_at_random_instants_nothing_is_lost_and_nothing_done_twice_on_postgres() {
    if let Some(database) = portico_store::testing::postgres("worker crash").await {
        // Several at once, as replicas are.
        crash(database, 3).await;
    }
}

async fn crash(database: TestStore, workers: usize) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::over(database, ActAs::Portico).await;
    let requests = requests(&world);
    // Some calls are answered badly, some too late.
    let faults = world.simulated.faults();
    faults.add(Matcher::any().times(10), Fault::Hangup);
    faults.add(
        Matcher::of("patch", "buckets").times(20),
        Fault::Latency(Duration::from_millis(30)),
    );
    for request in &requests {
        world.submit(request).await;
    }

    let mut ended: u64 = 0;
    let open = RequestFilter::open();
    while !world
        .database
        .store
        .count_requests(&Scope::for_tests(), &open)
        .await
        .unwrap()
        .is_empty()
    {
        let running: Vec<_> = (0..workers).map(|_| world.work()).collect();
        // A little longer each time, so that a busy machine gets somewhere too.
        let lived = random.random_range(1..60 + ended);
        tokio::time::sleep(Duration::from_millis(lived)).await;
        for worker in running {
            worker.abort();
            assert!(
                worker.await.is_err_and(|error| error.is_cancelled()),
                "it ended by itself"
            );
        }
        ended += 1;
        assert!(ended < 2000, "it does not get anywhere");
    }
    println!("ended {ended} times");
    judge(&world, &requests).await;
}

fn requests(world: &World) -> Vec<Request> {
    let mut requests: Vec<Request> = (0..EACH).map(|number| create(&format!("new-{number}"))).collect();
    for number in 0..EACH {
        let uid = world.make_bucket(&format!("gone-{number}"), &[]);
        requests.push(delete(&format!("gone-{number}"), &uid));
        // One that Portico made before, so that it may change it.
        let mut made = create(&format!("changed-{number}")).manifest;
        made["spec"]["sizeGb"] = json!(1);
        let made = world
            .simulated
            .objects()
            .managed_by("portico")
            .apply(made)
            .unwrap();
        requests.push(change(
            &format!("changed-{number}"),
            made["metadata"]["uid"].as_str().unwrap(),
        ));
    }
    requests
}

async fn judge(world: &World, requests: &[Request]) {
    for request in requests {
        let name = request.claim.name.as_str();
        let now = world.now(request.id).await;
        assert_eq!(now.state, State::Fulfilled, "{name}: {:?}", now.failure);
        let bucket = world.bucket(name);
        match request.action {
            Action::Delete => assert_eq!(bucket, None, "{name}"),
            _ => assert_eq!(bucket.unwrap()["spec"], request.manifest["spec"], "{name}"),
        }
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for verb in world.verbs(request.id).await {
            *times.entry(verb).or_default() += 1;
        }
        assert_eq!(
            (times["request.applying"], times["request.fulfilled"]),
            (1, 1),
            "{name}: {times:?}"
        );
    }
    assert_eq!(
        world.simulated.objects().list(&kind()).len(),
        2 * EACH,
        "nothing was made that nobody asked for"
    );
    made_once(world);
    until("the leases are given up", || async {
        world.database.store.next_due(&[]).await.unwrap().is_none()
    })
    .await;
    assert!(matches!(
        world.database.store.verify_chain().await.unwrap(),
        ChainVerdict::Intact { .. }
    ));
}

/// No claim was created more than once: the control plane answers 201 to whoever creates.
fn made_once(world: &World) {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for entry in world.simulated.audit().entries() {
        if entry.attributes.resource == "buckets" && entry.code == 201 {
            *made.entry(entry.attributes.name).or_default() += 1;
        }
    }
    assert!(made.values().all(|times| *times == 1), "{made:?}");
    let names = world.simulated.objects().list(&kind());
    let new = names.iter().filter(|bucket| {
        bucket["metadata"]["name"]
            .as_str()
            .is_some_and(|n| n.starts_with("new-"))
    });
    assert_eq!(new.count(), EACH, "{:?}", Value::from(made.len()));
}
