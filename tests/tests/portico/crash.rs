//! Kills the portal with SIGKILL at random moments during two hundred requests: none is lost or duplicated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::kubectl::Kubectl;
use portico_tests::long::when_full;
use portico_tests::person::Person;
use portico_tests::story::CACHE;
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::Value;

on_all_planes!(no_request_is_lost_or_duplicated_when_killed_at_random_moments);

/// The number of claims.
const CLAIMS: usize = 120;
/// The number of requests: of every three claims one is changed and one deleted.
const REQUESTS: usize = CLAIMS + 2 * (CLAIMS / 3);
/// The value that a change sets.
const TTL: &str = "45m";

/// What happens to a claim after its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Changed,
    Deleted,
}

impl Fate {
    fn of(number: usize) -> Self {
        [Self::Kept, Self::Changed, Self::Deleted][number % 3]
    }
}

async fn no_request_is_lost_or_duplicated_when_killed_at_random_moments(planes: Planes) {
    if !Kubectl::is_here("no_request_is_lost_or_duplicated_when_killed_at_random_moments") {
        return;
    }
    let mut demo = Demo::start_on(planes).await;
    demo.remove_quotas_and_restart().await;
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
                    if number >= CLAIMS {
                        return;
                    }
                    live_through(&dana, number, &done).await;
                }
            })
        })
        .collect();

    let crashes = when_full(40, 6);
    for crash in 1..=crashes {
        // After this many requests and a varying delay, to hit the middle of something.
        let after = crash * REQUESTS / (crashes + 1);
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

    let requests = until_right(
        "every request to be fulfilled",
        Duration::from_mins(2),
        async || requests(&dana).await,
        |requests| requests.iter().all(|request| request["state"] == "fulfilled"),
    )
    .await;
    assert_eq!(requests.len(), REQUESTS, "each request was submitted once");
    let planes = ["eu-shared", "us-shared"].map(|plane| demo.kubectl(plane));
    // Deletions may take a moment to become visible.
    let found = until_right(
        "the claims that are to be there, and no others",
        Duration::from_mins(1),
        async || claims(&planes),
        |found: &BTreeMap<String, Vec<Value>>| found.len() == CLAIMS - CLAIMS / 3,
    )
    .await;
    for number in 0..CLAIMS {
        let (name, fate) = (name(number), Fate::of(number));
        let there = found.get(&name).map_or(&[][..], Vec::as_slice);
        assert_eq!(
            there.len(),
            usize::from(fate != Fate::Deleted),
            "{name}, {fate:?}: {there:?}"
        );
        for claim in there {
            let changed = claim["spec"]["defaultTtl"] == TTL;
            assert_eq!(changed, fate == Fate::Changed, "{name}: {claim}");
            // The last request that created or changed it owns it.
            let action = if changed { "change" } else { "create" };
            let by = requests
                .iter()
                .find(|request| request["claim"]["name"] == *name && request["action"] == action);
            let label = &claim["metadata"]["labels"]["portico.dev/request"];
            assert_eq!(by.map(|request| &request["id"]), Some(label), "{name}");
        }
    }
}

fn name(number: usize) -> String {
    format!("crash-{number:03}")
}

/// Creates a claim, then changes or deletes it.
async fn live_through(person: &Person, number: usize, done: &AtomicUsize) {
    let name = name(number);
    let form = format!("/catalog/{CACHE}/request");
    let fields = [("_name", name.as_str()), ("_do", "submit")];
    send_until_taken(person, &form, "/request", &fields).await;
    done.fetch_add(1, Ordering::Relaxed);
    let (what, fields) = match Fate::of(number) {
        Fate::Kept => return,
        Fate::Changed => ("change", [("/spec/defaultTtl", TTL), ("_do", "submit")]),
        Fate::Deleted => ("delete", [("_confirm", name.as_str()), ("_do", "")]),
    };
    let claim = until(&format!("the claim {name}"), Duration::from_mins(2), async || {
        let list = format!("/api/v1/claims?q={name}");
        let list = person.try_get(&list).await.ok()?;
        let list: Value = serde_json::from_str(&list.text).ok()?;
        list["rows"]["items"][0]["href"].as_str().map(str::to_owned)
    })
    .await;
    let form = format!("{claim}/{what}");
    send_until_taken(person, &form, &format!("/{what}"), &fields).await;
    done.fetch_add(1, Ordering::Relaxed);
}

/// Retries a form until the portal accepts it. A crash may lose the first response; the form carries the
/// request's id, so that a retry does not create a second request.
async fn send_until_taken(person: &Person, path: &str, action: &str, fields: &[(&str, &str)]) {
    let mut form = None;
    for _ in 0..1200 {
        let Some(body) = &form else {
            form = person.try_form(path, action, fields).await.ok().flatten();
            if form.is_none() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            continue;
        };
        if let Ok(answer) = person.try_post(path, String::clone(body)).await {
            if answer.status.is_redirection() {
                return;
            }
            let said = answer.page().body();
            // The claim exists, and its request is about to be completed; or right after a start, when some control planes
            // are connected, the ones that could serve it are not.
            let too_early = answer.status == 422
                && (said.contains("still under way") || said.contains("still being connected to"));
            // Right after a start, it may not have synced its control planes.
            assert!(
                too_early || answer.status.is_server_error() || answer.status == 404,
                "{path}: {} {said}",
                answer.status
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the portal did not take {path} {fields:?} in two minutes");
}

/// All requests of this test.
async fn requests(person: &Person) -> Vec<Value> {
    let mut found = Vec::new();
    let mut path = "/api/v1/requests?mine=true".to_owned();
    loop {
        let page = person.api(Method::GET, &path, None).await.expect(200).json();
        let items = page["rows"]["items"].as_array().cloned().unwrap_or_default();
        let last = items.last().map(|last| last["id"].clone());
        found.extend(items);
        match last.as_ref().and_then(Value::as_str) {
            Some(last) if page["rows"]["more"] == true => {
                path = format!("/api/v1/requests?mine=true&before={last}");
            }
            _ => break,
        }
    }
    found.retain(|request: &Value| {
        let name = request["claim"]["name"].as_str();
        name.is_some_and(|name| name.starts_with("crash-"))
    });
    found
}

/// The claims of this test by name, over all control planes.
fn claims(planes: &[Kubectl]) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for plane in planes {
        let list = plane.json(&["get", CACHE, "--namespace=payments-dev"]);
        for item in list["items"].as_array().into_iter().flatten() {
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if name.starts_with("crash-") {
                found.entry(name.to_owned()).or_default().push(item.clone());
            }
        }
    }
    found
}
