//! Measures how fast approved requests are applied to a real API server, beside the same server-side applies without a
//! portal, and what happens while the API server answers 429.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use http::Request;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::figure;
use super::fleet::thing_definition;
use crate::apiserver::ApiServer;
use crate::demo::Demo;
use crate::person::Person;
use crate::proxy::{Fault, Operation, Proxy};
use crate::raw_client::RawClient;
use crate::separate_process::SeparateProcess;
use crate::until::until;

/// Requests that are applied at once.
const REQUESTS: usize = 400;
/// About as many as the portal sends to one control plane at once.
const AT_ONCE: usize = 8;
/// How long decisions wait for being taken back: the requests become due after it, all while the portal stands still.
const UNDO_SECONDS: u64 = 60;
/// How long the API server refuses what it is sent.
const REFUSING: Duration = Duration::from_secs(20);
/// What it says in `Retry-After`, in seconds.
const RETRY_AFTER: u32 = 2;
const NAMESPACE: &str = "payments-production";
const GROUP: &str = "bench.portico.dev";

/// Measures both, unless there is no API server.
///
/// # Panics
/// When a request is not applied in time.
pub async fn measure() {
    if !ApiServer::is_here("bench apply") {
        figure(
            "applies to a real API server",
            "not measured: it is not installed",
        );
        return;
    }
    throughput().await;
    refusals().await;
}

/// A portal over an API server, in which a first claim has made the namespace.
struct World {
    server: ApiServer,
    plane: RawClient,
    portal: SeparateProcess,
    dana: Person,
    ada: Person,
    /// The kubeconfig that the portal has.
    _kubeconfigs: TempDir,
    proxy: Option<Proxy>,
}

impl World {
    async fn start(through_proxy: bool) -> Self {
        let server = ApiServer::start().await;
        let plane = server.raw_client();
        install(&plane).await;
        let kubeconfigs = tempfile::tempdir().unwrap();
        let kubeconfig = kubeconfigs.path().join("real");
        let proxy = if through_proxy {
            Some(Proxy::start(server.kubeconfig(), &kubeconfig).await)
        } else {
            fs::copy(server.kubeconfig(), &kubeconfig).unwrap();
            None
        };
        let portal = SeparateProcess::over(configured(&kubeconfig).await, "warn").await;
        let (dana, ada) = (
            portal.world.sign_in("dana").await,
            portal.world.sign_in("ada").await,
        );
        until_offered(&dana).await;
        let first = submit(&dana, "first").await;
        approve(&ada, &first).await;
        until("the first claim", Duration::from_secs(90), async || {
            (count(&plane, "").await == 1).then_some(())
        })
        .await;
        Self {
            server,
            plane,
            portal,
            dana,
            ada,
            _kubeconfigs: kubeconfigs,
            proxy,
        }
    }
}

async fn throughput() {
    let world = World::start(false).await;
    let World {
        server,
        plane,
        portal,
        dana,
        ada,
        ..
    } = &world;
    let before = bare(server, "bare-a").await;
    let last = approve_many(dana, ada, "asked").await;
    let through_portal = drain(portal, plane, "asked", last).await;
    let alone = (before + bare(server, "bare-b").await) / 2;
    let rate = |took: Duration| {
        format!(
            "{:.0}/s",
            f64::from(u32::try_from(REQUESTS).unwrap()) / took.as_secs_f64()
        )
    };
    figure(
        &format!("{REQUESTS} approved requests applied to a real API server, {AT_ONCE} at once"),
        &format!(
            "{}; without a portal {}: ratio {:.2}",
            rate(through_portal),
            rate(alone),
            alone.as_secs_f64() / through_portal.as_secs_f64()
        ),
    );
}

async fn refusals() {
    let world = World::start(true).await;
    let World {
        plane,
        portal,
        dana,
        ada,
        proxy: Some(proxy),
        ..
    } = &world
    else {
        return;
    };
    let last = approve_many(dana, ada, "late").await;
    proxy.inject(
        Operation::Apply,
        None,
        Fault::Refusal {
            code: 429,
            status: json!({ "reason": "TooManyRequests", "message": "too many requests, please try again later" }),
            retry_after: Some(RETRY_AFTER),
        },
    );
    stand_still_until(portal, last).await;
    let _ = proxy.take_requests();
    portal.signal("CONT");
    tokio::time::sleep(REFUSING).await;
    let refused = proxy
        .take_requests()
        .iter()
        .filter(|one| one.operation == Operation::Apply)
        .count();
    proxy.clear_faults();
    let begun = Instant::now();
    until_applied(plane, "late").await;
    figure(
        &format!(
            "{REQUESTS} requests while every apply gets 429 for {} s",
            REFUSING.as_secs()
        ),
        &format!(
            "{refused} applies tried; all applied {:.1} s after it ended",
            begun.elapsed().as_secs_f64()
        ),
    );
}

/// Server-side applies of the same objects in a plain loop, as many at once as the portal sends.
async fn bare(server: &ApiServer, prefix: &str) -> Duration {
    let kubeconfig = Kubeconfig::read_from(server.kubeconfig()).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    let client = Client::try_from(config).unwrap();
    let begun = Instant::now();
    futures::stream::iter(0..REQUESTS)
        .for_each_concurrent(AT_ONCE, |number| {
            let client = client.clone();
            async move {
                let name = name(prefix, number);
                let object = json!({
                    "apiVersion": format!("{GROUP}/v1"), "kind": "Thing",
                    "metadata": { "name": name, "namespace": NAMESPACE }, "spec": { "size": 3 },
                });
                let path =
                    format!("/apis/{GROUP}/v1/namespaces/{NAMESPACE}/things/{name}?fieldManager=bench");
                let request = Request::patch(path)
                    .header("content-type", "application/apply-patch+yaml")
                    .body(object.to_string().into_bytes())
                    .unwrap();
                let _: Value = client.request(request).await.unwrap();
            }
        })
        .await;
    begun.elapsed()
}

/// The demo's configuration with one more control plane.
async fn configured(kubeconfig: &Path) -> Demo {
    let world = SeparateProcess::world().await;
    world.remove_quotas();
    world.remove_rate_limits();
    let portal = world.configuration("portal.yaml");
    let text = fs::read_to_string(&portal).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("undoSeconds:") {
                format!("    undoSeconds: {UNDO_SECONDS}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(&portal, lines.join("\n")).unwrap();
    let document = format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: real, labels: {{ shared: 'true' }} }}
spec: {{ title: The real one, region: here, connection: {{ kubeconfig: {{ path: '{}' }} }} }}
",
        kubeconfig.display()
    );
    fs::write(world.ready.configuration.join("real.yaml"), document).unwrap();
    world
}

async fn install(plane: &RawClient) {
    let definition = thing_definition(GROUP);
    plane
        .create(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &definition,
        )
        .await;
}

async fn until_offered(dana: &Person) {
    until("the offering", Duration::from_mins(1), async || {
        let page = dana.get("/catalog?q=thing").await.page();
        page.texts(".card h2")
            .iter()
            .any(|title| title == "Thing")
            .then_some(())
    })
    .await;
}

/// Submits a request for production and returns its id.
async fn submit(dana: &Person, name: &str) -> String {
    let body = json!({
        "offering": format!("things.{GROUP}"), "name": name, "controlPlane": "real", "object": { "spec": { "size": 3 } },
    });
    let answer = dana
        .api(
            Method::POST,
            "/api/v1/requests?tenant=payments&environment=production",
            Some(&body),
        )
        .await
        .expect(201);
    answer.json()["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .to_owned()
}

async fn approve(ada: &Person, id: &str) {
    let path = format!("/api/v1/requests/{id}");
    let revision = ada.api(Method::GET, &path, None).await.expect(200).json()["revision"].clone();
    let body = json!({ "approve": true, "revision": revision });
    let _ = ada
        .api(Method::POST, &format!("{path}/decision"), Some(&body))
        .await
        .expect(200);
}

/// Submits and approves many requests. Returns when the last was approved.
async fn approve_many(dana: &Person, ada: &Person, prefix: &str) -> Instant {
    let ids: Vec<String> = futures::stream::iter(0..REQUESTS)
        .map(|number| async move { submit(dana, &name(prefix, number)).await })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    futures::stream::iter(ids)
        .for_each_concurrent(AT_ONCE, |id| async move { approve(ada, &id).await })
        .await;
    Instant::now()
}

/// Stops the portal until all decisions stand.
async fn stand_still_until(portal: &SeparateProcess, last: Instant) {
    portal.signal("STOP");
    tokio::time::sleep_until((last + Duration::from_secs(UNDO_SECONDS + 1)).into()).await;
}

async fn drain(portal: &SeparateProcess, plane: &RawClient, prefix: &str, last: Instant) -> Duration {
    stand_still_until(portal, last).await;
    let begun = Instant::now();
    portal.signal("CONT");
    until_applied(plane, prefix).await;
    begun.elapsed()
}

async fn until_applied(plane: &RawClient, prefix: &str) {
    until(
        "all requests to be applied",
        Duration::from_mins(10),
        async || (count(plane, prefix).await == REQUESTS).then_some(()),
    )
    .await;
}

async fn count(plane: &RawClient, prefix: &str) -> usize {
    let path = format!("/apis/{GROUP}/v1/namespaces/{NAMESPACE}/things");
    let found = plane.get(&path).await.unwrap_or_default();
    let names = found["items"].as_array().into_iter().flatten();
    names
        .filter(|one| {
            one["metadata"]["name"]
                .as_str()
                .is_some_and(|name| name.starts_with(prefix))
        })
        .count()
}

fn name(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number:04}")
}
