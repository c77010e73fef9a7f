//! The control planes of the demo, with provisioners.

use std::time::Duration;

use portico_domain::claim::{Claim, ClaimKind, Health};
use portico_domain::documents::{Connection, ControlPlane as Document, Tenant};
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Scope;
use portico_planes::{ClaimFilter, Planes};
use portico_simulator::demo::{Demo, Settings};

use crate::world::*;

async fn demo() -> (Demo, Planes, Plane, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path(), "127.0.0.1:1");
    settings.step = Duration::from_millis(30);
    let demo = Demo::start(settings).await.unwrap();
    let pattern = Plane::start("pattern").await;
    let documents = demo.planes.iter().map(|plane| {
        let mut document: Document = pattern.document();
        document.name = PlaneName::new(plane.name.clone()).unwrap();
        document.spec.limits.timeout_seconds = 10;
        document.spec.connection = Connection::Kubeconfig {
            path: plane.kubeconfig_path.display().to_string(),
            context: None,
        };
        document
    });
    let registry = Planes::new(portico_planes::Settings::default());
    registry.configure(documents.collect(), Vec::new(), &with_production());
    (demo, registry, pattern, folder)
}

/// Claims without an owner are kept as rows only, so tenants must own the demo's claims.
fn with_production() -> Vec<Tenant> {
    let mut tenants = tenants();
    for tenant in &mut tenants {
        let mut production = tenant.spec.environments[0].clone();
        production.name = "production".parse().unwrap();
        production.namespace = format!("{}-production", tenant.name);
        tenant.spec.environments.push(production);
    }
    tenants
}

async fn found(registry: &Planes, name: &str, namespace: &str, health: Health) -> Claim {
    let what = format!("{namespace}/{name} is {}", health.slug());
    let listed = eventually(&what, async || {
        let claims = registry.claims(&Scope::for_tests(), &ClaimFilter::default());
        claims.into_iter().find(|claim| {
            let reference = &claim.reference;
            reference.name.as_str() == name
                && reference.namespace.as_deref() == Some(namespace)
                && claim.status.health == health
        })
    })
    .await;
    Claim::clone(&registry.claim(&Scope::for_tests(), &listed.reference).unwrap())
}

#[tokio::test]
async fn understands_every_kind_of_the_demo() {
    let (demo, registry, _pattern, _folder) = demo().await;
    let eu = PlaneName::new("eu-shared").unwrap();
    for (name, claim_kind) in [
        (
            "postgresqlinstances.databases.demo.portico.dev",
            ClaimKind::LegacyClaim,
        ),
        ("mysqlinstances.databases.demo.portico.dev", ClaimKind::Composite),
        ("caches.databases.demo.portico.dev", ClaimKind::Composite),
        ("topics.streaming.demo.portico.dev", ClaimKind::Composite),
        ("queues.messaging.demo.portico.dev", ClaimKind::Composite),
        ("buckets.storage.demo.portico.dev", ClaimKind::Plain),
    ] {
        let name = offering(name);
        let served = eventually(&format!("{name} is offered"), async || {
            registry.catalog().served(&name, &eu).cloned()
        })
        .await;
        assert_eq!(
            (served.claim_kind, &served.problem),
            (claim_kind, &None),
            "{name}"
        );
    }
    let catalog = registry.catalog();
    let composites: Vec<_> = catalog
        .offerings
        .keys()
        .filter(|name| name.as_str().starts_with('x'))
        .collect();
    assert!(composites.is_empty(), "{composites:?}");

    let orders = found(&registry, "orders", "payments-production", Health::Ready).await;
    assert_eq!(orders.status.secret.as_deref(), Some("orders-connection"));
    let secret = registry.secret(&crate::world::reveal(&orders)).await.unwrap();
    assert!(secret.contains_key("password"), "{:?}", secret.keys());
    let tree = registry.tree(&crate::world::portico(), &orders).await.unwrap();
    assert_eq!(tree.children.len(), 1, "the composite: {tree:?}");
    assert!(tree.children[0].children.len() > 1, "its parts: {tree:?}");
    assert!(
        tree.children
            .iter()
            .all(portico_domain::claim::ComposedResource::is_all_ready),
        "{tree:#?}"
    );
    let events = registry.events(&crate::world::portico(), &orders).await.unwrap();
    assert!(!events.is_empty());

    let sessions = found(&registry, "sessions", "payments-production", Health::Ready).await;
    let tree = registry.tree(&crate::world::portico(), &sessions).await.unwrap();
    assert!(
        !tree.children.is_empty()
            && tree
                .children
                .iter()
                .all(portico_domain::claim::ComposedResource::is_all_ready),
        "{tree:#?}"
    );

    let refunds = found(&registry, "refunds", "payments-dev", Health::Degraded).await;
    assert!(
        refunds.status.reason.contains("broker 2 of 3 does not answer"),
        "{}",
        refunds.status.reason
    );
    demo.shutdown().await;
}
