//! Control planes that offer very many kinds.

use portico_domain::names::OfferingName;
use portico_domain::tenancy::Scope;
use portico_planes::{PlaneState, Planes, Settings};
use portico_simulator::kube::{GroupKind, Identity, Key, Rule, Subject};
use serde_json::json;

use crate::world::*;

/// So many that their definitions are read in pages.
const MANY: usize = 60;

fn plural(number: usize) -> String {
    format!("bucket{number:02}s")
}

fn kind(number: usize) -> OfferingName {
    offering(&format!("{}.storage.example.org", plural(number)))
}

#[tokio::test]
async fn most_definitions_of_a_plane_are_read_in_pages() {
    let plane = Plane::start("eu").await;
    for number in 0..MANY {
        plane.create(crd(&plural(number), &format!("Bucket{number:02}"), true));
    }
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    plane.create(crd("others", "Other", false));
    plane.simulated.audit().clear();
    let registry = connected(&[&plane]).await;
    for number in 0..MANY {
        offers(&registry, &plane, &kind(number)).await;
    }
    claim(&registry, &plane, "receipts").await;
    let catalog = registry.catalog();
    assert_eq!(
        catalog.offerings.len(),
        MANY + 1,
        "what is not offered is not in it"
    );
    let offered = catalog.get(&kind(7)).unwrap();
    assert_eq!(offered.title, "A Bucket07");
    assert_eq!(offered.served[&plane.name].problem, None);
    let single = plane.simulated.audit().entries().into_iter().filter(|entry| {
        let of = &entry.attributes;
        of.resource == "customresourcedefinitions" && of.verb == "get"
    });
    assert_eq!(single.count(), 0, "none was read by itself");

    // A change is seen as with few.
    let crds = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
    let key = Key::cluster(kind(7).as_str());
    let patch = json!({ "metadata": { "annotations": { "portico.dev/title": "The seventh" } } });
    plane.simulated.objects().patch(&crds, &key, patch).unwrap();
    eventually("the new title is shown", async || {
        let catalog = registry.catalog();
        (catalog.get(&kind(7))?.title == "The seventh").then_some(())
    })
    .await;
}

/// The claims of a namespace that may no longer be read disappear, and those of the others stay up to date.
#[tokio::test]
async fn a_right_to_everything_that_is_narrowed_to_a_namespace_is_noticed() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    plane.create(bucket("research-dev", "samples", 1));
    let access = plane.simulated.access();
    let reader = || Subject::User("reader".into());
    access.add_token("reader", Identity::new("reader", ["some"]));
    access.grant(reader(), Rule::read_all());
    let address = plane.serving.address();
    plane.write_kubeconfig(&plane.simulated.kubeconfig_for(address, "reader", "reader"));
    let registry = Planes::new(Settings::default());
    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    eventually("all claims are read", async || {
        (names(&registry, &Scope::for_tests()).len() == 2).then_some(())
    })
    .await;

    access.revoke(&reader());
    let definitions = Rule {
        groups: vec!["apiextensions.k8s.io".into()],
        ..Rule::read_all()
    };
    access.grant(reader(), definitions);
    access.grant(
        reader(),
        Rule {
            namespaces: vec!["payments-dev".into()],
            ..Rule::read_all()
        },
    );
    // Watches that are open go on until they end.
    plane.simulated.faults().drop_watches();
    eventually("the claims that may not be read are gone", async || {
        (names(&registry, &Scope::for_tests()) == ["receipts"]).then_some(())
    })
    .await;
    plane.create(bucket("payments-dev", "invoices", 1));
    eventually("the others are watched", async || {
        (names(&registry, &Scope::for_tests()).len() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_definition_can_be_used_while_its_control_plane_is_away() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let registry = connected(&[&plane]).await;
    offers(&registry, &plane, &buckets()).await;
    plane.simulated.faults().refuse_connections(true);
    in_state(&registry, &plane, PlaneState::Unreachable).await;
    let catalog = registry.catalog();
    let served = catalog.served(&buckets(), &plane.name).unwrap();
    let schema = served.schema.as_ref().unwrap().parsed().await.unwrap();
    assert!(schema.node_at("spec.size").is_some());
    let definition = served.definition.parsed().await.unwrap();
    let wrong = json!({
        "apiVersion": "storage.example.org/v1", "kind": "Bucket",
        "metadata": { "name": "a", "namespace": "payments-dev" }, "spec": { "size": 1000 },
    });
    let judged = definition.validate("v1", &wrong, None).unwrap();
    assert_eq!(judged.violations.len(), 1);
}
