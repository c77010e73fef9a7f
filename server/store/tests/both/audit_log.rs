use jiff::Timestamp;
use portico_domain::audit_log::{NewEvent, chain_hash};
use portico_domain::authz::{AuditEvent, AuditLog, Granted};
use portico_domain::request::{Request, State};
use portico_domain::tenancy::{Person, Scope};
use portico_store::testing::{Statements, TestStore, event, request};
use portico_store::{ChainEnd, ChainVerdict, Checkpoint, EventFilter, Page, Verified};
use serde_json::json;

use crate::{run, scope_of};

crate::on_both! {
    an_empty_audit_log_is_intact,
    events_are_chained_by_hash,
    unusual_values_round_trip_and_verify,
    the_chain_stays_intact_under_concurrent_appends,
    the_database_refuses_to_change_the_audit_log,
    a_changed_event_is_detected,
    a_missing_event_is_detected,
    a_truncated_chain_is_detected,
    verification_continues_from_a_verified_event,
    verification_continues_after_a_break,
    a_break_is_stored_until_it_is_acknowledged,
    a_checkpoint_is_stored,
    events_are_filtered,
    events_are_paged,
    each_actor_is_listed_once,
    events_without_a_tenant_need_the_whole_scope,
    actors_have_their_latest_name,
    a_page_of_the_audit_log_uses_an_index,
}

fn bare(verb: &str) -> AuditEvent {
    changed(
        &event(&request("payments", "files", State::Draft), verb),
        |event| {
            event.tenant = None;
            event.request = None;
        },
    )
}

fn changed(event: &AuditEvent, change: impl FnOnce(&mut NewEvent)) -> AuditEvent {
    let mut event = NewEvent::clone(event);
    change(&mut event);
    AuditEvent::for_tests(event)
}

async fn an_empty_audit_log_is_intact(database: &TestStore) {
    let verdict = database.store.verify_chain().await.unwrap();
    assert_eq!(
        verdict,
        ChainVerdict::Intact {
            events: 0,
            head: "0".repeat(64)
        }
    );
}

async fn events_are_chained_by_hash(database: &TestStore) {
    let first = database.store.append(bare("session.started")).await.unwrap();
    let second = database.store.append(bare("session.ended")).await.unwrap();
    assert_eq!(
        (first.sequence, first.previous_hash.as_str()),
        (1, "0".repeat(64).as_str())
    );
    assert_eq!((second.sequence, &second.previous_hash), (2, &first.hash));
    assert_eq!(second.hash, chain_hash(&first.hash, 2, &second.event));
    let verdict = database.store.verify_chain().await.unwrap();
    assert_eq!(
        verdict,
        ChainVerdict::Intact {
            events: 2,
            head: second.hash
        }
    );
}

async fn unusual_values_round_trip_and_verify(database: &TestStore) {
    let odd = changed(&bare("secret.revealed"), |event| {
        event.at = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
        event.actor_name = "Nul\0 and ünïcode".into();
        event.details =
            json!({"z": 0.1 + 0.2, "a": [1e300, -0.0, u64::MAX, "\u{0}"], "m": {"y": 1, "x": null}});
    });
    let kept = database.store.append(odd).await.unwrap();
    let back = database
        .store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(1))
        .await
        .unwrap();
    assert_eq!(back.items, [kept]);
    assert!(matches!(
        database.store.verify_chain().await.unwrap(),
        ChainVerdict::Intact { events: 1, .. }
    ));
}

async fn the_chain_stays_intact_under_concurrent_appends(database: &TestStore) {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = database.store.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    if number % 2 == 0 {
                        store.append(bare("session.started")).await.unwrap();
                    } else {
                        let request = request("payments", &format!("files-{task}-{number}"), State::Approved);
                        let events = [
                            event(&request, "request.submitted"),
                            event(&request, "request.approved"),
                        ];
                        store.insert_for_tests(&request, &events).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let verdict = database.store.verify_chain().await.unwrap();
    assert!(
        matches!(verdict, ChainVerdict::Intact { events: 120, .. }),
        "{verdict:?}"
    );
}

async fn the_database_refuses_to_change_the_audit_log(database: &TestStore) {
    database.store.append(bare("session.started")).await.unwrap();
    for statement in ["UPDATE events SET actor = 'nobody'", "DELETE FROM events"] {
        let error = run(database, statement).await.unwrap_err();
        assert!(error.to_string().contains("the record is append-only"), "{error}");
    }
}

async fn a_changed_event_is_detected(database: &TestStore) {
    three_events_tampered(
        database,
        "UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 2",
    )
    .await;
    let verdict = database.store.verify_chain().await.unwrap();
    assert_eq!(
        verdict,
        ChainVerdict::Broken {
            sequence: 2,
            why: "it is not as it was written".into()
        }
    );
}

async fn a_missing_event_is_detected(database: &TestStore) {
    three_events_tampered(database, "DELETE FROM events WHERE sequence = 2").await;
    let verdict = database.store.verify_chain().await.unwrap();
    assert_eq!(
        verdict,
        ChainVerdict::Broken {
            sequence: 2,
            why: "it is missing".into()
        }
    );
}

async fn a_truncated_chain_is_detected(database: &TestStore) {
    three_events_tampered(database, "DELETE FROM events WHERE sequence = 3").await;
    let verdict = database.store.verify_chain().await.unwrap();
    assert_eq!(
        verdict,
        ChainVerdict::Broken {
            sequence: 3,
            why: "it is missing".into()
        }
    );
}

/// Appends three events, then runs a statement as somebody with the database's password could.
async fn three_events_tampered(database: &TestStore, statement: &'static str) {
    for verb in ["session.started", "secret.revealed", "session.ended"] {
        database.store.append(bare(verb)).await.unwrap();
    }
    if database.url.starts_with("sqlite:") {
        run(database, "DROP TRIGGER events_are_not_changed")
            .await
            .unwrap();
        run(database, "DROP TRIGGER events_are_not_removed")
            .await
            .unwrap();
    } else {
        run(database, "DROP TRIGGER events_are_not_changed ON events")
            .await
            .unwrap();
    }
    run(database, statement).await.unwrap();
}

async fn verification_continues_from_a_verified_event(database: &TestStore) {
    let store = &database.store;
    for _ in 0..3 {
        store.append(bare("session.started")).await.unwrap();
    }
    let held = store.audit_log_end().await.unwrap();
    let on = async |end: &ChainEnd| store.verify_part(end, 100).await.unwrap();
    assert_eq!(on(&held).await, intact(&held));
    store.append(bare("session.ended")).await.unwrap();
    let end = store.audit_log_end().await.unwrap();
    assert_eq!(on(&held).await, intact(&end));
    // Verifies in two parts.
    let part = store.verify_part(&ChainEnd::beginning(), 3).await.unwrap();
    assert_eq!((part.end.sequence, part.complete), (3, false));
    assert_eq!(on(&part.end).await, intact(&end));
    // A wrong hash, or a position beyond the end.
    let other = ChainEnd {
        hash: "1".repeat(64),
        ..held.clone()
    };
    assert_eq!(on(&other).await.breaks[0].0, 4);
    let longer = ChainEnd { sequence: 9, ..held };
    assert_eq!(on(&longer).await.breaks[0].0, 5);
}

fn intact(end: &ChainEnd) -> Verified {
    Verified {
        end: end.clone(),
        breaks: Vec::new(),
        complete: true,
    }
}

async fn verification_continues_after_a_break(database: &TestStore) {
    three_events_tampered(
        database,
        "UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 1",
    )
    .await;
    run(database, "DELETE FROM events WHERE sequence = 2")
        .await
        .unwrap();
    let store = &database.store;
    let part = store.verify_part(&ChainEnd::beginning(), 100).await.unwrap();
    let found: Vec<_> = part
        .breaks
        .iter()
        .map(|(sequence, why)| (*sequence, why.as_str()))
        .collect();
    assert_eq!(found, [(1, "it is not as it was written"), (2, "it is missing")]);
    assert_eq!(part.end, store.audit_log_end().await.unwrap());
}

async fn a_break_is_stored_until_it_is_acknowledged(database: &TestStore) {
    let store = &database.store;
    let found = [
        (2, "it is missing".to_owned()),
        (5, "it is not as it was written".to_owned()),
    ];
    let now = Timestamp::from_second(1_000).unwrap();
    let event = |sequence: i64, _: &str| bare("record.broken").about(sequence.to_string());
    assert_eq!(store.note_breaks(&found, now, event).await.unwrap(), 2);
    assert_eq!(
        store.note_breaks(&found, now, event).await.unwrap(),
        0,
        "they are known"
    );
    let filter = EventFilter {
        verb: Some("record.broken".to_owned()),
        ..EventFilter::default()
    };
    let recorded = store
        .events(&Scope::for_tests(), &filter, &Page::first(10))
        .await
        .unwrap();
    assert_eq!(recorded.items.len(), 2, "each is recorded once");
    assert!(
        store
            .breaks()
            .await
            .unwrap()
            .iter()
            .all(|found| found.acknowledged.is_none())
    );

    let pat = Person {
        subject: "https://sso.example#pat".to_owned(),
        name: "Pat".to_owned(),
        email: None,
    };
    let noted = bare("record.acknowledged");
    let log = AuditLog {
        scope: Scope::for_tests(),
        tenant: None,
    };
    let pat = Granted::for_tests(pat, log);
    assert_eq!(
        store.acknowledge_breaks(&pat, now, noted.clone()).await.unwrap(),
        2
    );
    assert_eq!(store.acknowledge_breaks(&pat, now, noted).await.unwrap(), 0);
    let breaks = store.breaks().await.unwrap();
    assert_eq!(breaks[0].sequence, 2);
    assert_eq!(breaks[0].acknowledged, Some(("Pat".to_owned(), now)));
    assert_eq!(
        store.note_breaks(&found, now, event).await.unwrap(),
        0,
        "they stay known"
    );
}

async fn a_checkpoint_is_stored(database: &TestStore) {
    let store = &database.store;
    assert_eq!(store.checkpoint().await.unwrap(), Checkpoint::beginning());
    let end = store.append(bare("session.started")).await.unwrap();
    let end = ChainEnd {
        sequence: end.sequence,
        hash: end.hash,
    };
    let checkpoint = Checkpoint {
        round: ChainEnd::beginning(),
        whole_at: Some(Timestamp::from_second(1_000).unwrap()),
        newest: Some(end),
        checked_at: Some(Timestamp::from_second(2_000).unwrap()),
    };
    store.store_checkpoint(&checkpoint).await.unwrap();
    assert_eq!(store.checkpoint().await.unwrap(), checkpoint);
}

async fn events_are_filtered(database: &TestStore) {
    let (mine, theirs) = four_events(database).await;
    let any = EventFilter::default;
    let verb = |verb: &str| EventFilter {
        verb: Some(verb.into()),
        ..any()
    };
    let cases = [
        (any(), vec![4, 3, 2, 1]),
        (verb("request.submitted"), vec![3, 1]),
        (verb("request."), vec![3, 2, 1]),
        (
            EventFilter {
                tenant: Some(mine.tenant.clone()),
                ..any()
            },
            vec![2, 1],
        ),
        (
            EventFilter {
                request: Some(theirs.id),
                ..any()
            },
            vec![3],
        ),
        (
            EventFilter {
                subject: Some(mine.claim.to_string()),
                ..any()
            },
            vec![4, 2, 1],
        ),
        (
            EventFilter {
                actor: Some("https://sso.example#nobody".into()),
                ..any()
            },
            vec![],
        ),
        (
            EventFilter {
                since: Some(theirs.updated_at),
                ..any()
            },
            vec![4, 3],
        ),
        (
            EventFilter {
                until: Some(theirs.updated_at),
                ..any()
            },
            vec![2, 1],
        ),
        (
            EventFilter {
                after: Some(2),
                ..any()
            },
            vec![4, 3],
        ),
    ];
    for (filter, sequences) in cases {
        let listing = database
            .store
            .events(&Scope::for_tests(), &filter, &Page::first(10))
            .await
            .unwrap();
        let found: Vec<i64> = listing.items.iter().map(|event| event.sequence).collect();
        assert_eq!(found, sequences, "{filter:?}");
    }
}

async fn events_are_paged(database: &TestStore) {
    four_events(database).await;
    let filter = EventFilter::default();
    let first = database
        .store
        .events(&Scope::for_tests(), &filter, &Page::first(3))
        .await
        .unwrap();
    assert_eq!((first.items.len(), first.next), (3, Some(2)));
    let page = Page {
        limit: 3,
        before: first.next,
    };
    let second = database
        .store
        .events(&Scope::for_tests(), &filter, &page)
        .await
        .unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
}

/// Two events of a request of one tenant, one of a request of another, one without a tenant.
async fn four_events(database: &TestStore) -> (Request, Request) {
    let mine = request("payments", "files", State::Approved);
    let events = [
        event(&mine, "request.submitted"),
        event(&mine, "request.approved"),
    ];
    database.store.insert_for_tests(&mine, &events).await.unwrap();
    let theirs = request("research", "files", State::Approved);
    let events = [event(&theirs, "request.submitted")];
    database.store.insert_for_tests(&theirs, &events).await.unwrap();
    database.store.append(bare("session.started")).await.unwrap();
    (mine, theirs)
}

async fn events_without_a_tenant_need_the_whole_scope(database: &TestStore) {
    database
        .store
        .append(bare("configuration.reloaded"))
        .await
        .unwrap();
    let seen = |scope: Scope| {
        let store = database.store.clone();
        async move {
            store
                .events(&scope, &EventFilter::default(), &Page::first(10))
                .await
                .unwrap()
                .items
                .len()
        }
    };
    assert_eq!(seen(scope_of(&["payments", "research"])).await, 0);
    assert_eq!(seen(Scope::for_tests()).await, 1);
}

async fn each_actor_is_listed_once(database: &TestStore) {
    let by = |actor: &str, name: &str| {
        let submitted = event(&request("payments", "files", State::Draft), "request.submitted");
        changed(&submitted, |event| {
            actor.clone_into(&mut event.actor);
            name.clone_into(&mut event.actor_name);
        })
    };
    for (actor, name) in [("z", "Ada"), ("a", "Dana"), ("z", "Ada")] {
        database.store.append(by(actor, name)).await.unwrap();
    }
    database.store.append(bare("session.started")).await.unwrap();
    let listed = database.store.actors(&scope_of(&["payments"])).await.unwrap();
    assert_eq!(
        listed,
        [
            ("z".to_owned(), "Ada".to_owned()),
            ("a".to_owned(), "Dana".to_owned())
        ]
    );
    assert!(
        database
            .store
            .actors(&scope_of(&["research"]))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn actors_have_their_latest_name(database: &TestStore) {
    let store = &database.store;
    for name in ["Dana Ito", "Dana Abe"] {
        let named = changed(&bare("session.started"), |event| event.actor_name = name.into());
        store.append(named).await.unwrap();
    }
    let actors = store.actors(&Scope::for_tests()).await.unwrap();
    assert_eq!(
        actors.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(),
        ["Dana Abe"]
    );
}

async fn a_page_of_the_audit_log_uses_an_index(database: &TestStore) {
    four_events(database).await;
    // Many events by few actors, as in an audit log of years.
    let row = "n + 4, n, 'https://sso.example#' || (n % 50), 'Somebody', \
               CASE n % 1000 WHEN 0 THEN 'plane.cordoned' ELSE 'request.submitted' END, 'x', \
               CASE n % 2 WHEN 0 THEN 'payments' END, NULL, NULL, '{}', '', ''";
    let postgres = database.url.starts_with("postgres");
    let many = if postgres {
        format!("INSERT INTO events SELECT {row} FROM generate_series(1, 20000) AS n; ANALYZE")
    } else {
        format!(
            "INSERT INTO events WITH RECURSIVE numbers (n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) SELECT {row} FROM numbers; ANALYZE"
        )
    };
    run(database, &many).await.unwrap();
    let (store, statements) = Statements::of(&database.store);
    let page = Page::first(100);
    let any = EventFilter::default;
    let filters = [
        any(),
        EventFilter {
            actor: Some("https://sso.example#7".into()),
            ..any()
        },
        EventFilter {
            verb: Some("plane.cordoned".into()),
            ..any()
        },
        EventFilter {
            tenant: Some("payments".parse().unwrap()),
            ..any()
        },
        EventFilter {
            since: Some(Timestamp::from_microsecond(100).unwrap()),
            until: Some(Timestamp::from_microsecond(200).unwrap()),
            ..any()
        },
    ];
    for filter in &filters {
        store.events(&Scope::for_tests(), filter, &page).await.unwrap();
    }
    store
        .events(&scope_of(&["payments"]), &any(), &page)
        .await
        .unwrap();
    for statement in statements.take() {
        let plan = statement.plan(&database.store).await.unwrap();
        assert!(
            plan.to_lowercase().contains("index"),
            "{}: {plan}",
            statement.text()
        );
        // SQLite says "SCAN … USING INDEX" when it reads an index in order, up to the limit.
        let whole = if postgres {
            plan.contains("Seq Scan")
        } else {
            plan.lines()
                .any(|line| line.starts_with("SCAN") && !line.contains("USING"))
        };
        assert!(!whole, "{}: {plan}", statement.text());
    }
    for scope in [Scope::for_tests(), scope_of(&["payments", "research"])] {
        store.actors(&scope).await.unwrap();
    }
    for statement in statements.take() {
        let plan = statement.plan(&database.store).await.unwrap();
        let table = |line: &str| line.split_whitespace().any(|word| word == "events");
        assert!(!plan.lines().any(table), "{}: {plan}", statement.text());
    }
}
