//! The real `kubectl`, if it is installed.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{Served, bucket};

struct Kubectl {
    served: Served,
    folder: tempfile::TempDir,
}

impl Kubectl {
    /// `None`, with a message, if kubectl is not installed.
    async fn new(test: &str) -> Option<Self> {
        if Command::new("kubectl")
            .arg("version")
            .arg("--client")
            .output()
            .is_err()
        {
            eprintln!("skipped: {test}: there is no kubectl");
            return None;
        }
        let served = Served::new().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("config"),
            served.plane.kubeconfig(served.address()),
        )
        .unwrap();
        Some(Self { served, folder })
    }

    fn file(&self, name: &str, object: &serde_json::Value) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, object.to_string()).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(self.folder.path().join("config"));
        command
            .arg("--cache-dir")
            .arg(self.folder.path().join("cache"))
            .args(arguments);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// The output of a successful command.
    async fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The error output of a failing command.
    async fn complains(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "{arguments:?} should fail");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_lists_definitions_and_objects_as_tables() {
    let Some(kubectl) = Kubectl::new("lists").await else {
        return;
    };
    let definitions = kubectl.prints(&["get", "crd"]).await;
    assert!(
        definitions.contains("buckets.storage.example.org"),
        "{definitions}"
    );
    let mut object = bucket("one");
    object["metadata"]["namespace"] = json!("default");
    kubectl.served.plane.objects().create(object).unwrap();
    let table = kubectl.prints(&["get", "bk", "-A"]).await;
    let head: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["NAMESPACE", "NAME", "REGION", "READY", "AGE"]);
    assert!(table.contains("default"), "{table}");
    let described = kubectl.prints(&["describe", "bucket", "one"]).await;
    assert!(described.contains("Region:  eu"), "{described}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_applies_client_side_and_server_side_and_deletes() {
    let Some(kubectl) = Kubectl::new("apply").await else {
        return;
    };
    let file = kubectl.file("one.json", &bucket("one"));
    let file = file.to_str().unwrap();
    assert!(kubectl.prints(&["apply", "-f", file]).await.contains("created"));
    assert!(kubectl.prints(&["apply", "-f", file]).await.contains("unchanged"));
    let mut larger = bucket("one");
    larger["spec"]["size"] = json!(9);
    let larger = kubectl.file("larger.json", &larger);
    let larger = larger.to_str().unwrap();
    assert!(
        kubectl
            .prints(&["apply", "-f", larger])
            .await
            .contains("configured")
    );
    let applied = kubectl
        .prints(&["apply", "--server-side", "--field-manager=other", "-f", larger])
        .await;
    assert!(applied.contains("serverside-applied"), "{applied}");
    let mut huge = bucket("one");
    huge["spec"]["size"] = json!(10);
    let huge = kubectl.file("huge.json", &huge);
    let conflict = kubectl
        .complains(&[
            "apply",
            "--server-side",
            "--field-manager=third",
            "-f",
            huge.to_str().unwrap(),
        ])
        .await;
    // kubectl has handed over to `other` what it applied client-side, by writing `managedFields`.
    assert!(
        conflict.contains(".spec.size") && conflict.contains("\"other\""),
        "{conflict}"
    );
    let rehearsed = kubectl.prints(&["apply", "--dry-run=server", "-f", file]).await;
    assert!(rehearsed.contains("server dry run"), "{rehearsed}");
    let gone = kubectl.prints(&["delete", "bucket", "one"]).await;
    assert!(gone.contains("deleted"), "{gone}");
    assert!(
        kubectl
            .complains(&["get", "bucket", "one"])
            .await
            .contains("NotFound")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_shows_validation_errors() {
    let Some(kubectl) = Kubectl::new("refusals").await else {
        return;
    };
    let mut wrong = bucket("one");
    wrong["spec"]["region"] = json!("mars");
    let file = kubectl.file("wrong.json", &wrong);
    let complaint = kubectl.complains(&["apply", "-f", file.to_str().unwrap()]).await;
    assert!(
        complaint.contains("spec.region: Unsupported value: \"mars\""),
        "{complaint}"
    );
    let (_, made) = {
        kubectl
            .prints(&[
                "create",
                "-f",
                kubectl.file("one.json", &bucket("one")).to_str().unwrap(),
            ])
            .await;
        kubectl.served.get(&format!("{}/one", super::BUCKETS)).await
    };
    let mut stale = made.clone();
    stale["spec"]["size"] = json!(4);
    let stale = kubectl.file("stale.json", &stale);
    kubectl
        .prints(&[
            "patch",
            "bucket",
            "one",
            "--type=merge",
            "-p",
            "{\"spec\":{\"size\":7}}",
        ])
        .await;
    let conflict = kubectl
        .complains(&["replace", "-f", stale.to_str().unwrap()])
        .await;
    assert!(conflict.contains("the object has been modified"), "{conflict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_creates_namespaces_and_secrets() {
    let Some(kubectl) = Kubectl::new("typed clients").await else {
        return;
    };
    kubectl.prints(&["create", "namespace", "team"]).await;
    kubectl
        .prints(&[
            "-n",
            "team",
            "create",
            "secret",
            "generic",
            "login",
            "--from-literal=user=app",
        ])
        .await;
    let user = kubectl
        .prints(&[
            "-n",
            "team",
            "get",
            "secret",
            "login",
            "-o",
            "jsonpath={.data.user}",
        ])
        .await;
    assert_eq!(user, "YXBw");
    assert_eq!(
        kubectl.prints(&["auth", "can-i", "create", "pods"]).await.trim(),
        "yes"
    );
    kubectl.prints(&["delete", "namespace", "team"]).await;
    assert!(
        kubectl
            .complains(&["get", "namespace", "team"])
            .await
            .contains("NotFound")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_watches() {
    let Some(kubectl) = Kubectl::new("watch").await else {
        return;
    };
    let mut command =
        tokio::process::Command::from(kubectl.command(&["get", "bk", "--watch", "--no-headers"]));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The watch starts with the list, so nothing before it is missed.
    let objects = kubectl.served.plane.objects();
    let mut one = bucket("one");
    one["metadata"]["namespace"] = json!("default");
    objects.create(one).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let line = tokio::time::timeout_at(deadline.into(), lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(line.starts_with("one") && line.contains("eu"), "{line}");
    let kind = super::super::GroupKind::new("storage.example.org", "Bucket");
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    objects
        .patch_status(&kind, &super::super::Key::namespaced("default", "one"), ready)
        .unwrap();
    let line = tokio::time::timeout_at(deadline.into(), lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(line.contains("True"), "{line}");
    child.kill().await.unwrap();
}
