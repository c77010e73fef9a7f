//! Control planes that hang, lie or are down, on pages and in watches.

use std::time::Duration;

use portico_tests::person::Person;
use portico_tests::proxy::{Fault, Operation};
use portico_tests::story::{BUCKET, POSTGRESQL, request, request_id, until_claim, until_request};
use portico_tests::until::until;
use serde_json::json;

use super::{BUCKETS, HANGS, World, ask_for_bucket, quickly};

#[tokio::test(flavor = "multi_thread")]
async fn a_plane_that_is_down_only_marks_its_own_rows() {
    let mut world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &orders, "Ready").await;
    let offered = dana.get("/catalog").await.page().texts(".card h2");

    world.proxy.go_down().await;
    let page = until_claim(&dana, &orders, "Unreachable").await;
    let said = page.page().text(".verdict").unwrap();
    assert!(said.contains("What you see is as of"), "{said}");
    let planes = pat.get("/admin/control-planes").await.expect(200).page();
    let behind = planes.text("#p-eu-shared td[data-label=Behind]").unwrap();
    assert!(
        behind.starts_with("up to "),
        "the age of the displayed data: {behind}"
    );
    let behind = planes.text("#p-us-shared td[data-label=Behind]").unwrap();
    assert_eq!(behind, "Live");
    let list = quickly(&dana, "/claims").await;
    let row = list
        .page()
        .texts("tbody tr")
        .into_iter()
        .find(|row| row.starts_with("orders "));
    let row = row.expect("orders is still listed");
    assert!(row.contains("Unreachable") && row.contains("Last seen"), "{row}");
    let catalog = quickly(&dana, "/catalog").await;
    assert_eq!(
        catalog.page().texts(".card h2"),
        offered,
        "the catalog keeps its offerings"
    );
    let offering = quickly(&dana, &format!("/catalog/{POSTGRESQL}")).await;
    assert!(
        offering.page().body().contains("Does not answer, last seen"),
        "{}",
        offering.page().body()
    );
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;

    // New requests go elsewhere and say so; choosing this plane explains why not.
    let form = quickly(&dana, &format!("/catalog/{BUCKET}/request")).await;
    let summary = form.page().text("aside.summary").unwrap();
    assert!(
        summary.contains("United States, shared") && summary.contains("it has not answered since"),
        "{summary}"
    );
    let insisted = ask_for_bucket(&dana, "insisted").await;
    assert_eq!(insisted.status, 422);
    assert!(
        insisted.page().body().contains("it has not answered since"),
        "{}",
        insisted.page().body()
    );
    let id = request(&dana, BUCKET, "elsewhere", &[]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;

    // Actions that need this plane wait for it.
    let page = dana.get(&format!("{orders}/delete")).await.expect(200);
    let delete = page.page().form("/delete").unwrap().with("_confirm", "orders");
    let delete = request_id(&dana.submit(&page.url, &delete, None).await);
    let waits = "Waiting for Europe, shared, which cannot be reached.";
    let _ = until_request(&dana, &delete, waits).await;

    world.proxy.come_back().await;
    let _ = until_request(&dana, &delete, "Fulfilled").await;
    until("the other claims are back", Duration::from_secs(20), async || {
        let list = dana.get("/claims").await;
        (!list.page().body().contains("Unreachable")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plane_that_hangs_or_lies_slows_no_page_and_hides_no_claim() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &orders, "Ready").await;
    let offered = dana.get("/catalog").await.page().texts(".card h2");
    let claims = async || {
        let mut names = dana.get("/claims").await.page().texts("tbody th");
        names.sort();
        names
    };
    let known = claims().await;

    // It hangs: nothing shows that at first, and the claim's page has to query it.
    world.proxy.inject(Operation::Anything, None, HANGS);
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;
    world.proxy.cut_watches();
    let _ = until_claim(&dana, &orders, "Unreachable").await;
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;
    world.proxy.clear_faults();
    let _ = until_claim(&dana, &orders, "Ready").await;

    // It lies: no existing object is taken for deleted.
    for lie in [
        Fault::OtherJson,
        Fault::NotJson,
        Fault::refusal(500, "etcd is ill"),
    ] {
        world.proxy.inject(Operation::Anything, None, lie);
        world.proxy.cut_watches();
        let _ = until_claim(&dana, &orders, "Unreachable").await;
        assert_eq!(dana.get("/catalog").await.page().texts(".card h2"), offered);
        assert_eq!(claims().await, known);
        world.proxy.clear_faults();
        let _ = until_claim(&dana, &orders, "Ready").await;
    }
}

async fn all_pages_are_quick(dana: &Person, ada: &Person, pat: &Person, claim: &str) {
    let id = &dana
        .get("/requests")
        .await
        .page()
        .attributes("main tbody th a", "href");
    for path in ["/", "/catalog", "/claims", "/requests"] {
        let _ = quickly(dana, path).await;
    }
    let own = [
        format!("/catalog/{POSTGRESQL}"),
        format!("/catalog/{POSTGRESQL}/request"),
        claim.to_owned(),
        format!("{claim}/change"),
        format!("{claim}/delete"),
    ];
    for path in own.iter().chain(id.first()) {
        let _ = quickly(dana, path).await;
    }
    let _ = quickly(ada, "/approvals").await;
    for path in [
        "/admin/control-planes",
        "/admin/tenants",
        "/admin/record",
        "/catalog",
    ] {
        let _ = quickly(pat, path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_recover_from_410_gone() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let bucket = |name: &str| {
        json!({
            "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
            "metadata": { "name": name, "namespace": "payments-dev" }, "spec": {},
        })
    };
    let shows = async |name: &str| {
        until(
            &format!("{name} among the claims"),
            Duration::from_secs(30),
            async || {
                let list = dana.get("/claims").await;
                let names = list.page().texts("tbody th");
                names.iter().any(|row| row == name).then_some(())
            },
        )
        .await;
    };
    world.proxy.inject(
        Operation::Watch,
        None,
        Fault::refusal(410, "too old resource version"),
    );
    world.proxy.cut_watches();
    world.plane.create(BUCKETS, &bucket("made-meanwhile")).await;
    shows("made-meanwhile").await;
    world.proxy.clear_faults();
    world.plane.create(BUCKETS, &bucket("made-after")).await;
    shows("made-after").await;
    let unreachable = dana.get("/claims").await.page().body().contains("Unreachable");
    assert!(!unreachable, "a readable list is no outage");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_not_read_since_the_start_are_not_reported_as_missing() {
    let mut world = World::before("eu-shared", async |proxy| proxy.go_down().await).await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let orders = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let pages = [
        format!("/claims/{orders}"),
        format!("/claims/{orders}/change"),
        "/catalog/unheards.of.example.org".to_owned(),
        "/catalog/unheards.of.example.org/request".to_owned(),
    ];
    for path in &pages {
        let answer = dana.get(path).await.expect(503);
        let said = answer.page().text("main").unwrap();
        assert!(said.contains("could not yet read"), "{path}: {said}");
        assert!(said.contains("Europe, shared"), "{path}: {said}");
        assert_eq!(answer.header("refresh"), Some("30"), "{path}");
    }
    for path in [
        format!("/api/v1/claims/{orders}"),
        "/api/v1/offerings/unheards.of.example.org".to_owned(),
    ] {
        let answer = dana.get(&path).await.expect(503);
        assert_eq!(answer.json()["type"], "urn:portico:problem:not-read-yet");
        assert_eq!(answer.header("retry-after"), Some("30"));
        assert_eq!(answer.header("refresh"), None);
    }
    let elsewhere = format!("/claims/us-shared/{POSTGRESQL}/payments-dev/unheard-of");
    let _ = dana.get(&elsewhere).await.expect(404);

    world.proxy.come_back().await;
    let _ = until_claim(&dana, &pages[0], "Ready").await;
    for path in &pages[2..] {
        let known = async || (dana.get(path).await.status == 404).then_some(());
        until("the whole catalog", Duration::from_secs(20), known).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_plane_of_another_tenant_stays_hidden() {
    let world = World::before("research-own", async |proxy| proxy.go_down().await).await;
    let claim = format!("/claims/research-own/{POSTGRESQL}/research-dev/unheard-of");
    let offering = "/catalog/unheards.of.example.org";
    let devon = world.sign_in("devon", "research/dev").await;
    let _ = devon.get(&claim).await.expect(503);
    let _ = devon.get(offering).await.expect(503);
    let dana = world.sign_in("dana", "payments/dev").await;
    let _ = dana.get(&claim).await.expect(404);
    let _ = dana.get(offering).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_unreadable_at_the_start_can_still_be_offered() {
    let ill = || Fault::refusal(500, "etcd is ill");
    let world = World::before("eu-shared", async |proxy| {
        proxy.inject(Operation::Read, Some(POSTGRESQL), ill());
    })
    .await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = dana.get(&orders).await.expect(503);
    world.proxy.clear_faults();
    let _ = until_claim(&dana, &orders, "Ready").await;
}
