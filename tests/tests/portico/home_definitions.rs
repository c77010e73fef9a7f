//! The CRDs that `portico crds` prints, on a real API server: it takes them, they take every document of the examples
//! and of the demo, refuse wrong ones with the field's name, and `kubectl explain` shows the reference's words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::processes::portico;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::until::until;
use serde_json::Value;

const KINDS: [&str; 5] = [
    "controlplanes",
    "offerings",
    "tenants",
    "approvalpolicies",
    "publications",
];

/// Installs what `portico crds` prints, and waits until it is served.
pub(crate) async fn install(kubectl: &Kubectl) {
    let printed = Command::new(portico()).arg("crds").output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    kubectl.apply(&printed, &["--server-side"]);
    for plural in KINDS {
        let name = format!("{plural}.portico.dev");
        until(
            "the definition is established",
            Duration::from_secs(20),
            async || {
                let crd = kubectl.json(&["get", "customresourcedefinition", &name]);
                let is = |of_type: &str| {
                    let conditions = crd["status"]["conditions"].as_array().into_iter().flatten();
                    conditions
                        .clone()
                        .any(|condition| condition["type"] == of_type && condition["status"] == "True")
                };
                assert!(!is("NonStructuralSchema"), "{}", crd["status"]);
                is("Established").then_some(())
            },
        )
        .await;
    }
}

/// The documents of the files of a folder that are of these kinds.
fn documents_in(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let documents = kube_schema::yaml::parse_all(&fs::read_to_string(&path).unwrap()).unwrap();
        let kinds = [
            "ControlPlane",
            "Offering",
            "Tenant",
            "ApprovalPolicy",
            "Publication",
        ];
        let ours = |document: &Value| {
            document["kind"]
                .as_str()
                .is_some_and(|kind| kinds.contains(&kind))
        };
        found.extend(
            documents
                .into_iter()
                .filter(ours)
                .map(|document| (path.clone(), document)),
        );
    }
    found
}

/// What the API server answers to the document, without keeping it.
fn try_apply(kubectl: &Kubectl, document: &str) -> Result<(), String> {
    let output = kubectl.try_run(&["create", "--dry-run=server", "--filename=-"], Some(document));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_definitions_take_what_the_folder_takes_and_refuse_the_rest() {
    let test = "the_definitions_take_what_the_folder_takes_and_refuse_the_rest";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;

    let world = SeparateProcess::world().await;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let folders = [
        docs.join("example"),
        docs.join("docs/reference/examples"),
        docs.join("docs/reference/examples/alternatives"),
        world.ready.configuration.clone(),
    ];
    let mut taken = 0;
    for (file, document) in folders.iter().flat_map(|folder| documents_in(folder)) {
        let answer = try_apply(&kubectl, &document.to_string());
        let place = format!(
            "{}: {} {}",
            file.display(),
            document["kind"],
            document["metadata"]["name"]
        );
        let names_files = document.pointer("/spec/connection/kubeconfig").is_some()
            || document.pointer("/spec/controlPlane/definitions").is_some();
        if names_files {
            let said = answer.expect_err(&place);
            assert!(
                said.contains("file of Portico's configuration folder"),
                "{place}: {said}"
            );
        } else {
            answer.unwrap_or_else(|said| panic!("{place}: {said}"));
            taken += 1;
        }
    }
    assert!(taken > 15, "only {taken}");

    for (kind, name, spec, field) in WRONG {
        let document = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
        );
        let said = try_apply(&kubectl, &document).expect_err(&document);
        assert!(said.contains(field), "{document}: {said}");
    }

    for (path, words) in [
        ("offering.spec", "An entry of the catalog"),
        (
            "offering.spec.lifecycle.stage",
            "Only platform admins see it in the catalog",
        ),
        ("controlplane.spec.actAs", "Whose rights Portico uses there"),
        (
            "tenant.spec.environments.namespace",
            "No two environments share one",
        ),
        ("approvalpolicy.spec.rules.when", "An expression that cannot be"),
        ("tenant.status.conditions", "Accepted"),
    ] {
        let said = kubectl.run(&["explain", path, "--api-version=portico.dev/v1alpha1"]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{path}: {said}");
    }
    assert!(!kubectl.run(&["api-resources", "--categories=portico"]).is_empty());
}

/// Documents that are refused, and what the answer names.
const WRONG: [(&str, &str, &str, &str); 21] = [
    (
        "ControlPlane",
        "eu",
        "{ connection: { inCluster: {} }, publicAddress: { server: 'https://eu', oidc: { issuer: 'http://sso', clientId: k } } }",
        "spec.publicAddress.oidc.issuer",
    ),
    (
        "Offering",
        "caches",
        "{}",
        "metadata.name must be <plural>.<group>",
    ),
    ("Offering", "caches.example.com", "{ titel: Cache }", "spec.titel"),
    (
        "Offering",
        "caches.example.com",
        "{ category: toys }",
        "spec.category",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ support: 'javascript:alert(1)' }",
        "spec.support",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ lifecycle: { sunset: '2027-03-01' } }",
        "only a deprecated offering has a sunset date",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ lifecycle: { stage: deprecated, sunset: soon } }",
        "spec.lifecycle.sunset",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ plans: [{ name: small }, { name: small }] }",
        "spec.plans[1]",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ access: { secret: { path: spec.secretName } } }",
        "spec.access.secret.path",
    ),
    (
        "Offering",
        "caches.example.com",
        "{ controlPlane: { definitions: [/etc/passwd] } }",
        "spec.controlPlane.definitions",
    ),
    (
        "ControlPlane",
        "eu.one",
        "{ connection: { inCluster: {} } }",
        "metadata.name must be",
    ),
    ("ControlPlane", "eu-1", "{}", "spec.connection"),
    ("ControlPlane", "eu-1", "{ connection: {} }", "spec.connection"),
    (
        "ControlPlane",
        "eu-1",
        "{ connection: { kubeconfig: { path: kubeconfigs/eu-1.yaml } } }",
        "spec.connection",
    ),
    (
        "ControlPlane",
        "eu-1",
        "{ connection: { inCluster: {} }, limits: { timeoutSeconds: 900 } }",
        "spec.limits.timeoutSeconds",
    ),
    (
        "Tenant",
        "payments",
        "{ members: [], environments: [] }",
        "spec.environments",
    ),
    (
        "Tenant",
        "payments",
        "{ members: [{ group: a, role: king }], environments: [{ name: dev, namespace: p }] }",
        "spec.members[0].role",
    ),
    (
        "Tenant",
        "payments",
        "{ members: [], environments: [{ name: dev, namespace: P_dev }] }",
        "spec.environments[0].namespace",
    ),
    (
        "ApprovalPolicy",
        "all",
        "{ rules: [{ name: a, when: 'true', then: { deny: {}, require: { approvers: { tenantApprovers: {} } } } }] }",
        "spec.rules[0].then",
    ),
    (
        "Publication",
        "search",
        "{ publisher: a, offering: b.c, controlPlane: d, consumers: { all: {} }, permissions: [] }",
        "spec.permissions",
    ),
    (
        "Publication",
        "search",
        "{ publisher: a, offering: b.c, controlPlane: d, consumers: { all: {}, tenants: [e] }, \
         permissions: [{ permission: takeClaims, reason: f }] }",
        "spec.consumers",
    ),
];
