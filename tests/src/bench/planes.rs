//! Measures a portal over very many control planes, which this process simulates: the portal's own process does nothing
//! else. `PORTICO_BENCH_FLEET`, such as `20x50`, replaces the fleets by one of so many control planes and claims on each.

use std::env;
use std::time::{Duration, Instant};

use portico_simulator::kube::{GroupKind, Key};
use reqwest::Method;
use serde_json::{Value, json};

use super::fleet::{Fleet, thing_definition};
use super::{figure, halves_and_most, milliseconds};
use crate::person::Person;
use crate::separate_process::SeparateProcess;
use crate::until::until;

/// Control planes, and claims on each.
const FLEETS: [(usize, usize); 2] = [(1_000, 100), (200, 500)];
const NAMESPACE: &str = "payments-dev";
const GROUP: &str = "fleet.portico.dev";
/// How long the portal is left alone.
const IDLE: Duration = Duration::from_mins(1);
/// Status changes a second, and for how long.
const EVENTS_PER_SECOND: u32 = 500;
const BUSY: Duration = Duration::from_secs(20);
/// How often a page is asked for.
const PAGES: usize = 200;
/// Control planes that go down.
const DEAD: usize = 50;

/// Measures each fleet in a portal of its own.
///
/// # Panics
/// When the portal does not start or does not show all claims in time.
pub async fn measure() {
    let chosen = env::var("PORTICO_BENCH_FLEET").ok().map(|fleet| {
        let (planes, claims) = fleet.split_once('x').expect("PLANESxCLAIMS");
        (planes.parse().unwrap(), claims.parse().unwrap())
    });
    let empty = resident_without_fleet().await;
    for (planes, claims) in chosen.map_or(FLEETS.to_vec(), |one| vec![one]) {
        measure_fleet(planes, claims, empty).await;
    }
}

/// The resident memory of a portal over the demo's control planes alone, in bytes.
pub(super) async fn resident_without_fleet() -> u64 {
    let portal = SeparateProcess::start().await;
    let dana = portal.world.sign_in("dana").await;
    let _ = dana.get("/claims").await.expect(200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    portal.resident()
}

async fn measure_fleet(planes: usize, claims: usize, empty: u64) {
    let say = |what: &str, measured: &str| figure(&format!("{planes} × {claims}: {what}"), measured);
    let world = SeparateProcess::world().await;
    world.remove_quotas();
    world.remove_rate_limits();
    let fleet = Claimed::start(planes, claims).await;
    fleet.fleet.join(&world);
    let begun = Instant::now();
    let portal = SeparateProcess::over(world, "warn").await;
    say("start to the first answered page", &milliseconds(portal.start));
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    until("all claims to be there", Duration::from_mins(10), async || {
        let page = dana
            .api(
                Method::GET,
                "/api/v1/claims?offering=things.fleet.portico.dev",
                None,
            )
            .await;
        (page.json()["rows"]["total"] == planes * claims).then_some(())
    })
    .await;
    say("start until all claims are there", &milliseconds(begun.elapsed()));
    let used = portal.resident();
    let per_claim = used.saturating_sub(empty) / (planes * claims) as u64;
    say(
        "resident memory",
        &format!(
            "{} MB, {per_claim} B a claim over an empty start",
            used / 1_000_000
        ),
    );

    // What its start left to do.
    tokio::time::sleep(Duration::from_secs(15)).await;
    fleet.forget_calls();
    say(
        "CPU when nothing happens",
        &cpu_share(&portal, tokio::time::sleep(IDLE)).await,
    );
    say("calls a control plane gets in an idle minute", &fleet.calls());
    say(
        &format!("CPU at {EVENTS_PER_SECOND} status changes a second"),
        &cpu_share(&portal, fleet.change_statuses()).await,
    );
    pages(&dana, &say).await;
    for plane in fleet.fleet.planes.iter().take(DEAD) {
        plane.simulated.faults().refuse_connections(true);
        plane.simulated.faults().drop_watches();
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    pages(&dana, &|what, measured| {
        say(
            &format!("with {} control planes dead: {what}", DEAD.min(planes)),
            measured,
        );
    })
    .await;
    say(
        "resident memory at the end",
        &format!("{} MB", portal.resident() / 1_000_000),
    );
}

/// Times the list of claims and the search over them.
async fn pages(dana: &Person, say: &dyn Fn(&str, &str)) {
    for (what, path) in [
        ("list of claims", "/claims"),
        ("claims by name", "/claims?q=thing-00042"),
        ("search everywhere", "/api/v1/search?q=thing-0004"),
    ] {
        say(what, &time_page(dana, path).await);
    }
}

/// How long a page takes, of many times.
pub(super) async fn time_page(dana: &Person, path: &str) -> String {
    let mut took = Vec::new();
    for _ in 0..PAGES {
        let begun = Instant::now();
        let _ = dana.get(path).await.expect(200);
        took.push(begun.elapsed());
    }
    halves_and_most(took)
}

/// The share of a core that the portal uses meanwhile.
pub(super) async fn cpu_share(portal: &SeparateProcess, meanwhile: impl Future<Output = ()>) -> String {
    let (begun, before) = (Instant::now(), portal.cpu_time());
    meanwhile.await;
    let used = portal.cpu_time().saturating_sub(before);
    format!(
        "{:.1} % of a core",
        100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64()
    )
}

/// Control planes with claims of one kind.
struct Claimed {
    fleet: Fleet,
    claims: usize,
}

impl Claimed {
    async fn start(planes: usize, claims: usize) -> Self {
        let fleet = Fleet::start(planes, |number, objects| {
            let create = |object: Value| drop(objects.create(object).unwrap());
            create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }));
            create(thing_definition(GROUP));
            for claim in 0..claims {
                create(thing(number * claims + claim));
            }
        })
        .await;
        Self { fleet, claims }
    }

    fn forget_calls(&self) {
        for plane in &self.fleet.planes {
            plane.simulated.audit().clear();
        }
    }

    /// How many calls the control planes got, and of which verbs the busiest.
    fn calls(&self) -> String {
        let mut counts: Vec<usize> = Vec::new();
        let mut busiest = Vec::new();
        for plane in &self.fleet.planes {
            let entries = plane.simulated.audit().entries();
            counts.push(entries.len());
            if entries.len() > busiest.len() {
                busiest = entries;
            }
        }
        counts.sort_unstable();
        let of_busiest: Vec<String> = busiest
            .iter()
            .map(|entry| format!("{} {}", entry.attributes.verb, entry.attributes.resource))
            .collect();
        let (half, most) = (counts[counts.len() / 2], counts[counts.len() - 1]);
        format!("p50 {half}, most {most} ({})", of_busiest.join(", "))
    }

    /// Changes the status of claims, one control plane after the other.
    async fn change_statuses(&self) {
        let kind = GroupKind::new(GROUP, "Thing");
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / EVENTS_PER_SECOND);
        let mut number = 0;
        while begun.elapsed() < BUSY {
            ticks.tick().await;
            let plane = number % self.fleet.planes.len();
            let claim = plane * self.claims + (number / self.fleet.planes.len()) % self.claims;
            let ready = if number % 2 == 0 { "True" } else { "False" };
            let key = Key::namespaced(NAMESPACE, claim_name(claim));
            let objects = self.fleet.planes[plane].simulated.objects();
            let _ = objects.patch_status(&kind, &key, status(ready)).unwrap();
            number += 1;
        }
    }
}

fn claim_name(number: usize) -> String {
    format!("thing-{number:06}")
}

fn status(ready: &str) -> Value {
    json!({ "conditions": [{
        "type": "Ready", "status": ready, "reason": "Reported", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }] })
}

fn thing(number: usize) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "Thing",
        "metadata": { "name": claim_name(number), "namespace": NAMESPACE },
        "spec": { "size": 10 }, "status": status("True"),
    })
}
