use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use portico_domain::tenancy::{Person, TokenScope};
use portico_store::testing::TestStore;
use portico_store::{ApiToken, StoreError};
use uuid::Uuid;

crate::on_both! {
    a_token_is_found_by_its_secret_until_it_expires,
    the_last_use_is_noted_to_the_minute,
    a_person_removes_their_own_tokens_only,
    tokens_follow_their_owners_groups,
}

fn token(subject: &str) -> ApiToken {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    ApiToken {
        id: Uuid::now_v7(),
        name: "CI".into(),
        person: Person {
            subject: subject.into(),
            name: "Dana".into(),
            email: None,
        },
        groups: BTreeSet::from(["payments-developers".to_owned()]),
        scope: TokenScope::Read,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(1),
        last_used_at: None,
    }
}

async fn a_token_is_found_by_its_secret_until_it_expires(database: &TestStore) {
    let store = &database.store;
    let token = token("dana");
    store.insert_token(&token, "a secret").await.unwrap();
    assert_eq!(
        store.use_token("a secret", token.created_at, None).await.unwrap(),
        Some(token.clone())
    );
    assert_eq!(
        store
            .use_token("another secret", token.created_at, None)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store.use_token("a secret", token.expires_at, None).await.unwrap(),
        None
    );
    let error = store
        .insert_token(
            &ApiToken {
                id: Uuid::now_v7(),
                ..token
            },
            "a secret",
        )
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(_)), "{error}");
}

async fn the_last_use_is_noted_to_the_minute(database: &TestStore) {
    let store = &database.store;
    let token = token("dana");
    store.insert_token(&token, "a secret").await.unwrap();
    let first = token.created_at;
    for (after, noted) in [
        (0, first),
        (59, first),
        (60, first + SignedDuration::from_mins(1)),
    ] {
        store
            .use_token("a secret", first + SignedDuration::from_secs(after), None)
            .await
            .unwrap();
        assert_eq!(
            store.tokens_of("dana").await.unwrap()[0].last_used_at,
            Some(noted)
        );
    }
}

async fn a_person_removes_their_own_tokens_only(database: &TestStore) {
    let store = &database.store;
    let (hers, his) = (token("dana"), token("devon"));
    store.insert_token(&hers, "one").await.unwrap();
    store.insert_token(&his, "two").await.unwrap();
    assert!(!store.delete_token("devon", hers.id).await.unwrap());
    assert!(store.delete_token("dana", hers.id).await.unwrap());
    assert!(store.tokens_of("dana").await.unwrap().is_empty());
    assert_eq!(store.tokens_of("devon").await.unwrap(), [his]);
}

async fn tokens_follow_their_owners_groups(database: &TestStore) {
    let store = &database.store;
    let (hers, his) = (token("dana"), token("devon"));
    store.insert_token(&hers, "one").await.unwrap();
    store.insert_token(&his, "two").await.unwrap();
    let groups = BTreeSet::from(["research-developers".to_owned()]);
    store.regroup_tokens("dana", &groups).await.unwrap();
    let found = store
        .use_token("one", hers.created_at, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.groups, groups);
    assert_eq!(store.tokens_of("devon").await.unwrap()[0].groups, his.groups);
}
