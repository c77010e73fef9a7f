//! Several replicas of Portico.

use std::time::{Duration, Instant};

use portico_store::testing::PostgresServer;
use portico_tests::agents::{AgentHome, Relay, WIDGETS, agents, another_replica, token, until_connected};
use portico_tests::story::{claim_path, request, until_request};
use reqwest::Method;

use super::{SIZE, Setting, WIDGET, at, is_here, set_reason, until_offered, until_reason};

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_reaches_the_plane_of_an_agent_behind_one_address() {
    let test = "every_replica_reaches_the_plane_of_an_agent_behind_one_address";
    if !is_here(test) {
        return;
    }
    let Some(postgres) = PostgresServer::shared(test) else {
        return;
    };
    let database = postgres.fresh_database().await.unwrap();
    let setting = Setting::start_on(60, Some(&database)).await;
    let configuration = &setting.portal.world.ready.configuration;
    let log = setting.portal.world.data().join("other.log");
    let (replica, url, agents_address) = another_replica(configuration, &log, &database).await;
    // One address for both, which takes turns.
    let balancer = Relay::start(vec![setting.address, agents_address]).await;
    let home = AgentHome::new(
        "hidden",
        &[balancer.address],
        setting.server.kubeconfig(),
        WIDGETS,
    );
    let _agent = home.start(Some(&token(&setting.admin, "hidden").await));
    until_connected(&setting.admin, "hidden", 1).await;
    let other_admin = at(&url, &setting.admin);
    until_connected(&other_admin, "hidden", 1).await;

    // A claim by each, and each sees the other's.
    let dana = setting.dana().await;
    let other_dana = at(&url, &dana);
    until_offered(&dana).await;
    until_offered(&other_dana).await;
    let id = request(&dana, WIDGET, "by-one", SIZE).await;
    let one = claim_path(&until_request(&other_dana, &id, "Fulfilled").await);
    let id = request(&other_dana, WIDGET, "by-two", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    set_reason(&setting.kubectl, "by-one", "Heard");
    until_reason(&dana, &one, "Heard").await;
    until_reason(&other_dana, &one, "Heard").await;

    // A replica ends, and another one takes its place: the agent finds it.
    drop(replica);
    let id = request(&dana, WIDGET, "alone", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let (_replica, url, agents_address) = another_replica(configuration, &log, &database).await;
    balancer.lead_to(vec![setting.address, agents_address]);
    let other_admin = at(&url, &setting.admin);
    until_connected(&other_admin, "hidden", 1).await;
    until_connected(&setting.admin, "hidden", 1).await;

    // Revoked at one, cut off at the other within seconds.
    let id = agents(&setting.admin, "hidden").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/control-planes/hidden/agents/{id}");
    let _ = setting.admin.api(Method::DELETE, &path, None).await.expect(204);
    let begun = Instant::now();
    until_connected(&setting.admin, "hidden", 0).await;
    until_connected(&other_admin, "hidden", 0).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    println!("cut off everywhere {:?} after revoking", begun.elapsed());
}
