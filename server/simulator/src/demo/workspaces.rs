//! The demo's kcp: a workspace in which the platform exports services, and one below which developers get theirs. Each of
//! those has provisioners of its own once kcp says that it is ready.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::error::StartError;
use super::install::apply;
use super::listen::listen;
use super::provision::{Controller, ProvisionerOptions};
use super::run::Settings;
use super::state::{DemoState, make_private, write_private};
use super::{kinds, seeds};
use crate::kube::{self, GroupKind, Kcp, Objects, Serving, object};

/// Its name among the control planes of the demo.
const NAME: &str = "kcp";
/// The workspace in which the platform exports services.
const PLATFORM: &str = "platform";
/// The workspace below which developers get theirs.
const TENANTS: &str = "tenants";
/// The export, as `configuration/offering-workspace.yaml` names it.
const EXPORT: &str = "services.demo.portico.dev";

/// The running kcp.
#[derive(Debug)]
pub struct Workspaces {
    /// The path of a kubeconfig of the user `portico` for the root workspace.
    pub kubeconfig_path: PathBuf,
    /// The address where it is served.
    pub address: SocketAddr,
    /// The kcp, for tests that look inside it.
    pub kcp: Kcp,
    serving: Serving,
    stop: DropGuard,
    provisioning: JoinHandle<()>,
}

impl Workspaces {
    /// Starts it with the workspaces that were there before.
    pub(super) fn start(
        settings: &Settings,
        state: &mut DemoState,
        issuer: &str,
        options: ProvisionerOptions,
    ) -> Result<Self, StartError> {
        let (port, token) = state.plane(NAME, &settings.rng);
        let listener = listen(NAME, port)?;
        let folder = settings.data_dir.join("planes");
        make_private(&folder)?;
        let kcp = Kcp::new(
            NAME,
            kube::Settings {
                snapshot: Some(folder.join("kcp.json")),
                token: Some(token),
                // For each workspace, of which there may be many.
                history: 2_048,
                max_objects: 20_000,
                ..kube::Settings::default()
            },
        );
        install(&kcp)?;
        let serving = kcp.serve(listener).map_err(|source| StartError::Listen {
            what: NAME.to_owned(),
            source,
        })?;
        let address = serving.address();
        state.remember_port(NAME, address.port());
        let kubeconfigs = settings.data_dir.join("kubeconfigs");
        make_private(&kubeconfigs)?;
        let kubeconfig_path = kubeconfigs.join("kcp.yaml");
        write_private(&kubeconfig_path, kcp.kubeconfig(address, "root").as_bytes())?;

        let is_new = settings.seeded && !state.is_seeded(NAME);
        state.remember_seeds(NAME);
        let stop = CancellationToken::new();
        let provisioners = Provisioners {
            kcp: kcp.clone(),
            options,
            issuer: is_new.then(|| issuer.to_owned()),
            stop: stop.clone(),
            running: BTreeMap::new(),
        };
        Ok(Self {
            kubeconfig_path,
            address,
            kcp,
            serving,
            stop: stop.drop_guard(),
            provisioning: tokio::spawn(provisioners.run()),
        })
    }

    /// Stops it and keeps what the workspaces hold.
    pub(super) async fn shutdown(self) {
        drop(self.stop);
        // The task fails only when it panicked; the panic hook reported it.
        let _ = self.provisioning.await;
        self.serving.shutdown().await;
    }
}

/// Makes the two workspaces, and exports the services.
fn install(kcp: &Kcp) -> Result<(), StartError> {
    let wrong = |why| StartError::embedded(NAME, why);
    let workspace = |name: &str| match kcp.workspace(&format!("root:{name}")) {
        Some(workspace) => Ok(workspace),
        None => kcp.create_workspace("root", name).map_err(wrong),
    };
    workspace(TENANTS)?;
    let objects = workspace(PLATFORM)?.objects().managed_by("demo");
    let schemas: Vec<Value> = kinds::exported()?.iter().map(resource_schema).collect();
    let resources: Vec<Value> = schemas
        .iter()
        .map(|schema| {
            let spec = &schema["spec"];
            json!({
                "group": spec["group"], "name": spec["names"]["plural"], "schema": schema["metadata"]["name"],
                "storage": { "crd": {} },
            })
        })
        .collect();
    let export = json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": EXPORT },
        "spec": {
            "resources": resources,
            "permissionClaims": [{ "group": "", "resource": "secrets", "verbs": ["*"] }],
        },
    });
    for object in schemas.into_iter().chain([export]) {
        apply(&objects, NAME, object)?;
    }
    Ok(())
}

/// The `APIResourceSchema` of a `CustomResourceDefinition`.
fn resource_schema(definition: &Value) -> Value {
    let mut spec = definition["spec"].clone();
    for version in spec["versions"].as_array_mut().into_iter().flatten() {
        version["schema"] = version["schema"]["openAPIV3Schema"].take();
    }
    json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema",
        "metadata": {
            "name": format!("v1.{}", object::name(definition)),
            "labels": definition["metadata"]["labels"],
            "annotations": definition["metadata"]["annotations"],
        },
        "spec": spec,
    })
}

/// The provisioners of all workspaces of developers.
struct Provisioners {
    kcp: Kcp,
    options: ProvisionerOptions,
    /// The issuer of the people of the initial claims, if they are to be made.
    issuer: Option<String>,
    stop: CancellationToken,
    /// By the name of the logical cluster.
    running: BTreeMap<String, Controller>,
}

impl Provisioners {
    async fn run(mut self) {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow() => {}
        }
        for controller in self.running.into_values() {
            controller.stop().await;
        }
    }

    async fn follow(&mut self) {
        let Some(tenants) = self.kcp.workspace(&format!("root:{TENANTS}")) else {
            return;
        };
        let (objects, kind) = (tenants.objects(), GroupKind::new("tenancy.kcp.io", "Workspace"));
        loop {
            let mut watch = objects.watch(slice::from_ref(&kind), objects.revision());
            loop {
                self.keep(&objects.list(&kind));
                // One that fell behind begins again.
                if watch.next().await.is_err() {
                    break;
                }
            }
        }
    }

    /// Starts the provisioners of workspaces that are ready, and stops those of workspaces that are gone.
    fn keep(&mut self, workspaces: &[Arc<Value>]) {
        let cluster = |workspace: &Value| workspace["spec"]["cluster"].as_str().map(str::to_owned);
        self.running
            .retain(|name, _| workspaces.iter().any(|it| cluster(it).as_ref() == Some(name)));
        for workspace in workspaces.iter().filter(|it| it["status"]["phase"] == "Ready") {
            let Some(name) = cluster(workspace).filter(|name| !self.running.contains_key(name)) else {
                continue;
            };
            let Some(plane) = self.kcp.workspace(&name) else {
                continue;
            };
            let options = ProvisionerOptions {
                plane: format!("{}.{NAME}", object::name(workspace)),
                clusters: None,
                ..self.options.clone()
            };
            self.running
                .insert(name, Controller::start(plane.objects(), options));
            if let Some(issuer) = &self.issuer {
                let path = format!("root:{TENANTS}:{}", object::name(workspace));
                let seeding = seed(plane.objects(), path, issuer.clone());
                tokio::spawn(self.stop.clone().run_until_cancelled_owned(seeding));
            }
        }
    }
}

/// Creates the initial claims of a workspace, if it has some, once their kinds are bound.
async fn seed(objects: Objects, path: String, issuer: String) {
    let binding = GroupKind::new("apis.kcp.io", "APIBinding");
    let Ok(kinds) = seeds::kinds(&path) else { return };
    let mut watch = objects.watch(slice::from_ref(&binding), objects.revision());
    while !kinds.iter().all(|kind| objects.serves(kind)) {
        if watch.next().await.is_err() {
            return;
        }
    }
    if let Err(error) = seeds::create(&objects, &path, &issuer) {
        tracing::warn!(%error, path, "the workspace starts without claims");
    }
}
