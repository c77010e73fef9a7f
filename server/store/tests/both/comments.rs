use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::{self, Granted, Visible};
use portico_domain::request::{Comment, Request, State};
use portico_domain::tenancy::{Person, Scope};
use portico_store::testing::{TestStore, event, request};
use portico_store::{EventFilter, Page, StoreError};
use uuid::Uuid;

crate::on_both! {
    comments_are_ordered_by_time,
    a_comment_and_its_event_are_inserted_atomically,
    the_number_of_comments_on_a_request_is_limited,
}

fn comment(request: &Request, text: &str) -> Comment {
    let at = request.created_at + SignedDuration::from_secs(1);
    Comment {
        id: Uuid::now_v7(),
        by: Person {
            subject: "https://sso.example#ada".into(),
            name: "Ada".into(),
            email: Some("ada@example.com".into()),
        },
        text: text.into(),
        at: Timestamp::from_microsecond(at.as_microsecond()).unwrap(),
    }
}

fn grant(request: &Request, comment: &Comment) -> Granted<Request, authz::Comment> {
    Granted::for_tests(comment.by.clone(), request.clone())
}

async fn comments_are_ordered_by_time(database: &TestStore) {
    let store = &database.store;
    let (one, other) = (
        request("payments", "files", State::AwaitingApproval),
        request("payments", "logs", State::AwaitingApproval),
    );
    for request in [&one, &other] {
        store.insert_for_tests(request, &[]).await.unwrap();
    }
    let said = [
        comment(&one, "Why so large?"),
        comment(&one, "Für die Prüfung.\n✓"),
    ];
    for comment in &said {
        store
            .insert_comment(&grant(&one, comment), comment, &[])
            .await
            .unwrap();
    }
    assert_eq!(
        store.comments_of(&Visible::for_tests(one.clone())).await.unwrap(),
        said
    );
    assert!(
        store
            .comments_of(&Visible::for_tests(other.clone()))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_comment_and_its_event_are_inserted_atomically(database: &TestStore) {
    let store = &database.store;
    let request = request("payments", "files", State::Fulfilled);
    store.insert_for_tests(&request, &[]).await.unwrap();
    let said = comment(&request, "Thank you.");
    let recorded = event(&request, "request.commented");
    let mut heard = store.subscribe();
    store
        .insert_comment(&grant(&request, &said), &said, std::slice::from_ref(&recorded))
        .await
        .unwrap();
    assert_eq!(heard.recv().await.unwrap().id, request.id);
    let again = store
        .insert_comment(&grant(&request, &said), &said, &[recorded])
        .await
        .unwrap_err();
    assert!(matches!(again, StoreError::Duplicate(_)), "{again}");
    let filter = EventFilter {
        request: Some(request.id),
        ..EventFilter::default()
    };
    let events = store
        .events(&Scope::for_tests(), &filter, &Page::first(10))
        .await
        .unwrap();
    assert_eq!(events.items.len(), 1);
}

async fn the_number_of_comments_on_a_request_is_limited(database: &TestStore) {
    let store = &database.store;
    let request = request("payments", "files", State::AwaitingApproval);
    store.insert_for_tests(&request, &[]).await.unwrap();
    for _ in 0..200 {
        let said = comment(&request, "And another thing.");
        store
            .insert_comment(&grant(&request, &said), &said, &[])
            .await
            .unwrap();
    }
    let last = comment(&request, "And the last thing.");
    let refused = store
        .insert_comment(&grant(&request, &last), &last, &[])
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    assert_eq!(
        store
            .comments_of(&Visible::for_tests(request.clone()))
            .await
            .unwrap()
            .len(),
        200
    );
}
