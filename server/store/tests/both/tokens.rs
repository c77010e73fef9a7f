use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::{AccessScope, Granted, OwnToken};
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::{KnownPerson, Lapse, Person, TokenScope};
use portico_store::testing::TestStore;
use portico_store::{ApiToken, StoreError};
use uuid::Uuid;

use crate::people::sign_in;

crate::on_both! {
    a_token_is_found_by_its_secret_until_it_expires,
    the_last_use_is_stored_to_the_minute,
    people_delete_only_their_own_tokens,
    a_token_has_its_owners_current_groups,
}

pub(crate) fn token(subject: &str) -> ApiToken {
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    ApiToken {
        id: Uuid::now_v7(),
        name: "CI".into(),
        subject: subject.into(),
        scope: TokenScope::Read,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(1),
        last_used_at: None,
    }
}

async fn a_token_is_found_by_its_secret_until_it_expires(database: &TestStore) {
    let store = &database.store;
    let known = sign_in(store, "dana", &["payments-developers"]).await;
    let token = token("dana");
    store.insert_token_for_tests(&token, "a secret").await.unwrap();
    let found = |secret: &'static str, at| async move { store.authenticate_token(secret, at).await.unwrap() };
    assert_eq!(
        found("a secret", token.created_at).await,
        Some((token.clone(), known))
    );
    assert_eq!(found("another secret", token.created_at).await, None);
    assert_eq!(found("a secret", token.expires_at).await, None);
    let error = store
        .insert_token_for_tests(
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

async fn the_last_use_is_stored_to_the_minute(database: &TestStore) {
    let store = &database.store;
    let token = token("dana");
    store.insert_token_for_tests(&token, "a secret").await.unwrap();
    let first = token.created_at;
    let person = Person {
        subject: "dana".into(),
        name: "Dana".into(),
        email: None,
    };
    for (after, noted) in [
        (0, first),
        (59, first),
        (60, first + SignedDuration::from_mins(1)),
    ] {
        let token = store
            .tokens_of(&AccessScope::for_tests("dana"))
            .await
            .unwrap()
            .remove(0);
        store
            .note_token_use(&token, &person, first + SignedDuration::from_secs(after), None)
            .await
            .unwrap();
        assert_eq!(
            store.tokens_of(&AccessScope::for_tests("dana")).await.unwrap()[0].last_used_at,
            Some(noted)
        );
    }
}

async fn people_delete_only_their_own_tokens(database: &TestStore) {
    let store = &database.store;
    let (hers, his) = (token("dana"), token("devon"));
    store.insert_token_for_tests(&hers, "one").await.unwrap();
    store.insert_token_for_tests(&his, "two").await.unwrap();
    let revoke = |subject: &'static str, id| async move {
        let own = OwnToken {
            subject: subject.to_owned(),
            id,
        };
        let person = Person {
            subject: subject.to_owned(),
            name: subject.to_owned(),
            email: None,
        };
        let grant = Granted::for_tests(person, own);
        let event = crate::people::event("token.deleted");
        store.delete_token(&grant, event).await.unwrap()
    };
    assert!(!revoke("devon", hers.id).await);
    assert!(revoke("dana", hers.id).await);
    assert!(
        store
            .tokens_of(&AccessScope::for_tests("dana"))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.tokens_of(&AccessScope::for_tests("devon")).await.unwrap(),
        [his]
    );
}

async fn a_token_has_its_owners_current_groups(database: &TestStore) {
    let store = &database.store;
    let (hers, his) = (token("dana"), token("devon"));
    store.insert_token_for_tests(&hers, "one").await.unwrap();
    store.insert_token_for_tests(&his, "two").await.unwrap();
    assert_eq!(
        store.authenticate_token("one", hers.created_at).await.unwrap(),
        None,
        "nobody knows whom it speaks for"
    );
    sign_in(store, "dana", &["payments-developers"]).await;
    sign_in(store, "devon", &["research-developers"]).await;
    sign_in(store, "dana", &["payments-viewers"]).await;
    let known = |secret: &'static str| async move {
        let found = store.authenticate_token(secret, hers.created_at).await.unwrap();
        found.unwrap().1
    };
    assert_eq!(
        known("one").await.groups,
        BTreeSet::from(["payments-viewers".to_owned()])
    );
    assert_eq!(
        known("two").await.groups,
        BTreeSet::from(["research-developers".to_owned()])
    );
}

#[test]
fn a_lapsed_person_cannot_be_acted_for() {
    let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
    let rules = TokenRules::default();
    let known = KnownPerson {
        id: Uuid::now_v7(),
        person: Person {
            subject: "https://sso#dana".into(),
            name: "Dana".into(),
            email: None,
        },
        groups: BTreeSet::new(),
        signed_in_at: at(100),
        suspended_at: None,
    };
    assert_eq!(known.lapse(&rules, at(129)), None);
    assert_eq!(known.lapse(&rules, at(130)), Some(Lapse::NotSignedIn(30)));
    let suspended = KnownPerson {
        suspended_at: Some(at(101)),
        ..known
    };
    assert_eq!(suspended.lapse(&rules, at(102)), Some(Lapse::Suspended(at(101))));
}
