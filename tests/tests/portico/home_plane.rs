//! Documents as objects of a home control plane, a real API server: what is applied there is in force without a restart,
//! what is wrong does no harm, and a home plane that is away changes nothing.

use std::fs;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::demo::Demo;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::proxy::Proxy;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{BUCKET, CACHE, POSTGRESQL};
use portico_tests::until::{until, until_right};
use serde_json::Value;

use crate::home_definitions::install;

const SOON: Duration = Duration::from_secs(20);

/// Names the home plane in the demo's configuration.
pub(crate) fn set_home(world: &Demo, kubeconfig: &std::path::Path) {
    let file = world.configuration("portal.yaml");
    let portal = fs::read_to_string(&file).unwrap();
    let home = format!(
        "spec:\n  home: {{ kubeconfig: {{ path: '{}' }} }}\n",
        kubeconfig.display()
    );
    fs::write(&file, portal.replacen("spec:\n", &home, 1)).unwrap();
}

/// `True Accepted: In force.`
fn condition(kubectl: &Kubectl, kind: &str, name: &str) -> String {
    let object = kubectl.json(&["get", kind, name]);
    let Some(condition) = object.pointer("/status/conditions/0") else {
        return String::new();
    };
    if condition["observedGeneration"] != object["metadata"]["generation"] {
        return String::new();
    }
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    format!("{} {}: {}", text("status"), text("reason"), text("message"))
}

pub(crate) async fn until_condition(kubectl: &Kubectl, kind: &str, name: &str, begins: &str) -> String {
    until_right(
        "the condition of an object",
        SOON,
        async || condition(kubectl, kind, name),
        |condition| condition.starts_with(begins),
    )
    .await
}

async fn tenants(admin: &Person) -> String {
    admin.get("/admin/tenants").await.page().body()
}

pub(crate) fn tenant(name: &str, namespace: &str, rest: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: {{ name: {name} }}
spec:
  title: The {name} team
  members: [{{ group: payments-developers, role: developer }}]
  environments: [{{ name: dev, namespace: {namespace} }}]
{rest}"
    )
}

/// Of one name in both, the file counts; once the file is gone, the object does.
async fn the_file_counts(kubectl: &Kubectl, world: &Demo, admin: &Person) {
    kubectl.apply(&tenant("payments", "elsewhere", ""), &[]);
    let said = until_condition(kubectl, "tenant", "payments", "False NameTaken").await;
    assert!(said.contains("tenants.yaml"), "{said}");
    assert!(!tenants(admin).await.contains("The payments team"));

    kubectl.apply(&offering(BUCKET, "Buckets from home"), &[]);
    until_condition(kubectl, "offering", BUCKET, "False NameTaken").await;
    fs::remove_file(world.configuration("offering-bucket.yaml")).unwrap();
    until_condition(kubectl, "offering", BUCKET, "True Accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_in_force_beside_the_folder() {
    let test = "objects_are_in_force_beside_the_folder";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;
    let world = SeparateProcess::world().await;
    set_home(&world, &with_documented_rights(&server, &world));
    fs::remove_file(world.configuration("offering-cache.yaml")).unwrap();
    let portal = SeparateProcess::over(world, "warn").await;
    let world = &portal.world;
    let admin = world.sign_in("pat").await;

    // A tenant appears.
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    until_condition(&kubectl, "tenant", "orbit", "True Accepted: In force.").await;
    assert!(tenants(&admin).await.contains("The orbit team"));
    let dana = world.sign_in("dana").await;
    dana.work_in("orbit/dev").await;
    dana.work_in("payments/dev").await;

    // An offering takes effect: the catalog has its title.
    kubectl.apply(&offering(CACHE, "A cache from home"), &[]);
    until_condition(&kubectl, "offering", CACHE, "True Accepted").await;
    let dana_sees = async || dana.get("/catalog").await.page().body();
    until("the title in the catalog", SOON, async || {
        dana_sees().await.contains("A cache from home").then_some(())
    })
    .await;
    kubectl.apply(&offering(CACHE, "Another title"), &[]);
    until("the new title", SOON, async || {
        dana_sees().await.contains("Another title").then_some(())
    })
    .await;

    // What the API server cannot see is refused in the status, names the field, and does no harm.
    kubectl.apply(
        &tenant("lost", "lost-dev", "  controlPlanes: { names: [nowhere] }\n"),
        &[],
    );
    let said = until_condition(&kubectl, "tenant", "lost", "False ReferenceNotFound").await;
    assert!(
        said.contains("spec.controlPlanes.names[0]: there is no control plane named"),
        "{said}"
    );
    let shown = tenants(&admin).await;
    assert!(
        shown.contains("The orbit team") && !shown.contains("The lost team"),
        "{shown}"
    );
    let page = admin.get("/admin/configuration").await.page().body();
    assert!(page.contains("Tenant lost of the home control plane"), "{page}");
    assert!(page.contains("spec.controlPlanes.names[0]"), "{page}");

    // The control plane that it names makes it valid, by itself.
    kubectl.apply(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: { name: nowhere }
spec: { connection: { inCluster: {} } }
",
        &[],
    );
    until_condition(&kubectl, "controlplane", "nowhere", "True Accepted").await;
    until_condition(&kubectl, "tenant", "lost", "True Accepted").await;
    let planes = admin.get("/admin/control-planes").await.page().body();
    assert!(planes.contains("nowhere"), "{planes}");

    // A bad edit leaves the version that was accepted in force.
    kubectl.apply(&tenant("orbit", "payments-dev", ""), &[]);
    let said = until_condition(&kubectl, "tenant", "orbit", "False Invalid").await;
    assert!(
        said.contains("already belongs to an environment of tenant payments"),
        "{said}"
    );
    assert!(said.ends_with("generation 1, stays in force."), "{said}");
    assert!(tenants(&admin).await.contains("The orbit team"));
    let object = kubectl.json(&["get", "tenant", "orbit", "--show-managed-fields"]);
    assert_eq!(
        object["status"]["inForce"]["spec"]["environments"][0]["namespace"],
        "orbit-dev"
    );
    let managers: Vec<&Value> = object["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(
        managers
            .iter()
            .any(|entry| entry["manager"] == "portico" && entry["subresource"] == "status"),
        "{managers:?}"
    );

    the_file_counts(&kubectl, world, &admin).await;

    // What is deleted goes.
    let _ = kubectl.run(&["delete", "tenant", "lost", "payments"]);
    until("the tenant goes", SOON, async || {
        (!tenants(&admin).await.contains("The lost team")).then_some(())
    })
    .await;

    let columns = kubectl.run(&["get", "tenants"]);
    assert!(
        columns.contains("ACCEPTED") && columns.contains("False"),
        "{columns}"
    );
}

/// A kubeconfig of a user who has the rights that the documentation says, and no others.
fn with_documented_rights(server: &ApiServer, world: &Demo) -> std::path::PathBuf {
    let page = include_str!("../../../deploy/docs/home-plane.md");
    let (_, rights) = page.split_once("### Rights").unwrap();
    let role = rights.split("```").nth(1).unwrap().trim_start_matches("yaml");
    let kubectl = server.kubectl();
    kubectl.apply(role, &[]);
    let _ = kubectl.run(&[
        "create",
        "clusterrolebinding",
        "portico-home",
        "--clusterrole=portico-home",
        "--user=portico-at-home",
    ]);
    let kubeconfig = fs::read_to_string(server.kubeconfig()).unwrap();
    let limited = world.data().join("limited.yaml");
    fs::write(
        &limited,
        kubeconfig.replacen("user: { token", "user: { as: portico-at-home, token", 1),
    )
    .unwrap();
    limited
}

fn offering(name: &str, title: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: {name} }}\nspec: {{ title: {title} }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_plane_that_is_away_changes_nothing() {
    let test = "a_home_plane_that_is_away_changes_nothing";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    let world = SeparateProcess::world().await;
    let kubeconfig = world.data().join("home-kubeconfig.yaml");
    let mut proxy = Proxy::start(server.kubeconfig(), &kubeconfig).await;
    set_home(&world, &kubeconfig);
    let mut portal = SeparateProcess::over(world, "warn").await;
    let admin = portal.world.sign_in("pat").await;
    let shown = tenants(&admin).await;
    let page = admin.get("/admin/configuration").await.page().body();
    assert!(
        shown.contains("The orbit team"),
        "it is there from the start: {page}\n{}",
        portal.log()
    );

    // Away: the last known documents stay, and the admin page says so.
    proxy.go_down().await;
    until("the admin page says that it is away", SOON, async || {
        let page = admin.get("/admin/configuration").await.page().body();
        page.contains("The home control plane cannot be read")
            .then_some(())
    })
    .await;
    let page = admin.get("/admin/configuration").await.page().body();
    assert!(
        page.contains("What was read from it before stays in force"),
        "{page}"
    );
    assert!(tenants(&admin).await.contains("The orbit team"));

    let metrics = admin.get("/metrics").await.text;
    assert!(metrics.contains("portico_home_plane_read 0"), "{metrics}");

    // A restart without it: the folder alone, and nothing may be requested.
    portal.restart("warn").await;
    let admin = portal.world.sign_in("pat").await;
    let shown = tenants(&admin).await;
    assert!(
        !shown.contains("The orbit team") && shown.contains("Payments"),
        "{shown}"
    );
    let page = admin.get("/admin/configuration").await.page().body();
    assert!(
        page.contains("nobody can request anything until it has been read"),
        "{page}"
    );
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let form = dana
        .get(&format!("/catalog/{POSTGRESQL}/request"))
        .await
        .page()
        .body();
    assert!(form.contains("has not read its home control plane yet"), "{form}");

    // Back: everything is there again, without a restart.
    kubectl.apply(&tenant("comet", "comet-dev", ""), &[]);
    proxy.come_back().await;
    until(
        "the tenants of the home plane",
        Duration::from_secs(40),
        async || {
            let shown = tenants(&admin).await;
            (shown.contains("The orbit team") && shown.contains("The comet team")).then_some(())
        },
    )
    .await;
    until_condition(&kubectl, "tenant", "comet", "True Accepted").await;
}
