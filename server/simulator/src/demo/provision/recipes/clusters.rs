use serde_json::{Value, json};

use super::super::recipe::{Connection, Part, Recipe, Style};

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
            .map(|pool| pool.pointer("/scaling/min").and_then(Value::as_u64).unwrap_or(1))
            .sum();
        let mut status = json!({
            "phase": "Provisioned",
            "version": format!("v{}.1", site.text("/version", "1.34")),
            "readyNodes": nodes,
        });
        if let Some(cluster) = &site.cluster {
            status["endpoint"] = json!(cluster.endpoint);
        }
        status
    },
    connection: |site, _| Connection {
        name: format!("{}-kubeconfig", site.name),
        kind: "cluster.x-k8s.io/secret",
        data: site
            .cluster
            .iter()
            .map(|cluster| ("value", cluster.kubeconfig.clone()))
            .collect(),
    },
};
