//! Measures the server-rendered catalog page with few and many offerings.

use std::fmt::Write as _;
use std::time::Duration;

use super::figure;
use super::load::load;
use crate::demo::Demo;
use crate::separate_process::SeparateProcess;
use crate::until::until;

/// Measures it with 200 and 5,000 offerings, over 1 and 32 connections.
pub async fn measure() {
    let portal = SeparateProcess::start().await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let url = format!("{}/catalog", portal.world.ready.portal);
    let mut installed = 0;
    for offerings in [200, 5_000] {
        install(&portal.world, installed..offerings);
        installed = offerings;
        let last = format!("/catalog?q=bench-{:05}", offerings - 1);
        until(
            "the last offering is in the catalog",
            Duration::from_mins(5),
            async || (!dana.get(&last).await.page().texts(".card h2").is_empty()).then_some(()),
        )
        .await;
        let cookie = dana
            .cookies()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        for connections in [1, 32] {
            let measured = load(&url, &cookie, connections).await;
            figure(
                &format!("catalog page, {offerings} offerings, {connections} connections"),
                &measured,
            );
        }
    }
}

fn install(demo: &Demo, numbers: std::ops::Range<usize>) {
    let kubectl = demo.kubectl("eu-shared");
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(250) {
        let mut manifests = String::new();
        for number in some {
            let _ = write!(
                manifests,
                r#"---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: bench{number:05}s.bench.portico.dev
  labels: {{ portico.dev/offered: "true" }}
  annotations: {{ portico.dev/title: "Bench bench-{number:05}", portico.dev/summary: "One of very many", portico.dev/category: other }}
spec:
  group: bench.portico.dev
  scope: Namespaced
  names: {{ kind: Bench{number:05}, plural: bench{number:05}s, singular: bench{number:05}, listKind: Bench{number:05}List }}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {{ openAPIV3Schema: {{ type: object, properties: {{ spec: {{ type: object, properties: {{ size: {{ type: integer }} }} }} }} }} }}
"#
            );
        }
        let created = kubectl.try_run(&["create", "--validate=false", "--filename=-"], Some(&manifests));
        assert!(
            created.status.success(),
            "{}",
            String::from_utf8_lossy(&created.stderr)
        );
    }
}
