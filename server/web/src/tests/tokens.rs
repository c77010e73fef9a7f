//! API tokens end with their owner's access.

use jiff::{SignedDuration, Timestamp};
use portico_domain::tenancy::{KnownPerson, TokenScope};
use portico_simulator::oidc::Misbehaviour;
use portico_store::ApiToken;
use reqwest::StatusCode;

use super::sign_in::{logout_claims, send_logout};
use crate::testing::House;

const SECRET: &str = "portico_of-danas-pipeline";

/// Gives dana, who must have signed in, a token that was created this many days ago.
pub(super) async fn give_token(house: &House, days_ago: i64) {
    let made = Timestamp::now() - SignedDuration::from_hours(24 * days_ago);
    let token = ApiToken {
        id: uuid::Uuid::now_v7(),
        name: "pipeline".to_owned(),
        subject: subject(house),
        scope: TokenScope::Read,
        created_at: made,
        expires_at: made + SignedDuration::from_hours(24 * 365),
        last_used_at: None,
    };
    house.store.insert_token_for_tests(&token, SECRET).await.unwrap();
}

fn subject(house: &House) -> String {
    format!("{}#id-dana", house.provider.issuer())
}

/// Calls the API with the token. Returns the status and the viewer or problem.
pub(super) async fn use_token(house: &House) -> (StatusCode, serde_json::Value) {
    let authorization = format!("Bearer {SECRET}");
    let page = house
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
async fn sign_in_days_ago(house: &House, days: i64) {
    let known = house.store.known_person(&subject(house)).await.unwrap().unwrap();
    let earlier = KnownPerson {
        signed_in_at: Timestamp::now() - SignedDuration::from_hours(24 * days),
        ..known
    };
    let event = portico_store::testing::event(
        &portico_store::testing::request("payments", "x", portico_domain::request::State::Draft),
        "session.started",
    );
    house.store.sign_in(&earlier, event).await.unwrap();
}

#[tokio::test]
async fn a_logout_of_the_person_suspends_their_tokens_until_they_sign_in_again() {
    let house = House::start().await;
    let _ = house.signed_in("dana").await;
    give_token(&house, 0).await;
    assert_eq!(use_token(&house).await.0, StatusCode::OK);
    let token = house.provider.sign(&logout_claims(&house)).unwrap();
    assert_eq!(send_logout(&house, &token).await.status, StatusCode::OK);
    let (status, problem) = use_token(&house).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem["type"], "urn:portico:problem:sign-in-again");
    assert!(
        problem["detail"].as_str().unwrap().contains("Sign in to Portico"),
        "{problem}"
    );
    let _ = house.signed_in("dana").await;
    assert_eq!(use_token(&house).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_logout_of_one_session_leaves_tokens_unless_the_configuration_says_otherwise() {
    for (tokens, left) in [
        ("", true),
        ("  tokens: { suspendedBy: logoutOfSession }\n", false),
    ] {
        let house = House::start_with(|portal| format!("{portal}{tokens}")).await;
        let mut browser = house.signed_in("dana").await;
        give_token(&house, 0).await;
        let mut claims = logout_claims(&house);
        claims["sid"] = house.provider.sessions_of("dana").remove(0).into();
        let token = house.provider.sign(&claims).unwrap();
        assert_eq!(send_logout(&house, &token).await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.url.path(), "/sign-in");
        assert_eq!(use_token(&house).await.0 == StatusCode::OK, left, "{tokens:?}");
    }
}

#[tokio::test]
async fn groups_that_are_lost_at_a_sign_in_are_lost_to_tokens_and_other_sessions_at_once() {
    let house = House::start().await;
    let mut elsewhere = house.signed_in("dana").await;
    give_token(&house, 0).await;
    let (_, viewer) = use_token(&house).await;
    assert!(viewer["roles"]["payments"].is_array(), "{viewer}");
    assert!(elsewhere.get("/").await.text.contains("Payments"));
    house.provider.misbehave(Misbehaviour::NoGroups);
    let _ = house.signed_in("dana").await;
    let (status, viewer) = use_token(&house).await;
    assert_eq!(status, StatusCode::OK);
    assert!(viewer["roles"]["payments"].is_null(), "{viewer}");
    assert!(!elsewhere.get("/").await.text.contains("Payments"));
}

#[tokio::test]
async fn a_token_of_who_has_not_signed_in_for_long_is_refused() {
    let house = House::start_with(|portal| format!("{portal}  tokens: {{ signInWithinDays: 10 }}\n")).await;
    let _ = house.signed_in("dana").await;
    give_token(&house, 0).await;
    sign_in_days_ago(&house, 11).await;
    let (status, problem) = use_token(&house).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("10 days") && detail.contains("Sign in to Portico"),
        "{detail}"
    );
    sign_in_days_ago(&house, 9).await;
    assert_eq!(use_token(&house).await.0, StatusCode::OK);
}

#[tokio::test]
async fn no_token_is_good_for_longer_than_the_configuration_allows() {
    let house = House::start_with(|portal| format!("{portal}  tokens: {{ longestDays: 90 }}\n")).await;
    let mut browser = house.signed_in("dana").await;
    give_token(&house, 91).await;
    let (status, problem) = use_token(&house).await;
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
