//! What was opened in one tab and is sent after something else happened in another, or is sent twice.

use portico_tests::demo::Demo;
use portico_tests::html::Form;
use portico_tests::person::{Answer, Person};
use portico_tests::story::{BUCKET, claim_path, request_id, until_request};
use reqwest::Method;

/// The page of a form, and the form.
async fn open(person: &Person, path: &str, action: &str) -> (Answer, Form) {
    let page = person.get(path).await.expect(200);
    let form = page.page().form(action).expect("a form");
    (page, form)
}

async fn send(person: &Person, (page, form): &(Answer, Form)) -> Answer {
    person.submit(&page.url, form, Some(("_do", "submit"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_asks_for_the_place_it_was_made_for_whatever_another_tab_switched_to() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let path = format!("/catalog/{BUCKET}/request");
    let (page, form) = open(&dana, &path, "/request").await;
    let form = form.with("_name", "here");

    dana.work_in("payments/production").await;
    // What a script asks while one types is about the same place.
    let checked = dana
        .submit(&page.url, &form, Some(("_do", "update")))
        .await
        .expect(200);
    assert_eq!(
        checked.page().text(".page-head strong").as_deref(),
        Some("payments/dev")
    );
    let sent = send(&dana, &(page.clone(), form.clone())).await;
    let api = format!("/api/v1/requests/{}", request_id(&sent));
    let made = dana.api(Method::GET, &api, None).await.expect(200).json();
    assert_eq!(made["row"]["environment"], "dev", "{made}");
    assert_eq!(made["row"]["claim"]["namespace"], "payments-dev");

    // Where one is no member, there is nothing; nor is there a place of no name.
    for foreign in ["research/dev", "payments/nowhere", "payments", ""] {
        for what in ["submit", "update"] {
            let forged = form.clone().with("_name", "elsewhere").with("_work_in", foreign);
            let answer = dana.submit(&page.url, &forged, Some(("_do", what))).await;
            assert_eq!(answer.status, 404, "{foreign:?} {what}: {}", answer.page().body());
        }
    }
    // A claim is where it is.
    let claim = claim_path(&until_request(&dana, &request_id(&sent), "Fulfilled").await);
    let (page, form) = open(&dana, &format!("{claim}/change"), "/change").await;
    let forged = form.with("_work_in", "payments/production");
    assert_eq!(send(&dana, &(page, forged)).await.status, 404);
    let requests = dana.get("/requests").await.expect(200).page().body();
    assert!(!requests.contains("elsewhere"), "{requests}");
}
