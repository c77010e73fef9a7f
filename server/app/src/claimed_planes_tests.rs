//! Control planes that are claims: when they join, while they stay, when they leave.

use portico_domain::authz::SystemAuthority;
use portico_domain::claim::{ClaimRef, Health};
use portico_domain::claimed_plane::PlaneClaim;
use portico_domain::cluster::ClusterId;
use portico_domain::documents::{ClaimedControlPlane, Configuration, Connection, ControlPlane, SecretSource};
use portico_domain::names::PlaneName;
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::ApplyPermission;
use portico_domain::tenancy::Scope;
use portico_simulator::kube::{GroupKind, Key};
use serde_json::json;

use crate::configuration::Loaded;
use crate::permit::Moment;
use crate::testing::{TestApp, buckets, caller, developer, lead, sandbox, until, workspace};
use crate::{Conflict, Decide, DeleteClaim, PortalError, SubmitOutcome};

/// Makes buckets control planes. They are ready when they are versioned.
fn buckets_are_control_planes(app: &TestApp) {
    change(app, "planes", |configuration| {
        let spec = &mut configuration.offerings.get_mut(&buckets()).unwrap().spec;
        spec.control_plane = Some(ClaimedControlPlane::default());
        spec.access.secret = Some(SecretSource::Name("{name}-kubeconfig".to_owned()));
        spec.health.ready = Some("object.spec.versioned".to_owned());
    });
}

fn change(app: &TestApp, digest: &str, change: impl FnOnce(&mut Configuration)) {
    let mut configuration = Configuration::clone(&app.portal.configuration());
    change(&mut configuration);
    let tenants: Vec<_> = configuration.tenants.values().cloned().collect();
    app.portal.planes().configure(
        configuration.control_planes.values().cloned().collect(),
        configuration.offerings.values().cloned().collect(),
        &tenants,
    );
    app.portal.shared.configuration.take(Loaded {
        configuration: Some(configuration),
        digest: digest.to_owned(),
        ..Loaded::default()
    });
}

async fn update(app: &TestApp) {
    let authority = SystemAuthority::for_tests();
    app.portal.update_claimed_planes(&authority).await.unwrap();
}

fn claimed(app: &TestApp) -> Option<ControlPlane> {
    let configuration = app.portal.configuration();
    let mut planes = configuration.control_planes.values();
    planes.find(|plane| plane.claim().is_some()).cloned()
}

async fn is_versioned(app: &TestApp, claim: &ClaimRef, versioned: bool) {
    let kind = GroupKind::new("storage.demo.portico.dev", "Bucket");
    let key = Key::namespaced(claim.namespace.as_deref().unwrap(), claim.name.as_str());
    let patch = json!({ "spec": { "versioned": versioned } });
    app.simulated.objects().patch(&kind, &key, patch).unwrap();
    until("the portal knows", || async {
        let found = app.portal.planes().claim(&Scope::for_tests(), claim);
        found.is_some_and(|claim| (claim.status.health == Health::Ready) == versioned)
    })
    .await;
}

/// Whether a cluster is on record for the control plane, after `found` answered for it.
async fn has_cluster(app: &TestApp, plane: &PlaneName, found: Option<&str>) -> bool {
    let (authority, now) = (SystemAuthority::for_tests(), app.portal.now());
    let found: Option<ClusterId> = found.map(|id| id.parse().unwrap());
    let recorded = app
        .portal
        .store()
        .record_cluster(&authority, plane, found.as_ref(), now);
    recorded.await.unwrap().is_some()
}

async fn verbs(app: &TestApp) -> Vec<String> {
    let verbs = app.audited(None).await.into_iter().map(|(verb, _)| verb);
    verbs.filter(|verb| verb.starts_with("plane.")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_joins_when_it_is_ready_and_leaves_when_it_is_gone() {
    let app = TestApp::new().await;
    buckets_are_control_planes(&app);
    let claim = app.bucket("t0-sandbox", "own").await;
    update(&app).await;
    assert_eq!(claimed(&app), None, "it is not ready yet");

    is_versioned(&app, &claim, true).await;
    update(&app).await;
    update(&app).await;
    let plane = claimed(&app).expect("it has joined");
    assert_eq!(plane.spec.dedicated_to, [workspace(0).tenant]);
    assert_eq!(plane.spec.environments, ["sandbox".parse().unwrap()]);
    assert!(!plane.spec.cordoned);
    assert_eq!(verbs(&app).await, ["plane.joined"]);
    assert!(has_cluster(&app, &plane.name, Some("0a-1")).await);

    is_versioned(&app, &claim, false).await;
    update(&app).await;
    assert!(claimed(&app).is_some(), "it stays, however it is doing");
    let generation = app.portal.shared.configuration.generation();
    update(&app).await;
    assert_eq!(app.portal.shared.configuration.generation(), generation);

    let delete = DeleteClaim {
        confirmation: "own".to_owned(),
        ..DeleteClaim::of(&claim)
    };
    let sent = app.portal.submit_delete(caller(&developer(0)), &delete).await;
    assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{sent:?}");
    update(&app).await;
    assert!(
        claimed(&app).unwrap().spec.cordoned,
        "it takes nothing new from then on"
    );

    let kind = GroupKind::new("storage.demo.portico.dev", "Bucket");
    let key = Key::namespaced("t0-sandbox", "own");
    app.simulated.objects().delete(&kind, &key).unwrap();
    until("the portal knows", || async {
        app.portal.planes().claim(&Scope::for_tests(), &claim).is_none()
    })
    .await;
    update(&app).await;
    assert_eq!(claimed(&app), None);
    assert_eq!(verbs(&app).await, ["plane.joined", "plane.left"]);
    assert!(
        !has_cluster(&app, &plane.name, None).await,
        "nobody has its name again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_leaves_by_the_configuration_is_compared_with_its_cluster_when_it_is_back() {
    let app = TestApp::new().await;
    buckets_are_control_planes(&app);
    let claim = app.bucket("t0-sandbox", "own").await;
    is_versioned(&app, &claim, true).await;
    update(&app).await;
    let plane = claimed(&app).expect("it has joined").name;
    assert!(has_cluster(&app, &plane, Some("0a-1")).await);
    let without = |name: &str, is_plane: bool| {
        change(&app, name, |configuration| {
            let spec = &mut configuration.offerings.get_mut(&buckets()).unwrap().spec;
            spec.control_plane = is_plane.then(ClaimedControlPlane::default);
            // Only documents are loaded.
            configuration
                .control_planes
                .retain(|_, plane| plane.claim().is_none());
        });
    };
    without("no planes", false);
    update(&app).await;
    assert_eq!(claimed(&app), None);
    assert!(has_cluster(&app, &plane, None).await);
    without("planes again", true);
    update(&app).await;
    assert_eq!(claimed(&app).expect("it is back").name, plane);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_joined_stays_while_its_host_has_not_been_read() {
    let app = TestApp::new().await;
    buckets_are_control_planes(&app);
    let host = "us-shared".parse().unwrap();
    change(&app, "another host", |configuration| {
        let mut unread = configuration.control_planes.values().next().unwrap().clone();
        unread.name = "us-shared".parse().unwrap();
        unread.spec.connection = Connection::Kubeconfig {
            path: "/nowhere/kubeconfig".to_owned(),
            context: None,
        };
        configuration.control_planes.insert(unread.name.clone(), unread);
    });
    let joined = PlaneClaim {
        claim: ClaimRef {
            plane: "us-shared".parse().unwrap(),
            offering: buckets(),
            namespace: Some("t0-dev".to_owned()),
            name: "own".parse().unwrap(),
        },
        uid: "1".to_owned(),
        tenant: workspace(0).tenant,
        environment: workspace(0).environment,
    };
    let authority = SystemAuthority::for_tests();
    let now = app.portal.now();
    app.portal
        .store()
        .insert_claimed_plane(&authority, &joined, now, &[])
        .await
        .unwrap();
    update(&app).await;
    let plane = claimed(&app).expect("its host may still have it");
    assert_eq!(plane.claim().unwrap().claim, joined.claim);

    change(&app, "no other host", |configuration| {
        configuration.control_planes.remove(&host);
        configuration.control_planes.remove(&plane.name);
    });
    update(&app).await;
    assert_eq!(claimed(&app), None);
    assert_eq!(verbs(&app).await, ["plane.left"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_owns_does_not_join() {
    let app = TestApp::new().await;
    buckets_are_control_planes(&app);
    let claim = app.bucket("kube-public", "nobodys").await;
    is_versioned(&app, &claim, true).await;
    update(&app).await;
    assert_eq!(claimed(&app), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_a_control_plane_serves_the_environment_is_judged_when_a_request_is_decided() {
    let app = TestApp::new().await;
    let id = app.submitted(&developer(0), "files").await;
    change(&app, "sandboxes only", |configuration| {
        for plane in configuration.control_planes.values_mut() {
            plane.spec.environments = vec!["sandbox".parse().unwrap()];
        }
    });
    let approval = Decide {
        request: id,
        revision: 1,
        approve: true,
        comment: None,
    };
    let decided = app.portal.decide(caller(&lead()), approval).await;
    assert!(
        matches!(
            decided,
            Err(PortalError::Conflict(Conflict::NotPermittedNow(
                Obstacle::PlaneTaken { .. }
            )))
        ),
        "{decided:?}"
    );
}

/// Between the request to delete a control plane and the next look at the configuration, nothing new may slip onto it; what
/// slipped in before is seen before the deletion is applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_created_on_a_control_plane_once_its_deletion_is_requested() {
    let app = TestApp::new().await;
    buckets_are_control_planes(&app);
    let claim = app.bucket("t0-sandbox", "own").await;
    is_versioned(&app, &claim, true).await;
    update(&app).await;
    let plane = claimed(&app).expect("it has joined").name;
    let SubmitOutcome::Created(submission) = app.submit(&developer(0), &sandbox(), "files").await.unwrap()
    else {
        panic!("it was not created")
    };
    let found = app
        .portal
        .store()
        .request(&Scope::for_tests(), submission.id)
        .await;
    let mut create = found.unwrap().unwrap();
    create.claim.plane = plane;
    let is_cordoned = async || {
        let permission = app.portal.permit(&create, Moment::Apply).await.unwrap();
        matches!(permission, ApplyPermission::Refused(Obstacle::Cordoned { .. }))
    };
    assert!(!is_cordoned().await);

    let delete = DeleteClaim {
        confirmation: "own".to_owned(),
        ..DeleteClaim::of(&claim)
    };
    let sent = app.portal.submit_delete(caller(&developer(0)), &delete).await;
    assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{sent:?}");
    assert!(!claimed(&app).unwrap().spec.cordoned, "nobody has looked yet");
    assert!(is_cordoned().await);
}
