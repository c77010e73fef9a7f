//! Configurations and their problems, as an administrator sees them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use portico_domain::authz::SystemAuthority;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{load, open, parse, watch};

mod claimed_planes;
mod exposure;
mod files;
mod namespace_templates;
mod offerings;
mod publications;
mod sign_in;
mod tenants;

const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata:
  name: portico
spec:
  publicUrl: https://portico.example.com
  signIn:
    adminGroups: [platform-admins]
    providers:
      - name: sso
        issuer: https://sso.example.com
        clientId: portico
";

const TENANT: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata:
  name: payments
spec:
  members:
    - group: payments-developers
      role: developer
  environments:
    - name: dev
      namespace: payments-dev
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The problems of a folder as `check-config` prints them, with relative paths.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let prefix = format!("{}/", folder.path().display());
    load(folder.path())
        .problems
        .iter()
        .map(|problem| problem.to_string().replace(&prefix, ""))
        .collect()
}

#[test]
fn accepts_a_complete_configuration() {
    let folder = folder(&[("portico.yaml", PORTAL), ("tenants.yaml", TENANT)]);
    let loaded = load(folder.path());
    assert_eq!(loaded.problems, vec![]);
    let configuration = loaded.configuration.unwrap();
    assert_eq!(configuration.tenants.len(), 1);
    let database = configuration.portal.spec.database.url.unwrap();
    assert!(
        database.starts_with("sqlite:/") && database.ends_with("/portico.db"),
        "{database}"
    );
}

#[test]
fn an_unknown_field_names_file_line_and_field() {
    let tenant = TENANT.replace("namespace: payments-dev", "namepsace: payments-dev");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        [
            "tenants.yaml:11: spec.environments[0].namepsace: unknown field `namepsace`; did you mean \
          `namespace`? Known here: `name`, `namespace`, `production`, `controlPlaneLabels`, `preferredControlPlaneLabels`, `placement`"
        ]
    );
}

#[test]
fn a_wrong_type_names_file_line_and_field() {
    let tenant = TENANT.replace(
        "namespace: payments-dev",
        "namespace: payments-dev\n      production: sometimes",
    );
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("tenants.yaml:12: spec.environments[0].production: "),
        "{}",
        found[0]
    );
}

#[test]
fn an_unknown_word_lists_the_known_ones() {
    let tenant = TENANT.replace("role: developer", "role: develloper");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        [
            "tenants.yaml:8: spec.members[0].role: `develloper` is none of `viewer`, `developer`, `approver`, \
          `tenantAdmin`"
        ]
    );
}

#[test]
fn checks_every_document_of_a_file() {
    let text = format!(
        "{}---\n{}---\n{}",
        TENANT.replace("name: payments\n", "name: Payments\n"),
        TENANT
            .replace("kind: Tenant", "kind: Tennant")
            .replace("payments-dev\n", "x\n"),
        TENANT.replace("name: payments\n", "name: other\n")
    );
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &text)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("tenants.yaml:4: metadata.name: tenant name \"Payments\""),
        "{}",
        found[0]
    );
    assert!(found[1].contains("unknown kind \"Tennant\""), "{}", found[1]);
}

#[test]
fn two_environments_may_not_share_a_namespace() {
    let other = TENANT.replace("name: payments\n", "name: research\n");
    assert_eq!(
        problems(&[("a.yaml", TENANT), ("b.yaml", &other), ("portico.yaml", PORTAL)]),
        [
            "b.yaml:11: spec.environments[0].namespace: the namespace \"payments-dev\" already belongs to an \
          environment of tenant payments: no two may share one"
        ]
    );
}

#[test]
fn references_must_exist() {
    let tenant = format!("{TENANT}  controlPlanes:\n    names: [nowhere]\n");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        ["tenants.yaml:13: spec.controlPlanes.names[0]: there is no control plane named \"nowhere\""]
    );
}

#[tokio::test]
async fn a_bad_new_version_leaves_the_last_good_one_in_force() {
    let folder = folder(&[("portico.yaml", PORTAL), ("tenants.yaml", TENANT)]);
    let live = open(folder.path()).unwrap();
    let mut reports = live.subscribe();
    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch(
        live.clone(),
        folder.path().to_owned(),
        SystemAuthority::for_tests(),
        stop.clone(),
    ));
    // The watch may begin after the first write, so repeat it until it is noticed.
    let bad = TENANT.replace("role: developer", "role: king");
    let refused = async {
        loop {
            fs::write(folder.path().join("tenants.yaml"), &bad).unwrap();
            if let Ok(changed) = tokio::time::timeout(Duration::from_secs(1), reports.changed()).await {
                changed.unwrap();
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
    assert!(live.report().refused());
    assert_eq!(live.generation(), 1);
    assert_eq!(live.current().tenants.len(), 1);

    fs::write(
        folder.path().join("tenants.yaml"),
        TENANT.replace("name: payments\n", "name: billing\n"),
    )
    .unwrap();
    tokio::time::timeout(
        Duration::from_secs(10),
        reports.wait_for(|report| report.generation == 2),
    )
    .await
    .unwrap()
    .unwrap();
    assert!(!live.report().refused());
    assert_eq!(live.current().tenants.keys().next().unwrap().as_str(), "billing");
    stop.cancel();
    watching.await.unwrap();
}

/// One by one: the alternatives are not complete configurations.
#[test]
fn the_examples_of_the_reference_are_accepted() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/docs/reference/examples");
    let loaded = load(&examples);
    assert!(loaded.configuration.is_some(), "{:#?}", loaded.problems);
    for entry in fs::read_dir(examples.join("alternatives")).unwrap() {
        let file = entry.unwrap().path();
        let (documents, problems) = parse::parse(&file, &fs::read_to_string(&file).unwrap());
        assert!(problems.is_empty(), "{problems:#?}");
        assert!(!documents.is_empty(), "{}", file.display());
    }
    let agent = fs::read_to_string(examples.join("alternatives/agent.yaml")).unwrap();
    for document in agent.split("---\n") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.yaml");
        fs::write(&file, document).unwrap();
        assert!(super::read_agent(&file).is_ok(), "{document}");
    }
}

#[test]
fn what_belongs_to_agents_is_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let portal = "apiVersion: portico.dev/v1alpha1\nkind: Portal\nmetadata: { name: p }\nspec:\n  publicUrl: http://127.0.0.1:1\n  \
                  signIn: { providers: [{ name: sso, issuer: https://sso.example, clientId: p }] }\n";
    let plane = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: eu-3 }\nspec: { connection: { agent: {} } }\n";
    let agent = "apiVersion: portico.dev/v1alpha1\nkind: Agent\nmetadata: { name: eu-3 }\nspec: { addresses: ['a:1'], connection: { \
                 inCluster: {} } }\n";
    fs::write(
        folder.path().join("all.yaml"),
        format!("{portal}---\n{plane}---\n{agent}"),
    )
    .unwrap();
    let loaded = load(folder.path());
    assert!(loaded.configuration.is_none());
    let found: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let found = found.join("\n");
    assert!(
        found.contains("spec.connection.agent: needs spec.agents of the Portal"),
        "{found}"
    );
    assert!(found.contains("an Agent is for `portico agent`"), "{found}");

    let agents = "  agents: { listen: nowhere, address: 'x', certificateFile: a.crt, keyFile: a.key, certificateMinutes: 0 }\n";
    fs::write(
        folder.path().join("all.yaml"),
        format!("{portal}{agents}---\n{plane}"),
    )
    .unwrap();
    let loaded = load(folder.path());
    let found: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let found = found.join("\n");
    for wrong in [
        "spec.agents.listen",
        "spec.agents.address",
        "spec.agents.certificateMinutes: must be 1 to 43200",
    ] {
        assert!(found.contains(wrong), "{wrong}: {found}");
    }
    assert!(
        found.contains("spec.agents.keyFile: the file cannot be read"),
        "{found}"
    );
}
