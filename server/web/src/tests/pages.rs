//! Anonymous access, forged requests, and the headers of pages.

use reqwest::{Method, StatusCode};

use crate::Assets;
use crate::routes::{self, Kind};
use crate::testing::TestServer;

/// Fills in a route's parameters.
fn example(path: &str) -> String {
    path.replace("{id}", "01a20504-0dab-75d3-97d4-14a654b60af4")
        .replace(['{', '}'], "")
}

#[tokio::test]
async fn a_database_that_is_gone_gives_a_clear_page() {
    let server = TestServer::start().await;
    server.store.close().await;
    let mut browser = server.browser();
    // The session is not cached, so it must be read.
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

/// Public routes change nothing, except the back-channel logout, whose token is signed.
#[test]
fn public_routes_change_nothing() {
    for route in routes::table() {
        match route.kind {
            Kind::Form => assert_eq!(route.method, "POST", "{}", route.path),
            Kind::Public if route.path == "/auth/backchannel-logout" => {}
            Kind::Page | Kind::Public | Kind::Unlimited | Kind::SignIn => {
                assert_eq!(route.method, "GET", "{}", route.path);
            }
            Kind::Api => assert!(
                route.path.starts_with("/api/v1/") || route.path == "/events",
                "{}",
                route.path
            ),
        }
    }
}

/// Guards run before handlers, whatever the path parameters and the body.
#[tokio::test]
async fn guards_run_before_handlers() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    for route in routes::table()
        .into_iter()
        .filter(|route| route.kind == Kind::Api)
    {
        // No handler accepts these parameters.
        let path = route.path.replace(['{', '}'], "%00");
        let method: Method = route.method.parse().unwrap();
        let anonymous = server.browser().send(method.clone(), &path, &[], None).await;
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED, "{path}");
        if route.method != "GET" {
            let forged = browser.send(method, &path, &[], None).await;
            assert_eq!(forged.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

#[tokio::test]
async fn without_a_valid_session_every_guarded_route_asks_for_sign_in() {
    let server = TestServer::start().await;
    for cookie in [None, Some("forged"), Some("AAAAAAAAAAAAAAAAAAAAAA")] {
        for route in routes::table() {
            let mut browser = server.browser();
            browser
                .cookies
                .extend(cookie.map(|cookie| ("portico".to_owned(), cookie.to_owned())));
            let path = example(&route.path);
            let method = route.method.parse().unwrap();
            let form: &[(&str, &str)] = &[("_csrf", "forged")];
            let page = browser
                .send(method, &path, &[], (route.method != "GET").then_some(form))
                .await;
            match route.kind {
                Kind::Public | Kind::Unlimited | Kind::SignIn => {
                    assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
                }
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
async fn a_form_without_the_sessions_csrf_token_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let other = server.signed_in("pat").await.get("/").await.hidden("_csrf");
    let own = browser.get("/").await.hidden("_csrf");
    let changing = |route: &routes::Route| route.method != "GET" && route.kind.needs_viewer();
    for route in routes::table().into_iter().filter(changing) {
        let path = example(&route.path);
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

/// No header or field overrides the method, and TRACE is not served.
#[tokio::test]
async fn no_header_or_field_overrides_the_method() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let own = browser.get("/").await.hidden("_csrf");
    let methods = |path: &str| -> Vec<&str> {
        let table = routes::table();
        let of_path = table.iter().filter(|route| route.path == path);
        of_path.map(|route| route.method).collect()
    };
    for route in routes::table() {
        let path = example(&route.path);
        for method in ["TRACE", "TRACK", "CONNECTION"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let page = browser.send(method, &path, &[("x-secret", "echoed")], None).await;
            assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert!(!page.text.contains("echoed"), "{path}");
        }
        let known = methods(&route.path);
        if known == ["GET"] {
            for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
                let form = [("_csrf", own.as_str()), ("_method", "GET")];
                let page = browser
                    .send(Method::POST, &path, &[(header, "GET")], Some(&form))
                    .await;
                assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path} {header}");
            }
        }
        if route.kind == Kind::Form && !known.contains(&"GET") {
            let changing = [("x-http-method-override", "POST")];
            let query = format!("{path}?_method=POST&_csrf={own}");
            let page = browser.send(Method::GET, &query, &changing, None).await;
            assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
}

/// A valid CSRF token in a body of another content type is refused.
#[tokio::test]
async fn a_form_of_another_content_type_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    let own = browser.get("/").await.hidden("_csrf");
    for route in routes::table()
        .into_iter()
        .filter(|route| route.kind == Kind::Form)
    {
        let path = example(&route.path);
        for kind in [
            "text/plain",
            "application/json",
            "multipart/form-data; boundary=x",
        ] {
            let page = browser.send_as(&path, kind, &format!("_csrf={own}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path} {kind}");
        }
    }
}

#[tokio::test]
async fn pages_are_not_cached_and_forms_are_revalidated() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("pat").await;
    for (path, expected) in [
        ("/", "no-store"),
        ("/claims", "no-store"),
        ("/usage", "no-store"),
        ("/tokens", "no-store"),
        ("/admin/tenants", "no-store"),
        ("/api/v1/viewer", "no-store"),
        ("/nowhere", "no-store"),
        ("/sign-in", "no-store"),
        ("/catalog/things.example.com/request", "private, no-cache"),
    ] {
        let page = browser.send(Method::GET, path, &[], None).await;
        assert_eq!(page.header("cache-control"), expected, "{path}");
    }
}

#[tokio::test]
async fn a_clients_request_id_is_kept_if_it_is_short_and_plain() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    for (sent, taken) in [
        ("0190a6a0-0000.7000_X", true),
        ("x".repeat(64).as_str(), true),
        ("x".repeat(65).as_str(), false),
        ("a b", false),
        ("a;b=<script>", false),
        ("", false),
    ] {
        let page = browser
            .send(Method::GET, "/healthz", &[("x-request-id", sent)], None)
            .await;
        assert_eq!(page.header("x-request-id") == sent, taken, "{sent:?}");
        assert!(!page.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn with_tls_cookies_and_headers_say_so() {
    for (more, expected) in [
        ("", "max-age=31536000"),
        (
            "  hstsIncludeSubdomains: true\n",
            "max-age=31536000; includeSubDomains",
        ),
    ] {
        let server = TestServer::start_with(|portal| {
            let (before, after) = portal.split_once("publicUrl: http:").unwrap();
            format!("{before}publicUrl: https:{after}{more}")
        })
        .await;
        let page = server.browser().get("/sign-in").await;
        assert_eq!(page.header("strict-transport-security"), expected);
        let begun = server.browser().send(Method::GET, "/auth/login", &[], None).await;
        let cookie = begun.header("set-cookie");
        assert!(cookie.starts_with("__Host-portico="), "{cookie}");
        assert!(
            cookie.contains("Secure") && cookie.contains("HttpOnly"),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn no_page_fails_for_any_role() {
    let server = TestServer::start().await;
    for username in ["dana", "devon", "pat", "nobody"] {
        let mut browser = server.signed_in(username).await;
        for route in routes::table()
            .into_iter()
            .filter(|route| route.kind == Kind::Page)
        {
            let path = example(&route.path);
            let page = browser.send(Method::GET, &path, &[], None).await;
            let known = [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN];
            // The first admin page that the viewer may see; the catalog where nothing is to be compared.
            let redirects = ["/admin", "/catalog/compare"].contains(&path.as_str())
                && page.status == StatusCode::SEE_OTHER;
            assert!(
                redirects || known.contains(&page.status),
                "{username} {path}: {} {}",
                page.status,
                page.text
            );
            // The example's control plane, offering, person, publication and tenant do not exist.
            let about_one = ["/plane", "/tenant", "/publication"]
                .iter()
                .any(|end| path.ends_with(end))
                || path.starts_with("/admin/people/")
                || path.starts_with("/admin/differences/")
                || path.starts_with("/admin/health/");
            let admin = path.starts_with("/admin/") && !about_one;
            let expected = !admin || username == "pat";
            if admin {
                assert_eq!(page.status == StatusCode::OK, expected, "{username} {path}");
            }
        }
    }
}

#[tokio::test]
async fn people_switch_only_to_their_own_workspaces() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
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
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
    assert!(browser.get("/").await.text.contains("Payments"));
    let file = server.folder.path().join("tenants.yaml");
    let changed = std::fs::read_to_string(&file)
        .unwrap()
        .replace("payments-developers", "others");
    std::fs::write(&file, changed).unwrap();
    server.reload();
    assert!(!browser.get("/").await.text.contains("Payments"));
}

#[tokio::test]
async fn pages_carry_their_security_headers() {
    let server = TestServer::start().await;
    let page = server.signed_in("dana").await.get("/").await;
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
        "HSTS only over TLS"
    );
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_problem_details_for_programs() {
    let server = TestServer::start().await;
    let page = server.browser().get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html"));
    let details = server.browser().get("/api/v1/nowhere").await;
    assert_eq!(details.status, StatusCode::NOT_FOUND);
    assert_eq!(details.header("content-type"), "application/problem+json");
    assert!(
        details.text.contains("urn:portico:problem:not-found"),
        "{}",
        details.text
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_an_explanation() {
    let server = TestServer::start().await;
    let mut browser = server.signed_in("dana").await;
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
async fn assets_are_cached_for_ever() {
    let server = TestServer::start().await;
    let page = server.browser().get("/sign-in").await;
    let style = page
        .text
        .split("href=\"/assets/style-")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = format!("/assets/style-{style}");
    let plain = server.browser().send(Method::GET, &path, &[], None).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    assert!(plain.header("cache-control").contains("immutable"));
    assert_eq!(
        server.browser().get("/assets/style-0.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn assets_on_disk_are_never_stale() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("20-b.css", "b{}");
    write("10-a.css", "a{}");
    write("notes.txt", "no style");
    write("portico.js", "start()");
    write("portico_bg.wasm", "code");
    let server = TestServer::start_with_assets(Assets {
        style: Some(folder.path().to_owned()),
        site: Some(folder.path().to_owned()),
    })
    .await;
    let page = server.browser().get("/sign-in").await;
    for path in ["/assets/dev.css", "/assets/dev.js", "/assets/dev.wasm"] {
        assert!(page.text.contains(path), "{path} in {}", page.text);
    }
    let mut browser = server.browser();
    let style = browser.get("/assets/dev.css").await;
    assert_eq!(style.text, "a{}\nb{}\n");
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(style.header("cache-control"), "no-store");
    write("10-a.css", "a{color:red}");
    assert_eq!(browser.get("/assets/dev.css").await.text, "a{color:red}\nb{}\n");
    assert_eq!(browser.get("/assets/dev.js").await.text, "start()");
    assert_eq!(browser.get("/assets/dev.wasm").await.text, "code");
}

#[tokio::test]
async fn no_asset_is_read_from_disk_unless_its_folder_is_given() {
    let server = TestServer::start().await;
    for path in ["/assets/dev.css", "/assets/dev.js", "/assets/dev.wasm"] {
        assert_eq!(server.browser().get(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn health_and_readiness_are_reported() {
    let server = TestServer::start().await;
    assert_eq!(server.browser().get("/healthz").await.status, StatusCode::OK);
    assert_eq!(server.browser().get("/readyz").await.status, StatusCode::OK);
}
