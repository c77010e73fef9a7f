//! Tests provisioners on a control plane without HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kube_schema::Definition;
use portico_domain::claim::{Adapter, ClaimKind, ClaimStatus, Health, health};
use portico_domain::documents::Access;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::demo::clusters::Clusters;
use crate::demo::kinds;
use crate::kube::{ControlPlane, GroupKind, Key, Objects, Settings};

mod clusters;
mod failures;
mod lifecycle;

struct Stage {
    objects: Objects,
    controller: Controller,
    /// Has what clusters keep.
    folder: TempDir,
}

fn options(folder: &Path) -> ProvisionerOptions {
    ProvisionerOptions {
        plane: "eu-shared".into(),
        step: Duration::ZERO,
        largest_disk: 500,
        authority: "CERTIFICATE".into(),
        clusters: Some(Arc::new(Clusters::new(folder.into()))),
        clock: Clock::system(),
        rng: Rng::system(),
    }
}

impl Stage {
    fn new() -> Self {
        let objects = ControlPlane::new("eu-shared", Settings::default()).objects();
        for definition in kinds::definitions("eu-shared").unwrap() {
            objects.create(definition).unwrap();
        }
        objects
            .create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "dev" } }))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let controller = Controller::start(objects.clone(), options(folder.path()));
        Self {
            objects,
            controller,
            folder,
        }
    }

    fn ask(&self, api_version: &str, kind: &str, name: &str, spec: impl Into<Value>) {
        let spec: Value = spec.into();
        let object = json!({
            "apiVersion": format!("{api_version}.demo.portico.dev/v1"), "kind": kind,
            "metadata": { "name": name, "namespace": "dev" }, "spec": spec,
        });
        self.objects.managed_by("person").apply(object).unwrap();
    }

    /// Waits until the object matches.
    async fn until(
        &self,
        kind: &GroupKind,
        name: &str,
        so: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Arc<Value>> {
        let key = Key::namespaced("dev", name);
        let mut watch = self
            .objects
            .watch(std::slice::from_ref(kind), self.objects.revision());
        let waiting = async {
            loop {
                let object = self.objects.get(kind, &key);
                if so(object.as_deref()) {
                    return object;
                }
                watch.next().await.unwrap();
            }
        };
        let limit = Duration::from_secs(20);
        let outcome = tokio::time::timeout(limit, waiting).await;
        outcome.unwrap_or_else(|_| panic!("{name} never came to that: {:#?}", self.objects.get(kind, &key)))
    }

    async fn ready(&self, kind: &GroupKind, name: &str) -> Arc<Value> {
        let so = |object: Option<&Value>| {
            object.is_some_and(|object| is_current(object) && says(object, "Ready", "True"))
        };
        self.until(kind, name, so).await.unwrap()
    }

    /// The definition accepts what the provisioner wrote.
    fn fits_its_schema(&self, object: &Value) {
        let definitions = self.objects.list(&GroupKind::new(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
        ));
        let definition = definitions
            .iter()
            .find(|definition| definition["spec"]["names"]["kind"] == object["kind"]);
        let definition = Definition::parse(definition.unwrap()).unwrap();
        let schema = definition.storage_version().unwrap().schema().unwrap();
        assert_eq!(
            schema.pruned(object).1,
            Vec::<String>::new(),
            "{}",
            object["kind"]
        );
        let violations = schema.validate(&schema.defaulted(object), None);
        assert!(violations.is_empty(), "{violations:?}");
    }

    fn secret(&self, name: &str) -> Option<Arc<Value>> {
        self.objects
            .get(&GroupKind::new("", "Secret"), &Key::namespaced("dev", name))
    }
}

fn says(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == status)
}

/// The claim as the portal reads it.
fn verdict(object: &Value, claim_kind: ClaimKind) -> ClaimStatus {
    let (group, kind) = (
        crate::kube::object::group(object),
        object["kind"].as_str().unwrap(),
    );
    health::assess(object, Adapter::of(group, kind, claim_kind), &Access::default())
}

fn message(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let ready = conditions
        .iter()
        .find(|condition| condition["type"] == "Ready")
        .unwrap();
    ready["message"].as_str().unwrap_or_default().to_owned()
}

fn is_current(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .all(|c| c["observedGeneration"] == object["metadata"]["generation"])
}

fn postgresql() -> GroupKind {
    GroupKind::new("databases.demo.portico.dev", "PostgreSQLInstance")
}
