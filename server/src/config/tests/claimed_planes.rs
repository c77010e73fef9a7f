//! Control planes by a Secret, and offerings whose claims are control planes.

use super::{PORTAL, TENANT, folder, load, problems};

fn of(text: &str) -> Vec<String> {
    problems(&[
        ("portico.yaml", PORTAL),
        ("tenants.yaml", TENANT),
        ("x.yaml", text),
    ])
}

fn plane(name: &str, connection: &str, more: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: {{ name: {name} }}\nspec:\n  connection: {connection}\n{more}"
    )
}

fn secret(host: &str) -> String {
    format!("{{ secret: {{ controlPlane: {host}, namespace: clusters, name: spoke-kubeconfig }} }}")
}

fn offering(control_plane: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: clusters.example.org }}\nspec:\n  controlPlane:\n{control_plane}"
    )
}

#[test]
fn the_control_plane_with_the_secret_must_exist_and_have_a_connection_of_its_own() {
    assert_eq!(
        of(&plane("spoke", &secret("nowhere"), "")),
        ["x.yaml:5: spec.connection.secret.controlPlane: there is no control plane named \"nowhere\""]
    );
    let chain = [
        plane("hub", "{ inCluster: {} }", ""),
        plane("spoke", &secret("hub"), ""),
        plane("end", &secret("spoke"), ""),
    ];
    let found = of(&chain.join("---\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("spec.connection.secret.controlPlane: spoke is itself connected by a Secret"),
        "{found:?}"
    );
}

#[test]
fn no_document_says_that_a_control_plane_is_a_claim() {
    let found = of(&plane("spoke", "{ claim: { uid: x } }", ""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("is none of `kubeconfig`, `inCluster`, `agent`, `secret`"),
        "{found:?}"
    );
}

#[test]
fn environments_that_nobody_has_are_warned_of() {
    let text = plane(
        "own",
        "{ inCluster: {} }",
        "  dedicatedTo: [payments]\n  environments: [dev, stagging]\n",
    );
    let found = of(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains(
            "spec.environments[1]: no tenant that may use it has an environment named \"stagging\""
        ),
        "{found:?}"
    );
}

#[test]
fn hosts_are_names_and_should_be_there() {
    let found = of(&offering(
        "    hosts: [\"https://x.example.org\", \"*\", \"*.clusters.example.org\"]\n",
    ));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("spec.controlPlane.hosts[0]"), "{found:?}");
    assert!(found[1].contains("spec.controlPlane.hosts[1]"), "{found:?}");
    let found = of(&offering("    kind: cluster\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("spec.controlPlane.hosts: is empty"),
        "{found:?}"
    );
}

#[test]
fn definitions_are_files_beside_the_document_with_definitions_alone() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: x }\n";
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: x }\n";
    let text = offering("    hosts: [c.example.org]\n    definitions: [crd.txt, both.txt, missing.txt]\n");
    let folder = folder(&[
        ("portico.yaml", PORTAL),
        ("tenants.yaml", TENANT),
        ("x.yaml", &text),
        ("crd.txt", crd),
        ("both.txt", &format!("{crd}---\n{role}")),
    ]);
    let loaded = load(folder.path());
    let found: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("definitions[1]") && found[0].contains("line 5: ClusterRole is no definition"),
        "{found:?}"
    );
    assert!(
        found[1].contains("definitions[2]") && found[1].contains("missing.txt"),
        "{found:?}"
    );
    assert!(loaded.configuration.is_some(), "these are warnings");
}
