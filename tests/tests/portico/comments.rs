//! Comments on requests.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{QUEUE, decide, request, until_request};
use reqwest::Method;
use serde_json::json;

async fn say(person: &Person, id: &str, text: &str) -> portico_tests::person::Answer {
    let page = person.get(&format!("/requests/{id}")).await.expect(200);
    let form = page.page().form("/comment").expect("the comment form");
    person.submit(&page.url, &form.with("_comment", text), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requester_and_approver_can_comment_and_outsiders_cannot() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "talk", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;

    let ada = demo.sign_in("ada").await;
    let page = say(&ada, &id, "Why in production?\r\n<b>Really?</b>")
        .await
        .expect(200);
    let page = page.page();
    let steps = page.text(".steps").unwrap();
    assert!(steps.contains("Commented") && steps.contains("Ada"), "{steps}");
    assert!(
        steps.contains("<b>Really?</b>"),
        "markup is shown as text: {steps}"
    );
    assert!(
        steps.find("Commented") < steps.find("Waits for approval"),
        "what was said comes before what is still to come: {steps}"
    );

    let answer = dana
        .api(
            Method::POST,
            &format!("/api/v1/requests/{id}/comments"),
            Some(&json!({ "text": "For the audit." })),
        )
        .await
        .expect(201)
        .json();
    assert_eq!(answer["text"], "For the audit.");
    assert!(answer.get("subject").is_none(), "{answer}");

    let queue = ada.get("/approvals").await.expect(200).page();
    let waiting = queue.text(&format!("#approval-{id}")).unwrap();
    assert!(
        waiting.contains("Really?") && waiting.contains("For the audit."),
        "{waiting}"
    );

    // A viewer of the tenant can read but not comment; another tenant gets 404.
    let vic = demo.sign_in("vic").await;
    let page = vic.get(&format!("/requests/{id}")).await.expect(200).page();
    assert!(page.text(".steps").unwrap().contains("For the audit."));
    assert!(page.form("/comment").is_none());
    let ruth = demo.sign_in("ruth").await;
    for (person, status) in [(&vic, 403), (&ruth, 404)] {
        let fields = [("_comment", "Me too.")];
        let _ = person
            .post(&format!("/requests/{id}/comment"), &fields)
            .await
            .expect(status);
    }

    for text in ["", " \r\n ", &"x".repeat(2001)] {
        let _ = say(&dana, &id, text).await.expect(400);
    }
    let page = dana.get(&format!("/requests/{id}")).await.expect(200).page();
    assert_eq!(page.text(".steps").unwrap().matches("Commented").count(), 2);

    // A decision on the version from before the comments is valid: comments do not change the request.
    let _ = decide(&ada, &id, "approve", "Well then.").await.expect(200);
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let _ = say(&dana, &id, "Thank you.").await.expect(200);

    let pat = demo.sign_in("pat").await;
    let record = pat
        .api(Method::GET, "/api/v1/record?verb=request.commented", None)
        .await
        .expect(200)
        .json();
    assert_eq!(record["rows"].as_array().unwrap().len(), 3, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_appears_to_the_other_side_at_once() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "heard", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let ada = demo.sign_in("ada").await;

    let cookies: Vec<String> = dana
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut stream = reqwest::Client::new()
        .get(format!("{}/events", demo.ready.portal))
        .header("cookie", cookies.join("; "))
        .send()
        .await
        .unwrap();
    let _ = say(&ada, &id, "Why?").await.expect(200);
    let heard = tokio::time::timeout(Duration::from_secs(10), async {
        let mut text = String::new();
        while let Some(part) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&part));
            if text.contains(&format!("/requests/{id}")) {
                break;
            }
        }
        text
    })
    .await
    .expect("an event before the timeout");
    assert!(heard.contains("event: request"), "{heard}");
}
