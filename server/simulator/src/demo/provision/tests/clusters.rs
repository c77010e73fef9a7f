//! The control planes of clusters.

use super::*;
use crate::demo::clusters::MAX_CLUSTERS;

fn clusters() -> GroupKind {
    GroupKind::new("clusters.demo.portico.dev", "KubernetesCluster")
}

fn key(name: &str) -> Key {
    Key::namespaced("dev", name)
}

impl Stage {
    fn ask_for_cluster(&self, name: &str) {
        self.ask(
            "clusters",
            "KubernetesCluster",
            name,
            json!({ "nodePools": [{ "name": "default" }] }),
        );
    }

    /// The clusters that have data.
    fn kept(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }
}

#[tokio::test]
async fn a_cluster_beyond_the_limit_waits_until_another_is_deleted() {
    let stage = Stage::new();
    for number in 0..MAX_CLUSTERS {
        let name = format!("c{number}");
        stage.ask_for_cluster(&name);
        stage.ready(&clusters(), &name).await;
    }
    stage.ask_for_cluster("late");
    let waits =
        |claim: Option<&Value>| claim.is_some_and(|claim| claim.to_string().contains("at most 12 clusters"));
    let late = stage.until(&clusters(), "late", waits).await.unwrap();
    stage.fits_its_schema(&late);
    assert_eq!(
        message(&late),
        "Waiting for the API server: the demo runs at most 12 clusters at once; delete one and this one continues"
    );
    let verdict = verdict(&late, ClaimKind::Plain);
    assert_eq!(verdict.health, Health::Pending);
    assert!(
        verdict.reason.contains("at most 12 clusters"),
        "{}",
        verdict.reason
    );
    assert!(stage.secret("late-kubeconfig").is_none());
    assert_eq!(stage.kept(), MAX_CLUSTERS);

    // One that fails has nothing to publish either.
    let fail = json!({ "metadata": { "annotations": { "demo.portico.dev/fail": "no machines" } } });
    stage.objects.patch(&clusters(), &key("late"), fail).unwrap();
    let failed = |claim: Option<&Value>| claim.is_some_and(|claim| claim["status"]["phase"] == "Failed");
    let failed = stage.until(&clusters(), "late", failed).await.unwrap();
    assert!(failed["status"]["endpoint"].is_null());
    assert!(stage.secret("late-kubeconfig").is_none());
    let mend = json!({ "metadata": { "annotations": { "demo.portico.dev/fail": null } } });
    stage.objects.patch(&clusters(), &key("late"), mend).unwrap();

    stage.objects.delete(&clusters(), &key("c0")).unwrap();
    stage.ready(&clusters(), "late").await;
    assert_eq!(stage.kept(), MAX_CLUSTERS);
}

#[tokio::test]
async fn a_cluster_stops_also_when_its_claim_loses_its_finalizers() {
    let stage = Stage::new();
    stage.ask_for_cluster("lab");
    stage.ready(&clusters(), "lab").await;
    let before = stage.secret("lab-kubeconfig").unwrap();
    let without = json!({ "metadata": { "finalizers": null } });
    stage.objects.patch(&clusters(), &key("lab"), without).unwrap();
    stage.objects.delete(&clusters(), &key("lab")).unwrap();
    assert!(stage.objects.get(&clusters(), &key("lab")).is_none());
    stage.ask_for_cluster("lab");
    stage.ready(&clusters(), "lab").await;
    let after = stage.secret("lab-kubeconfig").unwrap();
    assert_ne!(before["data"], after["data"], "a new cluster with a new token");
    assert_eq!(stage.kept(), 1);
}
