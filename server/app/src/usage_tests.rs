//! Usage over time: what is counted, who sees it, and what a gap is.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_api::{QuotaSlot, ReadySeconds, UsagePage};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::Offering;
use portico_domain::request::State;
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::Planes;
use portico_store::testing::request;
use serde_json::json;
use tokio::sync::Notify;

use crate::configuration::LiveConfiguration;
use crate::testing::{
    TENANTS, TestApp, buckets, developer, everyone, lead, member, platform_admin, until, workspace,
};
use crate::{Env, InputError, Portal, PortalError, UsageQuery};

/// A time in the middle of a month, a day and an hour.
const NOW: &str = "2026-06-15T12:30:00Z";

/// What a sampling writes: a row a tenant, and one for all.
const SERIES: u64 = TENANTS as u64 + 1;

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.set_clock(NOW.parse().unwrap());
    until("all claims are read", || async {
        app.portal.claims_are_known(None)
    })
    .await;
    app
}

fn asked(tenant: Option<&str>, days: Option<&str>) -> UsageQuery {
    UsageQuery {
        tenant: tenant.map(str::to_owned),
        days: days.map(str::to_owned),
    }
}

async fn sample(portal: &Portal) -> u64 {
    portal.sample_usage(&SystemAuthority::for_tests()).await.unwrap()
}

async fn page(app: &TestApp, viewer: &Viewer, query: UsageQuery) -> UsagePage {
    let workspace = workspace(0);
    app.portal
        .usage_page(viewer, Some(&workspace), &query)
        .await
        .unwrap()
}

/// The number of claims in each slot; `None` for a gap.
fn claims(page: &UsagePage) -> Vec<Option<u64>> {
    let slots = page.claims.iter().map(|slot| slot.counts.as_ref());
    let sum = slots.map(|counts| counts.map(|counts| counts.iter().map(|count| count.claims).sum()));
    sum.collect()
}

/// Another replica: another portal over the same database.
fn replica(app: &TestApp, planes: Planes) -> Portal {
    let now = app.portal.now();
    Portal::new(
        app.portal.store().clone(),
        planes,
        SystemAuthority::for_tests().rules(),
        LiveConfiguration::fixed((*app.portal.configuration()).clone()),
        Arc::new(Notify::new()),
        Env {
            now: Arc::new(move || now),
            ..Env::system()
        },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_sampled_once_an_hour_by_whichever_replica_is_first() {
    let app = app().await;
    assert_eq!(sample(&app.portal).await, SERIES);
    app.statements.take();
    assert_eq!(sample(&app.portal).await, 0);
    assert!(app.statements.take().is_empty(), "it is not even asked for again");
    assert_eq!(sample(&replica(&app, app.portal.planes().clone())).await, 0);
    app.advance(SignedDuration::from_mins(29));
    assert_eq!(sample(&app.portal).await, 0, "12:59");
    app.advance(SignedDuration::from_mins(1));
    assert_eq!(sample(&app.portal).await, SERIES, "13:00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_are_kept_for_400_days() {
    let app = app().await;
    let hour = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    sample(&app.portal).await;
    app.advance(SignedDuration::from_hours(400 * 24));
    sample(&app.portal).await;
    let dana = member(Role::Viewer);
    assert_eq!(
        page(&app, &dana, UsageQuery::default()).await.counted_since,
        hour("2026-06-15T12:00:00Z")
    );
    app.advance(SignedDuration::from_hours(1));
    sample(&app.portal).await;
    assert_eq!(
        page(&app, &dana, UsageQuery::default()).await.counted_since,
        hour("2027-07-20T12:00:00Z")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_counted_while_a_control_plane_is_not_read() {
    let app = app().await;
    let planes = Planes::new(portico_planes::Settings::default());
    let configuration = app.portal.configuration();
    let mut plane = configuration.control_planes.values().next().unwrap().clone();
    let connection = json!({"kubeconfig": {"path": "/nothing/here"}});
    plane.spec = serde_json::from_value(json!({"kind": "cluster", "connection": connection})).unwrap();
    planes.configure(vec![plane], Vec::new(), &[]);
    let portal = replica(&app, planes);
    assert_eq!(sample(&portal).await, 0);
    let (viewer, workspace) = (member(Role::Viewer), workspace(0));
    let page = portal
        .usage_page(&viewer, Some(&workspace), &UsageQuery::default())
        .await
        .unwrap();
    assert_eq!(claims(&page), vec![None; 30], "nothing is not zero");
    assert_eq!((page.counted_since, page.costs.len()), (None, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_counted_is_a_gap_and_the_last_slot_is_now() {
    let app = app().await;
    app.bucket("t0-dev", "one").await;
    sample(&app.portal).await;
    app.bucket("t0-dev", "two").await;
    app.advance(SignedDuration::from_hours(3 * 24));
    let viewer = member(Role::Viewer);
    let month = page(&app, &viewer, UsageQuery::default()).await;
    assert_eq!((month.days, month.slot_hours, month.claims.len()), (30, 24, 30));
    assert_eq!(claims(&month)[25..], [None, Some(1), None, None, Some(2)]);
    let last = month.claims.last().unwrap().from;
    assert_eq!(last.to_string(), "2026-06-18T00:00:00Z");

    let week = page(&app, &viewer, asked(None, Some("7"))).await;
    assert_eq!((week.days, week.slot_hours, week.claims.len()), (7, 6, 28));
    assert_eq!(
        week.claims.last().unwrap().from.to_string(),
        "2026-06-18T12:00:00Z"
    );
    assert_eq!(claims(&week)[15], Some(1));
    assert_eq!(claims(&week).iter().flatten().count(), 2);
    assert_eq!(
        page(&app, &viewer, asked(None, Some("90"))).await.claims.len(),
        90
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_see_their_tenant_and_platform_admins_all() {
    let app = app().await;
    app.bucket("t0-dev", "ours").await;
    app.bucket("t1-dev", "theirs").await;
    app.bucket("t1-dev", "theirs-too").await;
    sample(&app.portal).await;
    for (name, viewer) in everyone() {
        let ask = async |tenant: Option<&str>| {
            let workspace = workspace(0);
            // Who is no member of a tenant has no workspace there.
            let workspace = viewer
                .roles()
                .contains_key(&workspace.tenant)
                .then_some(&workspace);
            let answer = app
                .portal
                .usage_page(&viewer, workspace, &asked(tenant, None))
                .await;
            answer.map(|page| (page.tenant.map(|name| name.to_string()), page.claims))
        };
        let seen = |tenant: &str| match name {
            "platform admin" => true,
            "lead" => false,
            "of another tenant" => tenant == "t1",
            _ => tenant == "t0",
        };
        for tenant in ["t0", "t1", "t2"] {
            let answer = ask(Some(tenant)).await;
            if seen(tenant) {
                assert_eq!(answer.unwrap().0.as_deref(), Some(tenant), "{name}");
            } else {
                assert!(matches!(answer, Err(PortalError::NotFound)), "{name}: {tenant}");
            }
        }
        for nobodys in ["t9", "Not A Name", ""] {
            let answer = ask(Some(nobodys)).await;
            assert!(
                matches!(answer, Err(PortalError::NotFound)),
                "{name}: {nobodys:?}"
            );
        }
        let answer = ask(None).await;
        match name {
            "platform admin" => assert_eq!(answer.unwrap().0, None),
            "lead" | "of another tenant" => assert!(matches!(answer, Err(PortalError::NotFound)), "{name}"),
            _ => assert_eq!(answer.unwrap().0.as_deref(), Some("t0"), "{name}"),
        }
    }
    let last = |page: &UsagePage| claims(page).last().copied().flatten();
    assert_eq!(
        last(&page(&app, &member(Role::Viewer), UsageQuery::default()).await),
        Some(1)
    );
    let everything = page(&app, &platform_admin(), UsageQuery::default()).await;
    assert_eq!(last(&everything), Some(3));
    assert!(everything.may_see_all && everything.quota.is_empty());
    assert_eq!(everything.tenants.len(), TENANTS);
    let theirs = page(&app, &platform_admin(), asked(Some("t1"), None)).await;
    assert_eq!(last(&theirs), Some(2));
    let own = page(&app, &member(Role::Viewer), UsageQuery::default()).await;
    assert!(!own.may_see_all);
    assert_eq!(own.tenants.len(), 1, "{:?}", own.tenants);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_period_is_refused() {
    let app = app().await;
    for days in ["31", "0", "-30", "month"] {
        let query = asked(None, Some(days));
        let answer = app
            .portal
            .usage_page(&developer(0), Some(&workspace(0)), &query)
            .await;
        assert!(
            matches!(answer, Err(PortalError::Malformed(InputError::UsagePeriod))),
            "{days}: {answer:?}"
        );
    }
    let elsewhere = asked(Some("t1"), Some("31"));
    let answer = app
        .portal
        .usage_page(&developer(0), Some(&workspace(0)), &elsewhere)
        .await;
    assert!(matches!(answer, Err(PortalError::NotFound)), "{answer:?}");
    let nowhere = app
        .portal
        .usage_page(&lead(), None, &asked(None, Some("31")))
        .await;
    assert!(matches!(nowhere, Err(PortalError::NotFound)), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quota_is_what_is_used_of_each_limit() {
    let app = app().await;
    sample(&app.portal).await;
    app.advance(SignedDuration::from_hours(24));
    app.bucket("t0-dev", "one").await;
    let shown = page(&app, &member(Role::Viewer), UsageQuery::default()).await;
    let [claims] = &shown.quota[..] else {
        panic!("{:?}", shown.quota)
    };
    assert_eq!(claims.resource, "claims");
    let slot = |used| Some(QuotaSlot { used, limit: 1000 });
    assert_eq!(claims.slots[27..], [None, slot(0), slot(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_costs_the_mean_of_its_days() {
    let app = app().await;
    let price = json!({"monthly": 30.1, "currency": "EUR"});
    let offering = Offering {
        name: buckets(),
        spec: serde_json::from_value(json!({
            "title": "Bucket",
            "plans": [{"name": "small", "price": price}, {"name": "free"}],
        }))
        .unwrap(),
    };
    let (configuration, registry) = (app.portal.configuration(), app.portal.planes());
    let tenants: Vec<_> = configuration.tenants.values().cloned().collect();
    let control_planes = configuration.control_planes.values().cloned().collect();
    registry.configure(control_planes, vec![offering], &tenants);
    until("the catalog has the plans", || async {
        let plans = registry
            .catalog()
            .get(&buckets())
            .map(|offered| offered.plans.len());
        plans == Some(2) && app.portal.claims_are_known(None)
    })
    .await;
    let viewer = member(Role::Viewer);
    app.bucket("t0-dev", "without-a-plan").await;
    assert_eq!(page(&app, &viewer, UsageQuery::default()).await.costs, []);

    // On the last day of April and on two days in June: one, one and three.
    app.bucket_of_plan("t0-dev", "first", "small").await;
    app.bucket_of_plan("t0-dev", "nothing", "free").await;
    app.set_clock("2026-04-30T10:00:00Z".parse().unwrap());
    sample(&app.portal).await;
    app.set_clock("2026-06-14T10:00:00Z".parse().unwrap());
    sample(&app.portal).await;
    app.set_clock(NOW.parse().unwrap());
    app.bucket_of_plan("t0-dev", "second", "small").await;
    app.bucket_of_plan("t0-dev", "third", "small").await;
    let shown = page(&app, &viewer, UsageQuery::default()).await;
    let [euros] = &shown.costs[..] else {
        panic!("{:?}", shown.costs)
    };
    assert_eq!((euros.currency.as_str(), euros.now), ("EUR", 90.3));
    let months: Vec<_> = euros
        .months
        .iter()
        .map(|month| (month.month.as_str(), month.amount))
        .collect();
    assert_eq!(
        months,
        [
            ("2026-04", Some(30.1)),
            ("2026-05", None),
            ("2026-06", Some(60.2))
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_to_ready_are_those_of_the_tenants_own_claims() {
    let app = app().await;
    let store = app.portal.store();
    let now = app.portal.now();
    let ready = async |tenant: &str, number: u64, at: Timestamp| {
        let made = request(tenant, &format!("files-{tenant}-{number}"), State::Fulfilled);
        store.insert_for_tests(&made, &[]).await.unwrap();
        let took = Duration::from_secs(number * 10);
        store.note_ready(made.id, &buckets(), took, at).await.unwrap();
    };
    for number in 1..=4 {
        ready("t0", number, now).await;
    }
    let viewer = member(Role::Viewer);
    let shown = page(&app, &viewer, UsageQuery::default()).await;
    let [times] = &shown.ready_times[..] else {
        panic!("{:?}", shown.ready_times)
    };
    assert_eq!(
        (times.offering_title.as_str(), times.claims, times.seconds),
        ("Bucket", 4, None)
    );

    ready("t0", 5, now).await;
    ready("t0", 900, now - SignedDuration::from_hours(31 * 24)).await;
    ready("t1", 600, now).await;
    let shown = page(&app, &viewer, UsageQuery::default()).await;
    assert_eq!(shown.ready_times[0].claims, 5);
    assert_eq!(
        shown.ready_times[0].seconds,
        Some(ReadySeconds { p50: 30, p90: 50 })
    );
    assert_eq!(
        page(&app, &viewer, asked(None, Some("90"))).await.ready_times[0].claims,
        6
    );
    assert_eq!(
        page(&app, &platform_admin(), UsageQuery::default())
            .await
            .ready_times[0]
            .claims,
        6
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_five_statements() {
    let app = app().await;
    for hour in 0..40 {
        app.set_clock(NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour));
        sample(&app.portal).await;
    }
    app.statements.take();
    page(&app, &member(Role::Viewer), asked(None, Some("7"))).await;
    assert!(app.statements.take().len() <= 5);
}
