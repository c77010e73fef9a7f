//! Measures how long an event on a control plane takes to reach very many open pages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::{figure, halves_and_most};
use crate::separate_process::SeparateProcess;

const LISTENERS: usize = 10_000;
const EVENTS: usize = 10;
/// How soon all must have heard.
const IN_TIME: Duration = Duration::from_secs(30);
/// Streams of one connection.
const STREAMS: usize = 100;
/// Streams that are opened at once.
const OPENING: usize = 64;
const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";

/// Measures one event after the other. What the listeners need themselves is part of it.
///
/// # Panics
/// When a stream cannot be opened, or an event does not arrive in time.
pub async fn measure() {
    let portal = SeparateProcess::start().await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let plane = portal.raw_client("eu-shared");
    let bucket = |number: usize| {
        json!({
            "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
            "metadata": { "name": format!("heard-{number}"), "namespace": "payments-dev" },
            "spec": { "quota": "1Gi" },
        })
    };
    // The first claim makes the namespace, if there is none.
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "payments-dev" } });
    let _ = plane
        .ask(reqwest::Method::POST, "/api/v1/namespaces", Some(&namespace))
        .await;
    let before = portal.resident();
    let cookie: Arc<str> = dana
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
        .into();
    // As a proxy does, many over one connection: one peer may have 1,024.
    let address = portal.world.ready.portal.trim_start_matches("http://").to_owned();
    let mut connections = Vec::new();
    for _ in 0..LISTENERS / STREAMS {
        let stream = TcpStream::connect(&address).await.unwrap();
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        connections.push(sender);
    }
    let url: Arc<str> = format!("{}/events", portal.world.ready.portal).into();
    let (heard, mut arrivals) = mpsc::unbounded_channel::<(usize, Instant)>();
    let (opened, mut opens) = mpsc::unbounded_channel::<()>();
    let permits = Arc::new(tokio::sync::Semaphore::new(OPENING));
    let begun = Instant::now();
    let listeners: Vec<_> = (0..LISTENERS)
        .map(|number| {
            let mut connection = connections[number / STREAMS].clone();
            let (cookie, url, permits) = (cookie.clone(), url.clone(), permits.clone());
            let (heard, opened) = (heard.clone(), opened.clone());
            tokio::spawn(async move {
                let permit = permits.acquire().await.unwrap();
                let request = Request::get(&*url).header("cookie", &*cookie);
                let request = request.body(Empty::<Bytes>::new()).unwrap();
                let mut stream = connection.send_request(request).await.unwrap();
                assert!(stream.status().is_success(), "{}", stream.status());
                drop(permit);
                opened.send(()).unwrap();
                let mut next = 0;
                while let Some(Ok(frame)) = stream.frame().await {
                    let chunk = frame.into_data().unwrap_or_default();
                    let text = String::from_utf8_lossy(&chunk);
                    while next < EVENTS && text.contains(&format!("/heard-{next}\"")) {
                        let _ = heard.send((next, Instant::now()));
                        next += 1;
                    }
                }
            })
        })
        .collect();
    for _ in 0..LISTENERS {
        opens.recv().await.unwrap();
    }
    let say = |what: &str, measured: &str| figure(&format!("{LISTENERS} event streams: {what}"), measured);
    say("opened in", &format!("{:.1} s", begun.elapsed().as_secs_f64()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let used = portal.resident().saturating_sub(before);
    say(
        "resident memory",
        &format!("{} kB a stream", used / 1_000 / LISTENERS as u64),
    );
    let mut took = Vec::new();
    for number in 0..EVENTS {
        let happened = Instant::now();
        plane.create(BUCKETS, &bucket(number)).await;
        let mut missing = LISTENERS;
        let hear_all = async {
            while missing > 0 {
                let (which, at) = arrivals.recv().await.unwrap();
                if which == number {
                    took.push(at.duration_since(happened));
                    missing -= 1;
                }
            }
        };
        tokio::time::timeout(IN_TIME, hear_all)
            .await
            .unwrap_or_else(|_| panic!("{missing} listeners did not hear of event {number}"));
        // Until its provisioner has changed it.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    say("a new claim is heard of after", &halves_and_most(took));
    for listener in listeners {
        listener.abort();
    }
}
