//! Simulated control planes in the process of the benchmark, so that the portal's own process does nothing else.

use std::fmt::Write as _;
use std::fs;

use futures::StreamExt as _;
use portico_simulator::kube::{ControlPlane, Objects, Serving, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::demo::Demo;

/// Running control planes, shared with all tenants. They end when this is dropped.
pub(super) struct Fleet {
    pub(super) planes: Vec<Plane>,
    folder: TempDir,
}

pub(super) struct Plane {
    pub(super) simulated: ControlPlane,
    serving: Serving,
}

impl Fleet {
    /// Starts so many; `fill` creates the objects of each, by its number.
    pub(super) async fn start(planes: usize, fill: impl Fn(usize, &Objects)) -> Self {
        let fill = &fill;
        let planes: Vec<Plane> = futures::stream::iter(0..planes)
            .then(|number| async move {
                let simulated = ControlPlane::new(&format!("fleet-{number:04}"), Settings::default());
                fill(number, &simulated.objects());
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let serving = simulated.serve(listener).unwrap();
                Plane { simulated, serving }
            })
            .collect()
            .await;
        let folder = tempfile::tempdir().unwrap();
        for plane in &planes {
            let kubeconfig = plane.simulated.kubeconfig(plane.serving.address());
            fs::write(folder.path().join(plane.simulated.name()), kubeconfig).unwrap();
        }
        Self { planes, folder }
    }

    /// Adds them to the configuration of a portal.
    pub(super) fn join(&self, world: &Demo) {
        let mut documents = String::new();
        for plane in &self.planes {
            let name = plane.simulated.name();
            let _ = write!(
                documents,
                "---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: {name}, labels: {{ shared: 'true' }} }}
spec: {{ title: '{name}', region: eu, connection: {{ kubeconfig: {{ path: '{}' }} }} }}
",
                self.folder.path().join(name).display()
            );
        }
        fs::write(world.ready.configuration.join("fleet.yaml"), documents).unwrap();
    }
}

/// The definition of `Thing`, a small kind that is offered.
pub(super) fn thing_definition(group: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("things.{group}"), "labels": { "portico.dev/offered": "true" },
            "annotations": { "portico.dev/title": "Thing", "portico.dev/summary": "One of very many", "portico.dev/category": "other" },
        },
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": { "kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer" } } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                } } },
            }],
        },
    })
}
