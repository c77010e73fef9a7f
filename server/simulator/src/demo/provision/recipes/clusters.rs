use base64::Engine as _;
use serde_json::json;

use super::super::recipe::{Connection, Part, Recipe, Site, Style};

pub(super) const KUBERNETES_CLUSTER: Recipe = Recipe {
    group: "clusters.demo.portico.dev",
    kind: "KubernetesCluster",
    style: Style::Operator,
    parts: |site| {
        let mut parts = vec![
            Part::new(
                "LoadBalancer",
                "api",
                "the load balancer",
                json!({ "port": 6443 }),
            ),
            Part::new(
                "ControlPlaneMachines",
                "control-plane",
                "the control plane",
                json!({
                    "replicas": site.number("/controlPlane/replicas", 1),
                    "version": site.text("/version", "1.34"),
                }),
            ),
        ];
        let pools = site.spec["nodePools"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for pool in pools {
            let name = pool["name"].as_str().unwrap_or_default();
            parts.push(Part::new(
                "NodePool",
                format!("nodes-{name}"),
                format!("the nodes of {name}"),
                pool.clone(),
            ));
        }
        parts
    },
    status: |site| {
        let pools = site.spec["nodePools"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let nodes: u64 = pools
            .iter()
            .map(|pool| {
                pool.pointer("/scaling/min")
                    .and_then(serde_json::Value::as_u64)
                    .unwrap_or(1)
            })
            .sum();
        json!({
            "phase": "Provisioned",
            "endpoint": endpoint(site),
            "version": format!("v{}.1", site.text("/version", "1.34")),
            "readyNodes": nodes,
        })
    },
    connection: |site, credentials| Connection {
        name: format!("{}-kubeconfig", site.name),
        kind: "cluster.x-k8s.io/secret",
        data: vec![(
            "value",
            kubeconfig(site, &credentials.password, &credentials.authority),
        )],
    },
};

fn endpoint(site: &Site<'_>) -> String {
    format!("https://{}:6443", site.host("k8s"))
}

fn kubeconfig(site: &Site<'_>, token: &str, authority: &str) -> String {
    let (name, server) = (site.name, endpoint(site));
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\n\
         clusters:\n- name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\n\
         contexts:\n- name: {name}\n  context: {{ cluster: {name}, user: admin }}\n\
         users:\n- name: admin\n  user:\n    token: {token}\n"
    )
}
