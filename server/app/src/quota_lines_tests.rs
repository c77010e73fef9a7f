//! Tenants within tenants: the quota above bounds what all of them hold together.

use std::time::Duration;

use portico_api::RequestFormPage;
use portico_api::words::DraftProblem;
use portico_domain::documents::{Configuration, Quota};
use portico_domain::names::TenantName;
use portico_domain::permission::ApplyPermission;
use portico_domain::quota::QuotaOwner;
use portico_domain::request::State;
use portico_domain::tenancy::{Person, Role, Scope, Viewer};
use serde_json::json;

use crate::permit::Moment;
use crate::testing::{TestApp, developer, until, workspace};
use crate::{PortalError, SubmitOutcome, UsageQuery};

fn name(number: usize) -> TenantName {
    workspace(number).tenant
}

/// `t1` and `t2` in `t0`, which may hold this many claims; they have no quotas of their own. `t3` is beside it.
fn nested(claims: u64) -> impl FnOnce(&mut Configuration) {
    move |configuration| {
        for child in [1, 2] {
            let tenant = configuration.tenants.get_mut(&name(child)).unwrap();
            tenant.spec.parent = Some(name(0));
            tenant.spec.quota = Quota::default();
        }
        let organisation = configuration.tenants.get_mut(&name(0)).unwrap();
        organisation.spec.title = Some("Shop".to_owned());
        organisation.spec.quota = serde_json::from_value(json!({ "claims": claims })).unwrap();
    }
}

fn admin(of: usize) -> Viewer {
    let person = Person {
        subject: format!("https://sso.example.com#admin-{of}"),
        name: "Ada".to_owned(),
        email: None,
    };
    Viewer::for_tests(person).with_role(name(of), Role::TenantAdmin)
}

fn over_quota(page: &RequestFormPage) -> &str {
    page.problems
        .iter()
        .find_map(|problem| match problem.reason.as_ref()? {
            DraftProblem::OverQuota { message } => Some(message.as_str()),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{:?}", page.problems))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_siblings_at_once_do_not_overrun_the_quota_above() {
    let app = TestApp::with(nested(1)).await;
    let send = |tenant: usize| {
        let app = &app;
        async move {
            app.submit(&developer(tenant), &workspace(tenant), "files")
                .await
                .unwrap()
        }
    };
    let (one, other) = tokio::join!(send(1), send(2));
    let (created, refused): (Vec<_>, Vec<_>) = [one, other]
        .into_iter()
        .partition(|outcome| matches!(outcome, SubmitOutcome::Created(_)));
    assert_eq!(created.len(), 1, "{created:?}");
    let SubmitOutcome::Invalid(page) = &refused[0] else {
        panic!("{refused:?}");
    };
    assert_eq!(
        over_quota(page),
        "The quota of Claims of Shop does not allow it: Shop and all tenants in it use 1 of 1, and this takes 1. Delete \
         something, or ask an administrator of Shop."
    );
    let lines: Vec<_> = page
        .quota
        .iter()
        .map(|line| (line.above.clone(), line.used, line.limit))
        .collect();
    let shop = QuotaOwner {
        tenant: name(0),
        title: "Shop".to_owned(),
    };
    assert_eq!(lines, [(Some(shop), 1, 1)]);
    // Nor does the organisation itself, while whoever is beside it goes on.
    let own = send(0).await;
    assert!(matches!(own, SubmitOutcome::Invalid(_)), "{own:?}");
    let beside = send(3).await;
    assert!(matches!(beside, SubmitOutcome::Created(_)), "{beside:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_of_one_organisation_send_one_at_a_time() {
    let app = TestApp::with(nested(10)).await;
    let held = app.portal.shared.submitting.lock(&name(0)).await;
    let (viewer, place) = (developer(1), workspace(1));
    let mut waits = std::pin::pin!(app.submit(&viewer, &place, "files"));
    let done = tokio::time::timeout(Duration::from_millis(300), &mut waits).await;
    assert!(
        done.is_err(),
        "a sibling may be taking the last of the quota: {done:?}"
    );
    drop(held);
    assert!(matches!(waits.await.unwrap(), SubmitOutcome::Created(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_above_is_checked_again_when_a_request_is_decided_and_applied() {
    let app = TestApp::with(nested(1)).await;
    let sent = app.submit(&developer(1), &workspace(1), "files").await.unwrap();
    let SubmitOutcome::Created(submission) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(submission.state, State::AwaitingApproval);
    let request = app
        .portal
        .store()
        .request(&Scope::for_tests(), submission.id)
        .await
        .unwrap();
    let request = request.unwrap();
    let permission = async || app.portal.permit(&request, Moment::Decision).await.unwrap();
    let before = permission().await;
    assert!(
        matches!(before, ApplyPermission::NeedsApproval { .. }),
        "{before:?}"
    );
    // Somebody uses kubectl in the namespace of a sibling.
    let _ = app.bucket("t2-dev", "by-hand").await;
    let ApplyPermission::Refused(obstacle) = permission().await else {
        panic!("the organisation holds two");
    };
    let page = app.portal.request(&developer(1), submission.id).await.unwrap();
    assert!(obstacle.to_string().contains("quota"), "{obstacle}");
    assert_eq!(page.quota.len(), 1, "{:?}", page.quota);
    assert_eq!((page.quota[0].after(), page.quota[0].limit), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_page_names_those_above_and_below_and_never_siblings() {
    let app = TestApp::with(nested(10)).await;
    let _ = app.bucket("t1-dev", "one").await;
    let _ = app.bucket("t2-dev", "two").await;
    let organisation = app
        .portal
        .tenant_page(&admin(0).with_role(name(1), Role::TenantAdmin), &name(0))
        .await
        .unwrap();
    assert!(organisation.above.is_empty());
    assert_eq!(organisation.row.quota, [("claims".to_owned(), 2, 10)]);
    let below: Vec<_> = organisation
        .below
        .iter()
        .map(|it| (it.name.clone(), it.administered))
        .collect();
    assert_eq!(below, [(name(1), true), (name(2), false)]);

    let project = app.portal.tenant_page(&admin(1), &name(1)).await.unwrap();
    assert_eq!(project.row.parent, Some(name(0)));
    assert!(project.below.is_empty());
    let above = &project.above[0];
    assert_eq!(
        (above.title.as_str(), above.administered, above.tenants_below),
        ("Shop", false, None)
    );
    assert_eq!(above.quota, [("claims".to_owned(), 2, 10)]);
    let inherited: Vec<_> = project
        .row
        .inherited_members
        .iter()
        .map(|it| (&*it.group, &*it.from))
        .collect();
    assert_eq!(inherited, [("t0-developers", "Shop")]);
    let text = serde_json::to_string(&project).unwrap();
    assert!(!text.contains("t2"), "a sibling: {text}");
    for hidden in [name(0), name(2)] {
        let page = app.portal.tenant_page(&admin(1), &hidden).await;
        assert!(matches!(page, Err(PortalError::NotFound)), "{page:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usage_of_an_organisation_is_that_of_all_tenants_in_it() {
    let app = TestApp::with(nested(10)).await;
    let _ = app.bucket("t1-dev", "one").await;
    until("all claims are read", || async {
        app.portal.claims_are_known(Some(&name(0)))
    })
    .await;
    let query = UsageQuery {
        tenant: Some("t0".to_owned()),
        ..UsageQuery::default()
    };
    let page = app.portal.usage_page(&admin(0), None, &query).await.unwrap();
    assert_eq!(page.tenants_below, 2);
    let now = page.quota[0].slots.last().copied().flatten().unwrap();
    assert_eq!((now.used, now.limit), (1, 10));
}
