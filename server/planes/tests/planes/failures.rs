//! Control planes that are slow, unreachable or misbehaving.

use std::time::Duration;

use portico_domain::claim::Health;
use portico_domain::tenancy::Scope;
use portico_planes::{Expect, PlaneError, PlaneState, Planes};
use portico_simulator::kube::{Fault, Matcher};
use serde_json::json;

use crate::world::*;

async fn world() -> (Plane, Planes) {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let registry = connected(&[&plane]).await;
    plane.create(bucket("payments-dev", "receipts", 1));
    plane.status("receipts", "True", "");
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Ready
    })
    .await;
    (plane, registry)
}

async fn apply(plane: &Plane, registry: &Planes) -> PlaneError {
    let manifest = bucket("payments-dev", "new", 5);
    let answer = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &crate::world::portico(),
            &bucket_resource(),
            &manifest,
            &Expect::Anything,
        )
        .await;
    answer.unwrap_err()
}

#[tokio::test]
async fn distinguishes_error_responses() {
    let (plane, registry) = world().await;
    for (code, slug, retry) in [
        (403, "forbidden", false),
        (409, "conflict", false),
        (410, "gone", false),
        (422, "invalid", false),
        (429, "too-many", true),
        (500, "refused", true),
        (503, "refused", true),
    ] {
        let fault = Fault::Status {
            code,
            message: format!("told {code}"),
            retry_after: Some(7),
        };
        let id = plane
            .simulated
            .faults()
            .add(Matcher::of("patch", "buckets"), fault);
        let error = apply(&plane, &registry).await;
        plane.simulated.faults().remove(id);
        assert_eq!(
            (error.slug(), error.is_retryable()),
            (slug, retry),
            "{code}: {error:?}"
        );
        if code == 429 {
            assert!(
                matches!(error, PlaneError::RateLimited { retry_after, .. } if retry_after == Duration::from_secs(7))
            );
        } else {
            assert!(error.to_string().contains(&format!("told {code}")), "{error}");
        }
    }
}

#[tokio::test]
async fn distinguishes_invalid_responses_timeouts_and_disconnects() {
    let (plane, registry) = world().await;
    for (fault, slug) in [
        (Fault::Garbage, "garbage"),
        (Fault::Hangup, "unreachable"),
        (Fault::Latency(Duration::from_mins(1)), "slow"),
    ] {
        let id = plane
            .simulated
            .faults()
            .add(Matcher::of("patch", "buckets"), fault);
        let error = apply(&plane, &registry).await;
        plane.simulated.faults().remove(id);
        assert_eq!((error.slug(), error.is_retryable()), (slug, true), "{error:?}");
    }
}

#[tokio::test]
async fn claims_survive_an_outage() {
    let (plane, registry) = world().await;
    let other = Plane::start("us").await;
    other.create(crd("buckets", "Bucket", true));
    registry.configure(vec![plane.document(), other.document()], Vec::new(), &tenants());
    in_state(&registry, &other, PlaneState::Ready).await;

    plane.simulated.faults().refuse_connections(true);
    let lost = in_state(&registry, &plane, PlaneState::Unreachable).await;
    assert!(lost.last_seen.is_some() && !lost.recent_errors.is_empty());
    let claim = claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Unreachable
    })
    .await;
    assert!(
        claim.status.reason.contains("was ready"),
        "{}",
        claim.status.reason
    );
    assert!(
        registry.catalog().served(&buckets(), &plane.name).is_some(),
        "what it offered stays known"
    );
    assert_eq!(
        status(&registry, &other).state,
        PlaneState::Ready,
        "planes fail alone"
    );
    offers(&registry, &other, &buckets()).await;

    plane
        .simulated
        .objects()
        .create(bucket("payments-dev", "meanwhile", 1))
        .unwrap();
    plane.simulated.faults().clear();
    in_state(&registry, &plane, PlaneState::Ready).await;
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Ready
    })
    .await;
    crate::world::claim(&registry, &plane, "meanwhile").await;
    eventually("nothing lags", async || {
        status(&registry, &plane).lag.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_hanging_plane_is_unreachable() {
    let (plane, registry) = world().await;
    plane
        .simulated
        .faults()
        .add(Matcher::any(), Fault::Latency(Duration::from_mins(10)));
    // A broken connection triggers a probe.
    plane.simulated.faults().drop_watches();
    in_state(&registry, &plane, PlaneState::Unreachable).await;
    plane.simulated.faults().clear();
    in_state(&registry, &plane, PlaneState::Ready).await;
}

#[tokio::test]
async fn connects_when_a_plane_starts_late() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.simulated.faults().refuse_connections(true);
    let registry = Planes::new(portico_planes::Settings::default());
    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    in_state(&registry, &plane, PlaneState::Unreachable).await;
    plane.simulated.faults().clear();
    in_state(&registry, &plane, PlaneState::Ready).await;
    offers(&registry, &plane, &buckets()).await;
}

#[tokio::test]
async fn a_misbehaving_collection_does_not_affect_others() {
    let (plane, registry) = world().await;
    plane.create(crd("volumes", "Volume", true));
    offers(&registry, &plane, &offering("volumes.storage.example.org")).await;
    for fault in [
        Fault::Garbage,
        Fault::Status {
            code: 500,
            message: "etcd is ill".into(),
            retry_after: None,
        },
    ] {
        let ids = ["list", "watch"].map(|verb| {
            plane
                .simulated
                .faults()
                .add(Matcher::of(verb, "buckets"), fault.clone())
        });
        plane.simulated.faults().drop_watches();
        claim_where(&registry, &plane, "receipts", |claim| {
            claim.status.health == Health::Unreachable
        })
        .await;
        assert_eq!(status(&registry, &plane).state, PlaneState::Ready);
        assert!(status(&registry, &plane).lag.is_some());
        for id in ids {
            plane.simulated.faults().remove(id);
        }
        claim_where(&registry, &plane, "receipts", |claim| {
            claim.status.health == Health::Ready
        })
        .await;
    }
}

#[tokio::test]
async fn reports_objects_beyond_the_limits() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let mut document = plane.document();
    document.spec.limits.object_bytes = 4096;
    document.spec.limits.objects = 3;
    let registry = connected_with(vec![document], Vec::new()).await;
    offers(&registry, &plane, &buckets()).await;
    let mut huge = bucket("payments-dev", "huge", 1);
    huge["spec"]["region"] = json!("x".repeat(20_000));
    plane.create(huge);
    for number in 0..5 {
        plane.create(bucket("payments-dev", &format!("b{number}"), 1));
    }
    let left_out = eventually("both are told", async || {
        Some(status(&registry, &plane).skipped).filter(|left_out| left_out.len() >= 2)
    })
    .await;
    assert!(
        left_out.iter().any(|why| why.contains("larger than the limit")),
        "{left_out:?}"
    );
    assert_eq!(names(&registry, &Scope::for_tests()), ["b0", "b1", "b2"]);
}

#[tokio::test]
async fn recovers_from_a_broken_kubeconfig_without_a_restart() {
    let plane = Plane::start("eu").await;
    let good = plane.simulated.kubeconfig(plane.serving.address());
    plane.write_kubeconfig("clusters: [");
    let registry = Planes::new(portico_planes::Settings::default());
    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    let wrong = eventually("it is told", async || match status(&registry, &plane).state {
        PlaneState::Misconfigured(message) => Some(message),
        _ => None,
    })
    .await;
    assert!(wrong.contains("kubeconfig"), "{wrong}");
    let error = apply(&plane, &registry).await;
    assert!(matches!(error, PlaneError::Misconfigured { .. }), "{error:?}");
    plane.write_kubeconfig(&good);
    in_state(&registry, &plane, PlaneState::Ready).await;
}

#[tokio::test]
async fn follows_a_changed_server_address() {
    let (plane, registry) = world().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = plane.simulated.serve(listener).unwrap();
    let kubeconfig = plane.simulated.kubeconfig(moved.address());
    plane.write_kubeconfig(&format!("# It has moved.\n{kubeconfig}"));
    plane.simulated.faults().refuse_connections(true);
    in_state(&registry, &plane, PlaneState::Unreachable).await;
    plane.simulated.faults().clear();
    in_state(&registry, &plane, PlaneState::Ready).await;
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Ready
    })
    .await;
}

#[tokio::test]
async fn reads_certificate_expiry_and_refuses_unknown_authorities() {
    let (plane, registry) = world().await;
    if !plane
        .simulated
        .kubeconfig(plane.serving.address())
        .contains("https://")
    {
        return; // The simulated plane found no way to make a certificate.
    }
    let end = status(&registry, &plane).certificate_expires_at;
    assert!(end.is_some_and(|end| end > jiff::Timestamp::now()), "{end:?}");

    let other = Plane::start("other").await;
    let (own, strange) = (plane.simulated.authority(), other.simulated.authority());
    let kubeconfig = plane.simulated.kubeconfig(plane.serving.address());
    let encode = |pem: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pem);
    other.write_kubeconfig(&kubeconfig.replace(&encode(own), &encode(strange)));
    registry.configure(vec![plane.document(), other.document()], Vec::new(), &tenants());
    let refused = in_state(&registry, &other, PlaneState::Unreachable).await;
    let said = &refused.recent_errors[0].message;
    assert!(said.contains("certificate"), "{said}");
    assert_eq!(status(&registry, &plane).state, PlaneState::Ready);
}

#[tokio::test]
async fn an_object_that_is_too_deep_does_not_affect_others() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "well", 1));
    plane.create(bucket("payments-dev", "deep", 1));
    let mut nested = json!(1);
    for _ in 0..300 {
        nested = json!({ "deeper": nested });
    }
    let key = portico_simulator::kube::Key::namespaced("payments-dev", "deep");
    let deepen = |status| {
        plane
            .simulated
            .objects()
            .patch_status(&bucket_kind(), &key, status)
    };
    deepen(json!({ "nested": nested })).unwrap();
    let registry = connected(&[&plane]).await;
    claim(&registry, &plane, "well").await;
    assert_eq!(names(&registry, &Scope::for_tests()), ["well"]);
    assert!(
        status(&registry, &plane)
            .skipped
            .iter()
            .any(|why| why.contains("cannot be read"))
    );

    deepen(json!({ "nested": null, "phase": "Ready" })).unwrap();
    claim(&registry, &plane, "deep").await;
    deepen(json!({ "nested": nested })).unwrap();
    plane.create(bucket("payments-dev", "later", 1));
    claim(&registry, &plane, "later").await;
    assert_eq!(status(&registry, &plane).lag, None);
}

#[tokio::test]
async fn reports_rejected_credentials() {
    let (plane, registry) = world().await;
    let token = plane.simulated.token().to_owned();
    plane.simulated.access().revoke_token(&token);
    // A broken connection triggers a probe.
    plane.simulated.faults().drop_watches();
    let told = eventually("it is told", async || match status(&registry, &plane).state {
        PlaneState::Misconfigured(message) => Some(message),
        _ => None,
    })
    .await;
    assert!(told.contains("credentials"), "{told}");
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Unreachable
    })
    .await;
    let portico = portico_simulator::kube::Identity::new("portico", ["system:masters"]);
    plane.simulated.access().add_token(&token, portico);
    in_state(&registry, &plane, PlaneState::Ready).await;
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Ready
    })
    .await;
}
