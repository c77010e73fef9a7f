//! Requests every route as every role and anonymously. A route of the server that is missing in this table fails
//! the test.

mod table;

use std::collections::BTreeSet;
use std::process::Command;

use portico_tests::demo::Demo;
use portico_tests::person::{Answer, Person};
use portico_tests::processes::portico;
use portico_tests::story::{POSTGRESQL, QUEUE, request, until_request};
use reqwest::Method;
use serde_json::Value;

use table::{PAGES, ROLES, Row, rows};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_as_listed() {
    let listed = listed();
    let table: BTreeSet<(String, String)> = rows()
        .map(|row| (row.method.to_owned(), row.route.to_owned()))
        .collect();
    let missing: Vec<_> = listed.difference(&table).collect();
    assert!(missing.is_empty(), "routes missing in the table: {missing:#?}");
    let gone: Vec<_> = table.difference(&listed).collect();
    assert!(gone.is_empty(), "routes that no longer exist: {gone:#?}");

    let mut demo = Demo::start().await;
    demo.remove_quotas_and_restart().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let mut people = vec![("anonymous", demo.anonymous())];
    for name in ROLES {
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
        "{} unexpected responses:\n{}",
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
    for (_, route, path, _) in PAGES.iter().filter(forms) {
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
            let answer = dana.post_without_csrf(&path, &fields).await;
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
    let signed_in = who != "anonymous";
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
