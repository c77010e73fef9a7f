//! Migrations never change once they are released: databases that have run one store its checksum, and refuse to
//! start with another. A change of the schema is a new file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use portico_domain::approver::Approver;
use portico_domain::audit_log::{NewEvent, chain_hash};
use portico_domain::authz::{AuditEvent, Visible};
use portico_domain::reason::WaitingReason;
use portico_domain::request::State;
use portico_domain::tenancy::{Person, Role, Scope, TokenScope, Viewer};
use portico_store::testing::{PostgresServer, run};
use portico_store::{ChainVerdict, EventFilter, Page, Settings, Store};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

const REQUEST: &str = "01a20504-0dab-75d3-97d4-14a654b60af4";

#[test]
fn migrations_do_not_change() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let frozen: BTreeMap<String, String> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    let mut found = BTreeMap::new();
    for database in ["postgres", "sqlite"] {
        for entry in fs::read_dir(folder.join(database)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{database}/{}", path.file_name().unwrap().to_str().unwrap());
            let sum = hex::encode(Sha256::digest(fs::read(&path).unwrap()));
            found.insert(name, sum);
        }
    }
    assert_eq!(
        found, frozen,
        "a migration that was written is not changed: add a new one, and its line to migrations/SHA256SUMS"
    );
    let names = |database: &str| {
        let own = found.keys().filter_map(|name| name.strip_prefix(database));
        own.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        names("postgres/"),
        names("sqlite/"),
        "both databases take the same steps"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_of_the_first_version_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("portico.db").display());
    let migrator = migrator("sqlite").await;
    for (count, statements) in old_data() {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        first(&migrator, count).run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        for statement in statements {
            run(&url, &statement).await;
        }
    }
    data_is_kept(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_of_the_first_version_keeps_its_data() {
    let Some(server) = PostgresServer::shared("migrations::postgres_of_the_first_version_keeps_its_data")
    else {
        return;
    };
    let url = server.fresh_database().await.unwrap();
    let migrator = migrator("postgres").await;
    for (count, statements) in old_data() {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        first(&migrator, count).run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        for statement in statements {
            run(&url, &statement).await;
        }
    }
    data_is_kept(&url).await;
}

/// Reads all migrations of a database from its folder.
async fn migrator(database: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    Migrator::new(folder.join(database)).await.unwrap()
}

/// Returns the first migrations only, as an old version of Portico had them.
fn first(all: &Migrator, count: usize) -> Migrator {
    Migrator::with_migrations(all.iter().take(count).cloned().collect())
}

fn submitted() -> NewEvent {
    NewEvent {
        at: Timestamp::from_second(1_700_000_000).unwrap(),
        actor: "https://sso.example#dana".into(),
        actor_name: "Dana".into(),
        verb: "request.submitted".into(),
        subject: REQUEST.into(),
        tenant: Some("payments".parse().unwrap()),
        request: Some(REQUEST.parse().unwrap()),
        remote: None,
        details: json!({"action": "create"}),
    }
}

/// Data that old versions wrote: after how many migrations, and the statements.
fn old_data() -> [(usize, Vec<String>); 2] {
    let approval = json!({
        "rules": [{
            "policy": "production", "rule": "any", "reason": "It is production.",
            "approvers": {"tenantApprovers": {}}, "count": 1,
        }],
        "expiresAt": "2999-01-01T00:00:00Z",
    });
    let resource = json!({
        "group": "example.test", "version": "v1", "kind": "Bucket", "plural": "buckets", "namespaced": true,
    });
    let placement = json!({"chosen": "eu-shared", "reason": "It is the only one.", "candidates": []});
    let request = format!(
        "INSERT INTO requests (id, revision, action, state, tenant, environment, plane, offering, namespace, name, \
         resource, manifest, manifest_hash, placement, requester, requester_name, requester_groups, approval, \
         expires_at, decisions, attempts, waiting_for, created_at, updated_at) VALUES ('{REQUEST}', 1, 'create', \
         'awaiting-approval', 'payments', 'dev', 'eu-shared', 'buckets.example.test', 'payments-dev', 'files', \
         '{resource}', '{{\"kind\": \"Bucket\"}}', 'abc', '{placement}', 'https://sso.example#dana', 'Dana', '[]', \
         '{approval}', 1, '[]', 0, 'Waiting for eu-shared.', 1700000000000000, 1700000000000000)"
    );
    let comment = format!(
        "INSERT INTO comments (id, request_id, author, author_name, text, at) VALUES \
         ('01a20504-0dab-75d3-97d4-14a654b60af5', '{REQUEST}', 'https://sso.example#ada', 'Ada', 'Why?', 1)"
    );
    let event = submitted();
    let beginning = "0".repeat(64);
    let hash = chain_hash(&beginning, 1, &event);
    let recorded = format!(
        "INSERT INTO events (sequence, at, actor, actor_name, verb, subject, tenant, request_id, details, \
         previous_hash, hash) VALUES (1, 1700000000000000, 'https://sso.example#dana', 'Dana', 'request.submitted', \
         '{REQUEST}', 'payments', '{REQUEST}', '{}', '{beginning}', '{hash}'); \
         UPDATE record_head SET sequence = 1, hash = '{hash}'",
        event.details
    );
    let secret = hex::encode(Sha256::digest("portico_secret"));
    let token = format!(
        "INSERT INTO api_tokens (id, secret_hash, name, subject, person_name, person_email, sso_groups, scope, \
         created_at, expires_at) VALUES ('01a20504-0dab-75d3-97d4-14a654b60af6', '{secret}', 'ci', \
         'https://sso.example#dana', 'Dana', 'dana@example.com', '[\"developers\"]', 'read', 1, 9000000000000000)"
    );
    [(1, vec![request, comment, recorded]), (2, vec![token])]
}

/// Starts the current version on data that old ones wrote.
async fn data_is_kept(url: &str) {
    let store = Store::connect(url, &Settings::default()).await.unwrap();
    let all = Scope::for_tests();
    let request = store
        .request(&all, REQUEST.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(request.state, State::AwaitingApproval);
    assert_eq!(request.requester.name, "Dana");
    assert_eq!(request.manifest, json!({"kind": "Bucket"}));
    assert_eq!(request.schema_hash, None);
    // A sentence from before reasons had codes is still shown.
    let text = "Waiting for eu-shared.".to_owned();
    assert_eq!(request.waiting_for, Some(WaitingReason::Other { text }));
    let comments = store
        .comments_of(&Visible::for_tests(request.clone()))
        .await
        .unwrap();
    assert_eq!(
        comments.iter().map(|said| said.text.as_str()).collect::<Vec<_>>(),
        ["Why?"]
    );

    // The audit log is intact, and continues at its end.
    let more = AuditEvent::for_tests(NewEvent {
        verb: "request.commented".into(),
        ..submitted()
    });
    store.append(more).await.unwrap();
    let verdict = store.verify_chain().await.unwrap();
    assert!(
        matches!(verdict, ChainVerdict::Intact { events: 2, .. }),
        "{verdict:?}"
    );
    let events = store
        .events(&all, &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    assert_eq!(events.items[1].event, submitted());

    // Derived tables are filled as well.
    let dana = ("https://sso.example#dana".to_owned(), "Dana".to_owned());
    assert_eq!(store.actors(&all).await.unwrap(), [dana]);
    let ada = Viewer::for_tests(Person {
        subject: "https://sso.example#ada".into(),
        name: "Ada".into(),
        email: None,
    })
    .with_role("payments".parse().unwrap(), Role::Approver);
    assert_eq!(
        store.count_pending_approvals(&Approver::of(&ada)).await.unwrap(),
        1
    );
    let (token, person) = store
        .authenticate_token("portico_secret", Timestamp::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((token.name.as_str(), token.scope), ("ci", TokenScope::Read));
    assert_eq!(person.person.name, "Dana");
    assert_eq!(person.groups, ["developers".to_owned()].into());
}
