//! Rotating credentials, and control planes that no longer accept Portico's.

use std::time::{Duration, Instant};

use portico_domain::claim::Health;
use portico_domain::placement::NotUsable;
use portico_planes::{Expect, PlaneError, PlaneState};
use portico_simulator::kube::Identity;

use crate::world::*;

/// A kubeconfig with its token in a separate file.
fn with_token_file(plane: &Plane) -> String {
    let kubeconfig = plane.simulated.kubeconfig(plane.serving.address());
    let token = plane.simulated.token();
    assert!(kubeconfig.contains(token), "{kubeconfig}");
    let user = kubeconfig.lines().find(|line| line.contains(token)).unwrap();
    let (before, _) = user.split_once("token").unwrap();
    let close = if user.contains('{') { " }" } else { "" };
    kubeconfig.replace(user, &format!("{before}tokenFile: token{close}"))
}

#[tokio::test]
async fn follows_a_rotating_token_file() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    plane.status("receipts", "True", "");
    plane.write_beside("token", &format!("{}\n", plane.simulated.token()));
    plane.write_kubeconfig(&with_token_file(&plane));
    let registry = connected(&[&plane]).await;
    let ready = async || {
        claim_where(&registry, &plane, "receipts", |claim| {
            claim.status.health == Health::Ready
        })
        .await;
    };
    ready().await;

    let begun = Instant::now();
    plane.write_beside("token", "not-the-token");
    eventually_within(Duration::from_mins(1), "it is told", async || {
        matches!(status(&registry, &plane).state, PlaneState::Misconfigured(_)).then_some(())
    })
    .await;
    let lost = claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Unreachable
    })
    .await;
    assert!(
        lost.status.reason.contains("cannot read eu"),
        "{}",
        lost.status.reason
    );

    plane.write_beside("token", plane.simulated.token());
    eventually_within(Duration::from_mins(1), "it is well again", async || {
        (status(&registry, &plane).state == PlaneState::Ready).then_some(())
    })
    .await;
    ready().await;
    plane.create(bucket("payments-dev", "later", 1));
    claim(&registry, &plane, "later").await;
    assert!(begun.elapsed() < Duration::from_mins(2));
}

#[tokio::test]
async fn a_broken_kubeconfig_shows_on_claims_without_details() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    let registry = connected(&[&plane]).await;
    claim(&registry, &plane, "receipts").await;
    let good = plane.simulated.kubeconfig(plane.serving.address());
    let token = plane.simulated.token();
    plane.write_kubeconfig(&good.replace(token, &format!("{{ {token}")));
    let told = eventually("it is told", async || match status(&registry, &plane).state {
        PlaneState::Misconfigured(why) => Some(why),
        _ => None,
    })
    .await;
    assert!(
        told.contains("kubeconfig: line ") && !told.contains(token),
        "{told}"
    );
    let lost = claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Unreachable
    })
    .await;
    assert!(
        lost.status.reason.contains("When it last could be read"),
        "{}",
        lost.status.reason
    );
    let manifest = bucket("payments-dev", "new", 5);
    let error = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &crate::world::portico(),
            &bucket_resource(),
            &manifest,
            &Expect::Anything,
        )
        .await
        .unwrap_err();
    assert!(matches!(error, PlaneError::Misconfigured { .. }), "{error:?}");
    assert!(
        !error.to_string().contains("line "),
        "why is the platform's: {error}"
    );
    assert!(error.admin_message().contains("line "));
}

#[tokio::test]
async fn makes_no_anonymous_calls() {
    let plane = Plane::start("eu").await;
    let good = plane.simulated.kubeconfig(plane.serving.address());
    let token = plane.simulated.token();
    let without = good.replace(&format!("  user:\n    token: \"{token}\""), "  user: {}");
    assert!(without.contains("user: {}"), "{without}");
    plane.write_kubeconfig(&without);
    let registry = portico_planes::Planes::new(portico_planes::Settings::default());
    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    eventually("it is told", async || {
        matches!(status(&registry, &plane).state, PlaneState::Misconfigured(why) if why.contains("never as nobody"))
            .then_some(())
    })
    .await;
    assert!(plane.simulated.audit().entries().is_empty());
}

#[tokio::test]
async fn names_withdrawn_rights() {
    use portico_simulator::kube::{Rule, Subject};
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let access = plane.simulated.access();
    access.add_token("narrow", Identity::new("narrow", ["some"]));
    access.grant(
        Subject::User("narrow".into()),
        Rule {
            namespaces: Vec::new(),
            groups: vec!["apiextensions.k8s.io".into()],
            ..Rule::read_all()
        },
    );
    let mut some = Rule::all_in("payments-dev");
    some.verbs = ["get", "list", "watch"].map(str::to_owned).to_vec();
    access.grant(Subject::User("narrow".into()), some);
    plane.write_kubeconfig(
        &plane
            .simulated
            .kubeconfig_for(plane.serving.address(), "narrow", "narrow"),
    );
    let registry = connected(&[&plane]).await;
    offers(&registry, &plane, &buckets()).await;
    let missing = eventually("they are reviewed", async || {
        let missing = status(&registry, &plane).rights.missing;
        missing
            .iter()
            .any(|right| right.contains("buckets"))
            .then_some(missing)
    })
    .await;
    let has = |text: &str| missing.iter().any(|right| right == text);
    assert!(
        has("create, delete and patch buckets.storage.example.org in payments-dev"),
        "{missing:?}"
    );
    assert!(has("get secrets in research-dev"), "{missing:?}");
    assert!(
        !missing
            .iter()
            .any(|right| right.contains("customresourcedefinitions")),
        "{missing:?}"
    );
    assert_eq!(
        registry.missing_right(&plane.name, &buckets(), "research-dev"),
        Some(NotUsable::MayNotRead)
    );
    assert_eq!(
        registry.missing_right(&plane.name, &buckets(), "payments-dev"),
        Some(NotUsable::MayNotCreate)
    );
}
