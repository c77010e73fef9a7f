//! Access to the metrics, and their resistance to anonymous clients.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use reqwest::{Method, StatusCode};

use crate::telemetry::Telemetry;
use crate::testing::TestServer;

#[tokio::test]
async fn by_default_only_this_machine_reads_the_metrics_and_not_through_a_proxy() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    assert_eq!(browser.get("/metrics").await.status, StatusCode::OK);
    for header in ["x-forwarded-for", "forwarded", "via"] {
        let through_a_proxy = [(header, "192.0.2.1")];
        let page = browser
            .send(Method::GET, "/metrics", &through_a_proxy, None)
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{header}");
    }
}

#[tokio::test]
async fn with_a_token_only_its_holder_reads_the_metrics() {
    let server =
        TestServer::start_with(|portal| format!("{portal}  metrics: {{ tokenFile: metrics-token }}\n")).await;
    std::fs::write(server.folder.path().join("metrics-token"), "s3same\n").unwrap();
    let mut browser = server.browser();
    for (authorization, status) in [
        (None, StatusCode::NOT_FOUND),
        (Some("Bearer other"), StatusCode::NOT_FOUND),
        (Some("Bearer s3same"), StatusCode::OK),
    ] {
        let headers: Vec<_> = authorization
            .map(|authorization| ("authorization", authorization))
            .into_iter()
            .collect();
        let page = browser.send(Method::GET, "/metrics", &headers, None).await;
        assert_eq!(page.status, status, "{authorization:?}");
    }
}

#[tokio::test]
async fn metrics_with_a_separate_address_are_not_on_the_portals_address() {
    let server =
        TestServer::start_with(|portal| format!("{portal}  metrics: {{ listen: \"127.0.0.1:0\" }}\n")).await;
    assert_eq!(
        server.browser().get("/metrics").await.status,
        StatusCode::NOT_FOUND
    );
}

/// Labels come from closed sets, so made-up methods and paths create no series.
#[tokio::test]
async fn made_up_methods_and_paths_create_no_series() {
    let telemetry = Telemetry::default();
    // Everything runs on this thread.
    let _recorder = metrics::set_default_local_recorder(&telemetry);
    let server = TestServer::start().await;
    let mut browser = server.browser();
    for number in 0..50 {
        let method = Method::from_bytes(format!("MADEUP{number}").as_bytes()).unwrap();
        for path in ["/healthz", &format!("/made-up/{number}")] {
            let _ = browser.send(method.clone(), path, &[], None).await;
        }
    }
    let text = telemetry.text();
    assert!(text.contains("method=\"other\",route=\"/healthz\""), "{text}");
    assert!(!text.contains("MADEUP") && !text.contains("/made-up"), "{text}");
    let series = text
        .lines()
        .filter(|line| line.starts_with("portico_http_requests_total"))
        .count();
    assert!(series <= 3, "{series} in\n{text}");
}

#[tokio::test]
async fn reading_the_token_does_not_block_other_requests() {
    let server =
        TestServer::start_with(|portal| format!("{portal}  metrics: {{ tokenFile: metrics-token }}\n")).await;
    let file = server.folder.path().join("metrics-token");
    // Opening the FIFO blocks until somebody writes.
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let (release, released) = mpsc::channel();
    let writer = std::thread::spawn(move || {
        let was_released = released.recv_timeout(Duration::from_secs(20)).is_ok();
        std::fs::write(file, "s3same\n").unwrap();
        was_released
    });
    let mut browser = server.browser();
    let reading = tokio::spawn(async move {
        let headers = [("authorization", "Bearer s3same")];
        browser.send(Method::GET, "/metrics", &headers, None).await.status
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.browser().get("/healthz").await.status, StatusCode::OK);
    release.send(()).ok();
    assert_eq!(reading.await.unwrap(), StatusCode::OK);
    assert!(
        writer.join().unwrap(),
        "no other request was answered while the file was read"
    );
}
