//! Steps of people in the portal, by pages without scripts: submit, decide, view, reveal, change, delete.

use std::time::{Duration, Instant};

use crate::person::{Answer, Person};
use crate::until::until_right;

/// PostgreSQL: a legacy XRD with claims.
pub const POSTGRESQL: &str = "postgresqlinstances.databases.demo.portico.dev";
/// A message queue: a namespaced XRD.
pub const QUEUE: &str = "queues.messaging.demo.portico.dev";
/// A cache: a namespaced XRD with the smallest form.
pub const CACHE: &str = "caches.databases.demo.portico.dev";
/// A bucket: a plain CRD.
pub const BUCKET: &str = "buckets.storage.demo.portico.dev";
/// A Kubernetes cluster, which a platform admin must approve.
pub const CLUSTER: &str = "kubernetesclusters.clusters.demo.portico.dev";

/// How long the worker and the demo's provisioners may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long real control planes may take on a busy machine.
const REAL_TIMEOUT: Duration = Duration::from_mins(3);

/// Submits the form of an offering in the person's workspace, with its defaults and these fields. Returns the
/// resulting page.
///
/// # Panics
/// When there is no form.
pub async fn submit_form(person: &Person, offering: &str, name: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("/catalog/{offering}/request");
    let page = person.get(&path).await.expect(200);
    let mut form = page
        .page()
        .form("/request")
        .expect("a request form")
        .with("_name", name);
    for (field, value) in fields {
        form = form.with(field, value);
    }
    person.submit(&page.url, &form, Some(("_do", "submit"))).await
}

/// As above, and returns the request's id.
///
/// # Panics
/// When it creates no request; prints the errors of the form.
pub async fn request(person: &Person, offering: &str, name: &str, fields: &[(&str, &str)]) -> String {
    let answer = submit_form(person, offering, name, fields).await;
    request_id(&answer)
}

/// The id of the request on its page, or of the newest request on a claim's page: without approval, submitting
/// leads to the claim.
///
/// # Panics
/// When the page is neither.
#[must_use]
#[track_caller]
pub fn request_id(answer: &Answer) -> String {
    let of_page = answer.url.path().strip_prefix("/requests/").map(str::to_owned);
    let id = of_page.or_else(|| {
        let links = answer.page().attributes("main a", "href");
        let on_claim = answer.url.path().starts_with("/claims/");
        let newest = links
            .into_iter()
            .find(|link| link.starts_with("/requests/"))
            .filter(|_| on_claim);
        newest?.strip_prefix("/requests/").map(str::to_owned)
    });
    let id = id.unwrap_or_else(|| {
        panic!(
            "{} {} is no request's page:\n{}",
            answer.status,
            answer.url,
            answer.page().body()
        )
    });
    assert_eq!(answer.status, 200);
    id
}

/// Waits until a request's page shows a state; returns the page. Pages say `Applied` where the API says
/// `Fulfilled`.
///
/// # Panics
/// When it does not reach the state.
pub async fn until_request(person: &Person, id: &str, state: &str) -> Answer {
    let state = if state == "Fulfilled" { "Applied" } else { state };
    let path = format!("/requests/{id}");
    let right = |answer: &Answer| {
        answer
            .page()
            .text(".state-line")
            .is_some_and(|line| line.contains(state))
    };
    let what = format!("request {id}: {state}");
    let mut answer = until_right(&what, TIMEOUT, async || person.get(&path).await, right).await;
    // A created object shows once the watch delivers it; one that is already deleted never shows.
    let patience = Instant::now() + Duration::from_secs(5);
    while state == "Applied" && is_without_its_claim(&answer) && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = person.get(&path).await;
    }
    answer
}

fn is_without_its_claim(request: &Answer) -> bool {
    let page = request.page();
    let is_delete = page.text("h1").is_some_and(|title| title.starts_with("Delete"));
    let mut links = page.attributes(".request-head a", "href").into_iter();
    !is_delete && !links.any(|link| link.starts_with("/claims/"))
}

/// The path of the claim that a fulfilled request links to.
///
/// # Panics
/// When it links to none.
#[must_use]
#[track_caller]
pub fn claim_path(request: &Answer) -> String {
    let links = request.page().attributes(".request-head a", "href");
    links
        .into_iter()
        .find(|link| link.starts_with("/claims/"))
        .expect("the request leads to its claim")
}

/// Waits until a claim's page shows a health; returns the page.
///
/// # Panics
/// When it does not reach it.
pub async fn until_claim(person: &Person, path: &str, health: &str) -> Answer {
    let right = |answer: &Answer| {
        answer
            .page()
            .text(".verdict")
            .is_some_and(|verdict| verdict.starts_with(health))
    };
    until_right(
        &format!("{path}: {health}"),
        TIMEOUT,
        async || person.get(path).await,
        |answer| right(answer),
    )
    .await
}

/// Waits until a page of the portal has a text, as long as real control planes may need. Returns the page.
///
/// # Panics
/// When it does not get it in time.
pub async fn until_page(person: &Person, path: &str, text: &str) -> Answer {
    until_right(
        &format!("{path}: {text}"),
        REAL_TIMEOUT,
        async || person.get(path).await,
        |answer| answer.page().text("main").is_some_and(|main| main.contains(text)),
    )
    .await
}

/// Decides on a request by its page, as an approver.
///
/// # Panics
/// When the page offers no decision.
pub async fn decide(approver: &Person, id: &str, decision: &str, comment: &str) -> Answer {
    let page = approver.get(&format!("/requests/{id}")).await.expect(200);
    let form = page
        .page()
        .form("/decide")
        .unwrap_or_else(|| panic!("no decision on:\n{}", page.page().body()));
    approver
        .submit(
            &page.url,
            &form.with("_comment", comment),
            Some(("_decision", decision)),
        )
        .await
}
