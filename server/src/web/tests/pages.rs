//! What strangers get, what forged requests get, and what pages promise to browsers.

use reqwest::{Method, StatusCode};

use crate::web::routes::{self, Kind};
use crate::web::testing::House;

/// A path as it might be asked.
fn example(path: &str) -> String {
    path.replace("{id}", "01a20504-0dab-75d3-97d4-14a654b60af4")
        .replace(['{', '}'], "")
}

#[tokio::test]
async fn a_database_that_is_gone_gives_a_clear_page() {
    let house = House::start().await;
    house.store.close().await;
    let mut browser = house.browser();
    // A session that was not seen a moment ago has to be read.
    browser
        .cookies
        .insert("portico".to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("database does not answer"), "{}", page.text);
    assert_eq!(
        browser.get("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_forged_cookies_are_worth_nothing() {
    let house = House::start().await;
    for cookie in [None, Some("forged"), Some("AAAAAAAAAAAAAAAAAAAAAA")] {
        for route in routes::table() {
            let mut browser = house.browser();
            browser
                .cookies
                .extend(cookie.map(|cookie| ("portico".to_owned(), cookie.to_owned())));
            let path = example(route.path);
            let method = route.method.parse().unwrap();
            let form: &[(&str, &str)] = &[("_csrf", "forged")];
            let page = browser
                .send(method, &path, &[], (route.method != "GET").then_some(form))
                .await;
            match route.kind {
                Kind::Public => assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}"),
                Kind::Page => {
                    assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
                    assert!(
                        page.header("location").starts_with("/sign-in?return=%2F"),
                        "{path}"
                    );
                }
                Kind::Form | Kind::Api => assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}"),
            }
        }
    }
}

#[tokio::test]
async fn a_form_without_the_sessions_token_is_refused() {
    let house = House::start().await;
    let mut browser = house.signed_in("dana").await;
    let other = house.signed_in("pat").await.get("/").await.hidden("_csrf");
    let own = browser.get("/").await.hidden("_csrf");
    let changing = |route: &routes::Route| route.method != "GET" && route.kind != Kind::Public;
    for route in routes::table().into_iter().filter(changing) {
        let path = example(route.path);
        let method: Method = route.method.parse().unwrap();
        for token in ["", "forged", &other] {
            let page = browser
                .send(method.clone(), &path, &[], Some(&[("_csrf", token)]))
                .await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {token}");
        }
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let page = browser
                .send(method.clone(), &path, &[header], Some(&[("_csrf", &own)]))
                .await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {header:?}");
        }
    }
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_page_fails_for_anybody() {
    let house = House::start().await;
    for username in ["dana", "devon", "pat", "nobody"] {
        let mut browser = house.signed_in(username).await;
        for route in routes::table()
            .into_iter()
            .filter(|route| route.kind == Kind::Page)
        {
            let path = example(route.path);
            let page = browser.send(Method::GET, &path, &[], None).await;
            let known = [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN];
            assert!(
                known.contains(&page.status),
                "{username} {path}: {} {}",
                page.status,
                page.text
            );
            let admin = path.starts_with("/admin/") && !path.ends_with("/plane");
            let expected = !admin || username == "pat";
            if admin {
                assert_eq!(page.status == StatusCode::OK, expected, "{username} {path}");
            }
        }
    }
}

#[tokio::test]
async fn one_switches_only_to_what_one_may_see() {
    let house = House::start().await;
    let mut browser = house.signed_in("dana").await;
    let token = browser.get("/").await.hidden("_csrf");
    let to = |place| {
        [
            ("_csrf", token.as_str()),
            ("_work_in", place),
            ("_return_to", "/?x=1"),
        ]
    };
    let page = browser.post("/switch", &to("payments/production")).await;
    assert_eq!((page.status, page.url.query()), (StatusCode::OK, Some("x=1")));
    assert!(
        page.text.contains("switch-environment\">production<"),
        "{}",
        page.text
    );
    for elsewhere in ["research/dev", "payments/nowhere", "nonsense", ""] {
        let page = browser.post("/switch", &to(elsewhere)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_changed_configuration_changes_what_a_session_may_see() {
    let house = House::start().await;
    let mut browser = house.signed_in("dana").await;
    assert!(browser.get("/").await.text.contains("Payments"));
    let file = house.folder.path().join("tenants.yaml");
    let changed = std::fs::read_to_string(&file)
        .unwrap()
        .replace("payments-developers", "others");
    std::fs::write(&file, changed).unwrap();
    house.configuration.reload();
    assert!(!browser.get("/").await.text.contains("Payments"));
}

#[tokio::test]
async fn pages_carry_their_security_headers() {
    let house = House::start().await;
    let page = house.signed_in("dana").await.get("/").await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "'wasm-unsafe-eval'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(page.text.contains(&format!("nonce=\"{nonce}\"")));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(!page.header("permissions-policy").is_empty());
    assert!(!page.header("x-request-id").is_empty());
    assert!(
        page.header("strict-transport-security").is_empty(),
        "not without TLS"
    );
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_details_for_programs() {
    let house = House::start().await;
    let page = house.browser().get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html"));
    let details = house.browser().get("/api/v1/nowhere").await;
    assert_eq!(details.status, StatusCode::NOT_FOUND);
    assert_eq!(details.header("content-type"), "application/problem+json");
    assert!(
        details.text.contains("urn:portico:problem:not-found"),
        "{}",
        details.text
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_words() {
    let house = House::start().await;
    let mut browser = house.signed_in("dana").await;
    let token = browser.get("/").await.hidden("_csrf");
    let large = "x".repeat(5 << 20);
    let page = browser
        .send(
            Method::POST,
            "/switch",
            &[],
            Some(&[("_csrf", &token), ("_work_in", &large)]),
        )
        .await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(page.text.contains("at most 1 MB"), "{}", page.text);
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_come_compressed() {
    let house = House::start().await;
    let page = house.browser().get("/sign-in").await;
    let style = page
        .text
        .split("href=\"/assets/style-")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = format!("/assets/style-{style}");
    let plain = house.browser().send(Method::GET, &path, &[], None).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    assert!(plain.header("cache-control").contains("immutable"));
    assert_eq!(
        house.browser().get("/assets/style-0.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let house = House::start().await;
    assert_eq!(house.browser().get("/healthz").await.status, StatusCode::OK);
    assert_eq!(house.browser().get("/readyz").await.status, StatusCode::OK);
}
