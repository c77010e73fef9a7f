//! Rate limits slow down those who exceed them, and nobody else.

use portico_domain::tenancy::TokenScope;
use portico_store::ApiToken;
use reqwest::{Method, StatusCode};

use crate::testing::{House, Page};

/// A burst of ten requests and one per second for a person, a burst of three changes, and a burst of ten anonymous
/// requests.
const LOW: &str = "  limits: { requestsPerSecond: 1, changesPerMinute: 1, strangersPerSecond: 2 }\n";

async fn house() -> House {
    House::start_with(|portal| format!("{portal}{LOW}")).await
}

fn is_told_to_wait(page: &Page) -> bool {
    if page.status != StatusCode::TOO_MANY_REQUESTS {
        return false;
    }
    assert!(page.header("retry-after").parse::<u64>().unwrap() > 0);
    true
}

#[tokio::test]
async fn a_person_who_asks_too_often_waits_and_others_do_not() {
    let house = house().await;
    let (mut dana, mut devon) = (house.signed_in("dana").await, house.signed_in("devon").await);
    let mut slowed = false;
    for _ in 0..30 {
        let page = dana.send(Method::GET, "/api/v1/viewer", &[], None).await;
        slowed = is_told_to_wait(&page);
        if slowed {
            assert_eq!(page.header("content-type"), "application/problem+json");
            break;
        }
    }
    assert!(slowed);
    assert_eq!(devon.get("/").await.status, StatusCode::OK);
    // A second browser with the same session is the same person.
    let mut again = house.browser();
    again.cookies = dana.cookies.clone();
    assert!(is_told_to_wait(&again.send(Method::GET, "/", &[], None).await));
}

#[tokio::test]
async fn a_token_has_half_of_what_its_person_has() {
    let house = house().await;
    let _dana = house.signed_in("dana").await;
    let now = jiff::Timestamp::now();
    for secret in ["portico_one", "portico_other"] {
        let token = ApiToken {
            id: uuid::Uuid::now_v7(),
            name: secret.to_owned(),
            subject: format!("{}#id-dana", house.provider.issuer()),
            scope: TokenScope::Read,
            created_at: now,
            expires_at: now + jiff::SignedDuration::from_hours(1),
            last_used_at: None,
        };
        house.store.insert_token_for_tests(&token, secret).await.unwrap();
    }
    let mut program = house.browser();
    let mut ask = async |secret: &str| {
        let shown = format!("Bearer {secret}");
        program
            .send(Method::GET, "/api/v1/viewer", &[("authorization", &shown)], None)
            .await
    };
    let mut answered = 0;
    while !is_told_to_wait(&ask("portico_one").await) {
        answered += 1;
        assert!(answered < 30);
    }
    assert!((5..10).contains(&answered), "{answered}");
    assert_eq!(
        ask("portico_other").await.status,
        StatusCode::OK,
        "the other one may go on"
    );
}

#[tokio::test]
async fn a_person_who_changes_too_much_may_still_look() {
    let house = house().await;
    let mut dana = house.signed_in("dana").await;
    let token = dana.get("/").await.hidden("_csrf");
    let form = [
        ("_csrf", token.as_str()),
        ("_work_in", "payments/dev"),
        ("_return_to", "/"),
    ];
    let mut changed = 0;
    loop {
        let page = dana.send(Method::POST, "/switch", &[], Some(&form)).await;
        if is_told_to_wait(&page) {
            break;
        }
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        changed += 1;
        assert!(changed <= 4, "nobody slowed it down");
    }
    assert!((3..=4).contains(&changed), "{changed}");
    assert_eq!(
        dana.send(Method::GET, "/", &[], None).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn strangers_who_ask_too_often_wait_and_the_signed_in_do_not() {
    let house = house().await;
    let mut dana = house.signed_in("dana").await;
    let mut stranger = house.browser();
    let mut slowed = false;
    for _ in 0..40 {
        slowed = is_told_to_wait(&stranger.send(Method::GET, "/sign-in", &[], None).await);
        if slowed {
            break;
        }
    }
    assert!(slowed);
    assert_eq!(
        stranger.get("/healthz").await.status,
        StatusCode::OK,
        "that it lives is always told"
    );
    assert_eq!(
        dana.send(Method::GET, "/", &[], None).await.status,
        StatusCode::OK
    );
}
