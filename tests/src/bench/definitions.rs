//! Measures a portal over control planes that offer very many kinds, which this process simulates.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fleet::Fleet;
use super::planes::{resident_without_fleet, time_page};
use super::{figure, milliseconds};
use crate::separate_process::SeparateProcess;
use crate::until::until;

const PLANES: usize = 3;
const KINDS: usize = 5_000;
const GROUP: &str = "bench.portico.dev";
/// How long the portal is left alone before its memory is read.
const REST: Duration = Duration::from_secs(15);

/// Measures start and memory.
///
/// # Panics
/// When the portal does not start or does not offer all kinds in time.
pub async fn measure() {
    let say = |what: &str, measured: &str| {
        figure(
            &format!("{KINDS} kinds on {PLANES} control planes: {what}"),
            measured,
        );
    };
    let empty = resident_without_fleet().await;
    let world = SeparateProcess::world().await;
    world.remove_rate_limits();
    let fleet = Fleet::start(PLANES, |_, objects| {
        for number in 0..KINDS {
            let _ = objects.create(definition(number)).unwrap();
        }
    })
    .await;
    fleet.join(&world);
    let begun = Instant::now();
    let portal = SeparateProcess::over(world, "warn").await;
    say("start to the first answered page", &milliseconds(portal.start));
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let last = format!("/catalog?q=bench-{:05}", KINDS - 1);
    until(
        "the last kind is in the catalog",
        Duration::from_mins(5),
        async || {
            let page = dana.get(&last).await.page();
            (!page.texts(".card h2").is_empty()).then_some(())
        },
    )
    .await;
    say(
        "start until all are in the catalog",
        &milliseconds(begun.elapsed()),
    );
    tokio::time::sleep(REST).await;
    let used = portal.resident();
    say(
        "resident memory",
        &format!(
            "{} MB, {} MB over an empty start",
            used / 1_000_000,
            used.saturating_sub(empty) / 1_000_000
        ),
    );
    say("catalog page", &time_page(&dana, "/catalog").await);
    say(
        "a form",
        &time_page(&dana, &format!("/catalog/bench00042s.{GROUP}/request")).await,
    );
    say(
        "resident memory at the end",
        &format!("{} MB", portal.resident() / 1_000_000),
    );
}

/// A definition of the size that published ones have in the middle: about 20 fields with descriptions.
fn definition(number: usize) -> Value {
    let fields: serde_json::Map<String, Value> = (0..20)
        .map(|field| {
            let what = json!({
                "type": if field % 3 == 0 { "integer" } else { "string" },
                "description": format!("What field {field} of this kind is for, in a sentence as people write it."),
            });
            (format!("field{field}"), what)
        })
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("bench{number:05}s.{GROUP}"), "labels": { "portico.dev/offered": "true" },
            "annotations": {
                "portico.dev/title": format!("Bench bench-{number:05}"), "portico.dev/summary": "One of very many",
                "portico.dev/category": "other",
            },
        },
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": {
                "kind": format!("Bench{number:05}"), "plural": format!("bench{number:05}s"),
                "singular": format!("bench{number:05}"), "listKind": format!("Bench{number:05}List"),
            },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": fields },
                } } },
            }],
        },
    })
}
