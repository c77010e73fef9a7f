//! What is not done while the home control plane has not been read: what seems to be missing may be one of its documents.

use portico_domain::authz::SystemAuthority;
use portico_domain::claimed_plane::PlaneClaim;
use portico_domain::documents::Configuration;
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::{ApplyPermission, PermissionCheck};
use portico_domain::tenancy::Scope;
use portico_store::RequestFilter;

use crate::configuration::{Loaded, WithHome};
use crate::testing::{TestApp, buckets, caller, developer, lead, workspace};
use crate::{Conflict, Decide, PortalError};

/// As after a start: of the configuration in force there is what `change` leaves, and the home plane is not read.
fn restart_without_home(app: &TestApp, change: impl FnOnce(&mut Configuration)) {
    let mut configuration = Configuration::clone(&app.portal.configuration());
    change(&mut configuration);
    app.portal.shared.configuration.take(Loaded {
        home: Some(WithHome::not_read(&configuration, "folder", None)),
        configuration: Some(configuration),
        digest: "folder".to_owned(),
        ..Loaded::default()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_decided_or_applied_and_no_request_fails() {
    let app = TestApp::new().await;
    let id = app.submitted(&developer(0), "files").await;
    let before = app.portal.configuration();
    restart_without_home(&app, |configuration| configuration.tenants.clear());
    let authority = SystemAuthority::for_tests();
    let all = RequestFilter::open();
    let first = portico_store::Page::first(1);
    let found = app
        .portal
        .store()
        .requests(&authority.scope(), &all, &first)
        .await
        .unwrap();
    let request = found.items.into_iter().next().unwrap();
    let permission = PermissionCheck::check(&app.portal, &request).await.unwrap();
    assert!(
        matches!(&permission, ApplyPermission::Refused(obstacle) if obstacle.passes()),
        "its tenant is not there: {permission:?}"
    );

    restart_without_home(&app, |configuration| {
        configuration.tenants.clone_from(&before.tenants);
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
                Obstacle::NotRead { .. }
            )))
        ),
        "{decided:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_new_is_requested() {
    let app = TestApp::new().await;
    restart_without_home(&app, |_| {});
    let refused = app.submit(&developer(0), &workspace(0), "files").await;
    let said = format!("{refused:?}");
    assert!(said.contains("has not read its home control plane yet"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_planes_that_are_claims_are_not_forgotten() {
    let app = TestApp::new().await;
    let authority = SystemAuthority::for_tests();
    let reference = app.bucket("t0-sandbox", "own").await;
    let claim = app
        .portal
        .planes()
        .claim(&Scope::for_tests(), &reference)
        .unwrap();
    let joined = PlaneClaim::of(&claim).unwrap();
    app.portal
        .store()
        .insert_claimed_plane(&authority, &joined, app.portal.now(), &[])
        .await
        .unwrap();

    let whole = app.portal.configuration();
    restart_without_home(&app, |configuration| {
        drop(configuration.offerings.remove(&buckets()));
    });
    app.portal.update_claimed_planes(&authority).await.unwrap();
    assert_eq!(
        app.portal.store().claimed_planes(&authority).await.unwrap().len(),
        1
    );

    // Read, and it is still not there: then it is gone.
    let mut configuration = Configuration::clone(&whole);
    configuration.offerings.remove(&buckets());
    app.portal.shared.configuration.take(Loaded {
        configuration: Some(configuration),
        digest: "read".to_owned(),
        ..Loaded::default()
    });
    app.portal.update_claimed_planes(&authority).await.unwrap();
    assert!(
        app.portal
            .store()
            .claimed_planes(&authority)
            .await
            .unwrap()
            .is_empty()
    );
}
