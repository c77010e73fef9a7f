//! Rate limits slow down those who exceed them, and nobody else.

use portico_domain::tenancy::TokenScope;
use portico_store::ApiToken;
use reqwest::{Method, StatusCode};

use crate::testing::{Page, TestServer};

/// A burst of ten requests and one per second for a person, a burst of three changes, and a burst of ten anonymous
/// requests.
const LOW_LIMITS: &str = "  limits: { requestsPerSecond: 1, changesPerMinute: 1, strangersPerSecond: 2 }\n";

async fn server() -> TestServer {
    TestServer::start_with(|portal| format!("{portal}{LOW_LIMITS}")).await
}

fn is_rate_limited(page: &Page) -> bool {
    if page.status != StatusCode::TOO_MANY_REQUESTS {
        return false;
    }
    assert!(page.header("retry-after").parse::<u64>().unwrap() > 0);
    true
}

#[tokio::test]
async fn a_person_over_the_limit_waits_and_others_do_not() {
    let server = server().await;
    let (mut dana, mut devon) = (server.signed_in("dana").await, server.signed_in("devon").await);
    let mut limited = false;
    for _ in 0..30 {
        let page = dana.send(Method::GET, "/api/v1/viewer", &[], None).await;
        limited = is_rate_limited(&page);
        if limited {
            assert_eq!(page.header("content-type"), "application/problem+json");
            break;
        }
    }
    assert!(limited);
    assert_eq!(devon.get("/").await.status, StatusCode::OK);
    // A second browser with the same session is the same person.
    let mut again = server.browser();
    again.cookies = dana.cookies.clone();
    assert!(is_rate_limited(&again.send(Method::GET, "/", &[], None).await));
}

#[tokio::test]
async fn a_token_has_half_of_its_owners_limit() {
    let server = server().await;
    let _dana = server.signed_in("dana").await;
    let now = jiff::Timestamp::now();
    for secret in ["portico_one", "portico_other"] {
        let token = ApiToken {
            id: uuid::Uuid::now_v7(),
            name: secret.to_owned(),
            subject: format!("{}#id-dana", server.provider.issuer()),
            scope: TokenScope::Read,
            created_at: now,
            expires_at: now + jiff::SignedDuration::from_hours(1),
            last_used_at: None,
        };
        server.store.insert_token_for_tests(&token, secret).await.unwrap();
    }
    let mut program = server.browser();
    let mut call = async |secret: &str| {
        let authorization = format!("Bearer {secret}");
        program
            .send(
                Method::GET,
                "/api/v1/viewer",
                &[("authorization", &authorization)],
                None,
            )
            .await
    };
    let mut calls = 0;
    while !is_rate_limited(&call("portico_one").await) {
        calls += 1;
        assert!(calls < 30);
    }
    assert!((5..10).contains(&calls), "{calls}");
    assert_eq!(
        call("portico_other").await.status,
        StatusCode::OK,
        "the limit is per token"
    );
}

#[tokio::test]
async fn a_person_over_the_limit_of_changes_may_still_read() {
    let server = server().await;
    let mut dana = server.signed_in("dana").await;
    let token = dana.get("/").await.hidden("_csrf");
    let form = [
        ("_csrf", token.as_str()),
        ("_work_in", "payments/dev"),
        ("_return_to", "/"),
    ];
    let mut changed = 0;
    loop {
        let page = dana.send(Method::POST, "/switch", &[], Some(&form)).await;
        if is_rate_limited(&page) {
            break;
        }
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        changed += 1;
        assert!(changed <= 4, "no limit after {changed} changes");
    }
    assert!((3..=4).contains(&changed), "{changed}");
    assert_eq!(
        dana.send(Method::GET, "/", &[], None).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn anonymous_clients_over_the_limit_wait_and_signed_in_people_do_not() {
    let server = server().await;
    let mut dana = server.signed_in("dana").await;
    let mut anonymous = server.browser();
    let mut limited = false;
    for _ in 0..40 {
        limited = is_rate_limited(&anonymous.send(Method::GET, "/sign-in", &[], None).await);
        if limited {
            break;
        }
    }
    assert!(limited);
    assert_eq!(
        anonymous.get("/healthz").await.status,
        StatusCode::OK,
        "health checks are not limited"
    );
    assert_eq!(
        dana.send(Method::GET, "/", &[], None).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_person_has_only_so_many_event_streams_open() {
    let server = TestServer::start_with(|portal| format!("{portal}  limits: {{ eventStreams: 2 }}\n")).await;
    let (mut dana, mut devon) = (server.signed_in("dana").await, server.signed_in("devon").await);
    let (first, _second) = (dana.listen().await, dana.listen().await);
    assert!(is_rate_limited(
        &dana.send(Method::GET, "/events", &[], None).await
    ));
    let _other = devon.listen().await;
    drop(first);
    // The server notices a closed stream when it next writes to it.
    for _ in 0..400 {
        let again = dana.try_listen().await;
        if again.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a closed stream still counts");
}
