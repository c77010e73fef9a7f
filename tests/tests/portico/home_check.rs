//! `portico check-config --home`: the folder and what a real API server holds, judged as the portal does, without writing.

use std::fs;
use std::process::Command;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::processes::portico;
use tempfile::TempDir;

use crate::home_definitions::install;
use crate::home_plane::tenant;

const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: { name: portico }
spec:
  publicUrl: https://portico.example.com
  signIn:
    adminGroups: [platform-admins]
    providers: [{ name: sso, issuer: 'https://sso.example.com', clientId: portico }]
  home: { kubeconfig: { path: home.yaml } }
";

fn folder(kubeconfig: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("portal.yaml"), PORTAL).unwrap();
    fs::write(
        folder.path().join("payments.yaml"),
        tenant("payments", "payments-dev", ""),
    )
    .unwrap();
    // A kubeconfig is no document.
    fs::create_dir(folder.path().join("kubeconfigs")).unwrap();
    let portal = PORTAL.replace("home.yaml", "kubeconfigs/home.yaml");
    fs::write(folder.path().join("portal.yaml"), portal).unwrap();
    fs::write(folder.path().join("kubeconfigs/home.yaml"), kubeconfig).unwrap();
    folder
}

/// Whether it is accepted, and what is printed.
fn check(folder: &TempDir) -> (bool, String) {
    let output = Command::new(portico())
        .args(["check-config", "--home"])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    (output.status.success(), said)
}

fn is_said(said: &str, words: &str) {
    assert!(said.contains(words), "{words:?} is missing:\n{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_objects_are_checked_with_the_folder_and_stay_as_they_are() {
    let test = "the_objects_are_checked_with_the_folder_and_stay_as_they_are";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    let kubeconfig = fs::read_to_string(server.kubeconfig()).unwrap();
    let portal = folder(&kubeconfig);

    let (accepted, said) = check(&portal);
    assert!(!accepted);
    is_said(
        &said,
        "does not serve controlplanes.portico.dev: run `portico crds",
    );

    install(&kubectl).await;
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    let (accepted, said) = check(&portal);
    assert!(accepted, "{said}");
    is_said(&said, "good, with ");
    is_said(
        &said,
        "Tenant orbit of the home control plane: Accepted: In force.",
    );
    is_said(&said, "The home control plane: 1 object, 0 not accepted");

    let lost = "  controlPlanes: { names: [nowhere] }\n";
    for (name, namespace, rest) in [
        ("lost", "lost-dev", lost),
        ("taker", "payments-dev", ""),
        ("payments", "elsewhere", ""),
    ] {
        kubectl.apply(&tenant(name, namespace, rest), &[]);
    }
    let (accepted, said) = check(&portal);
    assert!(!accepted);
    for words in [
        "Tenant orbit of the home control plane: Accepted: In force.",
        "Tenant lost of the home control plane: ReferenceNotFound: spec.controlPlanes.names[0]: there is no control plane",
        "Tenant taker of the home control plane: Invalid: spec.environments[0].namespace: ",
        "already belongs to an environment of tenant payments",
        "Tenant payments of the home control plane: NameTaken: metadata.name: payments.yaml has a document of this kind",
        "4 objects, 3 not accepted",
    ] {
        is_said(&said, words);
    }
    // The folder's documents count: what it adds is found.
    let plane = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: nowhere }\n\
        spec: { connection: { inCluster: {} } }\n";
    fs::write(portal.path().join("plane.yaml"), plane).unwrap();
    let (_, said) = check(&portal);
    is_said(
        &said,
        "Tenant lost of the home control plane: Accepted: In force.",
    );

    let tenants = kubectl.json(&["get", "tenants", "--show-managed-fields"]);
    for tenant in tenants["items"].as_array().unwrap() {
        assert_eq!(tenant.get("status"), None, "nothing is written");
        let managers = tenant["metadata"]["managedFields"].as_array().unwrap();
        assert!(
            managers.iter().all(|entry| entry["manager"] != "portico"),
            "{managers:?}"
        );
    }

    // Without the rights; with errors in the files; and with nobody there.
    let limited = kubeconfig.replacen("user: { token", "user: { as: nobody-special, token", 1);
    let (accepted, said) = check(&folder(&limited));
    assert!(!accepted);
    is_said(&said, "the right to list controlplanes.portico.dev is missing");
    is_said(&said, "`portico rbac --home` prints the rights");

    fs::write(portal.path().join("broken.yaml"), "kind: Nothing\n").unwrap();
    let (accepted, said) = check(&portal);
    assert!(!accepted);
    is_said(
        &said,
        "The objects of the home control plane were not checked: correct the files first",
    );

    let away = kubeconfig.replacen(server.url(), "https://127.0.0.1:1", 1);
    let (accepted, said) = check(&folder(&away));
    assert!(!accepted);
    is_said(&said, "the home control plane cannot be reached: ");
}
