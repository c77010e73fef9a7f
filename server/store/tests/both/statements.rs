//! Statements are assembled at run time, so no compiler checks them. Here every operation of the store runs with all
//! its filters, and every statement is prepared.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::approver::Approver;
use portico_domain::authz::{
    AccessOf, AccessScope, AuditEvent, AuditLog, CreateToken, Granted, OwnToken, OwnTokens, PeopleScope,
    Submission, Submit, SystemAuthority, Visible,
};
use portico_domain::claim::ClaimRef;
use portico_domain::documents::Permission;
use portico_domain::names::PlaneName;
use portico_domain::reason::WaitingReason;
use portico_domain::request::{Action, Comment, Request, State};
use portico_domain::tenancy::{KnownPerson, Person, Scope, TokenScope, Viewer};
use portico_domain::usage::UsageCounters;
use portico_store::testing::{Statements, TestStore, event, request};
use portico_store::{
    Access, ApiToken, ChainEnd, Checkpoint, EventFilter, Logout, Page, RequestFilter, Retry, SavedView,
    Sessions, Store,
};
use serde_json::Value;
use uuid::Uuid;

use crate::scope_of;

crate::on_both! {
    every_statement_can_be_prepared,
}

const MINUTE: Duration = Duration::from_mins(1);

async fn every_statement_can_be_prepared(database: &TestStore) {
    let (store, statements) = Statements::of(&database.store);
    requests(&store).await;
    queue(&store).await;
    record(&store).await;
    claimed_planes(&store).await;
    agents(&store).await;
    publications(&store).await;
    people(&store).await;
    sessions(&store).await;
    usage(&store).await;
    saved_views(&store).await;
    store.ping().await.unwrap();
    drop(store.lock("payments").await.unwrap());
    let mut prepared = BTreeSet::new();
    for statement in statements.take() {
        let verb = statement.text().split(' ').next().unwrap();
        let has_plan = ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&verb);
        if has_plan && prepared.insert(statement.text().to_owned()) {
            let plan = statement.plan(&database.store).await;
            assert!(plan.is_ok(), "{}: {plan:?}", statement.text());
        }
    }
    assert!(prepared.len() > 80, "{}", prepared.len());
}

#[test]
fn every_operation_is_covered() {
    let here = include_str!("statements.rs");
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut operations = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("testing") && !path.ends_with("backend") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                for rest in source.split("pub async fn ").skip(1) {
                    let name = rest.split(['(', '<']).next().unwrap();
                    operations += 1;
                    assert!(
                        ["connect", "close", "session_data"].contains(&name)
                            || name.ends_with("_for_tests")
                            || here.contains(&format!(".{name}(")),
                        "{} of {} is not run here",
                        name,
                        path.display()
                    );
                }
            }
        }
    }
    assert!(operations > 40, "{operations}");
}

/// Returns a filter with all fields set.
fn all_of(request: &Request) -> RequestFilter {
    RequestFilter {
        tenant: Some(request.tenant.clone()),
        environment: Some(request.environment.clone()),
        states: State::ALL.to_vec(),
        action: Some(Action::Create),
        requester: Some(request.requester.subject.clone()),
        not_requester: Some("https://sso.example#ada".into()),
        claim: Some(request.claim.clone()),
        offering: Some(request.claim.offering.clone()),
        name: Some(request.claim.name.clone()),
        plane: Some(request.claim.plane.clone()),
        named: Some(("file%s".into(), vec![request.claim.offering.clone()])),
    }
}

async fn requests(store: &Store) {
    let scope = scope_of(&["payments", "research"]);
    let asked = request("payments", "files", State::AwaitingApproval);
    let told = [event(&asked, "request.submitted")];
    let submission = Submission {
        id: asked.id,
        action: asked.action,
        tenant: asked.tenant.clone(),
        environment: asked.environment.clone(),
        claim: None,
    };
    let submits: Granted<Submission, Submit> = Granted::for_tests(asked.requester.clone(), submission);
    store.insert_request(&submits, &asked, &told).await.unwrap();
    store.insert_request(&submits, &asked, &told).await.unwrap_err();
    let mut busy = request("payments", "files", State::Approved);
    busy.claim = asked.claim.clone();
    store.insert_for_tests(&busy, &told).await.unwrap_err();
    let ids = BTreeSet::from([asked.id]);
    let tenants = BTreeSet::from([asked.tenant.clone()]);
    let requesters = BTreeSet::from([(asked.tenant.clone(), asked.requester.subject.clone())]);
    let page = Page {
        limit: 5,
        before: Some(asked.id),
    };
    let ada = Viewer::for_tests(dana().person).with_groups(["dbas"]);
    store.visible_request(&ada, asked.id).await.unwrap();
    let ada = Approver::of(&ada);
    for scope in [&Scope::for_tests(), &scope] {
        for filter in [RequestFilter::default(), all_of(&asked)] {
            store.requests(scope, &filter, &page).await.unwrap();
            store.count_requests(scope, &filter).await.unwrap();
        }
        store.request(scope, asked.id).await.unwrap();
        store.requests_by_id(scope, &ids).await.unwrap();
        store.open_request_of(scope, &asked.claim).await.unwrap();
        store
            .open_create_and_change_requests(scope, &tenants)
            .await
            .unwrap();
    }
    store.count_requests_of(&requesters).await.unwrap();
    store.count_pending_approvals(&ada).await.unwrap();
    store.pending_approvals(&ada, 0, 5).await.unwrap();
    store.oldest_pending_approval(&scope).await.unwrap();
    store.recorded_claims().await.unwrap();
    store.requested_offerings().await.unwrap();

    let comment = Comment {
        id: Uuid::now_v7(),
        by: asked.requester.clone(),
        text: "Why?".into(),
        at: Timestamp::UNIX_EPOCH,
    };
    let grant = Granted::for_tests(comment.by.clone(), asked.clone());
    store.insert_comment(&grant, &comment, &told).await.unwrap();
    store
        .comments_of(&Visible::for_tests(asked.clone()))
        .await
        .unwrap();
    store.comments_on(&[Visible::for_tests(&asked)]).await.unwrap();

    let now = Timestamp::now();
    let system = SystemAuthority::for_tests();
    let asked = store.update_request(&system, &asked, &told).await.unwrap();
    let fulfilled = Request {
        state: State::Fulfilled,
        ..asked
    };
    let done = store
        .update_idle_request(&system, &fulfilled, now, &told)
        .await
        .unwrap();
    store.awaiting_readiness(Timestamp::UNIX_EPOCH).await.unwrap();
    let offering = &done.claim.offering;
    store.note_ready(done.id, offering, MINUTE, now).await.unwrap();
    assert!(store.was_ready(done.id).await.unwrap());
    store.typical_time(offering).await.unwrap();
    store.typical_times().await.unwrap();
    for scope in [&Scope::for_tests(), &scope] {
        store
            .ready_times(scope, Some(&done.tenant), Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
    }
}

async fn usage(store: &Store) {
    let (now, all) = (Timestamp::now(), Scope::for_tests());
    let samples = [(None, UsageCounters::default())].into();
    store.insert_usage_samples(now, &samples).await.unwrap();
    let day = SignedDuration::from_hours(24);
    store.usage_samples(&all, None, now, day).await.unwrap();
    store.usage_counted_since(&all, None).await.unwrap();
    store.delete_usage_samples(now).await.unwrap();
}

async fn saved_views(store: &Store) {
    let view = SavedView {
        name: "mine".to_owned(),
        query: "mine=true".to_owned(),
    };
    store
        .save_view("dana", "claims", &view, Timestamp::now())
        .await
        .unwrap();
    store.saved_views("dana", "claims").await.unwrap();
    store.delete_view("dana", "claims", "mine").await.unwrap();
}

async fn queue(store: &Store) {
    let now = Timestamp::now();
    let due = request("payments", "due", State::Approved);
    store.insert_for_tests(&due, &[]).await.unwrap();
    let full = ["other".parse().unwrap()];
    let leased = store.lease("one", now, MINUTE, 5, &full).await.unwrap();
    assert_eq!(leased.len(), 1);
    store.renew_lease(due.id, "one", now, MINUTE).await.unwrap();
    store.next_due(&full).await.unwrap();
    let retry = Retry {
        at: now + SignedDuration::from_mins(1),
        waiting_for: WaitingReason::Other {
            text: "Waiting.".into(),
        },
    };
    let told = [event(&due, "request.retried")];
    store
        .release(due.id, "one", now, Some(&retry), &told)
        .await
        .unwrap();
    store.release(due.id, "one", now, None, &told).await.unwrap();
    store.release_orphaned_leases().await.unwrap();
    let cluster_scoped = ClaimRef {
        namespace: None,
        ..due.claim.clone()
    };
    store.wake_waiting_for_claim(&due.claim, now).await.unwrap();
    store.wake_waiting_for_claim(&cluster_scoped, now).await.unwrap();
    store.wake_waiting_for_plane(&due.claim.plane, now).await.unwrap();
    store.expired(now).await.unwrap();
}

fn happened(verb: &str) -> AuditEvent {
    event(&request("payments", "x", State::Draft), verb)
}

async fn agents(store: &Store) {
    use crate::agents::{enrol, event, grant, insert_token, plane};
    let authority = SystemAuthority::for_tests();
    let now = Timestamp::now();
    insert_token(store, "digest", now).await;
    enrol(store, "digest", "eu-4", now).await;
    let (_, agent) = enrol(store, "digest", "eu-3", now).await;
    // Beside the functions above, by name: store.insert_agent_enrolment(…), store.enrol_agent(…).
    store
        .renew_agent(&authority, agent, &plane("eu-3"), now)
        .await
        .unwrap();
    store.agent(&authority, agent).await.unwrap();
    store.agents_of(&plane("eu-3")).await.unwrap();
    store.see_agents(&authority, &[agent], now).await.unwrap();
    store
        .revoke_agent(&grant("eu-3"), agent, now, event("agent.revoked"))
        .await
        .unwrap();
    store.see_replica(&authority, agent, now, now).await.unwrap();
    store.forget_replica(&authority, agent).await.unwrap();
}

async fn claimed_planes(store: &Store) {
    let authority = SystemAuthority::for_tests();
    let joined = crate::claimed_planes::joined("1");
    let now = Timestamp::now();
    store
        .insert_claimed_plane(&authority, &joined, now, &[])
        .await
        .unwrap();
    store.claimed_planes(&authority).await.unwrap();
    let plane = "lab-1".parse().unwrap();
    store
        .delete_claimed_plane(&authority, "1", Some(&plane), &[])
        .await
        .unwrap();
}

async fn publications(store: &Store) {
    let (grant, decision) = crate::publications::decided(Permission::TakeClaims, true);
    store
        .insert_permission_decision(&grant, &decision, &[happened("permission.accepted")])
        .await
        .unwrap();
    store.permission_decisions().await.unwrap();
}

async fn record(store: &Store) {
    let event = store.append(happened("session.started")).await.unwrap();
    let narrow = |verb: &str| EventFilter {
        tenant: event.event.tenant.clone(),
        request: event.event.request,
        actor: Some(event.event.actor.clone()),
        subject: Some(event.event.subject.clone()),
        verb: Some(verb.into()),
        since: Some(Timestamp::UNIX_EPOCH),
        until: Some(Timestamp::MAX),
        after: Some(1),
    };
    let page = Page {
        limit: 5,
        before: Some(event.sequence),
    };
    for scope in [Scope::for_tests(), scope_of(&["payments", "research"])] {
        for filter in [
            EventFilter::default(),
            narrow("request."),
            narrow("request.failed"),
        ] {
            store.events(&scope, &filter, &page).await.unwrap();
        }
        store.actors(&scope).await.unwrap();
    }
    store.verify_chain().await.unwrap();
    store.verify_part(&ChainEnd::beginning(), 2).await.unwrap();
    store.event_hash(1).await.unwrap();
    let checkpoint = Checkpoint {
        newest: Some(store.audit_log_end().await.unwrap()),
        ..store.checkpoint().await.unwrap()
    };
    store.store_checkpoint(&checkpoint).await.unwrap();
    let now = Timestamp::now();
    store
        .note_breaks(&[(1, "why".into())], now, |_, _| happened("record.broken"))
        .await
        .unwrap();
    store.breaks().await.unwrap();
    let whole = AuditLog {
        scope: Scope::for_tests(),
        tenant: None,
    };
    store
        .acknowledge_breaks(
            &Granted::for_tests(dana().person, whole),
            now,
            happened("record.acknowledged"),
        )
        .await
        .unwrap();
    let plane: PlaneName = "eu-shared".parse().unwrap();
    let closes = Granted::for_tests(dana().person, plane.clone());
    store
        .cordon(&closes, None, now, &[happened("plane.cordoned")])
        .await
        .unwrap();
    store.cordons().await.unwrap();
    let opens = Granted::for_tests(dana().person, plane.clone());
    store.uncordon(&opens, &[]).await.unwrap();
    let found = "0a-1".parse().unwrap();
    let system = SystemAuthority::for_tests();
    store
        .record_cluster(&system, &plane, Some(&found), now)
        .await
        .unwrap();
    let accepts = Granted::for_tests(dana().person, plane);
    store
        .accept_cluster(&accepts, &found, Some(&"0b-2".parse().unwrap()), now, &[])
        .await
        .unwrap();
    store
        .accept_cluster(&accepts, &found, None, now, &[])
        .await
        .unwrap();
}

fn dana() -> KnownPerson {
    KnownPerson {
        id: "01a20504-0dab-75d3-97d4-14a654b60af4".parse().unwrap(),
        person: Person {
            subject: "https://sso.example#dana".into(),
            name: "Dana".into(),
            email: Some("dana@example.com".into()),
        },
        groups: BTreeSet::new(),
        signed_in_at: Timestamp::UNIX_EPOCH,
        suspended_at: None,
    }
}

async fn people(store: &Store) {
    let (dana, now) = (dana(), Timestamp::now());
    let subject = dana.person.subject.as_str();
    store.sign_in(&dana, happened("session.started")).await.unwrap();
    store.known_person(subject).await.unwrap();
    store
        .known_people(&BTreeSet::from([subject.to_owned()]))
        .await
        .unwrap();
    let people = PeopleScope::for_tests();
    store.person(&people, dana.id).await.unwrap();
    store.people(&people, "", 5, now).await.unwrap();
    store.people(&people, "dan_a%", 5, now).await.unwrap();
    let token = ApiToken {
        id: Uuid::now_v7(),
        name: "ci".into(),
        subject: subject.into(),
        scope: TokenScope::Read,
        created_at: now,
        expires_at: now + MINUTE,
        last_used_at: None,
    };
    let owner = OwnTokens {
        subject: subject.to_owned(),
    };
    let creates: Granted<OwnTokens, CreateToken> = Granted::for_tests(dana.person.clone(), owner);
    let event_of_it = creates.audit(now, None);
    store
        .insert_token(&creates, &token, "secret", event_of_it)
        .await
        .unwrap();
    store.authenticate_token("secret", now).await.unwrap().unwrap();
    for _ in 0..2 {
        store
            .note_token_use(&token, &dana.person, now, None)
            .await
            .unwrap();
    }
    store.tokens_of(&AccessScope::for_tests(subject)).await.unwrap();
    let own = OwnToken {
        subject: subject.to_owned(),
        id: token.id,
    };
    let revokes = Granted::for_tests(dana.person.clone(), own);
    store
        .delete_token(&revokes, happened("token.deleted"))
        .await
        .unwrap();
    let all = AccessOf {
        subject: subject.to_owned(),
    };
    let ends = Granted::for_tests(dana.person.clone(), all);
    for access in [
        Access::Session("x"),
        Access::OtherSessions("x"),
        Access::Token(token.id),
        Access::Everything,
    ] {
        store
            .end_access(&ends, access, |_| happened("access.ended"))
            .await
            .unwrap();
    }
}

async fn sessions(store: &Store) {
    use tower_sessions_core::SessionStore as _;
    use tower_sessions_core::session::{Id, Record};

    let now = Timestamp::now();
    let sessions = Sessions::new(store.clone());
    let mut session = Record {
        id: Id::default(),
        data: [("subject".to_owned(), Value::from("https://sso.example#dana"))].into(),
        expiry_date: time::OffsetDateTime::now_utc() + MINUTE,
    };
    sessions.create(&mut session).await.unwrap();
    sessions.save(&session).await.unwrap();
    sessions.load(&session.id).await.unwrap().unwrap();
    sessions.delete(&session.id).await.unwrap();
    store
        .sessions_of(&AccessScope::for_tests("https://sso.example#dana"), now)
        .await
        .unwrap();
    let mut number = 0;
    for subject in [None, Some("https://sso.example#dana")] {
        for provider_session in [None, Some("sid")] {
            for suspends in [false, true] {
                number += 1;
                let logout = Logout {
                    issuer: "https://sso.example",
                    token: &format!("jti-{number}"),
                    expires_at: now,
                    subject,
                    provider_session,
                    suspends,
                    at: now,
                };
                store
                    .apply_backchannel_logout(&logout, |_| happened("session.ended"))
                    .await
                    .unwrap();
            }
        }
    }
    store.end_sessions_of("https://sso.example#dana").await.unwrap();
    store.sweep_sessions(now).await.unwrap();
}
