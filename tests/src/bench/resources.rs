//! Measures start-up time, and memory when idle and with many claims.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;

use super::planes::time_page;
use super::{figure, milliseconds};
use crate::separate_process::SeparateProcess;
use crate::story::BUCKET;
use crate::until::until;

const CLAIMS: usize = 10_000;

/// Measures `portico serve` alone; its control planes run in another process.
///
/// # Panics
/// When it does not start, or a control plane refuses a claim.
pub async fn measure() {
    let portal = SeparateProcess::start().await;
    figure("start to the first answered page", &milliseconds(portal.start));
    let dana = portal.world.sign_in("dana").await;
    let _ = dana.get("/").await.expect(200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    figure(
        "resident memory, idle, three control planes",
        &megabytes(portal.resident()),
    );
    let plane = portal.raw_client("eu-shared");
    let path = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";
    futures::stream::iter(0..CLAIMS)
        .for_each_concurrent(8, |number| {
            let bucket = json!({
                "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
                "metadata": { "name": format!("many-{number:05}"), "namespace": "payments-dev" },
                "spec": { "quota": "1Gi" },
            });
            let plane = &plane;
            async move { plane.create(path, &bucket).await }
        })
        .await;
    until(
        "the last claim shows in the portal",
        Duration::from_mins(2),
        async || {
            let path = format!("/claims/eu-shared/{BUCKET}/payments-dev/many-{:05}", CLAIMS - 1);
            (dana.get(&path).await.status == 200).then_some(())
        },
    )
    .await;
    figure(
        "resident memory with 10,000 claims that become ready",
        &megabytes(portal.resident()),
    );
    // Their provisioners update each claim several times.
    tokio::time::sleep(Duration::from_secs(30)).await;
    figure(
        "resident memory with 10,000 claims, half a minute later",
        &megabytes(portal.resident()),
    );
    dana.work_in("payments/dev").await;
    for (what, path) in [
        ("claims page of a tenant with 10,000", "/claims"),
        ("the same, sorted by age", "/claims?sort=-age"),
        ("the same, by name", "/claims?q=many-0042"),
    ] {
        figure(what, &time_page(&dana, path).await);
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
