//! The language of pages.

use reqwest::{Method, StatusCode};

use crate::testing::TestServer;

const ACCEPT: &str = "accept-language";

/// A server that offers both languages.
async fn bilingual() -> TestServer {
    TestServer::start_with(|portal| portal.replace("spec:\n", "spec:\n  languages: [en, de]\n")).await
}

#[tokio::test]
async fn the_browser_says_the_language_until_the_person_does() {
    let server = bilingual().await;
    let mut browser = server.browser();
    let german = [(ACCEPT, "de-AT,de;q=0.9,en;q=0.5")];
    let page = browser.send(Method::GET, "/sign-in", &german, None).await;
    assert!(page.text.contains("<html lang=\"de\""), "{}", page.text);
    assert!(page.text.contains("Weiter mit"), "{}", page.text);
    assert_eq!(page.header("content-language"), "de");
    assert!(page.header("vary").contains("accept-language"));

    let chosen = browser.get("/language?_language=en&_return_to=/sign-in").await;
    assert_eq!(chosen.url.path(), "/sign-in");
    let page = browser.send(Method::GET, "/sign-in", &german, None).await;
    assert!(page.text.contains("<html lang=\"en\""), "{}", page.text);
    assert!(page.text.contains("Continue with"), "{}", page.text);
}

#[tokio::test]
async fn a_portal_offers_only_the_languages_of_its_document() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let page = browser
        .send(Method::GET, "/sign-in", &[(ACCEPT, "de")], None)
        .await;
    assert!(page.text.contains("<html lang=\"en\""), "{}", page.text);
    assert!(!page.text.contains("/language"), "{}", page.text);
    let refused = browser.get("/language?_language=de").await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_way_back_stays_in_the_portal() {
    let server = bilingual().await;
    let mut browser = server.browser();
    let portal = browser.get("/sign-in").await.url.origin();
    let outside = "/language?_language=de&_return_to=https://elsewhere.example/";
    assert_eq!(browser.get(outside).await.url.origin(), portal);
    // Of the page that it comes from, only the path counts.
    let from = [("referer", "https://elsewhere.example/sign-in?return=%2Fclaims")];
    let page = browser
        .send(Method::GET, "/language?_language=de", &from, None)
        .await;
    assert_eq!(page.header("location"), "/sign-in?return=%2Fclaims");
}

#[tokio::test]
async fn programs_are_answered_in_english() {
    let server = bilingual().await;
    let mut browser = server.signed_in("dana").await;
    let german = [(ACCEPT, "de")];
    let page = browser.send(Method::GET, "/nowhere", &german, None).await;
    assert!(page.text.contains("Seite nicht gefunden"), "{}", page.text);
    let details = browser
        .send(Method::GET, "/api/v1/claims/a/b/c/d", &german, None)
        .await;
    assert!(details.text.contains("Page not found"), "{}", details.text);
    let home = browser.send(Method::GET, "/api/v1/home", &german, None).await;
    assert_eq!(home.status, StatusCode::OK);
}
