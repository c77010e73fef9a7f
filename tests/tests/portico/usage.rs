//! Usage over time: a page with charts, and the same numbers in the API.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{POSTGRESQL, until_claim};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::Value;

async fn usage(person: &Person, query: &str) -> Value {
    let path = format!("/api/v1/usage{query}");
    person.api(Method::GET, &path, None).await.expect(200).json()
}

/// The number of claims in the last slot.
fn claims_now(usage: &Value) -> u64 {
    let slots = usage["claims"].as_array().unwrap();
    let counts = slots.last().unwrap()["counts"].as_array().unwrap();
    counts.iter().map(|count| count["claims"].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_show_what_the_api_says() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &orders, "Ready").await;
    let counted = usage(&dana, "").await;
    assert_eq!(
        (&counted["tenant"], &counted["title"]),
        (&"payments".into(), &"Payments".into())
    );
    assert_eq!(counted["claims"].as_array().unwrap().len(), 30);
    let listed = dana
        .api(Method::GET, "/api/v1/claims", None)
        .await
        .expect(200)
        .json();
    assert_eq!(claims_now(&counted), listed["rows"]["total"].as_u64().unwrap());
    let memory = counted["quota"].as_array().unwrap().iter();
    let memory = memory.clone().find(|history| history["resource"] == "memoryGiB");
    let now = memory.unwrap()["slots"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(
        now["used"].as_u64().unwrap() > 0 && now["limit"].as_u64().unwrap() > 0,
        "{now}"
    );
    assert_eq!(counted["costs"][0]["currency"], "EUR");
    assert!(counted["costs"][0]["now"].as_f64().unwrap() > 0.0);

    let page = dana.get("/usage").await.expect(200).page();
    let images = page.attributes("svg[role=img]", "aria-labelledby");
    assert!(images.len() > 2, "{images:?}");
    let findings = page.texts("svg[role=img] desc");
    let claims = format!("{} claims", claims_now(&counted));
    assert!(
        findings.iter().any(|finding| finding.starts_with(&claims)),
        "{findings:?}"
    );
    assert!(
        page.texts("table.numbers caption")
            .contains(&"Claims in numbers".to_owned())
    );
    // The demo remembers a month.
    assert_eq!(page.text(".page-head p").as_deref(), Some("Payments"));
    let quarter = dana.get("/usage?days=90").await.expect(200).page();
    let head = quarter.text(".page-head p").unwrap();
    assert!(head.contains("Portico has counted since"), "{head}");
    assert_eq!(page.texts(".places a[aria-current]"), ["Usage"]);
    let week = dana.get("/usage?days=7").await.expect(200).page();
    assert_eq!(week.texts("main .chip[aria-current]"), ["7 days"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_counts_as_soon_as_it_has_read_its_control_planes() {
    let demo = Demo::start_with(&["--empty"]).await;
    let dana = demo.sign_in("dana").await;
    let counted = until("the first count", Duration::from_mins(1), async || {
        let usage = usage(&dana, "").await;
        usage["countedSince"].is_string().then_some(usage)
    })
    .await;
    assert_eq!(claims_now(&counted), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_usage_is_no_more_there_than_one_that_does_not_exist() {
    let demo = Demo::start().await;
    let (dana, pat) = (demo.sign_in("dana").await, demo.sign_in("pat").await);
    let said = async |path: &str| {
        let answer = dana.get(path).await.expect(404);
        answer.page().text("main").unwrap()
    };
    assert_eq!(
        said("/usage?tenant=research").await,
        said("/usage?tenant=nobody").await
    );
    let problem = async |tenant: &str| {
        let path = format!("/api/v1/usage?tenant={tenant}");
        let mut problem = dana.api(Method::GET, &path, None).await.expect(404).json();
        // The address that was asked for.
        problem.as_object_mut().unwrap().remove("instance");
        problem
    };
    assert_eq!(problem("research").await, problem("nobody").await);
    assert_eq!(problem("research").await, problem("Not%20a%20name").await);

    let refused = dana.get("/usage?days=31").await.expect(400).page();
    assert!(refused.text("main").unwrap().contains("7, 30 or 90 days"));
    let refused = dana
        .api(Method::GET, "/api/v1/usage?days=x", None)
        .await
        .expect(400)
        .json();
    assert_eq!(refused["type"], "urn:portico:problem:bad-request");

    assert_eq!(usage(&pat, "?tenant=research").await["tenant"], "research");
    let all = usage(&pat, "").await;
    assert!(all["tenant"].is_null() && all["maySeeAll"] == true, "{all}");
    let page = pat.get("/usage?tenant=research&days=90").await.expect(200).page();
    assert_eq!(
        page.attributes(".usage-tenant option[selected]", "value"),
        ["research"]
    );
}
