//! Two replicas over one database: what is accepted or refused at one is judged so at the other at once, and its
//! catalog follows.

use std::fs;

use portico_store::testing::PostgresServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::decide;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{DEFINITION, NEEDED, OFFERING, TENANT, TIMEOUT, publication};

const PLACE: &str = "tenant=orders&environment=dev";

/// Waits until the catalog has the service, or has it no more. What is requested and decided is judged at once.
async fn until_listed(person: &Person, listed: bool) {
    until(&format!("the catalog has it: {listed}"), TIMEOUT, async || {
        let card = card(person).await;
        (card.is_null() != listed).then_some(())
    })
    .await;
}

async fn card(person: &Person) -> Value {
    let path = format!("/api/v1/offerings?q=search&{PLACE}");
    let page = person.api(Method::GET, &path, None).await.expect(200).json();
    let mut cards = page["cards"]["items"].as_array().unwrap().iter();
    let card = cards.find(|card| card["name"] == OFFERING);
    card.cloned().unwrap_or_default()
}

async fn request(person: &Person, name: &str, status: u16) -> Value {
    let wish = json!({ "offering": OFFERING, "name": name, "object": { "spec": { "shards": 2 } } });
    let path = format!("/api/v1/requests?{PLACE}");
    person
        .api(Method::POST, &path, Some(&wish))
        .await
        .expect(status)
        .json()
}

async fn decide_permission(admin: &Person, permission: &str, accept: bool) {
    let publication = admin
        .api(Method::GET, "/api/v1/publications/search", None)
        .await
        .expect(200)
        .json();
    let mut all = publication["permissions"].as_array().unwrap().iter();
    let asked = &all.find(|one| one["permission"] == permission).unwrap()["asked"];
    let path = format!("/api/v1/publications/search/permissions/{permission}/decision");
    let decision = json!({ "accept": accept, "asked": asked });
    let decided = admin.api(Method::POST, &path, Some(&decision)).await;
    assert!(decided.status.is_success(), "{}", decided.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_see_what_is_accepted_and_refused_at_once() {
    let test = "two_replicas_see_what_is_accepted_and_refused_at_once";
    if !Kubectl::is_here(test) {
        return;
    }
    let Some(postgres) = PostgresServer::shared(test) else {
        return;
    };
    let database = postgres.fresh_database().await.unwrap();
    let world = SeparateProcess::world().await;
    let planes = &world.ready.control_planes;
    let own = planes.iter().find(|plane| plane.name == "research-own").unwrap();
    Kubectl::of(&own.kubeconfig).apply(DEFINITION, &[]);
    let folder = &world.ready.configuration;
    fs::write(folder.join("orders.yaml"), TENANT).unwrap();
    fs::write(
        folder.join("publication.yaml"),
        publication("research-own", "[orders]"),
    )
    .unwrap();
    let environment = [("PORTICO_DATABASE", database.clone())];
    let portal = SeparateProcess::with_environment(world, "warn", &environment).await;
    let (_replica, url) = portal.replica(&database).await;
    let pat = portal.world.sign_in("pat").await;
    let ruth = portal.world.sign_in("ruth").await;
    let ada = portal.world.sign_in("ada").await;
    let there = |person: &Person| {
        let there = Person::anonymous(&url);
        there.set_cookies(person.cookies());
        there
    };
    let (pat_there, ruth_there, ada_there) = (there(&pat), there(&ruth), there(&ada));
    for publisher in [&ruth, &ruth_there] {
        until("the kind is read at both", TIMEOUT, async || {
            let path = "/api/v1/offerings?q=search&tenant=research&environment=dev";
            let page = publisher.api(Method::GET, path, None).await.expect(200);
            page.text.contains(OFFERING).then_some(())
        })
        .await;
    }
    for permission in NEEDED {
        for person in [&ada, &ada_there] {
            assert!(card(person).await.is_null(), "{permission} is not accepted");
        }
        decide_permission(&pat, permission, true).await;
    }
    for person in [&ada_there, &ada] {
        until_listed(person, true).await;
    }
    let sent = request(&ada_there, "goods", 201).await;
    let id = sent["id"].as_str().unwrap();

    // Taken back at one, it is refused at the other: new requests, and decisions on those that wait.
    decide_permission(&pat_there, "takeClaims", false).await;
    for person in [&ada, &ada_there] {
        let _ = request(person, "more", 403).await;
        until_listed(person, false).await;
    }
    let refused = decide(&ruth, id, "approve", "").await;
    assert_eq!(refused.status, 409, "{}", refused.page().body());

    // And accepted again.
    decide_permission(&pat, "takeClaims", true).await;
    let _ = decide(&ruth_there, id, "approve", "").await.expect(200);
}
