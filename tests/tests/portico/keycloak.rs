//! `deploy/example` with a default Keycloak: sign-in on its page, sign-out by its administrator.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portico_tests::keycloak::{Keycloak, SECRET};
use portico_tests::person::{Answer, Person};
use portico_tests::processes::free_port;
use portico_tests::processes::{Owned, portico};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_example_works_with_a_stock_keycloak() {
    if !Keycloak::is_here("the_example_works_with_a_stock_keycloak") {
        return;
    }
    let port = free_port();
    let portal = format!("http://127.0.0.1:{port}");
    let keycloak = Keycloak::start(&portal, &[("dana", &["payments-developers"]), ("nora", &[])]).await;
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    fs::create_dir(&config).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/example");
    fs::copy(example.join("tenants.yaml"), config.join("tenants.yaml")).unwrap();
    let settings = fs::read_to_string(example.join("portal.yaml")).unwrap();
    let settings = here(&settings, port, &keycloak.issuer(), home.path());
    fs::write(config.join("portal.yaml"), &settings).unwrap();
    // The example's teams name control planes that do not exist here.
    let planes = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: research }\nspec:\n  \
                  connection: { kubeconfig: { path: none.yaml } }\n  dedicatedTo: [research]\n";
    fs::write(config.join("planes.yaml"), planes).unwrap();
    let log = home.path().join("log");
    let _portal = serve(&config, &log, &portal).await;

    // Members of a group are in its team; others are told that they have none.
    let dana = Person::anonymous(&portal);
    let at_home = sign_in(&keycloak, &dana, "dana").await.expect(200);
    assert!(
        at_home.page().body().contains("Dana Example"),
        "{}",
        at_home.page().body()
    );
    let viewer = dana.api(Method::GET, "/api/v1/viewer", None).await.json();
    assert!(viewer["roles"]["payments"].is_array(), "{viewer}");
    assert_eq!(viewer["person"]["email"], "dana@example.test");
    let nora = Person::anonymous(&portal);
    let told = sign_in(&keycloak, &nora, "nora").await.expect(200);
    assert!(
        told.page().body().contains("You are in no team here yet"),
        "{}",
        told.page().body()
    );

    // When an administrator of Keycloak signs her out, her session ends and her token is suspended.
    let made = dana
        .api(
            Method::POST,
            "/api/v1/tokens",
            Some(&json!({ "name": "pipeline" })),
        )
        .await
        .json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(by_token(&portal, &secret).await.0, 200);
    keycloak.sign_out_everywhere("dana").await;
    until(
        "Keycloak has ended dana's session",
        Duration::from_secs(30),
        async || {
            let answer = dana.ask(Method::GET, "/catalog").await;
            answer.status.is_redirection().then_some(())
        },
    )
    .await;
    let (status, problem) = by_token(&portal, &secret).await;
    assert_eq!(
        (status, &problem["type"]),
        (401, &json!("urn:portico:problem:sign-in-again"))
    );
    let _ = sign_in(&keycloak, &dana, "dana").await.expect(200);
    assert_eq!(by_token(&portal, &secret).await.0, 200);

    // Signing out goes through Keycloak and back.
    let asked = dana.post("/auth/logout", &[]).await;
    let agree = asked
        .page()
        .form("logout-confirm")
        .unwrap_or_else(|| panic!("Keycloak asks: {}", asked.text));
    let out = dana
        .submit(&asked.url, &agree, Some(("confirmLogout", "Logout")))
        .await;
    assert!(
        out.page().body().contains("You are signed out"),
        "{}\n{}",
        out.url,
        out.page().body()
    );

    // An unknown scope is reported with the setting that requests it.
    let wrong = settings.replace("scopes: [profile, email]", "scopes: [profile, email, groups]");
    assert_ne!(wrong, settings);
    fs::write(config.join("portal.yaml"), wrong).unwrap();
    let refused = until(
        "the new scopes are requested",
        Duration::from_secs(30),
        async || {
            let answer = Person::anonymous(&portal).get("/auth/login").await;
            (answer.status.as_u16() == 403).then_some(answer)
        },
    )
    .await;
    let said = refused.page().body();
    assert!(
        said.contains("Invalid scopes") && said.contains("profile, email, groups"),
        "{said}"
    );
    let log = fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("a sign-in was refused") && log.contains("groups"),
        "{log}"
    );
}

/// The example's settings for this portal and this Keycloak.
fn here(example: &str, port: u16, issuer: &str, home: &Path) -> String {
    let secret = home.join("secret");
    fs::write(&secret, SECRET).unwrap();
    let database = home.join("portico.db");
    let mut settings = example.to_owned();
    for (theirs, ours) in [
        (
            "https://portico.example.com\n",
            format!("http://127.0.0.1:{port}\n"),
        ),
        ("listen: 0.0.0.0:8080", format!("listen: 127.0.0.1:{port}")),
        ("trustedProxies: 1", "trustedProxies: 0".to_owned()),
        ("https://sso.example.com/realms/example", issuer.to_owned()),
        (
            "clientSecretEnv: PORTICO_CLIENT_SECRET",
            format!("clientSecretFile: {}", secret.display()),
        ),
        (
            "urlEnv: PORTICO_DATABASE_URL",
            format!("url: 'sqlite:{}'", database.display()),
        ),
    ] {
        assert!(
            settings.contains(theirs),
            "the example no longer contains {theirs:?}"
        );
        settings = settings.replace(theirs, &ours);
    }
    settings
}

async fn serve(config: &Path, log: &Path, portal: &str) -> Owned {
    let out = fs::File::create(log).unwrap();
    let mut command = Command::new(portico());
    command.arg("serve").arg("--config").arg(config);
    let process = Owned::start(&command, |command| {
        command.stdout(out.try_clone().unwrap()).stderr(out);
    });
    until("the portal answers", Duration::from_mins(1), async || {
        reqwest::get(format!("{portal}/healthz"))
            .await
            .ok()
            .filter(|answer| answer.status().is_success())
    })
    .await;
    process
}

/// Signs in on Keycloak's page.
async fn sign_in(keycloak: &Keycloak, person: &Person, username: &str) -> Answer {
    let asked = person.get("/auth/login").await;
    let form = asked
        .page()
        .form("login-actions")
        .unwrap_or_else(|| panic!("Keycloak asks for sign-in: {} {}", asked.url, asked.text))
        .with("username", username)
        .with("password", keycloak.password());
    person.submit(&asked.url, &form, None).await
}

async fn by_token(portal: &str, secret: &str) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .get(format!("{portal}/api/v1/viewer"))
        .bearer_auth(secret)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
