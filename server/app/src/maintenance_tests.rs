//! A control plane that is worked on takes no new claims: neither when they are placed nor when they are applied.

use jiff::SignedDuration;
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{Configuration, MaintenanceWindow};
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::{ApplyPermission, PermissionCheck};
use portico_store::{Page, RequestFilter};

use crate::configuration::Loaded;
use crate::testing::{TestApp, developer, workspace};

/// From now on for an hour.
fn begin_maintenance(app: &TestApp) {
    let mut configuration = Configuration::clone(&app.portal.configuration());
    let now = app.portal.now();
    for plane in configuration.control_planes.values_mut() {
        plane.spec.maintenance = vec![MaintenanceWindow {
            from: now,
            to: now + SignedDuration::from_hours(1),
            reason: Some("the upgrade".to_owned()),
        }];
    }
    app.portal.shared.configuration.take(Loaded {
        configuration: Some(configuration),
        digest: "maintenance".to_owned(),
        ..Loaded::default()
    });
}

async fn permission(app: &TestApp) -> ApplyPermission {
    let scope = SystemAuthority::for_tests().scope();
    let open = RequestFilter::open();
    let found = app.portal.store().requests(&scope, &open, &Page::first(1)).await;
    let request = found.unwrap().items.into_iter().next().unwrap();
    PermissionCheck::check(&app.portal, &request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_requested_before_waits_until_it_ends() {
    let app = TestApp::new().await;
    let _ = app.submitted(&developer(0), "files").await;
    begin_maintenance(&app);
    let waiting = permission(&app).await;
    let ApplyPermission::Refused(obstacle) = &waiting else {
        panic!("{waiting:?}")
    };
    assert!(
        matches!(obstacle, Obstacle::Maintenance { .. }) && obstacle.passes(),
        "{obstacle}"
    );
    assert!(obstacle.to_string().contains("(the upgrade)"), "{obstacle}");
    let refused = app.submit(&developer(0), &workspace(0), "more").await;
    assert!(
        format!("{refused:?}").contains("it is being worked on until"),
        "{refused:?}"
    );

    app.advance(SignedDuration::from_hours(1));
    let after = permission(&app).await;
    assert!(
        !matches!(after, ApplyPermission::Refused(Obstacle::Maintenance { .. })),
        "{after:?}"
    );
}
