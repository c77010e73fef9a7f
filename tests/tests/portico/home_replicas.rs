//! Two replicas over one home control plane, a real API server: they come to the same, write each status once, and do not
//! write in turns, even if their files differ.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use portico_store::testing::PostgresServer;
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::POSTGRESQL;
use portico_tests::until::until;

use crate::home_definitions::install;
use crate::home_plane::{set_home, tenant, until_condition};

const SOON: Duration = Duration::from_secs(30);
/// Longer than replicas wait before they write a status again that another one has replaced.
const WHILE: Duration = Duration::from_secs(8);

/// The `resourceVersion` of all objects.
fn versions(kubectl: &Kubectl) -> BTreeMap<String, String> {
    let all = kubectl.json(&["get", "portico"]);
    let items = all["items"].as_array().unwrap().iter();
    let version = |item: &serde_json::Value| {
        let text = |path: &str| item.pointer(path).unwrap().as_str().unwrap().to_owned();
        let name = format!("{} {}", text("/kind"), text("/metadata/name"));
        (name, text("/metadata/resourceVersion"))
    };
    items.map(version).collect()
}

/// Asserts that nothing is written, although the files are read again and again.
async fn nothing_is_written(kubectl: &Kubectl, folders: &[&Path]) {
    let before = versions(kubectl);
    let steps: u32 = 4;
    for step in 0..steps {
        for folder in folders {
            // A comment: the documents are read and judged anew.
            fs::write(folder.join("touched.yaml"), format!("# {step}\n")).unwrap();
        }
        tokio::time::sleep(WHILE / steps).await;
        assert_eq!(versions(kubectl), before);
    }
}

async fn until_shown(admin: &Person, words: &str, shown: bool) {
    until(&format!("{words:?} is shown: {shown}"), SOON, async || {
        let page = admin.get("/admin/tenants").await.page().body();
        (page.contains(words) == shown).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_do_not_fight_over_statuses() {
    let test = "two_replicas_do_not_fight_over_statuses";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let Some(postgres) = PostgresServer::shared(test) else {
        return;
    };
    let database = postgres.fresh_database().await.unwrap();
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;
    let world = SeparateProcess::world().await;
    set_home(&world, server.kubeconfig());
    // The same files in another folder: what is said must not depend on it.
    let other = tempfile::tempdir().unwrap();
    let own = world.ready.configuration.clone();
    for entry in fs::read_dir(&own).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), other.path().join(entry.file_name())).unwrap();
        }
    }
    let environment = [("PORTICO_DATABASE", database.clone())];
    let portal = SeparateProcess::with_environment(world, "warn", &environment).await;
    let (mut replica, url) = portal.replica_over(&database, other.path()).await;
    let pat = portal.world.sign_in("pat").await;
    let pat_there = Person::anonymous(&url);
    pat_there.set_cookies(pat.cookies());

    // One of each outcome.
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    kubectl.apply(&tenant("payments", "elsewhere", ""), &[]);
    kubectl.apply(
        &tenant("lost", "lost-dev", "  controlPlanes: { names: [nowhere] }\n"),
        &[],
    );
    kubectl.apply(
        &format!(
            "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: {POSTGRESQL}x }}\nspec: {{ title: Other }}\n"
        ),
        &[],
    );
    // Both want one namespace.
    for name in ["left", "right"] {
        kubectl.apply(&tenant(name, "wanted-dev", ""), &[]);
    }
    until_condition(&kubectl, "tenant", "orbit", "True Accepted").await;
    until_condition(&kubectl, "tenant", "payments", "False NameTaken").await;
    until_condition(&kubectl, "tenant", "lost", "False ReferenceNotFound").await;
    for admin in [&pat, &pat_there] {
        until_shown(admin, "The orbit team", true).await;
    }
    let folders = [own.as_path(), other.path()];
    nothing_is_written(&kubectl, &folders).await;
    let generation = kubectl.json(&["get", "tenant", "left"])["status"]["observedGeneration"].clone();
    assert_eq!(generation, 1);

    observed_generations_only_grow(&kubectl).await;
    until_condition(&kubectl, "tenant", "orbit", "True Accepted").await;
    nothing_is_written(&kubectl, &folders).await;

    their_files_differ(&kubectl, &own, other.path()).await;
    nothing_is_written(&kubectl, &folders).await;

    // One of them ends: nothing changes, and the other goes on alone.
    let before = versions(&kubectl);
    replica.kill();
    nothing_is_written(&kubectl, &folders[..1]).await;
    assert_eq!(versions(&kubectl), before);
    kubectl.apply(&tenant("orbit", "payments-dev", ""), &[]);
    let said = until_condition(&kubectl, "tenant", "orbit", "False Invalid").await;
    assert!(said.ends_with("stays in force."), "{said}");
    until_shown(&pat, "The orbit team", true).await;
    let written = fs::read_to_string(portal.world.data().join("replica.log")).unwrap();
    for log in [portal.log(), written] {
        assert!(!log.contains("could not be written"), "{log}");
    }
}

/// Changes an object quickly, and looks at each version of it.
async fn observed_generations_only_grow(kubectl: &Kubectl) {
    let columns = "--output=jsonpath={.metadata.generation} {.status.observedGeneration}{\"\\n\"}";
    let mut watching = kubectl.start(&["get", "tenant", "orbit", "--watch", columns]);
    let output = watching.child().stdout.take().unwrap();
    let seen = std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        let pairs = lines.filter_map(|line| {
            let (generation, observed) = line.split_once(' ')?;
            Some((generation.parse::<i64>().ok()?, observed.parse::<i64>().ok()?))
        });
        pairs.collect::<Vec<_>>()
    });
    for change in 0..12 {
        let namespace = ["orbit-dev", "orbit-two", "payments-dev"][change % 3];
        kubectl.apply(&tenant("orbit", namespace, ""), &[]);
    }
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    until_condition(kubectl, "tenant", "orbit", "True Accepted").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    watching.kill();
    let seen = seen.join().unwrap();
    assert!(seen.len() > 12, "{seen:?}");
    assert!(seen.is_sorted_by_key(|(_, observed)| *observed), "{seen:?}");
    assert!(
        seen.iter().all(|(generation, observed)| observed <= generation),
        "{seen:?}"
    );
    // A change, and its status: two versions each, and none for the replica that came second.
    assert!(seen.len() <= 13 * 2 + 4, "{seen:?}");
}

/// Only one of them knows the control plane that a tenant refers to.
async fn their_files_differ(kubectl: &Kubectl, own: &Path, other: &Path) {
    let version = || kubectl.json(&["get", "tenant", "lost"])["metadata"]["resourceVersion"].clone();
    let plane = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: nowhere }\n\
        spec: { connection: { inCluster: {} } }\n";
    fs::write(other.join("nowhere.yaml"), plane).unwrap();
    let mut seen = vec![version()];
    let begun = std::time::Instant::now();
    while begun.elapsed() < WHILE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = version();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert!(seen.len() > 1, "it is accepted by one of them");
    assert!(seen.len() <= 6, "they write in turns: {seen:?}");
    fs::write(own.join("nowhere.yaml"), plane).unwrap();
    until_condition(kubectl, "tenant", "lost", "True Accepted").await;
}
