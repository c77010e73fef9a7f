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
    for (address, message) in [
        ("{ server: 'http://eu.example.com' }", "is not an https URL"),
        ("{ server: eu }", "is not an https URL"),
        (
            "{ server: 'https://eu', certificateAuthority: /etc/ca.pem }",
            "is not a certificate in PEM",
        ),
    ] {
        let found = plane(address);
        assert!(found.iter().any(|problem| problem.contains(message)), "{found:?}");
    }
}
