//! Search finds what a person may see or do, and nothing else.

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{CACHE, POSTGRESQL, request, until_request};
use reqwest::Method;
use serde_json::Value;

/// Kind, title, and target or action of each result.
async fn found(person: &Person, words: &str) -> Vec<(String, String, String)> {
    let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let path = format!("/api/v1/search?q={words}");
    let hits = person.api(Method::GET, &path, None).await.expect(200).json();
    let text = |hit: &Value, key: &str| hit[key].as_str().unwrap_or_default().to_owned();
    let leads = |hit: &Value| text(hit, "href") + &text(hit, "action");
    let hits = hits.as_array().unwrap().iter();
    hits.map(|hit| (text(hit, "kind"), text(hit, "title"), leads(hit)))
        .collect()
}

fn titles(hits: &[(String, String, String)], kind: &str) -> Vec<String> {
    let of_kind = hits.iter().filter(|hit| hit.0 == kind);
    of_kind.map(|hit| hit.1.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_only_what_the_person_may_see() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "findable", &[]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let asked = (
        "request".to_owned(),
        "findable".to_owned(),
        format!("/requests/{id}"),
    );

    assert!(
        found(&dana, "findab").await.contains(&asked),
        "by the claim's name"
    );
    let hits = found(&dana, "cache").await;
    assert!(hits.contains(&asked), "by the offering: {hits:?}");
    let request = |hits: &[_]| {
        titles(hits, "action")
            .into_iter()
            .find(|title| title.starts_with("Request "))
    };
    let hits = found(&dana, "postgres").await;
    assert_eq!(request(&hits).as_deref(), Some("Request PostgreSQL"));
    assert!(
        hits.iter()
            .any(|hit| hit.2 == format!("/catalog/{POSTGRESQL}/request"))
    );
    let hits = found(&dana, "request postgres").await;
    assert_eq!(hits[0].1, "Request PostgreSQL", "{hits:?}");
    assert_eq!(
        found(&dana, "new postgrse").await[0].1,
        "Request PostgreSQL",
        "with a typing error"
    );
    let hits = found(&dana, "switch to production").await;
    assert_eq!(
        hits[0],
        (
            "action".into(),
            "Switch to production".into(),
            "switchWorkspace".into()
        )
    );
    let hits = found(&dana, "orders production").await;
    assert_eq!(
        titles(&hits, "claim"),
        ["orders"],
        "by what tells it from others: {hits:?}"
    );
    let hits = found(&dana, "theme").await;
    assert!(
        hits.contains(&("action".into(), "Switch theme".into(), "theme".into())),
        "{hits:?}"
    );
    let hits = found(&dana, "sign out").await;
    assert!(
        hits.contains(&("action".into(), "Sign out".into(), "signOut".into())),
        "{hits:?}"
    );
    let first = &found(&dana, "or").await[0];
    assert_eq!(
        (first.0.as_str(), first.1.as_str()),
        ("claim", "orders"),
        "the matching name comes first"
    );
    assert!(found(&dana, "%").await.is_empty(), "% is not a wildcard");

    // Viewers are offered no actions; other tenants find nothing.
    let vic = demo.sign_in("vic").await;
    vic.work_in("payments/dev").await;
    assert_eq!(request(&found(&vic, "postgres").await), None);
    assert!(found(&vic, "findab").await.contains(&asked));
    let devon = demo.sign_in("devon").await;
    assert!(found(&devon, "findab").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_the_pages_that_the_person_may_open() {
    let demo = Demo::start().await;
    let pages = async |who: &str| titles(&found(&demo.sign_in(who).await, "a").await, "page");
    let admin = async |who: &str| {
        let mut pages = pages(who).await;
        pages.retain(|title| title.starts_with("Admin") || title == "Approvals");
        pages
    };
    assert!(pages("dana").await.contains(&"Usage".to_owned()));
    assert!(
        admin("dana").await.is_empty(),
        "a developer finds neither approvals nor admin"
    );
    assert_eq!(admin("ada").await, ["Approvals"]);
    assert_eq!(
        admin("tess").await,
        ["Approvals", "Admin: tenants", "Admin: record"]
    );
    let all = [
        "Admin: control planes",
        "Admin: try a changed definition",
        "Admin: tenants",
        "Admin: record",
        "Admin: people",
        "Admin: configuration",
    ];
    let pats: Vec<_> = admin("pat")
        .await
        .into_iter()
        .filter(|title| title != "Approvals")
        .collect();
    assert_eq!(pats, all);
}
