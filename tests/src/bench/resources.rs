//! What it takes: time to start, memory idle and with very many claims.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::{figure, milliseconds};
use crate::demo::Demo;
use crate::story::BUCKET;
use crate::until::until;

/// Measures start and memory. The demo's simulated control planes are in the same process, so memory
/// counts each claim twice: theirs and the portal's.
///
/// # Panics
/// When the demo does not start or kubectl fails.
pub async fn measure() {
    let begun = Instant::now();
    let demo = Demo::start().await;
    let page = demo.stranger().get("/sign-in").await;
    figure(
        "start of the demo to the first answered page",
        &format!("{} ({})", milliseconds(begun.elapsed()), page.status),
    );
    let dana = demo.sign_in("dana").await;
    let _ = dana.get("/").await;
    figure("resident memory, idle, simulator included", &resident(&demo));
    let kubectl = demo.kubectl("eu-shared");
    for thousand in 0..10 {
        let mut manifests = String::new();
        for number in 0..1_000 {
            let _ = write!(
                manifests,
                "---\napiVersion: storage.demo.portico.dev/v1\nkind: Bucket\nmetadata: {{ name: many-{thousand}-{number:03}, namespace: payments-dev }}\nspec: {{ quota: 1Gi }}\n"
            );
        }
        let created = kubectl.try_run(&["create", "--validate=false", "--filename=-"], Some(&manifests));
        assert!(
            created.status.success(),
            "{}",
            String::from_utf8_lossy(&created.stderr)
        );
    }
    until(
        "the last claim shows in the portal",
        Duration::from_mins(2),
        async || {
            let path = format!("/claims/eu-shared/{BUCKET}/payments-dev/many-9-999");
            (dana.get(&path).await.status == 200).then_some(())
        },
    )
    .await;
    figure(
        "resident memory with 10,000 claims, simulator included",
        &resident(&demo),
    );
}

fn resident(demo: &Demo) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.process_id())).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or("unknown");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    format!("{} MB", kilobytes / 1024)
}
