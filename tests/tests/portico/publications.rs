//! A tenant publishes a service from its own control plane: each permission is accepted by itself, a consumer requests,
//! the publisher approves, and the claim is in a namespace of the consumer there. Over the simulator and over two real API
//! servers.

mod replicas;
mod stage;

use std::fmt::Write as _;
use std::fs;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, decide, until_claim, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

use stage::{DEFINITION, NEEDED, OFFERING, Stage, TENANT, TIMEOUT, publication};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_publishes_a_service_permission_by_permission() {
    if !Kubectl::is_here("a_tenant_publishes_a_service_permission_by_permission") {
        return;
    }
    let world = SeparateProcess::world().await;
    let planes = &world.ready.control_planes;
    let own = planes.iter().find(|plane| plane.name == "research-own").unwrap();
    let kubectl = Kubectl::of(&own.kubeconfig);
    kubectl.apply(DEFINITION, &[]);
    fs::write(world.ready.configuration.join("orders.yaml"), TENANT).unwrap();
    fs::write(
        world.ready.configuration.join("publication.yaml"),
        publication("research-own", "[orders]"),
    )
    .unwrap();
    let portal = SeparateProcess::over(world, "warn").await;
    story(Stage::over(portal, kubectl, "research-own").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_published_between_real_api_servers() {
    let test = "a_service_is_published_between_real_api_servers";
    if !ApiServer::is_here(test) || !Kubectl::is_here(test) {
        return;
    }
    let (publishers, consumers) = tokio::join!(ApiServer::start(), ApiServer::start());
    let world = SeparateProcess::world().await;
    let mut documents = format!("{TENANT}---{}", publication("real-own", "[orders]"));
    for (name, server, dedicated) in [
        ("real-own", &publishers, "dedicatedTo: [research]"),
        ("real-shared", &consumers, ""),
    ] {
        let kubeconfig = world.data().join(format!("{name}.kubeconfig"));
        fs::copy(server.kubeconfig(), &kubeconfig).unwrap();
        write!(
            documents,
            "---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: {name}, labels: {{ shared: '{}' }} }}
spec:
  title: The plane {name}
  connection: {{ kubeconfig: {{ path: '{}' }} }}
  {dedicated}
",
            dedicated.is_empty(),
            kubeconfig.display()
        )
        .unwrap();
    }
    fs::write(world.ready.configuration.join("orders.yaml"), documents).unwrap();
    publishers.kubectl().apply(DEFINITION, &[]);
    // Something of its own, which tells that it was read.
    let other = DEFINITION.replace("indexes", "gizmos").replace("index", "gizmo");
    consumers.kubectl().apply(&other.replace("Index", "Gizmo"), &[]);
    let portal = SeparateProcess::over(world, "warn").await;
    story(Stage::over(portal, publishers.kubectl(), "real-own").await).await;
    let there = consumers.kubectl().run(&["get", "namespaces", "--output=name"]);
    assert!(
        !there.contains("portico-for-"),
        "nothing of it lands elsewhere: {there}"
    );
}

async fn story(stage: Stage) {
    waits_for_each_permission(&stage).await;
    let path = is_requested_and_approved(&stage).await;
    reaches_the_consumer_alone(&stage, &path).await;
    belongs_to_nobody_unless_portico_made_it(&stage).await;
    what_is_taken_back_is_refused(&stage, &path).await;
    asks_for_more(&stage).await;
}

async fn waits_for_each_permission(stage: &Stage) {
    let offered = until_right(
        "the publisher has its own kind in its catalog",
        TIMEOUT,
        async || {
            stage
                .is_in_catalog(&stage.ruth, "tenant=research&environment=dev")
                .await
        },
        Value::is_object,
    )
    .await;
    assert!(
        offered["publishedBy"].is_null(),
        "it is the publisher's own: {offered}"
    );
    let home = stage.pat.get("/").await.expect(200).page();
    assert!(
        home.body().contains("Research wants to publish Search index"),
        "{}",
        home.body()
    );
    let list = stage.pat.get("/admin/publications").await.expect(200).page();
    assert!(
        list.text("tbody tr").unwrap().contains("Waits for a decision"),
        "{}",
        list.body()
    );
    until("what the control planes offer is read", TIMEOUT, async || {
        let path = "/api/v1/offerings/nothing.example.org?tenant=orders&environment=dev";
        let answer = stage.ada.api(Method::GET, path, None).await;
        (answer.status == 404).then_some(())
    })
    .await;
    for permission in NEEDED {
        let card = stage
            .is_in_catalog(&stage.ada, "tenant=orders&environment=dev")
            .await;
        assert!(card.is_null(), "{permission} is not accepted: {card}");
        let _ = stage.requests("early", 404).await;
        assert_eq!(stage.permission(permission).await["state"], "waiting");
        stage.decides(permission, "accept").await;
        assert_eq!(stage.permission(permission).await["state"], "accepted");
    }
    let card = stage
        .is_in_catalog(&stage.ada, "tenant=orders&environment=dev")
        .await;
    assert_eq!(card["publishedBy"], "Research", "{card}");
    assert_eq!(card["planes"], json!([]), "{card}");
    assert_eq!(card["needsApproval"], true, "{card}");
    stage.decides("knowRequesters", "refuse").await;
    let record = stage.pat.get("/admin/record").await.expect(200).page();
    assert!(record.body().contains("search"), "{}", record.body());
    // A decision is about what was asked for.
    let outdated = json!({ "accept": true, "asked": "something else" });
    let path = "/api/v1/publications/search/permissions/readNotes/decision";
    let refused = stage
        .pat
        .api(Method::POST, path, Some(&outdated))
        .await
        .expect(409);
    assert!(
        refused.text.contains("has changed since you saw it"),
        "{}",
        refused.text
    );
    let _ = stage
        .ruth
        .api(Method::POST, path, Some(&outdated))
        .await
        .expect(404);
}

async fn is_requested_and_approved(stage: &Stage) -> String {
    let sent = stage.requests("goods", 201).await;
    let id = sent["id"].as_str().unwrap().to_owned();
    // The publisher's approver decides, sees whose it is and what, and no person and no note.
    let queue = stage.ruth.get("/approvals").await.expect(200).page();
    let page = stage
        .ruth
        .get(&format!("/requests/{id}"))
        .await
        .expect(200)
        .page();
    let asked = stage
        .ruth
        .api(Method::GET, &format!("/api/v1/requests/{id}"), None)
        .await
        .expect(200)
        .text;
    for text in [queue.body(), page.body(), asked] {
        assert!(text.contains("goods") && text.contains("orders"), "{text}");
        for hidden in ["Ada", "ada@", "demo-ada", "For the shop", "claims: "] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    assert!(page.body().contains("Somebody of Orders"), "{}", page.body());
    let _ = stage.dana.get(&format!("/requests/{id}")).await.expect(404);
    let csrf = [("_csrf", &*stage.ruth.csrf().await)];
    let withdrawal = stage.ruth.post(&format!("/requests/{id}/withdraw"), &csrf).await;
    let said = withdrawal.expect(403).text;
    assert!(said.contains("Somebody of Orders"), "{said}");
    let _ = decide(&stage.ruth, &id, "approve", "Fine.").await.expect(200);
    let done = until_request(&stage.ada, &id, "Fulfilled").await;
    let claim = stage.claim("goods");
    assert_eq!(claim["spec"]["shards"], 2);
    let said = claim["metadata"]["annotations"].to_string();
    assert!(!said.contains("ada") && !said.contains("Ada"), "{said}");
    assert_eq!(claim["metadata"]["labels"]["portico.dev/tenant"], "orders");
    claim_path(&done)
}

async fn reaches_the_consumer_alone(stage: &Stage, path: &str) {
    stage.provision("goods");
    let page = until_claim(&stage.ada, path, "Ready").await.page();
    let main = page.text("main").unwrap();
    assert!(main.contains("Research’s service"), "{main}");
    let own_title = if stage.plane == "real-own" {
        "The plane real-own"
    } else {
        "Research's own"
    };
    assert!(!main.contains(own_title), "{main}");
    assert!(!main.contains("What it is made of"), "{main}");
    let reveal = format!("/api/v1{path}/reveal");
    let keys = json!({ "key": "key" });
    let revealed = until_right(
        "the secret is revealed",
        TIMEOUT,
        async || stage.ada.api(Method::POST, &reveal, Some(&keys)).await,
        |answer| answer.status == 200,
    )
    .await;
    assert!(revealed.text.contains("hunter2"), "{}", revealed.text);
    let quota = stage
        .ada
        .api(Method::GET, "/api/v1/usage?tenant=orders", None)
        .await;
    assert!(quota.status != 500);

    // The publisher sees whose it is, and nothing of the consumer's pages.
    let seen = stage.publication(&stage.ruth).await;
    let consumer = &seen["consumers"][0];
    assert_eq!(consumer["tenant"], "orders");
    assert_eq!(consumer["claims"][0]["name"], "goods");
    assert_eq!(consumer["claims"][0]["health"], "ready");
    assert!(consumer["claims"][0]["requester"].is_null(), "{seen}");
    assert!(!seen.to_string().contains("Ada"), "{seen}");
    assert_eq!(seen["mayDecide"], false);
    for (who, person) in [("ruth", &stage.ruth), ("dana", &stage.dana)] {
        for route in [
            path.to_owned(),
            format!("/api/v1{path}"),
            format!("{path}/change"),
            format!("{path}/delete"),
        ] {
            let answer = person.get(&route).await;
            assert_eq!(answer.status, 404, "{who} {route}");
        }
        let _ = person.api(Method::POST, &reveal, Some(&keys)).await.expect(404);
    }
    // Who is neither publisher nor consumer learns of nothing.
    for route in [
        "/catalog?q=search",
        "/claims",
        "/requests",
        "/approvals",
        "/api/v1/search?q=goods",
        "/api/v1/claims",
        "/",
    ] {
        let answer = stage.dana.get(route).await.expect(200);
        for hidden in [OFFERING, "goods", "research", stage.plane] {
            assert!(!answer.text.contains(hidden), "{hidden} in {route}");
        }
    }
    for route in [
        "/admin/publications",
        "/admin/publications/search",
        "/api/v1/publications",
        "/api/v1/publications/search",
    ] {
        let _ = stage.dana.get(route).await.expect(404);
        let _ = stage.ada.get(route).await.expect(404);
    }
    // No list of control planes that a consumer sees has the publisher's.
    for route in [
        "/claims",
        "/catalog",
        "/api/v1/claims?tenant=orders&environment=dev",
    ] {
        let answer = stage.ada.get(route).await.expect(200);
        assert!(!answer.text.contains(own_title), "{route}");
    }
    let _ = stage
        .ada
        .get(&format!("/api/v1/control-planes/{}", stage.plane))
        .await
        .expect(404);
}

/// The publisher runs the control plane, and may make there what it likes: that is not the consumer's.
async fn belongs_to_nobody_unless_portico_made_it(stage: &Stage) {
    let namespace = stage.namespace();
    stage.kubectl.apply(
        &format!("apiVersion: search.example.org/v1\nkind: Index\nmetadata: {{ name: planted, namespace: {namespace}, labels: {{ portico.dev/tenant: orders }} }}\nspec: {{}}\n"),
        &[],
    );
    let of = async |person: &Person, query: &str| {
        let path = format!("/api/v1/claims?{query}");
        person.api(Method::GET, &path, None).await.expect(200).text
    };
    let planted = format!("/claims/{}/{OFFERING}/{namespace}/planted", stage.plane);
    until("platform admins see it", TIMEOUT, async || {
        (stage.pat.get(&planted).await.status == 200).then_some(())
    })
    .await;
    let theirs = of(&stage.ada, "tenant=orders&environment=dev").await;
    assert!(
        theirs.contains("goods") && !theirs.contains("planted"),
        "{theirs}"
    );
    assert!(
        !of(&stage.ruth, "tenant=research&environment=dev")
            .await
            .contains("planted")
    );
}

async fn what_is_taken_back_is_refused(stage: &Stage, path: &str) {
    stage.decides("handOutSecrets", "refuse").await;
    let reveal = format!("/api/v1{path}/reveal");
    let refused = stage
        .ada
        .api(Method::POST, &reveal, Some(&json!({ "key": "key" })))
        .await
        .expect(403);
    assert!(
        refused
            .text
            .contains("does not let Research hand out connection secrets"),
        "{}",
        refused.text
    );
    let closed = stage.requests("more", 403).await;
    let sentence = closed["detail"].as_str().unwrap();
    assert!(
        sentence.contains("Research’s service takes no requests now: your platform team does not let it hand out connection secrets"),
        "{sentence}"
    );
    let page = stage.ada.get(path).await.expect(200).page();
    let main = page.text("main").unwrap();
    assert!(
        main.contains("takes no requests now") && main.contains("Ready"),
        "{main}"
    );
    stage.decides("handOutSecrets", "accept").await;

    // Approvers lose sight of what waits when they may not decide any more.
    let waiting = stage.requests("later", 201).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.decides("decide", "refuse").await;
    let _ = stage.ruth.get(&format!("/requests/{waiting}")).await.expect(404);
    let at_consumer = stage
        .ada
        .get(&format!("/requests/{waiting}"))
        .await
        .expect(200)
        .page();
    assert!(
        at_consumer.body().contains("does not let it decide on requests"),
        "{}",
        at_consumer.body()
    );
    stage.decides("decide", "accept").await;
    let _ = decide(&stage.ruth, &waiting, "reject", "Not now.")
        .await
        .expect(200);

    // With the permission, the publisher knows who asks.
    stage.decides("knowRequesters", "accept").await;
    let known = stage.requests("known", 201).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = stage
        .ruth
        .get(&format!("/requests/{known}"))
        .await
        .expect(200)
        .page();
    assert!(page.body().contains("Ada Lindqvist"), "{}", page.body());
    assert!(!page.body().contains("For the shop"), "not the note");
    stage.decides("readNotes", "accept").await;
    let page = stage
        .ruth
        .get(&format!("/requests/{known}"))
        .await
        .expect(200)
        .page();
    assert!(page.body().contains("For the shop"), "{}", page.body());
    // Taken back before it is applied: its manifest names her.
    stage.decides("knowRequesters", "refuse").await;
    let page = stage
        .ruth
        .get(&format!("/requests/{known}"))
        .await
        .expect(200)
        .page();
    assert!(!page.body().contains("Ada Lindqvist"), "{}", page.body());
    let conflict = decide(&stage.ruth, &known, "approve", "").await;
    assert_eq!(conflict.status, 409, "{}", conflict.page().body());
}

async fn asks_for_more(stage: &Stage) {
    let text = publication(stage.plane, "[orders, payments]");
    if stage.plane == "real-own" {
        let folder = &stage.portal.world.ready.configuration;
        let all = fs::read_to_string(folder.join("orders.yaml")).unwrap();
        stage.write(
            "orders.yaml",
            &all.replace("tenants: [orders]", "tenants: [orders, payments]"),
        );
    } else {
        stage.write("publication.yaml", &text);
    }
    until("it asks for more", TIMEOUT, async || {
        let permission = stage.permission("takeClaims").await;
        (permission["state"] == "asksForMore").then_some(())
    })
    .await;
    let card = stage
        .is_in_catalog(&stage.ada, "tenant=orders&environment=dev")
        .await;
    assert_eq!(card["publishedBy"], "Research", "what was accepted goes on");
    let card = stage
        .is_in_catalog(&stage.dana, "tenant=payments&environment=dev")
        .await;
    assert!(card.is_null(), "{card}");
    for permission in NEEDED {
        stage.decides(permission, "accept").await;
    }
    let card = stage
        .is_in_catalog(&stage.dana, "tenant=payments&environment=dev")
        .await;
    assert_eq!(card["publishedBy"], "Research", "{card}");
}
