//! Certificates: renewed in time, and refused where they do not belong.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use jiff::SignedDuration;
use portico_planes::agent::{AgentError, AgentTransport as _, Body};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::world::{Cluster, Portico, authority, plane, until};
use crate::agent::enrol_once;
use crate::agent::state::StateFolder;
use crate::tls::{CALLS, enrolling_config, portico_name};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_through_with_the_agents_own_credentials_and_no_others() {
    let portico = Portico::start(DAY).await;
    assert_eq!(
        portico.get("eu-3", "/version").await,
        Err(AgentError::NotConnected)
    );
    let cluster = Cluster::start("eu-3", portico.address).await;
    let (_stop, _running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
    let request = Request::get("/api/v1/namespaces/a/pods?limit=1")
        .header("authorization", "Bearer of-somebody")
        .header("x-remote-user", "system:admin")
        .header("cookie", "a=b")
        .header("accept", "application/json")
        .body(Body::empty())
        .unwrap();
    let response = portico.hub.send(&plane("eu-3"), request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let names: Vec<_> = response
        .headers()
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    assert!(!names.contains(&"x-seen-authorization".to_owned()), "{names:?}");
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(body.starts_with("/api/v1/namespaces/a/pods?limit=1 "), "{body}");
    assert!(
        body.contains("authorization") && body.contains("accept"),
        "{body}"
    );
    assert!(
        !body.contains("x-remote-user") && !body.contains("cookie"),
        "{body}"
    );

    let (status, said) = portico.get("eu-3", "/api/v1/namespaces/a/secrets").await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        said.contains("\"kind\":\"Status\"") && said.contains("does not allow list of secrets"),
        "{said}"
    );
    let request = Request::get("/api/v1/namespaces/a/pods/b")
        .header("impersonate-user", "ada")
        .body(Body::empty())
        .unwrap();
    let response = portico.hub.send(&plane("eu-3"), request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        portico.get("eu-4", "/version").await,
        Err(AgentError::NotConnected)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_without_a_lost_call() {
    let portico = Portico::start(SignedDuration::from_secs(9)).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let (_stop, running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
    let first = portico.hub.connected(&plane("eu-3")).agents[0].clone();
    let stored = std::fs::read_to_string(cluster.state()).unwrap();
    let mut calls = 0;
    while *portico.book.renewals.lock() < 3 || calls < 200 {
        let answered = portico.get("eu-3", "/api/v1/namespaces/a/pods").await;
        assert!(
            matches!(answered, Ok((StatusCode::OK, _))),
            "call {calls}: {answered:?}"
        );
        calls += 1;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(!running.is_finished());
    let last = portico.hub.connected(&plane("eu-3")).agents[0].clone();
    assert_eq!(last.agent, first.agent);
    assert!(last.certificate_expires_at > first.certificate_expires_at);
    assert_ne!(std::fs::read_to_string(cluster.state()).unwrap(), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_certificate_runs_out_is_cut_off_and_says_so() {
    let portico = Portico::start(SignedDuration::from_secs(4)).await;
    *portico.book.no_renewals.lock() = true;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let (_stop, running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
    portico.until_connected("eu-3", 0).await;
    let ended = running.await.unwrap().unwrap_err().to_string();
    assert!(ended.contains("has run out: ask for a new token"), "{ended}");
    // Neither does a restart help, but a new token.
    *portico.book.no_renewals.lock() = false;
    let (_stop, running) = cluster.run(None);
    let ended = running.await.unwrap().unwrap_err().to_string();
    assert!(ended.contains("has run out"), "{ended}");
    let (_stop, _running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_speaks_for_its_own_control_plane_alone() {
    let portico = Portico::start(DAY).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    enrol_once(&cluster.agent, Some(portico.token("eu-3")))
        .await
        .unwrap();
    // The document names another control plane: the agent notices by itself.
    let mut other = Cluster::start("eu-4", portico.address).await;
    other.agent.spec.state.clone_from(&cluster.agent.spec.state);
    let (_stop, running) = other.run(None);
    let ended = running.await.unwrap().unwrap_err().to_string();
    assert!(ended.contains("is for another control plane"), "{ended}");
    // One that does not notice speaks for what its certificate names.
    let credentials = StateFolder::open(&cluster.agent.spec.state)
        .unwrap()
        .load()
        .unwrap()
        .unwrap();
    assert_eq!(credentials.identity.plane, plane("eu-3"));
    let asked = crate::agent::enrol::renew(&portico.address.to_string(), &credentials).await;
    assert!(asked.is_ok());
    assert_eq!(portico.hub.connected(&plane("eu-4")).agents, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_certificate_of_the_authority_gets_no_calls() {
    let portico = Portico::start(DAY).await;
    // Of another authority, with the same names.
    let strangers = Portico::start(DAY).await;
    let cluster = Cluster::start("eu-3", strangers.address).await;
    enrol_once(&cluster.agent, Some(strangers.token("eu-3")))
        .await
        .unwrap();
    let credentials = StateFolder::open(&cluster.agent.spec.state)
        .unwrap()
        .load()
        .unwrap()
        .unwrap();
    let mut trusting = credentials.clone();
    trusting.trust_for_tests(&portico.authority);
    for (what, config) in [
        ("another authority", trusting.tls(CALLS).unwrap()),
        ("no certificate", {
            let mut config = enrolling_config(portico.authority.fingerprint()).unwrap();
            config.alpn_protocols = vec![CALLS.to_vec()];
            config
        }),
    ] {
        let tcp = TcpStream::connect(portico.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        if let Ok(mut tls) = connector.connect(portico_name().unwrap(), tcp).await {
            let mut byte = [0];
            let read = tokio::io::AsyncReadExt::read(&mut tls, &mut byte).await;
            assert!(matches!(read, Ok(0) | Err(_)), "{what}: {read:?}");
        }
        assert_eq!(portico.hub.connected(&plane("eu-3")).agents, [], "{what}");
    }
    // An agent does not talk to a Portico of another authority either.
    let tcp = TcpStream::connect(portico.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(credentials.tls(CALLS).unwrap()));
    assert!(connector.connect(portico_name().unwrap(), tcp).await.is_err());
    let another = authority();
    let config = enrolling_config(another.fingerprint()).unwrap();
    let tcp = TcpStream::connect(portico.address).await.unwrap();
    assert!(
        TlsConnector::from(Arc::new(config))
            .connect(portico_name().unwrap(), tcp)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_key_shows_as_a_second_connection_and_both_are_cut() {
    let portico = Portico::start(DAY).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let (_stop, _running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
    let thief = Cluster::start("eu-3", portico.address).await;
    std::fs::create_dir_all(thief.state().parent().unwrap()).unwrap();
    std::fs::copy(cluster.state(), thief.state()).unwrap();
    let (_stop_thief, _running_thief) = thief.run(None);
    portico.until_connected("eu-3", 2).await;
    let agents = portico.hub.connected(&plane("eu-3")).agents;
    assert_eq!(agents[0].agent, agents[1].agent);
    portico.book.revoked.lock().insert(agents[0].agent);
    until("both are cut off", || {
        portico
            .hub
            .connected(&plane("eu-3"))
            .agents
            .is_empty()
            .then_some(())
    })
    .await;
    assert!(portico.hub.connected(&plane("eu-3")).none_since.is_some());
    assert!(thief.folder().exists());
}
