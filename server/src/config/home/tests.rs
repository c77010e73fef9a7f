//! What becomes of the home plane's objects, beside the folder's documents.

use std::sync::Arc;

use portico_app::configuration::{DocumentFiles, Loaded};
use portico_domain::documents::Configuration;
use portico_domain::names::TenantName;
use portico_planes::HomeSnapshot;
use serde_json::{Value, json};

use super::super::load::load;
use super::join::Joined;
use super::{Memory, join};

pub(super) const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: { name: portico }
spec:
  publicUrl: https://portico.example.com
  signIn:
    adminGroups: [platform-admins]
    providers: [{ name: sso, issuer: 'https://sso.example.com', clientId: portico }]
  home: { inCluster: {} }
---
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: { name: payments }
spec:
  members: [{ group: payments, role: developer }]
  environments: [{ name: dev, namespace: payments-dev }]
";

/// The folder, and what is known of the home plane.
struct World {
    folder: Configuration,
    files: DocumentFiles,
    memory: Memory,
    objects: Vec<Value>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("portico.yaml"), PORTAL).unwrap();
        let Loaded {
            configuration,
            problems,
            files,
            ..
        } = load(folder.path());
        assert_eq!(problems, []);
        Self {
            folder: configuration.unwrap(),
            files,
            memory: Memory::default(),
            objects: Vec::new(),
        }
    }

    fn put(&mut self, kind: &str, name: &str, spec: Value) {
        let is_it = |object: &&mut Value| object["kind"] == kind && object["metadata"]["name"] == name;
        let known = self.objects.iter_mut().find(is_it);
        if let Some(object) = known {
            object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap() + 1);
            object["spec"] = spec;
            return;
        }
        let at = self.objects.len();
        self.objects.push(json!({
            "kind": kind,
            "metadata": {
                "name": name,
                "uid": format!("uid-{name}-{at}"),
                "generation": 1,
                "creationTimestamp": format!("2026-01-01T00:{at:02}:00Z"),
            },
            "spec": spec,
        }));
    }

    fn delete(&mut self, name: &str) {
        self.objects.retain(|object| object["metadata"]["name"] != name);
    }

    /// Joins, and writes the statuses as the API server would.
    fn join(&mut self) -> Joined {
        let snapshot = HomeSnapshot {
            objects: self.objects.iter().cloned().map(Arc::new).collect(),
            synced: true,
            ..HomeSnapshot::default()
        };
        let joined = join(&self.folder, &self.files, "digest", snapshot, &mut self.memory);
        for status in &joined.statuses {
            let object = self
                .objects
                .iter_mut()
                .find(|object| object["metadata"]["uid"] == status.object.uid.as_str());
            object.unwrap()["status"] = status.status.clone();
        }
        joined
    }

    /// `True Accepted: In force.`
    fn condition(&self, name: &str) -> String {
        let object = self
            .objects
            .iter()
            .find(|object| object["metadata"]["name"] == name)
            .unwrap();
        let condition = &object["status"]["conditions"][0];
        assert_eq!(condition["observedGeneration"], object["metadata"]["generation"]);
        let text = |field: &str| condition[field].as_str().unwrap().to_owned();
        format!("{} {}: {}", text("status"), text("reason"), text("message"))
    }
}

pub(super) fn tenant(namespace: &str) -> Value {
    json!({
        "members": [{ "group": "research", "role": "developer" }],
        "environments": [{ "name": "dev", "namespace": namespace }],
    })
}

fn plane() -> Value {
    json!({ "connection": { "inCluster": {} } })
}

pub(super) fn tenants(joined: &Joined) -> Vec<&str> {
    joined
        .with_home
        .configuration
        .tenants
        .keys()
        .map(TenantName::as_str)
        .collect()
}

#[test]
fn an_object_is_in_force_beside_the_files_until_it_is_deleted() {
    let mut world = World::new();
    world.put("Tenant", "research", tenant("research-dev"));
    let joined = world.join();
    assert_eq!(tenants(&joined), ["payments", "research"]);
    assert_eq!(joined.with_home.report.problems, []);
    assert_eq!(joined.with_home.report.blocked, None);
    assert_eq!(world.condition("research"), "True Accepted: In force.");
    assert!(
        world.join().statuses.is_empty(),
        "a status that is right is not written again"
    );
    world.delete("research");
    assert_eq!(tenants(&world.join()), ["payments"]);
}

#[test]
fn an_object_that_is_not_valid_is_left_out_alone() {
    let mut world = World::new();
    world.put("Tenant", "research", tenant("research-dev"));
    world.put("Tenant", "broken", json!({ "members": [], "enviroments": [] }));
    world.put(
        "Offering",
        "caches.example.com",
        json!({ "health": { "ready": "object.(" } }),
    );
    let joined = world.join();
    assert_eq!(tenants(&joined), ["payments", "research"]);
    assert!(joined.with_home.configuration.offerings.is_empty());
    assert_eq!(
        world.condition("broken"),
        "False Invalid: spec.enviroments: unknown field `enviroments`; did you mean `environments`? Known here: `title`, \
         `parent`, `members`, `environments`, `controlPlanes`, `placement`, `offerings`, `quota`. It is not in force."
    );
    let condition = world.condition("caches.example.com");
    assert!(
        condition.starts_with("False Invalid: spec.health.ready: is not a CEL expression"),
        "{condition}"
    );
    let place = joined
        .with_home
        .report
        .problems
        .iter()
        .map(|problem| problem.file.display().to_string());
    assert!(
        place
            .into_iter()
            .any(|place| place == "Tenant broken of the home control plane")
    );
}

#[test]
fn the_version_that_was_accepted_stays_in_force_also_after_a_restart() {
    let mut world = World::new();
    world.put("Tenant", "research", tenant("research-dev"));
    world.join();
    world.put("Tenant", "research", json!({ "members": [], "environments": [] }));
    let check = |joined: Joined, world: &World| {
        assert_eq!(tenants(&joined), ["payments", "research"]);
        assert_eq!(
            world.condition("research"),
            "False Invalid: spec.environments: a tenant needs at least one environment. The version that was accepted \
             before, generation 1, stays in force."
        );
    };
    let joined = world.join();
    check(joined, &world);
    world.memory = Memory::default();
    let joined = world.join();
    check(joined, &world);
    world.put("Tenant", "research", tenant("research-2"));
    world.join();
    assert_eq!(world.condition("research"), "True Accepted: In force.");
    assert_eq!(world.objects[0]["status"].get("inForce"), None);
}

#[test]
fn of_one_name_the_file_counts() {
    let mut world = World::new();
    world.put("Tenant", "payments", tenant("elsewhere"));
    let joined = world.join();
    let payments = &joined.with_home.configuration.tenants[&"payments".parse().unwrap()];
    assert_eq!(payments.spec.environments[0].namespace, "payments-dev");
    let condition = world.condition("payments");
    assert!(
        condition.starts_with("False NameTaken: metadata.name: ")
            && condition.contains("portico.yaml has a document of this kind and name, which counts"),
        "{condition}"
    );
}

#[test]
fn nothing_new_takes_what_is_in_force() {
    let mut world = World::new();
    world.put("Tenant", "older", tenant("older-dev"));
    world.put("Tenant", "research", tenant("research-dev"));
    world.join();
    // Of a file's namespace, and of one that a younger object has.
    for taken in ["payments-dev", "research-dev"] {
        world.put("Tenant", "older", tenant(taken));
        let joined = world.join();
        assert_eq!(tenants(&joined), ["older", "payments", "research"]);
        let condition = world.condition("older");
        assert!(
            condition.contains("already belongs to an environment of tenant"),
            "{condition}"
        );
        assert!(
            condition.ends_with("generation 1, stays in force."),
            "{condition}"
        );
        assert_eq!(world.condition("research"), "True Accepted: In force.");
    }
}

#[test]
fn what_was_accepted_is_not_lost_with_what_it_refers_to() {
    let mut world = World::new();
    let mut spec = tenant("research-dev");
    spec["controlPlanes"] = json!({ "names": ["eu-1"] });
    world.put("Tenant", "research", spec.clone());
    assert_eq!(tenants(&world.join()), ["payments"], "it refers to nothing");
    assert!(
        world
            .condition("research")
            .starts_with("False ReferenceNotFound: spec.controlPlanes.names[0]: ")
    );
    world.put("ControlPlane", "eu-1", plane());
    assert_eq!(
        tenants(&world.join()),
        ["payments", "research"],
        "accepted by itself"
    );
    world.delete("eu-1");
    for restarted in [false, true] {
        if restarted {
            world.memory = Memory::default();
        }
        assert_eq!(tenants(&world.join()), ["payments", "research"]);
        assert_eq!(
            world.condition("research"),
            "False ReferenceNotFound: spec.controlPlanes.names[0]: there is no control plane named \"eu-1\". It was \
             accepted before and stays in force."
        );
    }
}

#[test]
fn a_circle_of_tenants_is_refused_where_it_is_closed() {
    let mut world = World::new();
    let within = |parent: &str, namespace: &str| {
        let mut spec = tenant(namespace);
        spec["parent"] = json!(parent);
        spec
    };
    world.put("Tenant", "shop", tenant("shop-dev"));
    world.put("Tenant", "web", within("shop", "web-dev"));
    world.put("Tenant", "of-a-file", within("payments", "of-a-file-dev"));
    assert_eq!(tenants(&world.join()), ["of-a-file", "payments", "shop", "web"]);
    world.put("Tenant", "shop", within("web", "shop-dev"));
    for restarted in [false, true] {
        if restarted {
            world.memory = Memory::default();
        }
        let joined = world.join();
        assert_eq!(tenants(&joined), ["of-a-file", "payments", "shop", "web"]);
        let all = &joined.with_home.configuration.tenants;
        assert_eq!(all[&"shop".parse().unwrap()].spec.parent, None);
        assert_eq!(world.condition("web"), "True Accepted: In force.");
        assert_eq!(
            world.condition("shop"),
            "False Invalid: spec.parent: a tenant cannot be within itself: shop is in web is in shop. The version that was \
             accepted before, generation 1, stays in force."
        );
    }
}

#[test]
fn an_object_may_not_name_files() {
    let mut world = World::new();
    world.put(
        "ControlPlane",
        "eu-1",
        json!({ "connection": { "kubeconfig": { "path": "kubeconfigs/eu-1.yaml" } } }),
    );
    world.put(
        "Offering",
        "clusters.example.com",
        json!({ "controlPlane": { "definitions": ["/etc/shadow"], "hosts": ["a.b"] } }),
    );
    let joined = world.join();
    assert!(joined.with_home.configuration.control_planes.is_empty());
    assert!(joined.with_home.configuration.offerings.is_empty());
    assert!(
        world
            .condition("eu-1")
            .starts_with("False NotAllowed: spec.connection.kubeconfig: ")
    );
    assert!(world.condition("eu-1").contains("use spec.connection.secret"));
    assert!(
        world
            .condition("clusters.example.com")
            .starts_with("False NotAllowed: spec.controlPlane.definitions: ")
    );
}

#[test]
fn nothing_may_be_requested_while_policies_may_be_missing() {
    let mut world = World::new();
    let unread = join(
        &world.folder,
        &world.files,
        "digest",
        HomeSnapshot::default(),
        &mut world.memory,
    );
    assert!(unread.with_home.report.blocked.is_some() && !unread.with_home.report.synced);
    assert_eq!(
        unread.with_home.configuration.policies.len(),
        1,
        "it denies everything"
    );
    assert!(unread.statuses.is_empty());

    let rule = |when: &str| json!({ "rules": [{ "name": "all", "when": when, "then": { "deny": {} } }] });
    world.put("ApprovalPolicy", "new", rule("request.("));
    assert_eq!(
        world.join().with_home.report.blocked,
        None,
        "it was never in force"
    );
    world.put("ApprovalPolicy", "new", rule("true"));
    assert_eq!(world.join().with_home.configuration.policies.len(), 1);
    // Changed while Portico is not running: the version that was in force is not known any more.
    world.put("ApprovalPolicy", "new", rule("request.("));
    world.memory = Memory::default();
    let blocked = world.join().with_home.report.blocked.unwrap();
    assert!(blocked.contains("The approval policy new"), "{blocked}");

    // A home plane that cannot be read any more changes nothing.
    world.put("ApprovalPolicy", "new", rule("true"));
    world.join();
    let down = join(
        &world.folder,
        &world.files,
        "digest",
        HomeSnapshot::default(),
        &mut world.memory,
    );
    assert_eq!(down.with_home.report.blocked, None);
    assert_eq!(down.with_home.configuration.policies.len(), 1);
}
