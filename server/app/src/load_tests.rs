//! Statements that pages and streams cost, and who waits for whom: a portal over a simulated control plane whose
//! statements are counted.

use std::collections::BTreeSet;
use std::time::Duration;

use portico_domain::authz::SystemAuthority;
use portico_domain::request::State;

use super::keyed_lock::KeyedLock;
use super::live::LiveEvent;
use super::{Caller, Content, RequestInput, RequestTarget, SubmitOutcome, SubmitRequest, Workspace};
use crate::testing::{TENANTS, TestApp, developer, lead, workspace};

/// Long enough for what waits for nobody, however busy the machine is.
const TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_cost_as_many_statements_with_one_request_as_with_many() {
    let app = TestApp::new().await;
    let (lead, workspace) = (lead(), workspace(0));
    let claim = app.bucket("t0-dev", "files").await;
    let first = app.ask(0, 0).await;
    let mut costs = Vec::new();
    for waiting in [1, 40] {
        for number in 1..waiting {
            app.ask(number, number % TENANTS).await;
        }
        app.statements.take();
        let around = app.portal.navigation(&lead).await.unwrap();
        assert_eq!(around.waiting, waiting);
        let of_frame = app.statements.take().len();
        let home = app.portal.home(&lead, Some(&workspace)).await.unwrap();
        assert_eq!(home.waiting_on_me.len(), waiting.min(5));
        let of_home = app.statements.take().len();
        let approvals = app.portal.approvals(&lead, 1).await.unwrap().rows;
        assert_eq!(approvals.items.len(), waiting.min(25));
        assert_eq!((approvals.total, approvals.more), (Some(waiting), waiting > 25));
        for row in &approvals.items {
            assert_eq!(row.comments.len(), 1, "{row:?}");
            assert!(row.quota.iter().any(|line| line.resource == "claims"), "{row:?}");
        }
        let of_approvals = app.statements.take().len();
        app.portal.request(&lead, first).await.unwrap();
        let of_request = app.statements.take().len();
        app.portal.claim(&developer(0), &claim).await.unwrap();
        let of_claim = app.statements.take().len();
        costs.push([of_frame, of_home, of_approvals, of_request, of_claim]);
    }
    assert_eq!(costs[0], costs[1], "frame, home, approvals, request, claim");
    let bounds = [1, 9, 7, 6, 2];
    let within = costs[1].iter().zip(bounds).all(|(cost, bound)| *cost <= bound);
    assert!(within, "{:?}, at most {bounds:?}", costs[1]);
    let second = app.portal.approvals(&lead, 2).await.unwrap().rows;
    assert_eq!((second.items.len(), second.page, second.more), (15, 2, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_request_is_looked_up_once_however_many_look_on() {
    let app = TestApp::new().await;
    let mut costs = Vec::new();
    for (number, listeners) in [1, 30].into_iter().enumerate() {
        let last = app
            .portal
            .tail_audit_log(&SystemAuthority::for_tests(), None)
            .await
            .unwrap();
        // Leads are members of none of the tenants.
        let mut streams: Vec<_> = (0..listeners).map(|_| app.portal.live(&lead())).collect();
        let mut strangers = app.portal.live(&developer(1));
        let id = app.ask(number, 0).await;
        app.statements.take();
        let newest = app
            .portal
            .tail_audit_log(&SystemAuthority::for_tests(), Some(last))
            .await
            .unwrap();
        assert!(newest > last);
        for stream in &mut streams {
            let told = tokio::time::timeout(TIMEOUT, stream.next())
                .await
                .unwrap()
                .unwrap();
            assert!(
                matches!(told, LiveEvent::Request { id: of, .. } if of == id),
                "{told:?}"
            );
        }
        let others = tokio::time::timeout(Duration::from_millis(100), strangers.next()).await;
        assert!(others.is_err(), "it is another tenant's: {others:?}");
        costs.push(app.statements.take().len());
    }
    assert_eq!(costs, [2, 2], "the events, and the request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_sends_while_another_holds_its_turn() {
    let app = TestApp::new().await;
    let submitting: &KeyedLock<_> = &app.portal.shared.submitting;
    let held = submitting.lock(&workspace(1).tenant).await;
    let submit = |tenant: usize| {
        let portal = app.portal.clone();
        async move {
            let input = RequestInput {
                name: "files".to_owned(),
                content: Content::Yaml("spec: { sizeGb: 10 }".to_owned()),
                ..RequestInput::default()
            };
            let offering = "buckets.storage.demo.portico.dev".parse().unwrap();
            let workspace: Workspace = workspace(tenant);
            let (viewer, remote) = (developer(tenant), None);
            let caller = Caller {
                viewer: &viewer,
                remote,
            };
            let command = SubmitRequest {
                target: RequestTarget::New(&offering),
                workspace: Some(&workspace),
                input,
            };
            let sent = portal.submit(caller, command).await.unwrap();
            match sent {
                SubmitOutcome::Created(submission) => submission.state,
                other => panic!("{other:?}"),
            }
        }
    };
    let first = tokio::time::timeout(TIMEOUT, submit(0))
        .await
        .expect("it waits for nobody");
    assert_eq!(first, State::AwaitingApproval);
    let waits = tokio::spawn(submit(1));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waits.is_finished(), "of one tenant, one at a time");
    drop(held);
    assert_eq!(waits.await.unwrap(), State::AwaitingApproval);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_cannot_be_read_is_missing_and_takes_no_page_with_it() {
    let app = TestApp::new().await;
    let mut asked = BTreeSet::new();
    for number in 0..3 {
        asked.insert(app.ask(number, 0).await);
    }
    let spoil = "UPDATE requests SET placement = 'nonsense' WHERE name = 'files-1'";
    portico_store::testing::run(&app.url, spoil).await;
    let home = app.portal.home(&lead(), Some(&workspace(0))).await.unwrap();
    assert_eq!(home.waiting_on_me.len(), 2);
    let approvals = app.portal.approvals(&lead(), 1).await.unwrap();
    assert_eq!(approvals.rows.items.len(), 2);
}
