//! People see and end their own sessions and tokens; platform admins see and end those of others.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::testing::{Browser, TestServer};

async fn json(browser: &mut Browser, address: &str) -> Value {
    let page = browser.send(Method::GET, address, &[], None).await;
    assert_eq!(page.status, StatusCode::OK, "{address}: {}", page.text);
    serde_json::from_str(&page.text).unwrap()
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/").await.url.path() == "/"
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let mut other_browser = server.signed_in("dana").await;
    let mut devon = server.signed_in("devon").await;
    let rows = json(&mut browser, "/api/v1/sessions").await["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2, "only her own: {rows:?}");
    let current: Vec<&Value> = rows.iter().filter(|row| row["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["address"], "127.0.0.1");
    let other = rows.iter().find(|row| row["current"] == false).unwrap();
    let other = other["id"].as_str().unwrap();
    // Nobody else can end it, and the ID on the page is not the session's secret.
    let csrf = devon.get("/sessions").await.hidden("_csrf");
    let refused = devon
        .post(&format!("/sessions/{other}/end"), &[("_csrf", &csrf)])
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let mut attacker = server.browser();
    attacker.cookies.insert("portico".to_owned(), other.to_owned());
    assert!(!is_signed_in(&mut attacker).await);
    let page = browser.get("/sessions").await;
    assert!(page.text.contains("this one"), "{}", page.text);
    let csrf = page.hidden("_csrf");
    let ended = browser
        .post(&format!("/sessions/{other}/end"), &[("_csrf", &csrf)])
        .await;
    assert!(ended.text.contains("It is ended"), "{}", ended.text);
    assert!(!is_signed_in(&mut other_browser).await);
    assert!(is_signed_in(&mut browser).await);
    // Ends all other sessions at once.
    let mut other_browser = server.signed_in("dana").await;
    let csrf = browser.get("/sessions").await.hidden("_csrf");
    let _ = browser.post("/sessions/others/end", &[("_csrf", &csrf)]).await;
    assert!(!is_signed_in(&mut other_browser).await);
    assert!(is_signed_in(&mut browser).await);
    assert!(is_signed_in(&mut devon).await);
}

#[tokio::test]
async fn a_platform_admin_sees_and_ends_the_access_of_others() {
    let server = TestServer::start().await;
    let mut dana = server.signed_in("dana").await;
    super::tokens::insert_token(&server, 0).await;
    assert_eq!(super::tokens::use_token(&server).await.0, StatusCode::OK);
    let mut pat = server.signed_in("pat").await;
    let people = json(&mut pat, "/api/v1/people?q=DANA@example").await;
    let rows = people["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{people}");
    assert_eq!((&rows[0]["sessions"], &rows[0]["tokens"]), (&1.into(), &1.into()));
    let path = format!("/admin/people/{}", rows[0]["id"].as_str().unwrap());
    let found = json(&mut pat, "/api/v1/people?q=%25").await;
    assert!(
        found["rows"].as_array().unwrap().is_empty(),
        "% matches literally: {found}"
    );

    let page = pat.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["pipeline", "127.0.0.1", "payments-developers"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert_eq!(dana.get(&path).await.status, StatusCode::NOT_FOUND);
    let csrf = page.hidden("_csrf");
    let ended = pat.post(&format!("{path}/end"), &[("_csrf", &csrf)]).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.text);
    assert!(!is_signed_in(&mut dana).await);
    assert_eq!(
        super::tokens::use_token(&server).await.0,
        StatusCode::UNAUTHORIZED
    );
    let record = pat.get("/admin/record").await;
    assert!(
        record.text.contains("Pat Moreau ended sessions or API tokens of"),
        "{}",
        record.text
    );
}

#[tokio::test]
async fn no_id_token_is_stored() {
    let server = TestServer::start().await;
    let _ = server.signed_in("dana").await;
    let subject = format!("{}#id-dana", server.provider.issuer());
    let sessions = server
        .store
        .sessions_of(
            &portico_domain::authz::AccessScope::for_tests(&subject),
            jiff::Timestamp::now(),
        )
        .await
        .unwrap();
    assert_eq!(sessions.len(), 1);
    // A JWT begins with the base64 of `{"alg`.
    let data = server.store.session_data(&sessions[0].id).await.unwrap();
    assert!(!data.contains("eyJhbGci"), "{data}");
}
