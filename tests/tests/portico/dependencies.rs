//! Claims that name one another: their pages say so, and so does the page that deletes what others need.

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{BUCKET, POSTGRESQL, request, until_claim, until_request};
use reqwest::Method;
use serde_json::{Value, json};

/// The names in a list of related claims, each with the fields because of which it is there.
fn related(list: &Value) -> Vec<String> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["fields"]))
        .collect()
}

async fn api(person: &Person, path: &str) -> Value {
    let answer = person.api(Method::GET, &format!("/api/v1{path}"), None).await;
    answer.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_say_what_they_depend_on_and_what_needs_them() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let wish = [("_plan", "small"), ("_plane", "eu-shared")];
    let id = request(&dana, POSTGRESQL, "ledger", &wish).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let database = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/ledger");
    let _ = until_claim(&dana, &database, "Ready").await;
    let alone = api(&dana, &database).await;
    assert_eq!(alone["neededBy"], json!([]));
    let secret = alone["connect"]["secret"]
        .as_str()
        .unwrap_or_else(|| panic!("{alone}"));

    // A bucket whose field names the database's connection secret.
    let wish = json!({
        "offering": BUCKET, "name": "copies", "controlPlane": "eu-shared", "plan": "small",
        "object": { "spec": { "replication": {
            "endpoint": "https://files.example.com", "credentialsSecretRef": { "name": secret, "key": "password" },
        } } },
    });
    let here = "/api/v1/requests?tenant=payments&environment=dev";
    let sent = dana.api(Method::POST, here, Some(&wish)).await.expect(201).json();
    let _ = until_request(&dana, sent["id"].as_str().unwrap(), "Fulfilled").await;
    let bucket = format!("/claims/eu-shared/{BUCKET}/payments-dev/copies");
    let _ = until_claim(&dana, &bucket, "Ready").await;

    let of_bucket = api(&dana, &bucket).await;
    let field = r#"["spec.replication.credentialsSecretRef"]"#;
    assert_eq!(related(&of_bucket["dependsOn"]), [format!("ledger {field}")]);
    assert_eq!(of_bucket["neededBy"], json!([]));
    assert_eq!(of_bucket["dependsOn"][0]["href"], database.as_str());
    let of_database = api(&dana, &database).await;
    assert_eq!(of_database["dependsOn"], json!([]));
    assert_eq!(related(&of_database["neededBy"]), [format!("copies {field}")]);

    let page = dana.get(&bucket).await.expect(200).page();
    let section = page.text("section[aria-labelledby=depends-on]").unwrap();
    for words in [
        "Depends on",
        "ledger",
        "Ready",
        "spec.replication.credentialsSecretRef",
    ] {
        assert!(section.contains(words), "{words}: {section}");
    }
    let page = dana.get(&database).await.expect(200).page();
    let section = page.text("section[aria-labelledby=needed-by]").unwrap();
    assert!(section.contains("copies"), "{section}");
    assert!(page.text("section[aria-labelledby=depends-on]").is_none());
    let page = dana.get(&format!("{database}/delete")).await.expect(200).page();
    let section = page.text("section[aria-labelledby=needed-by]").unwrap();
    assert!(section.contains("may stop working without it"), "{section}");
    assert!(section.contains("copies"), "{section}");
    // Also to whoever deletes several at once.
    let selected = format!("eu-shared/{POSTGRESQL}/payments-dev/ledger");
    let page = dana
        .get(&format!("/claims/several?action=delete&claim={selected}"))
        .await
        .expect(200)
        .page();
    let said = page.text(".several").unwrap();
    assert!(
        said.contains("copies names it, and may stop working without it."),
        "{said}"
    );
    // What nothing needs is deleted without such words.
    let page = dana.get(&format!("{bucket}/delete")).await.expect(200).page();
    assert!(page.text("section[aria-labelledby=needed-by]").is_none());
}
