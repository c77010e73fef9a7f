//! A kubeconfig for a control plane that trusts an identity provider, a real API server: it holds no token, kubectl runs the
//! plugin that it names, and the person has the rights of their groups.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::certificates::Certificates;
use portico_tests::oidc_provider::OidcProvider;
use portico_tests::person::Person;
use portico_tests::processes::portico;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::tenant_namespaces::{ROLES, TEMPLATES, is_here, is_kept, portal, until_namespace};

const ISSUER: &str = "https://sso.example.com";

/// `publicAddress` of the API server, in a document.
fn public_address(server: &ApiServer) -> String {
    let lines: Vec<String> = server
        .authority()
        .lines()
        .map(|line| format!("      {line}"))
        .collect();
    let authority = lines.join("\n");
    format!(
        "  publicAddress:
    server: '{}'
    certificateAuthority: |
{authority}
    oidc: {{ issuer: '{ISSUER}', clientId: kubernetes, extraScopes: [groups, email] }}
",
        server.url()
    )
}

/// Writes a stand-in for kubelogin, which notes its arguments and hands out this token.
fn plugin(folder: &Path, token: &str) {
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": { "token": token },
    });
    let path = folder.join("kubectl-oidc_login");
    let arguments = folder.join("arguments").display().to_string();
    fs::write(
        &path,
        format!("#!/bin/sh\necho \"$@\" > '{arguments}'\necho '{credential}'\n"),
    )
    .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn kubectl(folder: &Path, arguments: &[&str]) -> Output {
    kubectl_as("", folder, arguments)
}

/// As whoever types this login name at the issuer.
fn kubectl_as(login: &str, folder: &Path, arguments: &[&str]) -> Output {
    let path = std::env::var("PATH").unwrap();
    Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(folder.join("kubeconfig"))
        .args(arguments)
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("KUBECACHEDIR", folder.join("cache"))
        .env("PORTICO_TEST_LOGIN", login)
        .output()
        .unwrap()
}

async fn rows(person: &Person) -> Vec<Value> {
    let page = person.api(Method::GET, "/api/v1/kubeconfigs", None).await;
    page.expect(200).json()["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_sign_in_to_a_control_plane_as_themselves() {
    if !is_here("members_sign_in_to_a_control_plane_as_themselves") {
        return;
    }
    let server = ApiServer::start().await;
    server.kubectl().apply(ROLES, &[]);
    // It follows the document of the control plane.
    let documents = format!("\n{TEMPLATES}");
    let portal = portal(&server, &documents).await;
    let pat = portal.world.sign_in("pat").await;
    let _ = until_namespace(&pat, "payments-dev", is_kept).await;
    let dana = portal.world.sign_in("dana").await;
    let before = rows(&dana).await;
    assert_eq!(before[0]["minutes"], 10);
    assert_eq!(before[0]["issuer"], Value::Null);

    let file = portal.world.configuration("real.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let address = format!("  title: The real one\n{}", public_address(&server));
    fs::write(&file, text.replacen("  title: The real one\n", &address, 1)).unwrap();
    until("the new document", Duration::from_secs(20), async || {
        (rows(&dana).await[0]["issuer"] == ISSUER).then_some(())
    })
    .await;
    let row = &rows(&dana).await[0];
    assert_eq!(row["minutes"], Value::Null);
    assert_eq!(row["clusterRole"], "team-edit");
    let page = dana.get("/kubectl").await.expect(200).page().body();
    for words in [
        "as yourself",
        "Sign in at https://sso.example.com",
        "It holds no token",
        "You then have all rights that you have on that control plane",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }

    // The file names the plugin, the namespace and the authority, and has nothing that is secret.
    let fields = [("_plane", "real"), ("_work_in", "payments/dev")];
    let fetched = dana.post("/kubectl", &fields).await.expect(200).text;
    assert!(
        !fetched.contains("token:") && !fetched.contains("secret"),
        "{fetched}"
    );
    let written = kube_schema::yaml::parse_all(&fetched).unwrap().remove(0);
    let exec = &written["users"][0]["user"]["exec"];
    assert_eq!(
        exec["args"],
        json!([
            "oidc-login",
            "get-token",
            "--oidc-issuer-url=https://sso.example.com",
            "--oidc-client-id=kubernetes",
            "--oidc-extra-scope=groups",
            "--oidc-extra-scope=email",
        ])
    );
    assert_eq!(exec["apiVersion"], "client.authentication.k8s.io/v1");
    assert_eq!(exec["interactiveMode"], "IfAvailable");
    assert_eq!(written["contexts"][0]["context"]["namespace"], "payments-dev");

    // kubectl runs it: the group's rights in the namespace, and none elsewhere.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("kubeconfig"), &fetched).unwrap();
    let lacking = kubectl(folder, &["get", "configmaps"]);
    let said = String::from_utf8_lossy(&lacking.stderr).into_owned();
    assert!(!lacking.status.success(), "{said}");
    plugin(folder, server.member_token());
    let made = kubectl(folder, &["create", "configmap", "mine"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
    assert_eq!(
        arguments.trim(),
        "get-token --oidc-issuer-url=https://sso.example.com --oidc-client-id=kubernetes --oidc-extra-scope=groups \
         --oidc-extra-scope=email"
    );
    let elsewhere = kubectl(folder, &["get", "configmaps", "--namespace=default"]);
    let said = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert!(
        said.contains("User \"dana\" cannot list resource \"configmaps\""),
        "{said}"
    );

    // The record says how they sign in.
    let record = pat
        .api(Method::GET, "/api/v1/record?verb=kubeconfig.issued", None)
        .await;
    let record = record.expect(200).json();
    assert_eq!(record["rows"].as_array().unwrap().len(), 1, "{record}");
    let said = record.to_string();
    for words in ["oidc", ISSUER, "team-edit", "payments-dev"] {
        assert!(said.contains(words), "{words}: {said}");
    }

    // Whoever has no binding there gets none.
    let devon = portal.world.sign_in("devon").await;
    assert!(rows(&devon).await.iter().all(|row| row["tenant"] != "payments"));
    let _ = devon.post("/kubectl", &fields).await.expect(404);

    // Without groups in the template nobody has rights as themselves: it is a token again.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("  groups: { prefix: 'oidc:' }\n", "")).unwrap();
    until("a token again", Duration::from_secs(20), async || {
        (rows(&dana).await[0]["minutes"] == 10).then_some(())
    })
    .await;
}

/// Nothing is made up but the plugin, which signs in as a browser would: the issuer with a certificate of the company's own
/// authority, the API server that trusts it, kubectl, and what Portico wrote.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_at_the_issuer_has_the_rights_of_their_groups() {
    let name = "who_signs_in_at_the_issuer_has_the_rights_of_their_groups";
    if !is_here(name) || !OidcProvider::is_here(name) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let certificates = Certificates::make("the company's authority", "sso");
    for (name, pem) in [
        ("sso.pem", &certificates.certificate),
        ("sso.key", &certificates.key),
    ] {
        fs::write(folder.join(name), pem).unwrap();
    }
    let file = |name: &str| folder.join(name).display().to_string();
    let provider = OidcProvider::start(&[
        "--client=kubernetes",
        "--public",
        "--redirect=http://localhost:8000",
        &format!("--certificate={}", file("sso.pem")),
        &format!("--key={}", file("sso.key")),
    ]);
    let authentication = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [{
            "issuer": {
                "url": provider.issuer, "audiences": ["kubernetes"], "certificateAuthority": certificates.authority,
            },
            "claimMappings": {
                "username": { "claim": "sub", "prefix": "oidc:" }, "groups": { "claim": "groups", "prefix": "oidc:" },
            },
        }],
    });
    let server = ApiServer::start_trusting(&authentication.to_string()).await;
    server.kubectl().apply(ROLES, &[]);
    let portal = portal(&server, &format!("\n{TEMPLATES}")).await;
    let pat = portal.world.sign_in("pat").await;
    let _ = until_namespace(&pat, "payments-dev", is_kept).await;
    let dana = portal.world.sign_in("dana").await;
    let document = portal.world.configuration("real.yaml");
    let text = fs::read_to_string(&document).unwrap();
    let oidc = json!({
        "issuer": provider.issuer, "clientId": "kubernetes", "extraScopes": ["groups"],
        "certificateAuthority": certificates.authority,
    });
    let address = json!({
        "server": server.url(), "certificateAuthority": server.authority(), "oidc": oidc,
    });
    let with = format!("  title: The real one\n  publicAddress: {address}\n");
    fs::write(&document, text.replacen("  title: The real one\n", &with, 1)).unwrap();
    until("the new document", Duration::from_secs(20), async || {
        (rows(&dana).await[0]["issuer"] == provider.issuer.as_str()).then_some(())
    })
    .await;
    let fields = [("_plane", "real"), ("_work_in", "payments/dev")];
    let fetched = dana.post("/kubectl", &fields).await.expect(200).text;
    fs::write(folder.join("kubeconfig"), fetched).unwrap();
    let script = OidcProvider::folder().join("kubelogin.mjs");
    std::os::unix::fs::symlink(script, folder.join("kubectl-oidc_login")).unwrap();

    // Olga is in the group whose members may develop there, Stan is in none.
    let made = kubectl_as("olga", folder, &["create", "configmap", "mine"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (login, namespace) in [("olga", "default"), ("stan", "payments-dev")] {
        let refused = kubectl_as(login, folder, &["get", "configmaps", "--namespace", namespace]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        let expected = format!("User \"oidc:{login}\" cannot list resource \"configmaps\"");
        assert!(said.contains(&expected), "{said}");
    }

    // The admin is told that Portico's people come from another issuer than the control plane's.
    let checked = Command::new(portico())
        .arg("check-config")
        .arg(&portal.world.ready.configuration)
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(
        said.contains("spec.publicAddress.oidc.issuer: is not the issuer of the provider"),
        "{said}"
    );
}
