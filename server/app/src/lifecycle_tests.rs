//! The life of an offering through all use cases: who sees a draft, what a deprecated offering refuses, and whom it tells.

use jiff::Timestamp;
use portico_api::words::{Conflict, Denial};
use portico_api::{ClaimsFilter, SearchResultKind};
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{NewClaims, Phase, Stage};
use portico_domain::obstacle::Obstacle;
use portico_domain::request::State;
use portico_domain::tenancy::{Role, Viewer};
use serde_json::{Value, json};

use crate::testing::{
    TestApp, admin_developer, archives, buckets, caller, developer, everyone, lead, platform_admin, sandbox,
    workspace,
};
use crate::{
    CatalogQuery, Content, Decide, DeleteClaim, FormCommand, PortalError, RenewClaim, RequestInput,
    RequestTarget, SubmitOutcome, SubmitRequest,
};

fn published() -> Value {
    json!({})
}

fn draft() -> Value {
    json!({"stage": "draft", "note": "Backups are not tried yet."})
}

/// Ends on 1 March 2027 and is replaced by archives.
fn deprecated() -> Value {
    json!({
        "stage": "deprecated",
        "sunset": "2027-03-01",
        "note": "Archives cost less.",
        "replacement": archives(),
    })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const LONG_BEFORE: &str = "2026-12-01T00:00:00Z";
const SOON: &str = "2027-02-20T00:00:00Z";
const AFTER: &str = "2027-03-01T00:00:00Z";

/// The names of the catalog, in order.
fn listed(app: &TestApp, viewer: &Viewer) -> Vec<String> {
    let query = CatalogQuery {
        page: 1,
        ..CatalogQuery::default()
    };
    let page = app.portal.catalog(viewer, Some(&sandbox()), &query).unwrap();
    assert_eq!(page.all, page.cards.items.len());
    let counted: usize = page.categories.iter().map(|category| category.count).sum();
    assert_eq!(counted, page.all);
    page.cards.items.into_iter().map(|card| card.title).collect()
}

/// The kinds of what a search finds about buckets.
async fn found(app: &TestApp, viewer: &Viewer, words: &str) -> Vec<(SearchResultKind, String)> {
    let hits = app.portal.search(viewer, Some(&sandbox()), words).await.unwrap();
    hits.into_iter().map(|hit| (hit.kind, hit.title)).collect()
}

async fn form(app: &TestApp, viewer: &Viewer, target: RequestTarget<'_>) -> crate::Result<Stage> {
    let input = RequestInput::default();
    let page = app
        .portal
        .form(viewer, Some(&sandbox()), target, &input, FormCommand::Update)
        .await?;
    Ok(page.offering.lifecycle.stage)
}

async fn change(app: &TestApp, viewer: &Viewer, claim: &ClaimRef) -> State {
    let command = SubmitRequest {
        target: RequestTarget::Change(claim),
        workspace: None,
        input: RequestInput {
            content: Content::Object(json!({"spec": {"sizeGb": 5, "versioned": true}})),
            ..RequestInput::default()
        },
    };
    match app.portal.submit(caller(viewer), command).await.unwrap() {
        SubmitOutcome::Created(submission) => submission.state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_exists_for_platform_admins_only() {
    let app = TestApp::new().await;
    app.lives(draft(), published()).await;
    let unknown = "nothings.storage.demo.portico.dev".parse().unwrap();
    let mut people = everyone();
    people.push(("admin and developer", admin_developer()));
    for (who, viewer) in people {
        let place = sandbox();
        if viewer.is_platform_admin() {
            assert_eq!(listed(&app, &viewer), ["Archive", "Bucket"], "{who}");
            let page = app.portal.offering(&viewer, Some(&place), &buckets()).unwrap();
            assert_eq!(page.card.lifecycle.phase, Phase::Draft);
            assert_eq!(
                page.card.lifecycle.note.as_deref(),
                Some("Backups are not tried yet.")
            );
            continue;
        }
        assert_eq!(listed(&app, &viewer), ["Archive"], "{who}");
        let page = app.portal.offering(&viewer, Some(&place), &buckets());
        let other = app.portal.offering(&viewer, Some(&place), &unknown);
        assert_eq!(format!("{page:?}"), format!("{other:?}"), "{who}");
        assert!(matches!(page, Err(PortalError::NotFound)), "{who}: {page:?}");
        let form_of_draft = form(&app, &viewer, RequestTarget::New(&buckets())).await;
        let form_of_none = form(&app, &viewer, RequestTarget::New(&unknown)).await;
        assert_eq!(format!("{form_of_draft:?}"), format!("{form_of_none:?}"), "{who}");
        let sent = app.submit(&viewer, &place, "files").await;
        assert!(matches!(sent, Err(PortalError::NotFound)), "{who}: {sent:?}");
        for words in ["bucket", "new bucket", "request bucket", ""] {
            let hits = found(&app, &viewer, words).await;
            assert!(
                hits.iter().all(|(_, title)| !title.contains("Bucket")),
                "{who}: {words:?}: {hits:?}"
            );
        }
        let claims = app
            .portal
            .claims(&viewer, Some(&place), ClaimsFilter::default(), 1);
        assert!(
            claims.offerings.iter().all(|(name, _)| *name != buckets()),
            "{who}: {:?}",
            claims.offerings
        );
        let home = app.portal.home(&viewer, Some(&place)).await.unwrap();
        assert!(
            home.suggestions.iter().all(|card| card.name != buckets()),
            "{who}: {:?}",
            home.suggestions
        );
    }
    let planes = app.portal.planes_page(&platform_admin()).await.unwrap();
    let phases: Vec<_> = planes.matrix.iter().map(|row| (&*row.title, row.phase)).collect();
    assert_eq!(phases, [("Archive", Phase::Published), ("Bucket", Phase::Draft)]);
    // One control plane cannot differ from itself.
    let differences = app
        .portal
        .differences_page(&platform_admin(), &buckets())
        .await
        .unwrap();
    assert_eq!(differences.usual.map(|variant| variant.count), Some(1));
    assert!(differences.others.is_empty());
    let hidden = app.portal.differences_page(&developer(0), &buckets()).await;
    assert!(matches!(hidden, Err(PortalError::NotFound)), "{hidden:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_admin_tries_a_draft_in_a_tenant_of_theirs() {
    let app = TestApp::new().await;
    app.lives(draft(), published()).await;
    let admin = admin_developer();
    app.signed_in(&admin).await;
    assert_eq!(
        form(&app, &admin, RequestTarget::New(&buckets())).await.unwrap(),
        Stage::Draft
    );
    let hits = found(&app, &admin, "new bucket").await;
    assert_eq!(hits, [(SearchResultKind::Action, "Request Bucket".to_owned())]);
    let sent = app.submit(&admin, &sandbox(), "tried").await.unwrap();
    assert!(matches!(sent, SubmitOutcome::Created(_)), "{sent:?}");
    // It may be approved by somebody who does not see the draft.
    let waiting = app.submitted(&admin, "waits").await;
    let decided = app.portal.decide(caller(&lead()), approve(waiting)).await;
    assert_eq!(decided.unwrap(), State::Approved);
    // Who is an admin but no developer anywhere only looks.
    let refused = app.submit(&platform_admin(), &sandbox(), "files").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
}

fn approve(request: portico_domain::names::RequestId) -> Decide {
    Decide {
        request,
        revision: 1,
        approve: true,
        comment: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_of_a_draft_are_shown_changed_and_deleted() {
    let app = TestApp::new().await;
    let claim = app.bucket("t0-sandbox", "files").await;
    let other = app.bucket("t0-sandbox", "others").await;
    app.lives(draft(), published()).await;
    let dana = developer(0);
    let list = app
        .portal
        .claims(&dana, Some(&sandbox()), ClaimsFilter::default(), 1);
    assert_eq!(list.rows.items.len(), 2);
    assert!(
        list.offerings.iter().any(|(name, _)| *name == buckets()),
        "to filter by"
    );
    let page = app.portal.claim(&dana, &claim).await.unwrap();
    assert!(page.may_change.allowed);
    assert_eq!(page.offering_href, None, "a link would lead nowhere");
    let of_admin = app.portal.claim(&admin_developer(), &claim).await.unwrap();
    assert!(of_admin.offering_href.is_some());
    assert_eq!(
        form(&app, &dana, RequestTarget::Change(&claim)).await.unwrap(),
        Stage::Draft
    );
    assert_eq!(change(&app, &dana, &claim).await, State::Approved);
    let deletion = DeleteClaim {
        confirmation: "others".to_owned(),
        ..DeleteClaim::of(&other)
    };
    let deleted = app.portal.submit_delete(caller(&dana), &deletion).await.unwrap();
    assert!(matches!(deleted, SubmitOutcome::Created(_)), "{deleted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_when_its_offering_becomes_a_draft_is_refused() {
    let app = TestApp::new().await;
    let id = app.submitted(&developer(0), "files").await;
    app.lives(draft(), published()).await;
    let decided = app.portal.decide(caller(&lead()), approve(id)).await;
    assert!(
        matches!(
            decided,
            Err(PortalError::Conflict(Conflict::NotPermittedNow(
                Obstacle::NotOffered { .. }
            )))
        ),
        "{decided:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deprecated_offering_is_last_and_refuses_new_claims() {
    let app = TestApp::new().await;
    app.set_clock(at(LONG_BEFORE));
    let mut of_archives = deprecated();
    of_archives["replacement"] = json!(buckets());
    app.lives(published(), of_archives).await;
    let dana = developer(0);
    assert_eq!(listed(&app, &dana), ["Bucket", "Archive"]);
    app.lives(deprecated(), published()).await;
    assert_eq!(listed(&app, &dana), ["Archive", "Bucket"]);

    let page = app.portal.offering(&dana, Some(&sandbox()), &buckets()).unwrap();
    let lifecycle = &page.card.lifecycle;
    assert_eq!(
        (lifecycle.stage, lifecycle.phase),
        (Stage::Deprecated, Phase::Deprecated)
    );
    assert_eq!(lifecycle.sunset.unwrap().to_string(), "2027-03-01");
    assert_eq!(lifecycle.note.as_deref(), Some("Archives cost less."));
    assert_eq!(lifecycle.replacement.as_ref().unwrap().title, "Archive");
    assert_eq!(lifecycle.new_claims, NewClaims::Refused);
    let refused = Denial::OfferingDeprecated {
        offering: "Bucket".to_owned(),
        replacement: Some("Archive".to_owned()),
    };
    assert_eq!(page.may_request.reason.as_ref(), Some(&refused));
    assert_eq!(
        page.may_request.why_not.as_deref(),
        Some("Bucket is deprecated and takes no new claims. Request Archive instead.")
    );
    // Who may not request anything learns that first.
    for (who, viewer) in everyone() {
        let denied = form(&app, &viewer, RequestTarget::New(&buckets()))
            .await
            .unwrap_err();
        let sent = app.submit(&viewer, &sandbox(), "files").await;
        let Err(PortalError::Forbidden(of_sending)) = sent else {
            panic!("{who}: {sent:?}");
        };
        let PortalError::Forbidden(of_form) = denied else {
            panic!("{who}: {denied:?}");
        };
        assert_eq!(of_form, of_sending, "{who}");
        let is_developer = viewer.may(&sandbox().tenant, Role::Developer);
        assert_eq!(of_form == refused, is_developer, "{who}: {of_form:?}");
    }
    assert_eq!(
        found(&app, &dana, "bucket").await,
        [(SearchResultKind::Offering, "Bucket".to_owned())],
        "it is found but not offered as an action"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_may_allow_new_claims_until_the_sunset_date() {
    let app = TestApp::new().await;
    let mut lifecycle = deprecated();
    lifecycle["newClaims"] = json!("allowed");
    app.lives(lifecycle, published()).await;
    let dana = developer(0);
    app.set_clock(at(SOON));
    let sent = app.submit(&dana, &sandbox(), "files").await.unwrap();
    assert!(matches!(sent, SubmitOutcome::Created(_)), "{sent:?}");
    app.set_clock(at(AFTER));
    let ended = app.submit(&dana, &sandbox(), "more").await.unwrap_err();
    let PortalError::Forbidden(denial) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(
        denial.to_string(),
        "Bucket ended on 1 March 2027 and takes no new claims. Request Archive instead."
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_that_one_does_not_see_is_not_named() {
    let app = TestApp::new().await;
    app.set_clock(at(LONG_BEFORE));
    let claim = app.bucket("t0-sandbox", "files").await;
    app.lives(deprecated(), draft()).await;
    for (viewer, sees) in [(developer(0), false), (admin_developer(), true)] {
        let page = app
            .portal
            .offering(&viewer, Some(&sandbox()), &buckets())
            .unwrap();
        assert_eq!(page.card.lifecycle.replacement.is_some(), sees);
        let claim = app.portal.claim(&viewer, &claim).await.unwrap();
        assert_eq!(claim.lifecycle.replacement.is_some(), sees);
        let home = app.portal.home(&viewer, Some(&sandbox())).await.unwrap();
        assert_eq!(home.deprecated[0].lifecycle.replacement.is_some(), sees);
        let refused = app.submit(&viewer, &sandbox(), "more").await.unwrap_err();
        assert_eq!(format!("{refused:?}").contains("Archive"), sees, "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn existing_claims_can_be_changed_renewed_and_deleted_even_after_the_sunset_date() {
    for now in [LONG_BEFORE, AFTER] {
        let app = TestApp::new().await;
        app.set_clock(at(now));
        let dana = developer(0);
        app.signed_in(&dana).await;
        let [changed, renewed, deleted] = [
            app.bucket("t0-sandbox", "changed").await,
            app.bucket("t0-sandbox", "renewed").await,
            app.bucket("t0-sandbox", "deleted").await,
        ];
        app.lives(deprecated(), published()).await;
        assert_eq!(change(&app, &dana, &changed).await, State::Approved, "{now}");
        let renewal = RenewClaim {
            claim: &renewed,
            id: None,
            note: String::new(),
        };
        let sent = app.portal.renew(caller(&dana), renewal).await.unwrap();
        assert_eq!(sent.state, State::Approved, "{now}");
        let deletion = DeleteClaim {
            confirmation: "deleted".to_owned(),
            ..DeleteClaim::of(&deleted)
        };
        let sent = app.portal.submit_delete(caller(&dana), &deletion).await.unwrap();
        assert!(matches!(sent, SubmitOutcome::Created(_)), "{now}: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_requested_before_goes_on_until_the_sunset_date() {
    let app = TestApp::new().await;
    app.set_clock(at(LONG_BEFORE));
    let dana = developer(0);
    app.signed_in(&dana).await;
    let [first, second] = [
        app.submitted(&dana, "first").await,
        app.submitted(&dana, "second").await,
    ];
    let row = |page: crate::Result<portico_api::ApprovalsPage>| {
        let rows = page.unwrap().rows.items.into_iter();
        rows.flat_map(|row| row.why)
            .map(|why| why.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let told = "Bucket is deprecated and ends on 1 March 2027.";
    assert!(!row(app.portal.approvals(&lead(), 1).await).contains(told));
    app.lives(deprecated(), published()).await;
    assert!(row(app.portal.approvals(&lead(), 1).await).contains(told));
    let page = app.portal.request(&lead(), first).await.unwrap();
    assert_eq!(
        page.deprecation.map(|text| text.to_string()).as_deref(),
        Some(told)
    );
    let decided = app.portal.decide(caller(&lead()), approve(first)).await;
    assert_eq!(decided.unwrap(), State::Approved);
    let short = json!({"stage": "deprecated", "sunset": "2026-12-01"});
    app.lives(short, published()).await;
    let decided = app.portal.decide(caller(&lead()), approve(second)).await;
    let Err(PortalError::Conflict(Conflict::NotPermittedNow(obstacle))) = decided else {
        panic!("{decided:?}");
    };
    assert_eq!(
        obstacle.to_string(),
        "Bucket ended on 1 December 2026 and takes no new claims. Look in the catalog for what took its place."
    );
    assert!(!obstacle.passes(), "a sunset date does not pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_are_told_of_the_sunset_date() {
    let app = TestApp::new().await;
    app.set_clock(at(LONG_BEFORE));
    let claim = app.bucket("t0-sandbox", "files").await;
    app.bucket("t0-dev", "logs").await;
    let dana = developer(0);
    let home = app.portal.home(&dana, Some(&workspace(0))).await.unwrap();
    assert!(home.deprecated.is_empty());
    let needed_before = home.needs_action;
    // Without a date there is nothing to do yet.
    app.lives(json!({"stage": "deprecated"}), published()).await;
    let home = app.portal.home(&dana, Some(&workspace(0))).await.unwrap();
    assert!(home.deprecated.is_empty());
    let page = app.portal.claim(&dana, &claim).await.unwrap();
    assert_eq!(page.lifecycle.phase, Phase::Deprecated);
    assert_eq!(page.row.deprecation.unwrap().sunset, None);
    app.lives(deprecated(), published()).await;
    for (now, phase, needs) in [
        (LONG_BEFORE, Phase::Deprecated, 0),
        (SOON, Phase::Ending, 2),
        (AFTER, Phase::Ended, 2),
    ] {
        app.set_clock(at(now));
        let home = app.portal.home(&dana, Some(&workspace(0))).await.unwrap();
        let [told] = home.deprecated.as_slice() else {
            panic!("{now}: {:?}", home.deprecated);
        };
        assert_eq!((told.count, told.lifecycle.phase), (2, phase), "{now}");
        assert_eq!(home.needs_action, needed_before + needs, "{now}");
        let page = app.portal.claim(&dana, &claim).await.unwrap();
        assert_eq!(page.lifecycle.phase, phase);
        assert_eq!(page.lifecycle.replacement.unwrap().name, archives());
        let list = app
            .portal
            .claims(&dana, Some(&workspace(0)), ClaimsFilter::default(), 1);
        for row in list.rows.items {
            assert_eq!(row.deprecation.unwrap().phase(at(now)), phase);
        }
    }
    // Others are not told of it.
    let home = app.portal.home(&developer(1), Some(&workspace(1))).await.unwrap();
    assert!(home.deprecated.is_empty());
}
