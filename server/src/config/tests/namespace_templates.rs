//! Templates of tenants' namespaces.

use super::{PORTAL, TENANT, problems};

fn of(spec: &str) -> Vec<String> {
    let template = format!(
        "apiVersion: portico.dev/v1alpha1\nkind: NamespaceTemplate\nmetadata: {{ name: standard }}\nspec: {spec}\n"
    );
    let found = problems(&[
        ("portico.yaml", PORTAL),
        ("tenants.yaml", TENANT),
        ("x.yaml", &template),
    ]);
    found
        .into_iter()
        .filter(|problem| problem.starts_with("x.yaml"))
        .collect()
}

#[test]
fn a_template_without_faults_is_accepted() {
    let spec = "{ roles: { viewer: view }, kubeconfig: {}, labels: { a.example.com/b: c }, objects: [{ apiVersion: v1, \
                kind: ResourceQuota, metadata: { name: q }, spec: {} }] }";
    assert_eq!(of(spec), [""; 0]);
    assert_eq!(of("{}"), [""; 0]);
}

#[test]
fn faults_are_named_with_their_field() {
    for (spec, field, message) in [
        (
            "{ tenants: [nobody] }",
            "spec.tenants[0]",
            "there is no tenant named \"nobody\"",
        ),
        ("{ environments: some }", "spec.environments", "is none of"),
        ("{ labels: { 'a b': c } }", "spec.labels", "is not a label's name"),
        (
            "{ labels: { portico.dev/tenant: x } }",
            "spec.labels",
            "Portico sets portico.dev/… itself",
        ),
        (
            "{ kubeconfig: {}, roles: { viewer: a/b } }",
            "spec.roles.viewer",
            "is not the name of a ClusterRole",
        ),
        ("{ roles: { owner: view } }", "spec.roles", "is none of"),
        (
            "{ roles: { viewer: view } }",
            "spec.roles",
            "nobody has these roles",
        ),
        (
            "{ kubeconfig: {}, roles: { developer: cluster-admin } }",
            "spec.roles.developer",
            "may do everything in the namespace",
        ),
        (
            "{ kubeconfig: { minutes: 5 } }",
            "spec.kubeconfig.minutes",
            "5 is not between 10 and 1440",
        ),
        (
            "{ groups: { provider: nobody } }",
            "spec.groups",
            "there is no sign-in provider named",
        ),
        (
            "{ objects: [{ kind: ConfigMap }] }",
            "spec.objects[0]",
            "needs apiVersion and kind",
        ),
        (
            "{ objects: [{ apiVersion: v1, kind: Secret, metadata: { name: x } }] }",
            "spec.objects[0]",
            "would put its values into the configuration",
        ),
        (
            "{ objects: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: x, namespace: y } }] }",
            "spec.objects[0]",
            "names a namespace",
        ),
        (
            "{ objects: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: x } }, { apiVersion: v1, kind: ConfigMap, \
             metadata: { name: x } }] }",
            "spec.objects[1]",
            "there is another ConfigMap named \"x\"",
        ),
        (
            "{ objects: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: x, labels: { portico.dev/tenant: y } } }] }",
            "spec.objects[0]",
            "Portico sets portico.dev/tenant",
        ),
    ] {
        let found = of(spec);
        assert_eq!(found.len(), 1, "{spec}: {found:?}");
        assert!(
            found[0].contains(field) && found[0].contains(message),
            "{spec}: {found:?}"
        );
    }
}

#[test]
fn groups_of_another_issuer_are_pointed_out() {
    let found = |issuer: &str, labels: &str, of_template: &str| {
        let text = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: {{ name: eu, labels: {{ {labels} }} }}\nspec:\n  \
             connection: {{ inCluster: {{}} }}\n  publicAddress: {{ server: 'https://eu', oidc: {{ issuer: '{issuer}', clientId: k \
             }} }}\n---\napiVersion: portico.dev/v1alpha1\nkind: NamespaceTemplate\nmetadata: {{ name: standard }}\nspec: {{ \
             controlPlaneLabels: {{ a: b }}, roles: {{ viewer: view }}{of_template} }}\n"
        );
        let found = problems(&[
            ("portico.yaml", PORTAL),
            ("tenants.yaml", TENANT),
            ("x.yaml", &text),
        ]);
        found
            .into_iter()
            .filter(|problem| problem.contains("is not the issuer of"))
            .count()
    };
    let groups = ", groups: { prefix: 'oidc:' }";
    assert_eq!(found("https://other.example.com", "a: b", groups), 1);
    // Its own provider, a control plane that the template is not for, and a template that gives groups nothing.
    assert_eq!(found("https://sso.example.com", "a: b", groups), 0);
    assert_eq!(found("https://other.example.com", "a: c", groups), 0);
    assert_eq!(found("https://other.example.com", "a: b", ", kubeconfig: {}"), 0);
}

#[test]
fn a_maintenance_window_ends_after_it_begins() {
    let text = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: eu }\nspec:\n  connection: { inCluster: {} }\n  \
                maintenance: [{ from: 2026-06-01T20:00:00Z, to: 2026-06-01T20:00:00Z }]\n";
    let found = problems(&[
        ("portico.yaml", PORTAL),
        ("tenants.yaml", TENANT),
        ("x.yaml", text),
    ]);
    assert_eq!(
        found,
        ["x.yaml:6: spec.maintenance[0].to: must be later than from"]
    );
}

#[test]
fn where_people_reach_a_control_plane_is_checked() {
    let plane = |address: &str| {
        let text = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: {{ name: eu }}\nspec:\n  connection: {{ \
             inCluster: {{}} }}\n  publicAddress: {address}\n"
        );
        problems(&[
            ("portico.yaml", PORTAL),
            ("tenants.yaml", TENANT),
            ("x.yaml", &text),
        ])
    };
    assert_eq!(plane("{ server: 'https://eu.example.com:6443' }"), [""; 0]);
    let oidc = |issuer: &str, client: &str, scopes: &str| {
        plane(&format!(
            "{{ server: 'https://eu', oidc: {{ issuer: '{issuer}', clientId: '{client}', extraScopes: [{scopes}] }} }}"
        ))
    };
    assert_eq!(oidc("https://sso.example.com/a", "kubernetes", "groups"), [""; 0]);
    for (found, message) in [
        (
            oidc("http://sso", "kubernetes", ""),
            "oidc.issuer: \"http://sso\" is not the https URL",
        ),
        (oidc("https://sso?a=b", "kubernetes", ""), "oidc.issuer: "),
        (oidc("https://a:b@sso", "kubernetes", ""), "oidc.issuer: "),
        (oidc("https://sso", "", ""), "oidc.clientId: "),
        (
            oidc("https://sso", "k", "'groups email'"),
            "oidc.extraScopes[0]: ",
        ),
    ] {
        assert!(
            found.iter().any(|problem| problem.contains(message)),
            "{message}: {found:?}"
        );
    }
    for (address, message) in [
        ("{ server: 'http://eu.example.com' }", "is not an https URL"),
        ("{ server: eu }", "is not an https URL"),
        (
            "{ server: 'https://eu', certificateAuthority: /etc/ca.pem }",
            "publicAddress.certificateAuthority: is not a certificate in PEM",
        ),
        (
            "{ server: 'https://eu', oidc: { issuer: 'https://sso', clientId: k, certificateAuthority: /etc/ca.pem } }",
            "publicAddress.oidc.certificateAuthority: is not a certificate in PEM",
        ),
    ] {
        let found = plane(address);
        assert!(found.iter().any(|problem| problem.contains(message)), "{found:?}");
    }
}
