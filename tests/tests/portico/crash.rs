//! kill -9 at random moments while two hundred requests go through: none is lost and none is doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::story::CACHE;
use portico_tests::until::until_it;

on_all_planes!(killed_at_random_moments_it_loses_nothing_and_doubles_nothing);

const REQUESTS: usize = 200;
const CRASHES: usize = 6;

async fn killed_at_random_moments_it_loses_nothing_and_doubles_nothing(planes: Planes) {
    if !Kubectl::is_here("killed_at_random_moments_it_loses_nothing_and_doubles_nothing") {
        return;
    }
    let mut demo = Demo::start_on(planes).await;
    demo.lift_quotas().await;
    let dana = Arc::new(demo.sign_in("dana").await);
    dana.work_in("payments/dev").await;

    let done = Arc::new(AtomicUsize::new(0));
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (dana, done, next) = (dana.clone(), done.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= REQUESTS {
                        return;
                    }
                    send_until_taken(&dana, &name(number)).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    for crash in 1..=CRASHES {
        // After so many requests, and a moment that differs from time to time: in the middle of
        // whatever goes on then.
        let after = crash * REQUESTS / (CRASHES + 1);
        while done.load(Ordering::Relaxed) < after {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let moment = uuid::Uuid::new_v4().as_u128() % 120;
        tokio::time::sleep(Duration::from_millis(u64::try_from(moment).unwrap_or_default())).await;
        demo.crash_and_restart().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }

    let planes = ["eu-shared", "us-shared"].map(|plane| demo.kubectl(plane));
    let found = until_it(
        "every claim on a control plane",
        Duration::from_mins(2),
        async || claims(&planes),
        |found: &BTreeMap<String, Vec<String>>| found.len() >= REQUESTS,
    )
    .await;
    let wanted: Vec<String> = (0..REQUESTS).map(name).collect();
    for name in &wanted {
        assert_eq!(
            found.get(name).map_or(0, Vec::len),
            1,
            "{name} is there once: {:?}",
            found.get(name)
        );
    }
    assert_eq!(found.len(), REQUESTS, "and nothing else is");
    // Nor does a request stand for another one's claim.
    let mut requests: Vec<&String> = found.values().flatten().collect();
    requests.sort();
    requests.dedup();
    assert_eq!(requests.len(), REQUESTS, "a request of its own for each claim");
}

fn name(number: usize) -> String {
    format!("crash-{number:03}")
}

/// Sends a request again and again until the portal says that it has it. The answer to the first time may
/// have been lost in a crash: the form carries the request's identity, so that asking twice asks once.
async fn send_until_taken(person: &Person, name: &str) {
    let mut form = None;
    for _ in 0..600 {
        let sent = form.is_some();
        match &form {
            None => form = person.try_form(CACHE, name).await.ok().flatten(),
            Some(fields) => {
                let path = format!("/catalog/{CACHE}/request");
                if let Ok(answer) = person.try_post(&path, String::clone(fields)).await {
                    if answer.status.is_redirection() {
                        return;
                    }
                    // Just started, it may not have heard from the control planes yet.
                    assert!(
                        answer.status.is_server_error() || answer.status == 404,
                        "{name}: {} {}",
                        answer.status,
                        answer.page().body()
                    );
                }
            }
        }
        if form.is_none() || sent {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    panic!("the portal did not take {name} in a minute");
}

/// By name, the requests that stand on the claims of that name, over all control planes.
fn claims(planes: &[Kubectl]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for plane in planes {
        let list = plane.json(&["get", CACHE, "--namespace=payments-dev"]);
        for item in list["items"].as_array().into_iter().flatten() {
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if name.starts_with("crash-") {
                let request = item["metadata"]["labels"]["portico.dev/request"]
                    .as_str()
                    .unwrap_or("none");
                found.entry(name.to_owned()).or_default().push(request.to_owned());
            }
        }
    }
    found
}
