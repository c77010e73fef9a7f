//! Two installations of Portico that work on the same control plane, in the same namespaces.

use std::fs;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, submit_form, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::real_control_plane::{portal_over, world_over};

const WIDGET: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";
const SIZE: &[(&str, &str)] = &[("/spec/size", "3"), ("/spec/colour", "green")];
const OTHER: &str = "Managed by another Portico, demo. Change it there.";
const SOON: Duration = Duration::from_secs(20);

/// Waits until the person's portal shows the claim with these words about who manages it; `None`: the portal itself.
async fn until_managed(person: &Person, claim: &str, by: Option<&str>) -> Value {
    until(&format!("{claim} to be managed by {by:?}"), SOON, async || {
        let answer = person.api(Method::GET, &format!("/api/v1{claim}"), None).await;
        let claim = (answer.status == 200).then(|| answer.json())?;
        (claim["row"]["managedBy"]["message"].as_str() == by).then_some(claim)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_portals_on_a_control_plane_leave_each_others_claims_alone() {
    let test = "two_portals_on_a_control_plane_leave_each_others_claims_alone";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let first = portal_over(&server).await;
    let world = world_over(&server).await;
    let portal = world.configuration("portal.yaml");
    let document = fs::read_to_string(&portal).unwrap();
    fs::write(&portal, document.replacen("name: demo\n", "name: second\n", 1)).unwrap();
    let second = SeparateProcess::over(world, "warn").await;
    let dana = first.world.sign_in("dana").await;
    let dana_there = second.world.sign_in("dana").await;
    for person in [&dana, &dana_there] {
        person.work_in("payments/dev").await;
        until("widgets to be offered", SOON, async || {
            let catalog = person.get("/catalog").await.page().body();
            catalog.contains("Widget").then_some(())
        })
        .await;
    }
    let show = |name: &str| kubectl.json(&["get", WIDGET, name, NAMESPACE]);

    // A claim says whose it is. The other portal shows it, and does nothing about it.
    let id = request(&dana, WIDGET, "ours", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    assert_eq!(
        show("ours")["metadata"]["annotations"]["portico.dev/portal"],
        "demo"
    );
    let _ = until_managed(&dana, &claim, None).await;
    let there = until_managed(&dana_there, &claim, Some("Managed by another Portico, demo.")).await;
    assert_eq!(there["mayChange"]["allowed"], false, "{there}");
    let wish = json!({ "object": { "spec": { "size": 4 } } });
    for (act, wish) in [
        ("change", wish.clone()),
        ("deletion", json!({ "confirm": "ours" })),
        ("renewal", json!({})),
    ] {
        let to = format!("/api/v1{claim}/{act}");
        let refused = dana_there
            .api(Method::POST, &to, Some(&wish))
            .await
            .expect(403)
            .json();
        assert!(refused["detail"].as_str().unwrap().contains(OTHER), "{refused}");
    }
    let page = dana_there.get(&claim).await.expect(200).page();
    let said = page.text("main").unwrap();
    assert!(said.contains("How to manage it here"), "{said}");

    // Nor does it take its name.
    let refused = submit_form(&dana_there, WIDGET, "ours", SIZE)
        .await
        .expect(422)
        .page();
    assert!(
        refused.text("main").unwrap().contains("ours"),
        "{}",
        refused.body()
    );
    let before = show("ours");

    // The same the other way round.
    let id = request(&dana_there, WIDGET, "theirs", SIZE).await;
    let theirs = claim_path(&until_request(&dana_there, &id, "Fulfilled").await);
    let _ = until_managed(&dana, &theirs, Some("Managed by another Portico, second.")).await;
    assert_eq!(show("ours"), before, "nothing was written to it");

    // It is handed over as the page says. Then the other one may change it, and this one may not.
    let hand_over = [
        "annotate",
        WIDGET,
        "ours",
        NAMESPACE,
        "--overwrite",
        "portico.dev/portal=second",
    ];
    let _ = kubectl.run(&hand_over);
    let _ = until_managed(&dana, &claim, Some("Managed by another Portico, second.")).await;
    let there = until_managed(&dana_there, &claim, None).await;
    assert_eq!(there["mayChange"]["allowed"], true, "{there}");
    let to = format!("/api/v1{claim}/change");
    let accepted = dana_there.api(Method::POST, &to, Some(&wish)).await;
    let id = accepted.json()["id"].as_str().unwrap_or_default().to_owned();
    let _ = until_request(&dana_there, &id, "Fulfilled").await;
    let changed = show("ours");
    assert_eq!(changed["spec"]["size"], 4);
    assert_eq!(changed["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(changed["metadata"]["annotations"]["portico.dev/portal"], "second");
}
