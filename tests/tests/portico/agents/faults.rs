//! Connections that break, and agents that lie.

use std::time::{Duration, Instant};

use portico_tests::agents::{AgentHome, WIDGETS, token, until_connected, until_page};
use portico_tests::apiserver::ApiServer;
use portico_tests::proxy::{Fault, Operation, Proxy};
use portico_tests::story::{claim_path, request, submit_form, until_claim, until_request};

use super::{SIZE, Setting, WIDGET, is_here, set_ready, set_reason, until_offered, until_reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_costs_nothing() {
    if !is_here("a_connection_that_breaks_costs_nothing") {
        return;
    }
    let setting = Setting::start(60).await;
    let (admin, kubectl) = (&setting.admin, &setting.kubectl);
    let home = setting.home(WIDGETS);
    let mut agent = home.start(Some(&token(admin, "hidden").await));
    let dana = setting.dana().await;
    until_offered(&dana).await;
    let id = request(&dana, WIDGET, "steady", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    set_ready(kubectl, "steady");
    let _ = until_claim(&dana, &claim, "Ready").await;

    // Reset: the claim stays visible, and its changes arrive over the next connection.
    for turn in ["First", "Second", "Third"] {
        setting.relay.cut();
        let shown = dana.get(&claim).await.expect(200).page().body();
        assert!(shown.contains("steady"), "{turn}: {shown}");
        set_reason(kubectl, "steady", turn);
        until_reason(&dana, &claim, turn).await;
    }

    // Down: the reason is shown, and what is known stays; a request waits and is applied later.
    setting.relay.go_down();
    until_page(admin, "hidden", "No agent is connected").await;
    let shown = dana.get(&claim).await.expect(200).page().body();
    assert!(shown.contains("steady"), "{shown}");
    let refused = submit_form(&dana, WIDGET, "later", SIZE).await;
    // Until it counts as unreachable the dry run says so; after that nothing is placed on it.
    let said = refused.page().body();
    let words = ["no agent is connected", "it has not answered since"];
    assert!(words.iter().any(|words| said.contains(words)), "{said}");
    setting.relay.open();
    until_connected(admin, "hidden", 1).await;
    until_page(admin, "hidden", "Ready").await;

    // Stalled: pages answer as fast as ever, and the connection is given up.
    setting.relay.stall();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        let _ = dana.get(&claim).await.expect(200);
        let _ = dana.get("/catalog").await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        // Within the limit of one person's requests.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until_connected(admin, "hidden", 0).await;
    setting.relay.open();
    until_connected(admin, "hidden", 1).await;

    // Stopped, killed, restarted.
    agent.signal("STOP");
    until_connected(admin, "hidden", 0).await;
    agent.signal("CONT");
    until_connected(admin, "hidden", 1).await;
    agent.kill();
    until_connected(admin, "hidden", 0).await;
    let _agent = home.start(None);
    until_connected(admin, "hidden", 1).await;
    set_reason(kubectl, "steady", "Last");
    until_reason(&dana, &claim, "Last").await;
}

/// An agent can be started beside any cluster: a token says nothing of where.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_beside_another_cluster_is_not_used() {
    if !is_here("an_agent_beside_another_cluster_is_not_used") {
        return;
    }
    let setting = Setting::start(60).await;
    let admin = &setting.admin;
    let home = setting.home(WIDGETS);
    let mut agent = home.start(Some(&token(admin, "hidden").await));
    let dana = setting.dana().await;
    until_offered(&dana).await;
    let id = request(&dana, WIDGET, "steady", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    agent.kill();
    until_connected(admin, "hidden", 0).await;

    let elsewhere = ApiServer::start().await;
    let kubectl = elsewhere.kubectl();
    kubectl.apply(include_str!("../widget.yaml"), &[]);
    let _ = kubectl.try_run(&["create", "namespace", "payments-dev"], None);
    let home = AgentHome::new(
        "hidden",
        &[setting.relay.address],
        elsewhere.kubeconfig(),
        WIDGETS,
    );
    let _agent = home.start(Some(&token(admin, "hidden").await));
    until_page(admin, "hidden", "The wrong cluster answers").await;
    let shown = dana.get(&claim).await.expect(200).page().body();
    assert!(shown.contains("steady"), "{shown}");
    let refused = submit_form(&dana, WIDGET, "astray", SIZE).await.page().body();
    assert!(refused.contains("not set up correctly"), "{refused}");
    let there = kubectl.run(&["get", WIDGET, super::NAMESPACE, "--output=name"]);
    assert_eq!(there.trim(), "");
}

/// Whoever answers for another control plane, or says nonsense, harms nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_lies_or_is_slow_costs_its_own_plane_only() {
    if !is_here("an_agent_that_lies_or_is_slow_costs_its_own_plane_only") {
        return;
    }
    let setting = Setting::start(60).await;
    let admin = &setting.admin;
    // The agent is honest, and what stands behind it is not: to Portico that is the same.
    let lying = setting.portal.world.data().join("lying.yaml");
    let mut proxy = Proxy::start(setting.server.kubeconfig(), &lying).await;
    let home = AgentHome::new("hidden", &[setting.relay.address], &lying, WIDGETS);
    let _agent = home.start(Some(&token(admin, "hidden").await));
    let dana = setting.dana().await;
    until_offered(&dana).await;
    let id = request(&dana, WIDGET, "steady", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    for fault in [
        Fault::NotJson,
        Fault::OtherJson,
        Fault::Endless,
        Fault::Slow(Duration::from_secs(30)),
    ] {
        let what = format!("{fault:?}");
        proxy.inject(Operation::Anything, None, fault);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(8) {
            let asked = Instant::now();
            let shown = dana.get(&claim).await.expect(200).page().body();
            assert!(shown.contains("steady"), "{what}: {shown}");
            let _ = dana.get("/catalog").await.expect(200);
            let _ = admin.get("/admin/control-planes/us-shared").await.expect(200);
            assert!(
                asked.elapsed() < Duration::from_secs(3),
                "{what}: {:?}",
                asked.elapsed()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let planes = admin.get("/admin/control-planes/us-shared").await.page().body();
        assert!(planes.contains("Ready"), "{what}: {planes}");
        proxy.clear_faults();
    }
    // What is behind the agent goes away: the reason says who cannot reach whom.
    proxy.go_down().await;
    until_page(admin, "hidden", "its agent cannot reach it").await;
    proxy.come_back().await;
    set_reason(&setting.kubectl, "steady", "Healed");
    until_reason(&dana, &claim, "Healed").await;
}
