//! What tenants publish.

use super::{PORTAL, TENANT, problems};

const OTHERS: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: { name: research }
spec:
  members: [{ group: research-leads, role: tenantAdmin }]
  environments: [{ name: lab, namespace: research-lab }]
  controlPlanes: { names: [shared] }
---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: { name: own }
spec: { connection: { inCluster: {} }, dedicatedTo: [research] }
---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: { name: shared }
spec: { connection: { inCluster: {} } }
---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: { name: acting }
spec: { connection: { inCluster: {} }, dedicatedTo: [research], actAs: person }
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: { name: clusters.example.org }
spec: { controlPlane: {}, access: { keys: { kubeconfig: value } } }
";

const SOUND: &str = "{ publisher: research, offering: indexes.example.org, controlPlane: own, \
    consumers: { tenants: [payments] }, approvers: { ofPublisher: {} }, permissions: [ \
    { permission: takeClaims, reason: a }, { permission: decide, reason: b } ] }";

/// What is replaced in the sound one, by what, and the field and message of the fault.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "controlPlane: own",
        "controlPlane: shared",
        "spec.controlPlane",
        "is not dedicated to research alone",
    ),
    (
        "controlPlane: own",
        "controlPlane: acting",
        "spec.controlPlane",
        "must have actAs: portico",
    ),
    (
        "controlPlane: own",
        "controlPlane: gone",
        "spec.controlPlane",
        "there is no control plane named",
    ),
    (
        "publisher: research",
        "publisher: payments",
        "spec.controlPlane",
        "is not dedicated to payments alone",
    ),
    (
        "[payments]",
        "[research]",
        "spec.consumers.tenants[0]",
        "is the publisher",
    ),
    (
        "[payments]",
        "[nobody]",
        "spec.consumers.tenants[0]",
        "there is no tenant named",
    ),
    (
        "[payments]",
        "[]",
        "spec.consumers.tenants",
        "name at least one tenant",
    ),
    (
        "indexes.example.org",
        "clusters.example.org",
        "spec.offering",
        "are control planes",
    ),
    (
        "reason: a",
        "reason: a, optional: true",
        "spec.permissions[0].optional",
        "cannot be optional",
    ),
    (
        "reason: a",
        "reason: ' '",
        "spec.permissions[0].reason",
        "in a sentence",
    ),
    (
        "permission: decide",
        "permission: takeClaims",
        "spec.permissions[1].permission",
        "is asked for twice",
    ),
    (
        "permission: takeClaims",
        "permission: readNotes",
        "spec.permissions",
        "must ask for takeClaims",
    ),
    (
        "approvers: { ofPublisher: {} }, ",
        "",
        "spec.approvers",
        "say who decides",
    ),
    (
        "permission: decide",
        "permission: readNotes",
        "spec.approvers",
        "they decide nothing",
    ),
    (
        "{ ofPublisher: {} }",
        "{ groups: [] }",
        "spec.approvers.groups",
        "name at least one group",
    ),
    (
        "permission: decide",
        "permission: rule",
        "spec.permissions",
        "is none of",
    ),
];

fn of(spec: &str) -> Vec<String> {
    let document = format!(
        "apiVersion: portico.dev/v1alpha1\nkind: Publication\nmetadata: {{ name: search }}\nspec: {spec}\n"
    );
    let found = problems(&[
        ("portico.yaml", PORTAL),
        ("tenants.yaml", TENANT),
        ("others.yaml", OTHERS),
        ("x.yaml", &document),
    ]);
    found
        .into_iter()
        .filter(|problem| problem.starts_with("x.yaml"))
        .collect()
}

#[test]
fn faults_of_a_publication_are_named_with_their_field() {
    assert_eq!(of(SOUND), [""; 0]);
    for (from, to, field, message) in FAULTS {
        let changed = SOUND.replacen(from, to, 1);
        assert_ne!(changed, SOUND);
        let found = of(&changed);
        assert!(
            found
                .iter()
                .any(|problem| problem.contains(field) && problem.contains(message)),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn no_environment_takes_the_namespace_of_a_consumer() {
    let taken = TENANT.replace("payments-dev", "portico-for-me");
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &taken)]);
    assert!(
        found
            .iter()
            .any(|problem| problem.contains("consumers of tenants")),
        "{found:?}"
    );
}
