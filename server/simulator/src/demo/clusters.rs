//! The demo's clusters: each claim of kind `KubernetesCluster` gets a control plane of its own, which answers like
//! those of the demo.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde_json::Value;
use url::Url;

use super::error::StartError;
use super::install;
use super::listen::listen;
use super::provision::{ClusterAccess, ClusterError, Controller, ProvisionerOptions, RunsClusters};
use super::state::make_private;
use crate::kube::{self, ControlPlane, Serving, object};

/// Clusters at most: each has a port and takes memory of this process.
pub(super) const MAX_CLUSTERS: usize = 12;

/// The control planes of all clusters, by the uid of the claim.
#[derive(Debug)]
pub(super) struct Clusters {
    folder: PathBuf,
    running: Mutex<BTreeMap<String, Cluster>>,
}

impl Clusters {
    /// Keeps their data in this folder, a folder for each.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            running: Mutex::default(),
        }
    }

    /// Stops all of them and keeps what they hold.
    pub(super) async fn shutdown(&self) {
        let all = std::mem::take(&mut *self.running.lock());
        for cluster in all.into_values() {
            cluster.controller.stop().await;
            cluster.serving.shutdown().await;
        }
    }
}

impl RunsClusters for Clusters {
    /// Starts it with the objects, the token and, if it is free, the port that it had before.
    fn ensure(&self, claim: &Value, options: &ProvisionerOptions) -> Result<ClusterAccess, ClusterError> {
        let uid = object::uid(claim);
        let mut running = self.running.lock();
        if let Some(cluster) = running.get(uid) {
            return Ok(cluster.access());
        }
        if running.len() >= MAX_CLUSTERS {
            return Err(ClusterError::TooMany { most: MAX_CLUSTERS });
        }
        let cluster = Cluster::start(&self.folder.join(uid), claim, options)?;
        let access = cluster.access();
        running.insert(uid.to_owned(), cluster);
        Ok(access)
    }

    fn runs(&self, uid: &str) -> bool {
        self.running.lock().contains_key(uid)
    }

    fn remove(&self, uid: &str) {
        let Some(cluster) = self.running.lock().remove(uid) else {
            return;
        };
        drop(cluster);
        let folder = self.folder.join(uid);
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(?folder, %error, "the data of a deleted cluster could not be removed");
        }
    }
}

/// A control plane that runs. Dropping it stops it.
#[derive(Debug)]
struct Cluster {
    control_plane: ControlPlane,
    serving: Serving,
    controller: Controller,
}

impl Cluster {
    fn start(folder: &Path, claim: &Value, options: &ProvisionerOptions) -> Result<Self, StartError> {
        let (name, namespace) = (object::name(claim), object::namespace(claim));
        let listener = listen(name, last_port(claim))?;
        make_private(folder)?;
        let control_plane = ControlPlane::new(
            name,
            kube::Settings {
                snapshot: Some(folder.join("plane.json")),
                // Less than the demo's planes have: there may be many of them.
                history: 2_048,
                max_objects: 20_000,
                ..kube::Settings::default()
            },
        );
        let objects = control_plane.objects();
        install::install_foundations(&objects, name)?;
        let options = ProvisionerOptions {
            plane: format!("{name}.{namespace}.{}", options.plane),
            clusters: None,
            ..options.clone()
        };
        let controller = Controller::start(objects, options);
        let serving = control_plane
            .serve(listener)
            .map_err(|source| StartError::Listen {
                what: name.to_owned(),
                source,
            })?;
        Ok(Self {
            control_plane,
            serving,
            controller,
        })
    }

    fn access(&self) -> ClusterAccess {
        let (plane, address) = (&self.control_plane, self.serving.address());
        ClusterAccess {
            endpoint: plane.url(address),
            kubeconfig: plane.kubeconfig_for(address, "admin", plane.token()),
        }
    }
}

/// The port that the claim's status names; 0 when it names none of this machine.
fn last_port(claim: &Value) -> u16 {
    let endpoint = claim["status"]["endpoint"].as_str().unwrap_or_default();
    let url = Url::parse(endpoint).ok();
    url.filter(|url| url.host_str() == Some("127.0.0.1"))
        .and_then(|url| url.port())
        .unwrap_or(0)
}
