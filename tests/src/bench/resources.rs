//! What the portal takes: time to start, memory idle and with very many claims.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;

use super::{figure, milliseconds};
use crate::apart::Apart;
use crate::story::BUCKET;
use crate::until::until;

const CLAIMS: usize = 10_000;

/// Measures start and memory of `portico serve` alone; its control planes are in another process.
///
/// # Panics
/// When it does not start, or a control plane refuses a claim.
pub async fn measure() {
    let apart = Apart::start().await;
    figure("start to the first answered page", &milliseconds(apart.start));
    let dana = apart.world.sign_in("dana").await;
    let _ = dana.get("/").await.expect(200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    figure(
        "resident memory, idle, three control planes",
        &megabytes(apart.resident()),
    );
    let plane = apart.direct("eu-shared");
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
        &megabytes(apart.resident()),
    );
    // Their provisioners write to each some more times.
    tokio::time::sleep(Duration::from_secs(30)).await;
    figure(
        "resident memory with 10,000 claims, half a minute later",
        &megabytes(apart.resident()),
    );
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
