//! What somebody sees who waits for a claim.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::story::{POSTGRESQL, claim_path, request, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_a_creation_are_shown_until_the_claim_is_ready() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, POSTGRESQL, "steps", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let read = async || {
        let answer = dana.api(Method::GET, &format!("/api/v1{claim}"), None).await;
        answer.expect(200).json()
    };
    // Nobody has to approve it in this environment.
    let waits = async || {
        let page = read().await;
        let steps = page["progress"]["steps"].as_array()?;
        let titles: Vec<String> = steps
            .iter()
            .filter_map(|step| Some(step["title"].as_str()?.to_owned()))
            .collect();
        titles
            .iter()
            .any(|title| title.ends_with("parts ready"))
            .then_some(titles)
    };
    let titles = until("the claim waits for its parts", Duration::from_secs(30), waits).await;
    let (first, last) = (titles.first().unwrap(), titles.last().unwrap());
    assert_eq!(
        (first.as_str(), last.as_str()),
        ("Requested", "Ready"),
        "{titles:?}"
    );
    // A moment later it may be ready, and the page without the steps.
    let shown = dana.get(&claim).await.page().texts("section.progress li");
    assert!(shown.is_empty() || shown[0].contains("Requested"), "{shown:?}");

    let _ = until_claim(&dana, &claim, "Ready").await;
    assert_eq!(read().await["progress"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offering_says_where_to_ask_for_help() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let chat = "https://chat.demo.example/channels/data-platform";
    let offering = dana
        .api(Method::GET, &format!("/api/v1/offerings/{POSTGRESQL}"), None)
        .await
        .expect(200)
        .json();
    assert_eq!(offering["support"], chat);
    let page = dana.get(&format!("/catalog/{POSTGRESQL}")).await.page();
    assert!(page.attributes("main a", "href").contains(&chat.to_owned()));
}
