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

fn kcp(kubeconfig: &str, kcp: &str) -> Vec<String> {
    of(&plane("team", kubeconfig, &format!("  kcp: {kcp}\n")))
}

#[test]
fn workspaces_and_exports_of_kcp_are_named_as_kcp_does() {
    // That there is no such file is a warning of its own.
    let file = "{ kubeconfig: { path: nowhere.yaml } }";
    let about = |kcp_field: &str| {
        let mut found = kcp(file, kcp_field);
        found.retain(|problem| !problem.contains("nowhere.yaml"));
        found
    };
    let good =
        "{ workspace: root:tenants:team, exports: [{ path: root:platform, name: databases.example.org }] }";
    assert_eq!(about(good), Vec::<String>::new());
    let found = about("{ workspace: root/tenants }");
    assert_eq!(
        found,
        [
            "x.yaml:6: spec.kcp.workspace: \"root/tenants\" is no path of a workspace: names joined by `:`, such as \
          root:tenants:payments, of lower-case letters, digits and -"
        ]
    );
    let found = about(
        "{ exports: [{ path: 'Root', name: a }, { path: root, name: 'a b' }, { path: root, name: x }, { path: root, name: x }] }",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].contains("spec.kcp.exports[0].path: \"Root\" is no path"),
        "{found:?}"
    );
    assert!(
        found[1].contains("spec.kcp.exports[1].name: \"a b\" is no name of an APIExport"),
        "{found:?}"
    );
    assert!(
        found[2].contains("spec.kcp.exports[3]: root:x is named twice"),
        "{found:?}"
    );
}

#[test]
fn a_workspace_of_kcp_needs_a_kubeconfig() {
    let found = kcp("{ inCluster: {} }", "{ workspace: root:team }");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("spec.kcp: cannot be together with inCluster"),
        "{found:?}"
    );
}

#[test]
fn exports_are_for_workspaces_and_say_what_they_may() {
    let exports = "    exports:\n      - { path: root:platform, name: databases, accept: [{ resource: secrets, verbs: [get] }] }\n";
    assert_eq!(
        of(&offering(&format!("    kind: kcpWorkspace\n{exports}"))),
        Vec::<String>::new()
    );
    let found = of(&offering(&format!("    hosts: [a.example.com]\n{exports}")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("spec.controlPlane.exports: needs spec.controlPlane.kind: kcpWorkspace"),
        "{found:?}"
    );
    let twice = "    exports:\n      - { path: root:a, name: x, accept: [{ resource: Secrets, verbs: [] }] }\n      - { path: root:b, name: x }\n";
    let found = of(&offering(&format!("    kind: kcpWorkspace\n{twice}")));
    let fields = [
        "exports[0].accept[0].resource",
        "exports[0].accept[0].verbs",
        "exports[1].name",
    ];
    assert_eq!(found.len(), fields.len(), "{found:?}");
    for (problem, field) in found.iter().zip(fields) {
        assert!(problem.contains(field), "{problem} is about {field}");
    }
}
