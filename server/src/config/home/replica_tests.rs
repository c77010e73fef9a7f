//! Replicas over one home plane come to the same, whatever each has seen before, and whoever writes first.

use std::sync::Arc;

use portico_app::configuration::{DocumentFiles, Loaded};
use portico_domain::documents::Configuration;
use portico_planes::HomeSnapshot;
use serde_json::{Value, json};

use super::super::load::load;
use super::join::Joined;
use super::tests::{PORTAL, tenant, tenants};
use super::{Memory, join};

/// A replica: its own folder, and what it remembers.
struct Replica {
    folder: Configuration,
    files: DocumentFiles,
    memory: Memory,
}

impl Replica {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("portico.yaml"), PORTAL).unwrap();
        let Loaded {
            configuration, files, ..
        } = load(folder.path());
        Self {
            folder: configuration.unwrap(),
            files,
            memory: Memory::default(),
        }
    }

    fn judge(&mut self, objects: &[Value]) -> Joined {
        let snapshot = HomeSnapshot {
            objects: objects.iter().cloned().map(Arc::new).collect(),
            synced: true,
            ..HomeSnapshot::default()
        };
        join(&self.folder, &self.files, "digest", snapshot, &mut self.memory)
    }
}

/// Writes the statuses of what was read, except to objects that have changed since, as the API server does.
fn write(objects: &mut [Value], joined: &Joined) -> usize {
    let mut written = 0;
    for status in &joined.statuses {
        let object = objects
            .iter_mut()
            .find(|object| object["metadata"]["uid"] == status.object.uid.as_str())
            .unwrap();
        if object["metadata"]["resourceVersion"] == status.object.resource_version.as_str() {
            let version: u64 = status.object.resource_version.parse().unwrap();
            object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
            object["status"] = status.status.clone();
            written += 1;
        }
    }
    written
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "kind": kind,
        "metadata": {
            "name": name, "uid": format!("uid-{name}"), "generation": 1, "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": spec,
    })
}

fn change(object: &mut Value, spec: Value) {
    let next = |value: &Value| value.as_i64().unwrap() + 1;
    object["metadata"]["generation"] = json!(next(&object["metadata"]["generation"]));
    let version: u64 = object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
    object["spec"] = spec;
}

/// Both judge the same, and write in this order, until nothing is left to write.
fn until_settled(replicas: &mut [Replica; 2], objects: &mut [Value]) -> [Joined; 2] {
    for round in 0..10 {
        let [one, other] = replicas;
        let judged = [one.judge(objects), other.judge(objects)];
        let first = round % 2;
        let mut written = write(objects, &judged[first]);
        written += write(objects, &judged[1 - first]);
        if written == 0 {
            return judged;
        }
    }
    panic!("they do not settle: {objects:#?}");
}

#[test]
fn of_two_that_each_saw_first_the_same_one_is_in_force_at_both() {
    // Both want one namespace, and were created in the same second.
    let (one, other) = (
        object("Tenant", "one", &tenant("wanted-dev")),
        object("Tenant", "other", &tenant("wanted-dev")),
    );
    for writes_first in [0, 1] {
        let mut replicas = [Replica::new(), Replica::new()];
        let seen_first = replicas[0].judge(std::slice::from_ref(&one));
        let seen_second = replicas[1].judge(std::slice::from_ref(&other));
        let mut objects = [one.clone(), other.clone()];
        let mut first = [seen_first, seen_second];
        first.rotate_left(writes_first);
        for joined in &first {
            write(&mut objects, joined);
        }
        let [here, there] = until_settled(&mut replicas, &mut objects);
        assert_eq!(tenants(&here), tenants(&there));
        assert_eq!(here.with_home.digest, there.with_home.digest);
        assert_eq!(tenants(&here).len(), 2, "payments and one of the two");
    }
}

#[test]
fn what_only_one_of_them_knows_stays_in_force_at_both() {
    let mut objects = [object("Tenant", "research", &tenant("research-dev"))];
    let mut replicas = [Replica::new(), Replica::new()];
    until_settled(&mut replicas, &mut objects);
    // One starts anew, after a change that is not valid. It writes first, and does not know the version before.
    change(&mut objects[0], json!({ "members": [], "environments": [] }));
    replicas[0] = Replica::new();
    let joined = replicas[0].judge(&objects);
    write(&mut objects, &joined);
    for joined in until_settled(&mut replicas, &mut objects) {
        assert_eq!(tenants(&joined), ["payments", "research"]);
    }
    assert_eq!(objects[0]["status"]["inForce"]["generation"], 1);
    assert_eq!(objects[0]["status"]["observedGeneration"], 2);
}

#[test]
fn what_is_said_does_not_depend_on_where_the_folder_is() {
    let mut objects = [object("Tenant", "payments", &tenant("elsewhere"))];
    let mut replicas = [Replica::new(), Replica::new()];
    assert_ne!(replicas[0].files, replicas[1].files);
    until_settled(&mut replicas, &mut objects);
    assert_eq!(objects[0]["metadata"]["resourceVersion"], "2", "written once");
}

#[test]
fn an_approval_policy_that_is_lost_is_so_until_it_is_corrected() {
    let rule = |when: &str| json!({ "rules": [{ "name": "all", "when": when, "then": { "deny": {} } }] });
    let mut objects = [object("ApprovalPolicy", "all", &rule("true"))];
    let mut replicas = [Replica::new(), Replica::new()];
    until_settled(&mut replicas, &mut objects);
    change(&mut objects[0], rule("request.("));
    replicas = [Replica::new(), Replica::new()];
    for joined in until_settled(&mut replicas, &mut objects) {
        assert!(
            joined.with_home.report.blocked.is_some(),
            "its status is written, and read"
        );
    }
    let message = objects[0].pointer("/status/conditions/0/message").unwrap();
    assert!(
        message.as_str().unwrap().ends_with("It is not in force."),
        "{message}"
    );
    change(&mut objects[0], rule("true"));
    for joined in until_settled(&mut replicas, &mut objects) {
        assert_eq!(joined.with_home.report.blocked, None);
    }
}
