//! A right that is granted later takes effect as soon as a review finds it.

use std::time::Duration;

use portico_simulator::kube::{Identity, Rule, Subject};

use crate::world::*;

/// Reads and writes of claims of one kind in one namespace.
fn on(plural: &str) -> Rule {
    Rule {
        groups: vec!["storage.example.org".to_owned()],
        resources: vec![plural.to_owned()],
        ..Rule::all_in("payments-dev")
    }
}

#[tokio::test]
async fn a_kind_is_watched_as_soon_as_a_review_finds_the_right() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    let access = plane.simulated.access();
    access.add_token("limited", Identity::new("limited", ["platform"]));
    let account = || Subject::User("limited".to_owned());
    let definitions = Rule {
        groups: vec!["apiextensions.k8s.io".to_owned()],
        ..Rule::read_all()
    };
    access.grant(account(), definitions);
    plane.write_kubeconfig(
        &plane
            .simulated
            .kubeconfig_for(plane.serving.address(), "limited", "limited"),
    );
    let registry = connected(&[&plane]).await;
    eventually("the missing right is named", async || {
        let missing = status(&registry, &plane).rights.missing;
        missing
            .iter()
            .any(|right| right.contains("list") && right.contains("buckets"))
            .then_some(())
    })
    .await;

    access.grant(account(), on("buckets"));
    // A kind that appears is one of the reasons for a review before the next minute.
    plane.create(crd("drawers", "Drawer", true));
    eventually_within(Duration::from_secs(10), "its claims are shown", async || {
        names(&registry, &tenant("payments"))
            .contains(&"receipts".to_owned())
            .then_some(())
    })
    .await;
}
