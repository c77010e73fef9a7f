//! Sign-in with another certified identity provider: npm's `oidc-provider`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portico_tests::html::Form;
use portico_tests::oidc_provider::OidcProvider;
use portico_tests::person::{Answer, Person};
use portico_tests::processes::free_port;
use portico_tests::processes::{Owned, portico};
use portico_tests::until::until;

const SECRET: &str = "a-secret-for-tests";

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_works_with_another_certified_provider() {
    let test = "sign_in_works_with_another_certified_provider";
    if !OidcProvider::is_here(test) {
        return;
    }
    let port = free_port();
    let portal = format!("http://127.0.0.1:{port}");
    let redirect = format!("{portal}/auth/callback");
    let logout = format!("{portal}/auth/signed-out");
    let provider = OidcProvider::start(&[
        "--client=portico",
        &format!("--secret={SECRET}"),
        &format!("--redirect={redirect}"),
        &format!("--logout={logout}"),
    ]);
    let issuer = &provider.issuer;

    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(
        config.join("portico.yaml"),
        configuration(port, issuer, home.path()),
    )
    .unwrap();
    std::fs::write(home.path().join("secret"), SECRET).unwrap();
    let log = std::fs::File::create(home.path().join("log")).unwrap();
    let mut command = Command::new(portico());
    command.arg("serve").arg("--config").arg(&config);
    let _portal = Owned::start(&command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    });
    until("the portal answers", Duration::from_mins(1), async || {
        reqwest::get(format!("{portal}/healthz"))
            .await
            .ok()
            .filter(|answer| answer.status().is_success())
    })
    .await;

    let olga = Person::anonymous(&portal);
    let home = sign_in(&olga, "olga").await.expect(200);
    assert!(
        home.page().body().contains("Olga Other"),
        "{}",
        home.page().body()
    );
    let catalog = olga.get("/catalog").await.expect(200);
    assert!(catalog.url.path() == "/catalog", "signed in: {}", catalog.url);

    // A person without a group is told so.
    let stan = Person::anonymous(&portal);
    let told = sign_in(&stan, "stan").await.expect(200);
    assert!(
        told.page().body().contains("You are in no team here yet"),
        "{}",
        told.page().body()
    );
    assert!(stan.get("/catalog").await.page().texts(".card h2").is_empty());

    // Signing out ends the session here and at the provider.
    let out = olga.post("/auth/logout", &[]).await;
    assert!(
        out.url.as_str().starts_with(issuer) || out.url.path() == "/sign-in",
        "{}",
        out.url
    );
    let after = olga.ask(reqwest::Method::GET, "/catalog").await;
    assert!(after.status.is_redirection());
}

/// Submits the provider's forms until the browser is back at the portal.
async fn sign_in(person: &Person, login: &str) -> Answer {
    let mut answer = person.get("/auth/login").await;
    for _ in 0..4 {
        let Some(form) = answer.page().form("/interaction/") else {
            return answer;
        };
        let form: Form = if form.get("prompt") == Some("login") {
            form.with("login", login).with("password", "any")
        } else {
            form
        };
        answer = person.submit(&answer.url, &form, None).await;
    }
    answer
}

fn configuration(port: u16, issuer: &str, home: &Path) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: {{ name: portico }}
spec:
  publicUrl: http://127.0.0.1:{port}
  listen: 127.0.0.1:{port}
  company: {{ name: Elsewhere }}
  signIn:
    providers:
      - name: elsewhere
        issuer: {issuer}
        clientId: portico
        clientSecretFile: {secret}
        scopes: [profile, email, groups]
    adminGroups: [platform-admins]
  database: {{ url: 'sqlite:{database}' }}
---
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: {{ name: payments }}
spec:
  members: [{{ group: payments-developers, role: developer }}]
  environments: [{{ name: dev, namespace: payments-dev }}]
",
        secret = home.join("secret").display(),
        database = home.join("portico.db").display(),
    )
}
