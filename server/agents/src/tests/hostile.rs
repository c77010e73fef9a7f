//! Agents that stall and lie. They cost their own control plane only.

use std::time::{Duration, Instant};

use http::StatusCode;
use jiff::SignedDuration;
use portico_planes::agent::AgentError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::world::{Cluster, Portico, plane};
use crate::agent::enrol::dial;
use crate::agent::enrol_once;
use crate::agent::state::{Credentials, StateFolder};
use crate::tls::CALLS;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Credentials of an agent that does as it likes.
async fn credentials(portico: &Portico, cluster: &Cluster) -> Credentials {
    let name = cluster.agent.name.as_str().to_owned();
    enrol_once(&cluster.agent, Some(portico.token(&name)))
        .await
        .unwrap();
    StateFolder::open(&cluster.agent.spec.state)
        .unwrap()
        .load()
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_speak_http_or_says_nothing_is_never_used() {
    let portico = Portico::start(DAY).await;
    let good = Cluster::start("eu-4", portico.address).await;
    let (_stop, _running) = good.run(Some(portico.token("eu-4")));
    portico.until_connected("eu-4", 1).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let credentials = credentials(&portico, &cluster).await;
    let address = portico.address.to_string();

    // Garbage, and headers without end.
    for garbage in [vec![0x5a; 64 << 10], b"HTTP/1.1 200 OK\r\n\r\n".to_vec()] {
        let mut tls = dial(&address, credentials.tls(CALLS).unwrap()).await.unwrap();
        let _ = tls.write_all(&garbage).await;
        let mut sink = Vec::new();
        let ended = timeout(Duration::from_secs(12), tls.read_to_end(&mut sink)).await;
        assert!(ended.is_ok(), "it is cut off");
    }
    // Silence, also before TLS.
    let silent = dial(&address, credentials.tls(CALLS).unwrap()).await.unwrap();
    let mut unknown = Vec::new();
    for _ in 0..40 {
        unknown.push(TcpStream::connect(portico.address).await.unwrap());
    }
    let begun = Instant::now();
    assert_eq!(
        portico.get("eu-3", "/version").await,
        Err(AgentError::NotConnected)
    );
    for _ in 0..20 {
        let (status, _) = portico.get("eu-4", "/version").await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(portico.hub.connected(&plane("eu-3")).agents, []);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_call_ends_when_nobody_waits_for_it() {
    let portico = Portico::start(DAY).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let (stop, running) = cluster.run(Some(portico.token("eu-3")));
    portico.until_connected("eu-3", 1).await;
    // Far more than a connection may have at once, if they stayed.
    for _ in 0..1_200 {
        let asking = portico.open("eu-3", "/api/v1/namespaces/a/pods?watch=true");
        let answered = timeout(Duration::from_millis(1), asking).await;
        assert!(answered.is_err());
    }
    let asking = portico.get("eu-3", "/api/v1/namespaces/a/pods");
    let (status, _) = timeout(Duration::from_secs(5), asking).await.unwrap().unwrap();
    assert_eq!(status, StatusCode::OK);

    // One that is on its way when the agent ends, ends too.
    let asking = portico.open("eu-3", "/api/v1/namespaces/a/pods?watch=true");
    let cutting = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.cancel();
    };
    let (answered, ()) = tokio::join!(timeout(Duration::from_secs(5), asking), cutting);
    assert_eq!(answered.unwrap().err(), Some(AgentError::Cut));
    running.await.unwrap().unwrap();
    portico.until_connected("eu-3", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_are_refused() {
    let portico = Portico::start(DAY).await;
    let cluster = Cluster::start("eu-3", portico.address).await;
    let credentials = credentials(&portico, &cluster).await;
    let mut homes = Vec::new();
    for _ in 0..20 {
        let copy = Cluster::start("eu-3", portico.address).await;
        std::fs::create_dir_all(copy.state().parent().unwrap()).unwrap();
        std::fs::copy(cluster.state(), copy.state()).unwrap();
        let running = copy.run(None);
        homes.push((copy, running));
    }
    portico.until_connected("eu-3", 16).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(portico.hub.connected(&plane("eu-3")).agents.len(), 16);
    assert_eq!(credentials.identity.plane, plane("eu-3"));
}
