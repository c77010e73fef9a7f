//! Tenants that are claims: what is in one is looked at when its deletion is asked for, and again when it is applied.

use portico_domain::documents::ClaimedTenant;
use portico_domain::names::TenantName;
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::ApplyPermission;
use portico_domain::tenancy::Scope;

use crate::SubmitOutcome;
use crate::operations::delete_claim::DeleteClaim;
use crate::permit::Moment;
use crate::testing::{TestApp, buckets, caller, developer, until, workspace};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_not_deleted_while_something_is_in_it() {
    // As if buckets were tenants: the bucket `t1` of the tenant `t0` is the tenant `t1`.
    let name = |number: usize| -> TenantName { workspace(number).tenant };
    let app = TestApp::with(|configuration| {
        let offering = configuration.offerings.get_mut(&buckets()).unwrap();
        offering.spec.tenant = Some(ClaimedTenant::default());
        configuration.tenants.get_mut(&name(1)).unwrap().spec.parent = Some(name(0));
    })
    .await;
    until("all claims are read", || async {
        app.portal.claims_are_known(None)
    })
    .await;
    let claim = app.bucket("t0-sandbox", "t1").await;
    let deletion = DeleteClaim {
        confirmation: "t1".to_owned(),
        ..DeleteClaim::of(&claim)
    };
    let viewer = developer(0);
    let sent = app
        .portal
        .submit_delete(caller(&viewer), &deletion)
        .await
        .unwrap();
    let SubmitOutcome::Created(submission) = sent else {
        panic!("{sent:?}");
    };
    let scope = Scope::for_tests();
    let request = app
        .portal
        .store()
        .request(&scope, submission.id)
        .await
        .unwrap()
        .unwrap();
    let permission = async || app.portal.permit(&request, Moment::Apply).await.unwrap();
    assert!(matches!(permission().await, ApplyPermission::Granted { .. }));

    // Somebody was quicker.
    let _ = app.bucket("t1-sandbox", "files").await;
    let in_use = Obstacle::TenantInUse {
        tenant: "t1".to_owned(),
        claims: 1,
        tenants: 0,
    };
    assert_eq!(permission().await, ApplyPermission::Refused(in_use.clone()));
    let other = app.bucket("t0-dev", "t1").await;
    let page = app
        .portal
        .delete_page(&viewer, &DeleteClaim::of(&other))
        .await
        .unwrap();
    assert_eq!(page.refused, Some(in_use.to_string()));
    // A bucket that is no tenant is not held up by any.
    let plain = app.bucket("t0-dev", "plain").await;
    let page = app
        .portal
        .delete_page(&viewer, &DeleteClaim::of(&plain))
        .await
        .unwrap();
    assert_eq!(page.refused, None);
}
