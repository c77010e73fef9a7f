//! Sign-in and sign-out, here and at the provider.

use portico_simulator::oidc::{Misbehaviour, SigningKey};
use portico_store::{EventFilter, Page};
use reqwest::{Method, StatusCode};

use crate::testing::TestServer;

#[tokio::test]
async fn sign_in_returns_to_the_page_that_asked_for_it() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let page = browser.sign_in("dana", "/?from=mail").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!((page.url.path(), page.url.query()), ("/", Some("from=mail")));
    assert!(page.text.contains("Dana Ito"), "{}", page.text);
    assert!(page.text.contains("Payments"), "{}", page.text);
}

#[tokio::test]
async fn sign_in_changes_the_session_id() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let choice = browser.get("/auth/login?provider=sso").await;
    let before = browser.cookies["portico"].clone();
    let page = browser.choose(&choice, "dana").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_ne!(browser.cookies["portico"], before);
    let mut attacker = server.browser();
    attacker.cookies.insert("portico".to_owned(), before);
    assert_eq!(attacker.get("/").await.url.path(), "/sign-in");
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let page = browser
        .send(Method::GET, "/auth/login?provider=sso", &[], None)
        .await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("portico="), "{cookie}");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn behind_tls_the_cookie_is_host_only_and_hsts_is_set() {
    let server = TestServer::start_with(|portal| {
        let url = portal
            .split("publicUrl: ")
            .nth(1)
            .unwrap()
            .split('\n')
            .next()
            .unwrap()
            .to_owned();
        portal.replace(&url, "https://portico.example.com")
    })
    .await;
    let mut browser = server.browser();
    let page = browser
        .send(Method::GET, "/auth/login?provider=sso", &[], None)
        .await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-portico="), "{cookie}");
    assert!(
        cookie.contains("Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert!(page.header("strict-transport-security").starts_with("max-age="));
    assert!(
        page.header("location")
            .contains("redirect_uri=https%3A%2F%2Fportico.example.com%2Fauth%2Fcallback")
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_the_provider() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let home = browser.get("/").await;
    let cookie = browser.cookies["portico"].clone();
    let redirect = browser
        .send(
            Method::POST,
            "/auth/logout",
            &[],
            Some(&[("_csrf", &home.hidden("_csrf"))]),
        )
        .await;
    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    assert!(
        redirect.header("location").starts_with(server.provider.issuer()),
        "{}",
        redirect.header("location")
    );
    let address = redirect.header("location");
    assert!(
        !address.contains("id_token") && address.contains("logout_hint="),
        "{address}"
    );
    assert_eq!(redirect.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(redirect.header("cache-control"), "no-store");
    // Without an ID token the provider asks for confirmation.
    let confirmation = browser.get(address).await;
    let fields = ["client_id", "post_logout_redirect_uri"].map(|name| (name, confirmation.hidden(name)));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let confirm = confirmation.url.join("/signed-out").unwrap();
    let page = browser.post(confirm.as_str(), &fields).await;
    assert_eq!(page.url.path(), "/sign-in");
    assert!(page.text.contains("You are signed out"), "{}", page.text);
    // The old cookie is worthless, in this browser or another.
    browser.cookies.insert("portico".to_owned(), cookie);
    assert_eq!(browser.get("/").await.url.path(), "/sign-in");
    // The provider asks who signs in.
    let choice = browser.get("/auth/login?provider=sso").await;
    assert_eq!(
        choice.url.origin().ascii_serialization(),
        server.provider.issuer()
    );
}

#[tokio::test]
async fn sign_in_and_sign_out_are_recorded() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let home = browser.get("/").await;
    browser
        .post("/auth/logout", &[("_csrf", &home.hidden("_csrf"))])
        .await;
    let scope = portico_domain::tenancy::Scope::for_tests();
    let events = server
        .store
        .events(&scope, &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    let verbs: Vec<&str> = events
        .items
        .iter()
        .map(|event| event.event.verb.as_str())
        .collect();
    assert_eq!(verbs, ["session.ended", "session.started"]);
}

#[tokio::test]
async fn a_return_address_outside_the_portal_leads_home() {
    let server = TestServer::start().await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "%2F%2Fevil.example",
    ] {
        let mut browser = server.browser();
        let choice = browser
            .get(&format!("/auth/login?provider=sso&return={elsewhere}"))
            .await;
        let page = browser.choose(&choice, "dana").await;
        assert_eq!(page.url, server.base, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_callback_without_a_pending_sign_in_is_refused() {
    let server = TestServer::start().await;
    let page = server.browser().get("/auth/callback?code=x&state=forged").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text.contains("begun in another browser"), "{}", page.text);
}

#[tokio::test]
async fn the_providers_refusal_is_shown_and_escaped() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let sent = browser
        .send(Method::GET, "/auth/login?provider=sso", &[], None)
        .await;
    let address = url::Url::parse(sent.header("location")).unwrap();
    let state = address
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let page = browser
        .get(&format!(
            "/auth/callback?error=access_denied&error_description=%3Cscript%3Eno&state={state}&iss={}",
            server.provider.issuer()
        ))
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("&lt;script&gt;no"), "{}", page.text);
}

#[tokio::test]
async fn a_refused_scope_names_the_setting() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let sent = browser
        .send(Method::GET, "/auth/login?provider=sso", &[], None)
        .await;
    let address = url::Url::parse(sent.header("location")).unwrap();
    let state = address.query_pairs().find(|(name, _)| name == "state").unwrap().1;
    let page = browser
        .get(&format!(
            "/auth/callback?error=invalid_scope&error_description=Invalid%20scopes&state={state}&iss={}",
            server.provider.issuer()
        ))
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("profile, email, groups"), "{}", page.text);
    assert!(page.text.contains("`scopes`"), "{}", page.text);
}

#[tokio::test]
async fn an_unreachable_provider_gives_a_clear_page() {
    let server = TestServer::start_with(|portal| {
        // Nothing listens on port 1.
        let issuer = portal
            .split("issuer: ")
            .nth(1)
            .unwrap()
            .split('\n')
            .next()
            .unwrap()
            .to_owned();
        portal.replace(&issuer, "http://127.0.0.1:1")
    })
    .await;
    let page = server.browser().get("/auth/login?provider=sso").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.text.contains("sign-in service does not answer"),
        "{}",
        page.text
    );
    assert!(!page.header("retry-after").is_empty());
}

#[tokio::test]
async fn invalid_provider_responses_sign_nobody_in() {
    use Misbehaviour as M;
    let server = TestServer::start().await;
    let lies = [
        M::WrongNonce,
        M::NoNonce,
        M::WrongAudience,
        M::WrongIssuer,
        M::Expired,
        M::BadSignature,
        M::Unsigned,
    ];
    for lie in lies
        .into_iter()
        .chain([M::TokenEndpointFails, M::TokenEndpointTalksNonsense])
    {
        server.provider.misbehave(lie);
        let mut browser = server.browser();
        let choice = browser.get("/auth/login?provider=sso").await;
        let page = browser.choose(&choice, "pat").await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{lie:?}");
        assert!(page.text.contains("You could not be signed in"), "{lie:?}");
        assert_eq!(browser.get("/").await.url.path(), "/sign-in", "{lie:?}");
    }
    for odd in [M::NoGroups, M::GroupsOfAnotherType] {
        server.provider.misbehave(odd);
        let home = server.signed_in("pat").await.get("/").await;
        assert!(!home.text.contains("/admin/"), "{odd:?}");
    }
    server.provider.misbehave(M::None);
    assert!(
        server
            .signed_in("pat")
            .await
            .get("/")
            .await
            .text
            .contains("/admin/")
    );
}

/// Returns the claims of a new logout token for dana.
pub(super) fn logout_claims(server: &TestServer) -> serde_json::Value {
    let now = jiff::Timestamp::now().as_second();
    serde_json::json!({
        "iss": server.provider.issuer(),
        "aud": "portico",
        "iat": now,
        "exp": now + 120,
        "jti": uuid::Uuid::new_v4().to_string(),
        "sub": "id-dana",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })
}

pub(super) async fn send_logout(server: &TestServer, token: &str) -> crate::testing::Page {
    let form = [("logout_token", token)];
    server
        .browser()
        .send(Method::POST, "/auth/backchannel-logout", &[], Some(&form))
        .await
}

#[tokio::test]
async fn a_backchannel_logout_ends_the_persons_sessions() {
    let server = TestServer::start().await;
    let (mut dana, mut again) = (server.signed_in("dana").await, server.signed_in("dana").await);
    let mut devon = server.signed_in("devon").await;
    let token = server.provider.sign(&logout_claims(&server)).unwrap();
    let response = send_logout(&server, &token).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.text);
    assert_eq!(response.header("cache-control"), "no-store");
    for browser in [&mut dana, &mut again] {
        assert_eq!(browser.get("/").await.url.path(), "/sign-in");
    }
    assert_eq!(devon.get("/").await.url.path(), "/");
    let response = send_logout(&server, &token).await;
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert!(response.text.contains("used before"), "{}", response.text);
    let scope = portico_domain::tenancy::Scope::for_tests();
    let filter = EventFilter {
        verb: Some("session.terminated".to_owned()),
        ..EventFilter::default()
    };
    let events = server
        .store
        .events(&scope, &filter, &Page::first(5))
        .await
        .unwrap();
    assert_eq!(events.items.len(), 1);
    assert_eq!(events.items[0].event.details["sessions"], 2);
}

#[tokio::test]
async fn a_backchannel_logout_ends_one_session_by_its_sid() {
    let server = TestServer::start().await;
    let (mut one, mut other) = (server.signed_in("dana").await, server.signed_in("dana").await);
    let sid = server.provider.sessions_of("dana").remove(0);
    let mut claims = logout_claims(&server);
    claims["sid"] = sid.into();
    claims.as_object_mut().unwrap().shift_remove("sub");
    let token = server.provider.sign(&claims).unwrap();
    assert_eq!(send_logout(&server, &token).await.status, StatusCode::OK);
    let ended = [
        one.get("/").await.url.path() == "/sign-in",
        other.get("/").await.url.path() == "/sign-in",
    ];
    assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1, "{ended:?}");
}

#[tokio::test]
async fn an_invalid_logout_token_ends_nothing() {
    let server = TestServer::start().await;
    let other_key = SigningKey::generate().unwrap();
    let mut dana = server.signed_in("dana").await;
    let now = jiff::Timestamp::now().as_second();
    let wrong = |name: &str, value: serde_json::Value| {
        let mut claims = logout_claims(&server);
        claims[name] = value;
        server.provider.sign(&claims).unwrap()
    };
    let without = |name: &str| {
        let mut claims = logout_claims(&server);
        claims.as_object_mut().unwrap().shift_remove(name);
        server.provider.sign(&claims).unwrap()
    };
    let good = server.provider.sign(&logout_claims(&server)).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = {
        use base64::Engine as _;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        format!("{header}.{}.", parts[1])
    };
    let tokens = [
        ("another audience", wrong("aud", "other".into())),
        ("another issuer", wrong("iss", "https://evil.example".into())),
        ("old", wrong("iat", (now - 3600).into())),
        ("of the future", wrong("iat", (now + 3600).into())),
        ("expired", wrong("exp", (now - 600).into())),
        ("with a nonce", wrong("nonce", "x".into())),
        (
            "with a nonce that is null",
            wrong("nonce", serde_json::Value::Null),
        ),
        (
            "of another event",
            wrong("events", serde_json::json!({ "urn:x": {} })),
        ),
        ("without events", without("events")),
        ("of nobody", without("sub")),
        ("without identity", without("jti")),
        ("without a date", without("iat")),
        ("of another key", other_key.sign(&logout_claims(&server)).unwrap()),
        ("unsigned", unsigned),
        ("cut short", good[..good.len() - 8].to_owned()),
        ("no token", "x.y".to_owned()),
        ("nothing", String::new()),
        ("endless", "x".repeat(100_000)),
    ];
    for (what, token) in tokens {
        let response = send_logout(&server, &token).await;
        assert_eq!(
            response.status,
            StatusCode::BAD_REQUEST,
            "{what}: {}",
            response.text
        );
        assert!(
            response.text.contains("invalid_request"),
            "{what}: {}",
            response.text
        );
        assert_eq!(dana.get("/").await.url.path(), "/", "{what}");
    }
    // None of them invalidated the valid token.
    assert_eq!(send_logout(&server, &good).await.status, StatusCode::OK);
    assert_eq!(dana.get("/").await.url.path(), "/sign-in");
}

#[tokio::test]
async fn too_many_sign_in_attempts_are_refused() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    for _ in 0..200 {
        let page = browser
            .send(Method::GET, "/auth/callback?state=x", &[], None)
            .await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(!page.header("retry-after").is_empty());
            return;
        }
    }
    panic!("no attempt was refused");
}
