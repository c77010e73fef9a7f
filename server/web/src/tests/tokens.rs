//! API tokens end with their owner's access.

use jiff::{SignedDuration, Timestamp};
use portico_domain::tenancy::{KnownPerson, TokenScope};
use portico_simulator::oidc::Misbehaviour;
use portico_store::ApiToken;
use reqwest::StatusCode;

use super::sign_in::{logout_claims, send_logout};
use crate::testing::TestServer;

const SECRET: &str = "portico_of-danas-pipeline";

/// Gives dana, who must have signed in, a token that was created this many days ago.
pub(super) async fn insert_token(server: &TestServer, days_ago: i64) {
    let made = Timestamp::now() - SignedDuration::from_hours(24 * days_ago);
    let token = ApiToken {
        id: uuid::Uuid::now_v7(),
        name: "pipeline".to_owned(),
        subject: subject(server),
        scope: TokenScope::Read,
        created_at: made,
        expires_at: made + SignedDuration::from_hours(24 * 365),
        last_used_at: None,
    };
    server.store.insert_token_for_tests(&token, SECRET).await.unwrap();
}

fn subject(server: &TestServer) -> String {
    format!("{}#id-dana", server.provider.issuer())
}

/// Calls the API with the token. Returns the status and the viewer or problem.
pub(super) async fn use_token(server: &TestServer) -> (StatusCode, serde_json::Value) {
    let authorization = format!("Bearer {SECRET}");
    let page = server
        .browser()
        .send(
            reqwest::Method::GET,
            "/api/v1/viewer",
            &[("authorization", &authorization)],
            None,
        )
        .await;
    (page.status, serde_json::from_str(&page.text).unwrap())
}

/// Stores dana as if she had last signed in this many days ago.
async fn sign_in_days_ago(server: &TestServer, days: i64) {
    let known = server
        .store
        .known_person(&subject(server))
        .await
        .unwrap()
        .unwrap();
    let earlier = KnownPerson {
        signed_in_at: Timestamp::now() - SignedDuration::from_hours(24 * days),
        ..known
    };
    let event = portico_store::testing::event(
        &portico_store::testing::request("payments", "x", portico_domain::request::State::Draft),
        "session.started",
    );
    server.store.sign_in(&earlier, event).await.unwrap();
}

#[tokio::test]
async fn a_logout_of_the_person_suspends_their_tokens_until_they_sign_in_again() {
    let server = TestServer::start().await;
    let _ = server.signed_in("dana").await;
    insert_token(&server, 0).await;
    assert_eq!(use_token(&server).await.0, StatusCode::OK);
    let token = server.provider.sign(&logout_claims(&server)).unwrap();
    assert_eq!(send_logout(&server, &token).await.status, StatusCode::OK);
    let (status, problem) = use_token(&server).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem["type"], "urn:portico:problem:sign-in-again");
    assert!(
        problem["detail"].as_str().unwrap().contains("Sign in to Portico"),
        "{problem}"
    );
    let _ = server.signed_in("dana").await;
    assert_eq!(use_token(&server).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_logout_of_one_session_leaves_tokens_unless_the_configuration_says_otherwise() {
    for (tokens, still_valid) in [
        ("", true),
        ("  tokens: { suspendedBy: logoutOfSession }\n", false),
    ] {
        let server = TestServer::start_with(|portal| format!("{portal}{tokens}")).await;
        let mut browser = server.signed_in("dana").await;
        insert_token(&server, 0).await;
        let mut claims = logout_claims(&server);
        claims["sid"] = server.provider.sessions_of("dana").remove(0).into();
        let token = server.provider.sign(&claims).unwrap();
        assert_eq!(send_logout(&server, &token).await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.url.path(), "/sign-in");
        assert_eq!(
            use_token(&server).await.0 == StatusCode::OK,
            still_valid,
            "{tokens:?}"
        );
    }
}

#[tokio::test]
async fn groups_lost_at_a_sign_in_are_lost_in_tokens_and_other_sessions_at_once() {
    let server = TestServer::start().await;
    let mut other_browser = server.signed_in("dana").await;
    insert_token(&server, 0).await;
    let (_, viewer) = use_token(&server).await;
    assert!(viewer["roles"]["payments"].is_array(), "{viewer}");
    assert!(other_browser.get("/").await.text.contains("Payments"));
    server.provider.misbehave(Misbehaviour::NoGroups);
    let _ = server.signed_in("dana").await;
    let (status, viewer) = use_token(&server).await;
    assert_eq!(status, StatusCode::OK);
    assert!(viewer["roles"]["payments"].is_null(), "{viewer}");
    assert!(!other_browser.get("/").await.text.contains("Payments"));
}

#[tokio::test]
async fn a_token_is_refused_when_its_owner_has_not_signed_in_for_long() {
    let server =
        TestServer::start_with(|portal| format!("{portal}  tokens: {{ signInWithinDays: 10 }}\n")).await;
    let _ = server.signed_in("dana").await;
    insert_token(&server, 0).await;
    sign_in_days_ago(&server, 11).await;
    let (status, problem) = use_token(&server).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("10 days") && detail.contains("Sign in to Portico"),
        "{detail}"
    );
    sign_in_days_ago(&server, 9).await;
    assert_eq!(use_token(&server).await.0, StatusCode::OK);
}

#[tokio::test]
async fn no_token_is_valid_for_longer_than_the_configuration_allows() {
    let server = TestServer::start_with(|portal| format!("{portal}  tokens: {{ longestDays: 90 }}\n")).await;
    let mut browser = server.signed_in("dana").await;
    insert_token(&server, 91).await;
    let (status, problem) = use_token(&server).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem["type"], "urn:portico:problem:token-too-old");
    let page = browser.get("/tokens").await;
    assert!(!page.text.contains("1 year"), "{}", page.text);
    let form = [
        ("_csrf", page.hidden("_csrf")),
        ("name", "x".to_owned()),
        ("days", "91".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = browser.post("/tokens", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("1 to 90 days"), "{}", refused.text);
}
