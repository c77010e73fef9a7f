//! Requests every route as every role and anonymously. A route of the server that is missing in this table fails
//! the test.

use std::collections::BTreeSet;
use std::process::Command;

use portico_tests::demo::Demo;
use portico_tests::person::{Answer, Person};
use portico_tests::processes::portico;
use portico_tests::story::{POSTGRESQL, QUEUE, request, until_request};
use reqwest::Method;
use serde_json::Value;

/// The columns of the table: anonymous; viewer, developer, approver and admin of the tenant; admin of another
/// tenant; platform admin.
const WALKERS: [&str; 6] = ["vic", "dana", "ada", "tess", "ruth", "pat"];

/// The expected results. `K`: success (a page, or a redirect to one). `S`: sign-in required. `F`: forbidden.
/// `N`: not found. `B`: allowed, but the body of this test is invalid.
///
/// `{claim}` is the page of a claim of payments, `{reference}` the claim, `{request}` a request by dana that
/// waits for ada.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("GET", "/", "/", "SKKKKKK"),
    ("GET", "/catalog", "/catalog", "SKKKKKK"),
    ("GET", "/catalog/{offering}", "/catalog/{offering}", "SKKKKKK"),
    (
        "GET",
        "/catalog/{offering}/request",
        "/catalog/{offering}/request",
        "SFKKKKF",
    ),
    (
        "POST",
        "/catalog/{offering}/request",
        "/catalog/{offering}/request",
        "SFKKKKF",
    ),
    ("GET", "/requests", "/requests", "SKKKKKK"),
    ("GET", "/requests/{id}", "/requests/{request}", "SKKKKNK"),
    (
        "POST",
        "/requests/{id}/decide",
        "/requests/{request}/decide",
        "SFFBBNF",
    ),
    (
        "POST",
        "/requests/{id}/withdraw",
        "/requests/{request}/withdraw",
        "SFKFKNF",
    ),
    (
        "POST",
        "/requests/{id}/comment",
        "/requests/{request}/comment",
        "SFKKKNF",
    ),
    ("GET", "/claims", "/claims", "SKKKKKK"),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}",
        "{claim}",
        "SKKKKNK",
    ),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}/change",
        "{claim}/change",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/change",
        "{claim}/change",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/renew",
        "{claim}/renew",
        "SFBBBNF",
    ),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}/delete",
        "{claim}/delete",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/delete",
        "{claim}/delete",
        "SFBBBNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        "{claim}/reveal",
        "SFKKKNF",
    ),
    ("GET", "/approvals", "/approvals", "SKKKKKK"),
    ("GET", "/tokens", "/tokens", "SKKKKKK"),
    ("POST", "/tokens", "/tokens", "SKKKKKK"),
    (
        "POST",
        "/tokens/{id}/revoke",
        "/tokens/0190a6a0-0000-7000-8000-000000000000/revoke",
        "SNNNNNN",
    ),
    ("GET", "/admin/control-planes", "/admin/control-planes", "SNNNNNK"),
    (
        "GET",
        "/admin/control-planes/{plane}",
        "/admin/control-planes/eu-shared",
        "SNNNNNK",
    ),
    (
        "POST",
        "/admin/control-planes/{plane}/cordon",
        "/admin/control-planes/us-shared/cordon",
        "SNNNNNK",
    ),
    (
        "POST",
        "/admin/control-planes/{plane}/uncordon",
        "/admin/control-planes/us-shared/uncordon",
        "SNNNNNK",
    ),
    ("GET", "/admin", "/admin", "SNNNKKK"),
    ("GET", "/sessions", "/sessions", "SKKKKKK"),
    ("POST", "/sessions/{id}/end", "/sessions/none/end", "SNNNNNN"),
    ("GET", "/admin/people", "/admin/people", "SNNNNNK"),
    (
        "GET",
        "/admin/people/{id}",
        "/admin/people/0190a6a0-0000-7000-8000-000000000000",
        "SNNNNNN",
    ),
    (
        "POST",
        "/admin/people/{id}/end",
        "/admin/people/0190a6a0-0000-7000-8000-000000000000/end",
        "SNNNNNN",
    ),
    ("GET", "/admin/tenants", "/admin/tenants", "SNNNKKK"),
    ("GET", "/admin/record", "/admin/record", "SNNNKKK"),
    ("GET", "/admin/record/export", "/admin/record/export", "SNNNKKK"),
    // The audit log is intact, so there is nothing to acknowledge.
    (
        "POST",
        "/admin/record/acknowledge",
        "/admin/record/acknowledge",
        "SNNNNNB",
    ),
    ("GET", "/admin/configuration", "/admin/configuration", "SNNNNNK"),
    ("GET", "/sign-in", "/sign-in", "KKKKKKK"),
    ("GET", "/auth/login", "/auth/login", "KKKKKKK"),
    ("GET", "/auth/callback", "/auth/callback", "BBBBBBB"),
    (
        "POST",
        "/auth/backchannel-logout",
        "/auth/backchannel-logout",
        "BBBBBBB",
    ),
    ("GET", "/auth/signed-out", "/auth/signed-out", "KKKKKKK"),
    ("POST", "/switch", "/switch", "SKKKKNN"),
    ("GET", "/logo", "/logo", "NNNNNNN"),
    ("GET", "/assets/{file}", "/assets/none.css", "NNNNNNN"),
    ("GET", "/healthz", "/healthz", "KKKKKKK"),
    ("GET", "/readyz", "/readyz", "KKKKKKK"),
    ("GET", "/metrics", "/metrics", "KKKKKKK"),
    // Last, because it ends the session.
    ("POST", "/auth/logout", "/auth/logout", "SKKKKKK"),
];

/// The API: method, route, path, body, results.
const API: &[(&str, &str, &str, &str, &str)] = &[
    (
        "GET",
        "/api/v1/openapi.json",
        "/api/v1/openapi.json",
        "",
        "KKKKKKK",
    ),
    ("GET", "/events", "/events", "", "SKKKKKK"),
    ("GET", "/events", "/events?claim={reference}", "", "SKKKKNK"),
    ("GET", "/api/v1/viewer", "/api/v1/viewer", "", "SKKKKKK"),
    ("GET", "/api/v1/home", "/api/v1/home", "", "SKKKKKK"),
    ("GET", "/api/v1/search", "/api/v1/search?q=sql", "", "SKKKKKK"),
    ("GET", "/api/v1/offerings", "/api/v1/offerings", "", "SKKKKKK"),
    (
        "GET",
        "/api/v1/offerings/{offering}",
        "/api/v1/offerings/{offering}",
        "",
        "SKKKKKK",
    ),
    (
        "POST",
        "/api/v1/offerings/{offering}/check",
        "/api/v1/offerings/{offering}/check",
        "{}",
        "SFKKKKF",
    ),
    ("GET", "/api/v1/requests", "/api/v1/requests", "", "SKKKKKK"),
    (
        "POST",
        "/api/v1/requests",
        "/api/v1/requests",
        r#"{"offering":"{offering}"}"#,
        "SFBBBBF",
    ),
    (
        "GET",
        "/api/v1/requests/{id}",
        "/api/v1/requests/{request}",
        "",
        "SKKKKNK",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/decision",
        "/api/v1/requests/{request}/decision",
        r#"{"approve":true,"revision":0}"#,
        "SFFBBNF",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/withdrawal",
        "/api/v1/requests/{request}/withdrawal",
        "{}",
        "SFKFKNF",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/comments",
        "/api/v1/requests/{request}/comments",
        r#"{"text":"Why?"}"#,
        "SFKKKNF",
    ),
    ("GET", "/api/v1/approvals", "/api/v1/approvals", "", "SKKKKKK"),
    ("GET", "/api/v1/claims", "/api/v1/claims", "", "SKKKKKK"),
    (
        "GET",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
        "/api/v1{claim}",
        "",
        "SKKKKNK",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
        "/api/v1{claim}/change",
        r#"{"plan":"none-such"}"#,
        "SFBBBNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/renewal",
        "/api/v1{claim}/renewal",
        "{}",
        "SFBBBNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
        "/api/v1{claim}/deletion",
        r#"{"confirm":"another"}"#,
        "SFBBBNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        "/api/v1{claim}/reveal",
        r#"{"key":"password"}"#,
        "SFKKKNF",
    ),
    (
        "GET",
        "/api/v1/control-planes",
        "/api/v1/control-planes",
        "",
        "SNNNNNK",
    ),
    (
        "GET",
        "/api/v1/control-planes/{plane}",
        "/api/v1/control-planes/eu-shared",
        "",
        "SNNNNNK",
    ),
    (
        "POST",
        "/api/v1/control-planes/{plane}/cordon",
        "/api/v1/control-planes/us-shared/cordon",
        "{}",
        "SNNNNNK",
    ),
    (
        "DELETE",
        "/api/v1/control-planes/{plane}/cordon",
        "/api/v1/control-planes/us-shared/cordon",
        "",
        "SNNNNNK",
    ),
    ("GET", "/api/v1/tenants", "/api/v1/tenants", "", "SNNNKKK"),
    (
        "GET",
        "/api/v1/configuration",
        "/api/v1/configuration",
        "",
        "SNNNNNK",
    ),
    ("GET", "/api/v1/record", "/api/v1/record", "", "SNNNKKK"),
    (
        "POST",
        "/api/v1/record/acknowledgement",
        "/api/v1/record/acknowledgement",
        "{}",
        "SNNNNNB",
    ),
    ("GET", "/api/v1/sessions", "/api/v1/sessions", "", "SKKKKKK"),
    (
        "DELETE",
        "/api/v1/sessions/{id}",
        "/api/v1/sessions/none",
        "",
        "SNNNNNN",
    ),
    ("GET", "/api/v1/people", "/api/v1/people", "", "SNNNNNK"),
    (
        "GET",
        "/api/v1/people/{id}",
        "/api/v1/people/0190a6a0-0000-7000-8000-000000000000",
        "",
        "SNNNNNN",
    ),
    (
        "DELETE",
        "/api/v1/people/{id}/access",
        "/api/v1/people/0190a6a0-0000-7000-8000-000000000000/access",
        "",
        "SNNNNNN",
    ),
    ("GET", "/api/v1/tokens", "/api/v1/tokens", "", "SKKKKKK"),
    (
        "POST",
        "/api/v1/tokens",
        "/api/v1/tokens",
        r#"{"name":"walk"}"#,
        "SKKKKKK",
    ),
    (
        "DELETE",
        "/api/v1/tokens/{id}",
        "/api/v1/tokens/0190a6a0-0000-7000-8000-000000000000",
        "",
        "SNNNNNN",
    ),
];

/// A row of either table. Rows with a body, even an empty one, are of the API.
struct Row {
    method: &'static str,
    route: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    expected: &'static str,
}

/// All rows: the API first, since the last page ends the session.
fn rows() -> impl Iterator<Item = Row> {
    let api = API.iter().map(|&(method, route, path, body, expected)| Row {
        method,
        route,
        path,
        body: Some(body),
        expected,
    });
    let pages = TABLE.iter().map(|&(method, route, path, expected)| Row {
        method,
        route,
        path,
        body: None,
        expected,
    });
    api.chain(pages)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_as_listed() {
    let listed = listed();
    let table: BTreeSet<(String, String)> = rows()
        .map(|row| (row.method.to_owned(), row.route.to_owned()))
        .collect();
    let missing: Vec<_> = listed.difference(&table).collect();
    assert!(
        missing.is_empty(),
        "say in the table who may do what: {missing:#?}"
    );
    let gone: Vec<_> = table.difference(&listed).collect();
    assert!(gone.is_empty(), "the server has these no longer: {gone:#?}");

    let mut demo = Demo::start().await;
    demo.lift_quotas().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let mut people = vec![("a stranger", demo.stranger())];
    for name in WALKERS {
        people.push((name, demo.sign_in(name).await));
    }
    let mut wrong = Vec::new();
    for Row {
        method,
        route,
        path,
        body,
        expected,
    } in rows()
    {
        for ((who, person), expected) in people.iter().zip(expected.chars()) {
            // A new request each time, so that no role finds what another has decided.
            let request = if path.contains("{request}") {
                waiting_request(&dana).await
            } else {
                String::new()
            };
            let path = path
                .replace(
                    "{claim}",
                    &format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders"),
                )
                .replace(
                    "{reference}",
                    &format!("eu-shared/{POSTGRESQL}/payments-dev/orders"),
                )
                .replace("{offering}", POSTGRESQL)
                .replace("{request}", &request);
            let body = body.map(|body| body.replace("{offering}", POSTGRESQL));
            let answer = walk(person, who, method, &path, body).await;
            let met = outcome(&answer);
            if met != expected {
                let page = answer.page().text("main");
                let said: String = page
                    .unwrap_or_else(|| answer.text.clone())
                    .chars()
                    .take(160)
                    .collect();
                wrong.push(format!(
                    "{method} {route} as {who}: {met} ({}), not {expected}: {said}",
                    answer.status
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} surprises:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_needs_the_sessions_csrf_token() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    // A provider's logout post is authenticated by its signature.
    let forms = |(method, route, ..): &&(&str, &str, &str, &str)| {
        *method == "POST" && *route != "/auth/backchannel-logout"
    };
    for (_, route, path, _) in TABLE.iter().filter(forms) {
        let path = path
            .replace(
                "{claim}",
                &format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders"),
            )
            .replace("{offering}", POSTGRESQL)
            .replace("{request}", "0190a6a0-0000-7000-8000-000000000000");
        for token in [None, Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
            let fields: Vec<_> = token
                .map(|token| ("_csrf".to_owned(), token.to_owned()))
                .into_iter()
                .collect();
            let answer = dana.post_bare(&path, &fields).await;
            assert_eq!(
                answer.status,
                403,
                "{route} with {token:?}: {}",
                answer.page().body()
            );
        }
    }
}

/// Every response has the security headers.
#[tokio::test(flavor = "multi_thread")]
async fn every_response_has_the_security_headers() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    for path in ["/", "/catalog", "/claims", "/nothing-here", "/sign-in"] {
        let answer = dana.ask(Method::GET, path).await;
        let policy = answer
            .header("content-security-policy")
            .unwrap_or_default()
            .to_owned();
        assert!(
            policy.contains("default-src") && !policy.contains("'unsafe-eval'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("'unsafe-inline'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("referrer-policy").is_some(), "{path}");
    }
}

/// The routes that the server lists.
fn listed() -> BTreeSet<(String, String)> {
    let output = Command::new(portico())
        .args(["routes", "--json"])
        .output()
        .unwrap();
    let routes: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |route: &Value, name: &str| route[name].as_str().unwrap().to_owned();
    routes
        .iter()
        .map(|route| (text(route, "method"), text(route, "path")))
        .collect()
}

/// A request by dana that waits for ada.
async fn waiting_request(dana: &Person) -> String {
    let name = format!("walk-{}", uuid::Uuid::new_v4().simple());
    let id = request(dana, QUEUE, &name[..20], &[]).await;
    let _ = until_request(dana, &id, "Awaiting approval").await;
    id
}

async fn walk(person: &Person, who: &str, method: &str, path: &str, body: Option<String>) -> Answer {
    let changes = method != "GET";
    let signed_in = who != "a stranger";
    let token = if signed_in && changes {
        person.csrf().await
    } else {
        String::new()
    };
    match body {
        None if !changes => person.ask(Method::GET, path).await,
        None => person
            .try_post(path, format!("_csrf={token}&{}", fields(path)))
            .await
            .unwrap(),
        Some(body) => {
            let headers = [
                ("accept", "application/json".to_owned()),
                ("x-portico-csrf", token),
            ];
            let body = changes.then_some(("application/json", body));
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            person.raw(method, path, &headers, body).await
        }
    }
}

/// The fields that a form posts besides its token, to reach the permission check.
fn fields(path: &str) -> &'static str {
    let ends = |end: &str| path.ends_with(end);
    match path {
        "/tokens" => "_name=walk&_days=7&_scope=read",
        "/switch" => "_work_in=payments%2Fdev&_return_to=%2F",
        _ if ends("/decide") => "_decision=approve&_revision=0",
        _ if ends("/comment") => "_comment=Why%3F",
        _ if ends("/reveal") => "_key=password",
        _ if ends("/delete") => "_confirm=another",
        // For forms of requests: preview only, do not submit.
        _ => "_do=review",
    }
}

fn outcome(answer: &Answer) -> char {
    let to_sign_in = answer
        .header("location")
        .is_some_and(|to| to.starts_with("/sign-in?return") || to == "/sign-in");
    match answer.status.as_u16() {
        401 => 'S',
        300..400 if to_sign_in => 'S',
        200..400 => 'K',
        403 => 'F',
        404 => 'N',
        400 | 409 | 422 => 'B',
        _ => '?',
    }
}
