//! Measures a portal over very many workspaces of kcp that bind one export, which this process simulates.
//! `PORTICO_BENCH_WORKSPACES`, such as `50x10`, replaces the workspaces and the claims in each.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use portico_simulator::kube::{ControlPlane, Kcp, Serving, Settings};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::planes::{cpu_share, resident_without_fleet};
use super::{figure, milliseconds, percentile};
use crate::person::Person;
use crate::separate_process::SeparateProcess;
use crate::until::until;

const WORKSPACES: usize = 1_000;
const CLAIMS: usize = 10;
const NAMESPACE: &str = "payments-dev";
const GROUP: &str = "workspaces.portico.dev";
/// How long the portal is left alone.
const IDLE: Duration = Duration::from_mins(1);
/// Claims that are timed.
const TIMED: usize = 100;

/// Measures streams, memory, and how soon a claim shows.
///
/// # Panics
/// When the portal does not start or does not show all claims in time.
pub async fn measure() {
    let chosen = env::var("PORTICO_BENCH_WORKSPACES").ok();
    let (workspaces, claims) = chosen.map_or((WORKSPACES, CLAIMS), |chosen| {
        let (workspaces, claims) = chosen.split_once('x').expect("WORKSPACESxCLAIMS");
        (workspaces.parse().unwrap(), claims.parse().unwrap())
    });
    let say = |what: &str, measured: &str| {
        figure(
            &format!("{workspaces} workspaces of kcp × {claims}: {what}"),
            measured,
        );
    };
    let empty = resident_without_fleet().await;
    let world = SeparateProcess::world().await;
    world.remove_quotas();
    world.remove_rate_limits();
    let tenants = Tenants::start(workspaces, claims).await;
    let folder = world.ready.configuration.clone();
    fs::write(folder.join("workspaces.yaml"), tenants.documents(0..workspaces)).unwrap();
    let begun = Instant::now();
    let portal = SeparateProcess::over(world, "warn").await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    until_total(&dana, workspaces * claims).await;
    say("start until all claims are there", &milliseconds(begun.elapsed()));
    let used = portal.resident();
    say(
        "resident memory",
        &format!(
            "{} MB, {} kB a workspace over an empty start",
            used / 1_000_000,
            used.saturating_sub(empty) / 1_000 / workspaces as u64
        ),
    );
    say("watches opened", &tenants.watches());
    // What its start left to do.
    tokio::time::sleep(Duration::from_secs(15)).await;
    tenants.forget_calls();
    let idle = cpu_share(&portal, tokio::time::sleep(IDLE)).await;
    say("CPU when nothing happens", &idle);
    say("calls that a workspace gets in an idle minute", &tenants.calls());
    say(
        "a claim in a workspace that is there shows after",
        &tenants.time_claims(&dana).await,
    );
    let begun = Instant::now();
    tenants.add(workspaces, 1);
    fs::write(
        folder.join("another.yaml"),
        tenants.documents(workspaces..workspaces + 1),
    )
    .unwrap();
    until_total(&dana, workspaces * claims + TIMED + 1).await;
    say(
        "a claim in a new workspace shows after",
        &milliseconds(begun.elapsed()),
    );
}

async fn total(dana: &Person) -> usize {
    let path = format!("/api/v1/claims?offering=things.{GROUP}");
    let page = dana.api(Method::GET, &path, None).await.json();
    let total = page["rows"]["total"].as_u64().unwrap_or_default();
    usize::try_from(total).unwrap_or_default()
}

async fn until_total(dana: &Person, expected: usize) {
    until("all claims to be there", Duration::from_mins(10), async || {
        (total(dana).await == expected).then_some(())
    })
    .await;
}

/// A kcp with very many workspaces that bind one export.
struct Tenants {
    kcp: Kcp,
    _serving: Serving,
    folder: TempDir,
    workspaces: usize,
}

impl Tenants {
    async fn start(workspaces: usize, claims: usize) -> Self {
        let kcp = Kcp::new("kcp", Settings::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = kcp.serve(listener).unwrap();
        kcp.create_workspace("root", "platform").unwrap();
        kcp.create_workspace("root", "tenants").unwrap();
        kcp.create("root:platform", schema()).unwrap();
        kcp.create("root:platform", export()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("kcp"),
            kcp.kubeconfig(serving.address(), "root"),
        )
        .unwrap();
        let tenants = Self {
            kcp,
            _serving: serving,
            folder,
            workspaces,
        };
        for number in 0..workspaces {
            tenants.add(number, claims);
        }
        tenants
    }

    /// Makes a workspace with claims.
    fn add(&self, number: usize, claims: usize) {
        let name = name(number);
        self.kcp.create_workspace("root:tenants", &name).unwrap();
        let path = format!("root:tenants:{name}");
        let create = |object: Value| drop(self.kcp.create(&path, object).unwrap());
        create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }));
        create(json!({
            "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": "things" },
            "spec": { "reference": { "export": { "path": "root:platform", "name": "things" } } },
        }));
        for claim in 0..claims {
            create(thing(&format!("thing-{claim:03}")));
        }
    }

    fn workspace(&self, number: usize) -> ControlPlane {
        self.kcp
            .workspace(&format!("root:tenants:{}", name(number)))
            .unwrap()
    }

    fn documents(&self, numbers: std::ops::Range<usize>) -> String {
        let kubeconfig = self.folder.path().join("kcp");
        let mut documents = String::new();
        for number in numbers {
            let _ = write!(documents, "{}", document(&kubeconfig, &name(number)));
        }
        documents
    }

    fn watches(&self) -> String {
        let opened = |plane: &ControlPlane| {
            let entries = plane.audit().entries();
            entries
                .iter()
                .filter(|entry| entry.attributes.verb == "watch")
                .count()
        };
        let alone: usize = (0..self.workspaces)
            .map(|number| opened(&self.workspace(number)))
            .sum();
        format!(
            "{} for all workspaces, {alone} in single ones",
            opened(&self.kcp.front())
        )
    }

    fn forget_calls(&self) {
        for number in 0..self.workspaces {
            self.workspace(number).audit().clear();
        }
    }

    fn calls(&self) -> String {
        let mut counts: Vec<usize> = (0..self.workspaces)
            .map(|number| self.workspace(number).audit().entries().len())
            .collect();
        counts.sort_unstable();
        format!(
            "p50 {}, most {}",
            counts[counts.len() / 2],
            counts[counts.len() - 1]
        )
    }

    /// Makes claims in workspaces one after the other, and times each until the portal shows it.
    async fn time_claims(&self, dana: &Person) -> String {
        let before = total(dana).await;
        let mut took = Vec::new();
        for number in 0..TIMED {
            let begun = Instant::now();
            let path = format!("root:tenants:{}", name(number % self.workspaces));
            self.kcp
                .create(&path, thing(&format!("timed-{number:03}")))
                .unwrap();
            while total(dana).await <= before + number {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let [half, most] = [50, 99].map(|percent| milliseconds(percentile(&took, percent)));
        format!("p50 {half}, p99 {most}, the question included")
    }
}

fn document(kubeconfig: &Path, name: &str) -> String {
    format!(
        "---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: {name}, labels: {{ shared: 'true' }} }}
spec:
  title: '{name}'
  kind: kcpWorkspace
  connection: {{ kubeconfig: {{ path: '{}' }} }}
  kcp: {{ workspace: 'root:tenants:{name}', exports: [{{ path: root:platform, name: things }}] }}
",
        kubeconfig.display()
    )
}

fn name(number: usize) -> String {
    format!("team-{number:04}")
}

fn thing(name: &str) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "Thing",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": { "size": 10 },
    })
}

fn schema() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema",
        "metadata": {
            "name": format!("v1.things.{GROUP}"), "labels": { "portico.dev/offered": "true" },
            "annotations": { "portico.dev/title": "Thing", "portico.dev/category": "other" },
        },
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": { "kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer" } } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                } },
            }],
        },
    })
}

fn export() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": "things" },
        "spec": { "resources": [{
            "group": GROUP, "name": "things", "schema": format!("v1.things.{GROUP}"), "storage": { "crd": {} },
        }] },
    })
}
