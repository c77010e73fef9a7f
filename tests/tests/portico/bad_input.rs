//! Invalid input gets a clear message, the right status, and has no partial effect.

use std::fmt::Write as _;
use std::process::Command;

use portico_tests::demo::Demo;
use portico_tests::processes::portico;
use portico_tests::story::{BUCKET, POSTGRESQL, submit_form};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_form_is_returned_with_the_input_and_the_errors() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;

    let cases = [
        // The wrong type.
        ("/spec/instances", "many", "/spec/instances"),
        // Out of bounds. The plan locks `instances`, so use another number.
        ("/spec/backup/retentionDays", "99", "/spec/backup/retentionDays"),
        // Against the pattern.
        ("/spec/storage/size", "a lot", "/spec/storage/size"),
    ];
    for (field, value, _) in cases {
        let answer = submit_form(&dana, POSTGRESQL, "wrong", &[(field, value)]).await;
        if field == "/spec/storage/size" {
            assert_eq!(answer.status, 422, "{field}={value}: {}", answer.page().body());
            assert_eq!(
                answer.page().field(field).as_deref(),
                Some(value),
                "the input is kept"
            );
            let marked = answer.page().attributes("[aria-invalid=true]", "name");
            assert!(
                marked.iter().any(|name| name == field),
                "{field} is marked: {marked:?}"
            );
        } else {
            // The plan locks these two fields: posted values are ignored or refused.
            let kept = answer.status == 422 || !answer.page().body().contains(value);
            assert!(
                kept,
                "{field}={value}: {} {}",
                answer.status,
                answer.page().body()
            );
        }
    }
    let named = submit_form(&dana, BUCKET, "Not A Name", &[]).await;
    assert_eq!(named.status, 422);
    assert!(
        named.page().text("#name-problems").is_some(),
        "explains the rule for names"
    );

    // The name exists on this control plane.
    let taken = submit_form(&dana, POSTGRESQL, "orders", &[("_plane", "eu-shared")]).await;
    assert!(
        taken.status == 422 || taken.status == 409,
        "{} {}",
        taken.status,
        taken.page().body()
    );
    assert!(taken.page().body().contains("orders"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_stale_forms_are_refused() {
    let demo = Demo::start().await;
    let (dana, devon) = (demo.sign_in("dana").await, demo.sign_in("devon").await);
    dana.work_in("payments/dev").await;
    let path = format!("/catalog/{BUCKET}/request");

    // Another session's CSRF token, and none.
    let form = dana
        .get(&path)
        .await
        .expect(200)
        .page()
        .form("/request")
        .unwrap()
        .with("_name", "forged");
    let mut fields = form.fields.clone();
    fields.push(("_do".into(), "submit".into()));
    let foreign = devon.post_without_csrf(&path, &fields).await;
    assert_eq!(foreign.status, 403, "{}", foreign.page().body());
    let without: Vec<_> = fields
        .iter()
        .filter(|(name, _)| name != "_csrf")
        .cloned()
        .collect();
    assert_eq!(dana.post_without_csrf(&path, &without).await.status, 403);

    // The schema has changed since the form was rendered.
    let stale: Vec<_> = fields
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                if name == "_schema" {
                    "0".repeat(64)
                } else {
                    value.clone()
                },
            )
        })
        .collect();
    let answer = dana.post_without_csrf(&path, &stale).await;
    assert!(
        answer.status == 409 || answer.status == 422,
        "{} {}",
        answer.status,
        answer.url
    );
    assert_eq!(
        answer.page().field("_name").as_deref(),
        Some("forged"),
        "the input is kept"
    );

    // A tenant that the person is not a member of.
    let answer = dana
        .post("/switch", &[("_work_in", "research/dev"), ("_return_to", "/")])
        .await;
    assert!(answer.status == 404 || answer.status == 403, "{}", answer.status);

    // Another tenant's claim and request get 404.
    let theirs = format!("/claims/research-own/{POSTGRESQL}/research-production/genomes");
    assert_eq!(dana.get(&theirs).await.status, 404);
    assert_eq!(
        dana.get("/requests/0190a6a0-0000-7000-8000-000000000000")
            .await
            .status,
        404
    );
    assert_eq!(dana.get("/requests/nonsense").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_sessions_are_rejected_and_return_addresses_stay_on_the_portal() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let forged = demo.anonymous();
    let cookies = dana.cookies();
    forged.set_cookies(
        cookies
            .keys()
            .map(|name| (name.clone(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned()))
            .collect(),
    );
    let answer = forged.ask(Method::GET, "/claims").await;
    assert!(answer.status.is_redirection(), "{}", answer.status);
    assert!(answer.header("location").unwrap().starts_with("/sign-in"));

    for outside in [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
    ] {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("return", outside)
            .finish();
        let page = dana.ask(Method::GET, &format!("/sign-in?{query}")).await;
        let location = page.header("location").unwrap_or("/").to_owned();
        assert!(
            location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'),
            "{outside}: {location}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_requests_are_refused_before_they_are_read() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let path = format!("/catalog/{BUCKET}/request");

    // The server may close the connection before everything is sent.
    let large = dana.try_post(&path, "x".repeat(5 << 20)).await;
    if let Ok(answer) = large {
        assert_eq!(answer.status, 413, "{}", answer.page().body());
    }

    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let _ = writeln!(
            bomb,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{}", level - 1); 10].join(",")
        );
    }
    let bombed = submit_form(&dana, BUCKET, "bomb", &[("_tab", "yaml"), ("_yaml", &bomb)]).await;
    assert_eq!(bombed.status, 422, "{}", bombed.page().body());
    let deep = format!("spec: {}{}", "{a: ".repeat(5_000), "}".repeat(5_000));
    let answer = submit_form(&dana, BUCKET, "deep", &[("_tab", "yaml"), ("_yaml", &deep)]).await;
    assert_eq!(answer.status, 422);

    // The server still works.
    assert_eq!(dana.get("/catalog").await.status, 200);
}

#[test]
fn a_misspelled_field_in_the_configuration_is_named_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = "apiVersion: portico.dev/v1alpha1\nkind: Tenant\nmetadata: { name: payments }\nspec:\n  members: []\n  enviroments: []\n";
    std::fs::write(folder.path().join("tenants.yaml"), text).unwrap();
    let output = Command::new(portico())
        .arg("check-config")
        .arg(folder.path())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success());
    assert!(
        said.contains("tenants.yaml") && said.contains("enviroments") && said.contains(":6"),
        "{said}"
    );
}

#[test]
fn the_example_configuration_is_valid() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/example");
    let output = Command::new(portico())
        .arg("check-config")
        .arg(example)
        .env("PORTICO_CLIENT_SECRET", "secret")
        .env("PORTICO_DATABASE_URL", "postgres://portico@localhost/portico")
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
}
