//! Changes to the audit log by somebody with the database's password are found, and stay found.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use portico_api::{ChainBreak, ChainState};
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{AuditEvent, SystemAuthority};
use portico_domain::documents::{self, Configuration, RecordProof};
use portico_domain::tenancy::{Person, Scope, Viewer};
use portico_planes::Planes;
use portico_store::testing::{self, Statements, TestStore};
use portico_store::{EventFilter, Page};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{Caller, Portal, PortalError};
use crate::configuration::LiveConfiguration;
use crate::proof::Proof;

struct Bench {
    database: TestStore,
    folder: TempDir,
}

impl Bench {
    async fn with_events(database: TestStore, events: usize) -> Self {
        for number in 0..events {
            let event = AuditEvent::for_tests(NewEvent {
                at: Timestamp::now(),
                actor: "https://sso.example.com#dana".to_owned(),
                actor_name: "Dana".to_owned(),
                verb: "request.submitted".to_owned(),
                subject: format!("number {number}"),
                tenant: None,
                request: None,
                remote: None,
                details: serde_json::Value::Null,
            });
            database.store.append(event).await.unwrap();
        }
        let folder = TempDir::new().unwrap();
        Self { database, folder }
    }

    /// A portal as it starts: what it knew before is in the database and in the kept end.
    fn portal(&self) -> Portal {
        let portal = Portal::new(
            self.database.store.clone(),
            Planes::new(portico_planes::Settings::default()),
            SystemAuthority::for_tests().rules(),
            LiveConfiguration::fixed(configuration()),
            Arc::new(Notify::new()),
            crate::Env::system(),
        );
        let settings = RecordProof {
            key_file: None,
            anchor_file: None,
        };
        let beside = format!("sqlite:{}", self.folder.path().join("portico.db").display());
        portal.prove_record_with(Proof::open(&settings, &beside).unwrap());
        portal
    }

    /// Does what somebody with the database's password could do.
    async fn tamper(&self, statements: &[&'static str]) {
        let postgres = !self.database.url.starts_with("sqlite:");
        let drop = ["events_are_not_changed", "events_are_not_removed"].map(|trigger| {
            if postgres {
                "DROP TRIGGER IF EXISTS events_are_not_changed ON events".to_owned()
            } else {
                format!("DROP TRIGGER IF EXISTS {trigger}")
            }
        });
        let all = drop.iter().map(String::as_str).chain(statements.iter().copied());
        for statement in all {
            testing::run(&self.database.url, statement).await;
        }
    }
}

fn configuration() -> Configuration {
    let spec = json!({
        "publicUrl": "https://portico.example.com",
        "signIn": {
            "providers": [{ "name": "sso", "issuer": "https://sso.example.com", "clientId": "portico" }],
        },
    });
    Configuration {
        portal: documents::Portal {
            name: "test".to_owned(),
            spec: serde_json::from_value(spec).unwrap(),
        },
        control_planes: BTreeMap::new(),
        offerings: BTreeMap::new(),
        tenants: BTreeMap::new(),
        namespace_templates: BTreeMap::new(),
        publications: BTreeMap::new(),
        permission_decisions: portico_domain::publication::PermissionDecisions::default(),
        policies: BTreeMap::new(),
    }
}

fn pat() -> Viewer {
    let person = Person {
        subject: "https://sso.example.com#pat".to_owned(),
        name: "Pat".to_owned(),
        email: None,
    };
    Viewer::for_tests(person).with_platform_admin(true)
}

async fn verified(portal: &Portal) -> ChainState {
    portal.verify_audit_log().await.unwrap();
    portal.chain().await.unwrap()
}

async fn an_end_that_is_cut_off_is_found_and_alarms_until_somebody_takes_note(database: TestStore) {
    let bench = Bench::with_events(database, 30).await;
    let portal = bench.portal();
    let state = verified(&portal).await;
    assert!(state.holds && state.head.unwrap().sequence == 30);

    // The last twelve, and the end of the chain as the database has it: the chain itself is whole again.
    bench
        .tamper(&[
            "DELETE FROM events WHERE sequence > 18",
            "UPDATE record_head SET sequence = 18, hash = (SELECT hash FROM events WHERE sequence = 18)",
        ])
        .await;
    let portal = bench.portal();
    let state = verified(&portal).await;
    // By the stored checkpoint the first that is missing, and by the signed end the last.
    assert_eq!((state.holds, state.breaks_at), (false, Some(19)), "{state:?}");
    assert!(state.breaks.iter().any(|found| found.sequence == 30), "{state:?}");
    assert!(portal.audit_log_is_broken());
    // Each is recorded once, and looking again does not heal it, nor does a start.
    for portal in [&portal, &bench.portal()] {
        assert!(!verified(portal).await.holds);
    }
    let filter = EventFilter {
        verb: Some("record.broken".to_owned()),
        ..EventFilter::default()
    };
    let store = &bench.database.store;
    let events = store
        .events(&Scope::for_tests(), &filter, &Page::first(10))
        .await
        .unwrap();
    assert_eq!(events.items.len(), 2);

    let nobody = pat().with_platform_admin(false);
    let refused = portal
        .acknowledge_breaks(Caller {
            viewer: &nobody,
            remote: None,
        })
        .await;
    assert!(matches!(refused, Err(PortalError::NotFound)));
    portal
        .acknowledge_breaks(Caller {
            viewer: &pat(),
            remote: Some("192.0.2.1"),
        })
        .await
        .unwrap();
    let state = verified(&portal).await;
    assert!(state.holds && !portal.audit_log_is_broken());
    let acknowledged = |found: &ChainBreak| found.acknowledged_by.as_deref() == Some("Pat");
    assert!(state.breaks.iter().all(acknowledged), "they stay listed");
    assert!(state.head.unwrap().sequence < 30, "the end is signed anew");

    // And the next cut is found as well.
    bench
        .tamper(&[
            "DELETE FROM events WHERE sequence > 10",
            "UPDATE record_head SET sequence = 10, hash = (SELECT hash FROM events WHERE sequence = 10)",
        ])
        .await;
    assert!(!verified(&bench.portal()).await.holds);
}

async fn a_changed_old_event_is_found_in_the_background_and_stays_found(database: TestStore) {
    let bench = Bench::with_events(database, 30).await;
    let portal = bench.portal();
    assert!(verified(&portal).await.holds);
    bench
        .tamper(&["UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 7"])
        .await;
    let state = verified(&portal).await;
    assert_eq!((state.holds, state.breaks_at), (false, Some(7)), "{state:?}");
    bench
        .tamper(&["UPDATE events SET actor_name = 'Dana' WHERE sequence = 7"])
        .await;
    assert!(
        !verified(&portal).await.holds,
        "putting it back does not undo that it was changed"
    );
}

async fn a_long_record_is_verified_again_a_part_at_a_time(database: TestStore) {
    let bench = Bench::with_events(database, 250).await;
    bench
        .tamper(&["UPDATE events SET actor_name = 'Somebody' WHERE sequence = 230"])
        .await;
    let portal = bench.portal();
    // What was there before is only in the round.
    assert!(
        verified(&portal).await.holds,
        "the first 200 events are as they were"
    );
    let second = verified(&portal).await;
    assert_eq!(second.breaks_at, Some(230));
    assert!(second.verified_at.is_some(), "the round is complete");
}

async fn a_record_that_was_rewritten_whole_is_found(database: TestStore) {
    let bench = Bench::with_events(database, 3).await;
    assert!(verified(&bench.portal()).await.holds);
    // Every hash is right again, as one who knows how they are made can make them.
    let beginning = "0".repeat(64);
    bench
        .tamper(&["DELETE FROM events", "UPDATE record_head SET sequence = 0"])
        .await;
    let reset: &'static str = format!("UPDATE record_head SET hash = '{beginning}'").leak();
    bench.tamper(&[reset]).await;
    let rewritten = Bench::with_events(bench.database, 5).await;
    let bench = Bench {
        folder: bench.folder,
        ..rewritten
    };
    assert_eq!(verified(&bench.portal()).await.breaks_at, Some(3));
}

async fn what_the_page_shows_outlives_the_process_and_the_rest_goes_on_from_there(database: TestStore) {
    let bench = Bench::with_events(database, 30).await;
    assert!(verified(&bench.portal()).await.holds);
    // Another process: the page shows what the one before has found, and when.
    let portal = bench.portal();
    let state = portal.chain().await.unwrap();
    assert_eq!((state.holds, state.verified), (true, 30), "{state:?}");
    assert!(
        state.checked_at.is_some() && state.verified_at.is_some(),
        "{state:?}"
    );
    // What came while nobody verified is verified as new, from the end that is stored.
    let bench = Bench {
        folder: bench.folder,
        ..Bench::with_events(bench.database, 3).await
    };
    bench
        .tamper(&[
            "UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 32",
            // The present round over all events is far behind.
            "UPDATE record_checkpoint SET sequence = 33, hash = (SELECT hash FROM events WHERE sequence = 33)",
        ])
        .await;
    let state = verified(&bench.portal()).await;
    assert_eq!((state.holds, state.breaks_at), (false, Some(32)), "{state:?}");
}

async fn a_break_is_noted_before_the_checkpoint_moves_past_it(database: TestStore) {
    let mut bench = Bench::with_events(database, 5).await;
    bench
        .tamper(&["UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 3"])
        .await;
    let (store, statements) = Statements::of(&bench.database.store);
    bench.database.store = store;
    assert!(!verified(&bench.portal()).await.holds);
    let ran = statements.take();
    let place = |beginning: &str| {
        ran.iter()
            .position(|statement| statement.text().starts_with(beginning))
            .unwrap_or_else(|| panic!("{beginning}: {ran:#?}"))
    };
    // Whoever is stopped in between finds it again.
    assert!(place("INSERT INTO record_breaks") < place("UPDATE record_checkpoint"));
}

/// A test of each name on each database.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(portico_store::testing::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let test = concat!(module_path!(), "::", stringify!($case));
                    if let Some(database) = portico_store::testing::postgres(test).await {
                        super::$case(database).await;
                    }
                }
            )*
        }
    };
}

on_both! {
    an_end_that_is_cut_off_is_found_and_alarms_until_somebody_takes_note,
    a_changed_old_event_is_found_in_the_background_and_stays_found,
    a_long_record_is_verified_again_a_part_at_a_time,
    a_record_that_was_rewritten_whole_is_found,
    what_the_page_shows_outlives_the_process_and_the_rest_goes_on_from_there,
    a_break_is_noted_before_the_checkpoint_moves_past_it,
}
