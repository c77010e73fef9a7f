//! Loads one address over many connections, with wrk if it is installed, else with a loop.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;

use super::{milliseconds, percentile};
use crate::processes::which;

const SECONDS: u64 = 8;

/// Returns a summary: requests per second, median and 99th percentile.
///
/// # Panics
/// When nothing answers.
pub async fn load(url: &str, cookie: &str, connections: usize) -> String {
    if which("wrk").is_some() {
        return wrk(url, cookie, connections);
    }
    let client = Client::builder().no_proxy().build().unwrap();
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let (url, cookie): (Arc<str>, Arc<str>) = (url.into(), cookie.into());
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (client, url, cookie) = (client.clone(), url.clone(), cookie.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < until {
                    let begun = Instant::now();
                    let answer = client.get(&*url).header("cookie", &*cookie).send().await.unwrap();
                    assert!(answer.status().is_success(), "{url}: {}", answer.status());
                    let _ = answer.bytes().await.unwrap();
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    took.sort_unstable();
    let rate = took.len() as u64 / SECONDS;
    let (half, most) = (
        milliseconds(percentile(&took, 50)),
        milliseconds(percentile(&took, 99)),
    );
    format!("{rate} requests/s, p50 {half}, p99 {most}")
}

fn wrk(url: &str, cookie: &str, connections: usize) -> String {
    let output = Command::new("wrk")
        .args([
            "--latency",
            "--threads=1",
            &format!("--connections={connections}"),
            &format!("--duration={SECONDS}s"),
        ])
        .args(["--header", &format!("Cookie: {cookie}"), url])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |label: &str| {
        let line = said
            .lines()
            .map(str::trim)
            .find_map(|line| line.strip_prefix(label));
        line.map_or_else(|| "?".to_owned(), |value| value.trim().to_owned())
    };
    let errors = said
        .lines()
        .find(|line| line.contains("Non-2xx"))
        .map_or("", str::trim);
    format!(
        "{} requests/s, p50 {}, p99 {} (wrk) {errors}",
        value("Requests/sec:"),
        value("50%"),
        value("99%")
    )
}
