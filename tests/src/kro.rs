//! kro on a real API server: its controller alone, since kro deletes what it made itself.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::apiserver::ApiServer;
use crate::components::{self, Program, end_of, start};
use crate::kubectl::Kubectl;
use crate::processes::{Owned, free_port};
use crate::until::until;

const CONTROLLER: Program = Program {
    name: "kro",
    variable: "PORTICO_KRO",
    file: "kro",
};
/// A kind and what it is made of. `GROUP` stands for its API group.
const GRAPH: &str = include_str!("kro.yaml");
/// A part of it.
const WIDGET: &str = include_str!("../tests/portico/widget.yaml");
/// The kind in kro's own group, and in a group of the platform's.
pub const SITES: [&str; 2] = ["sites.kro.run", "sites.tests.portico.dev"];

/// A running kro. It ends when this is dropped.
#[derive(Debug)]
pub struct Kro {
    log: PathBuf,
    _controller: Owned,
    _folder: TempDir,
}

impl Kro {
    /// Whether all requirements are installed. If not, reports `test` as skipped.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        ApiServer::is_here(test) && Kubectl::is_here(test) && components::are_here(&[CONTROLLER], test)
    }

    /// Starts it over an API server, with both kinds.
    ///
    /// # Panics
    /// When it does not serve them in time.
    pub async fn start(server: &ApiServer) -> Self {
        let this = Self::without_kinds(server);
        let kubectl = server.kubectl();
        kubectl.apply(WIDGET, &[]);
        for kind in SITES {
            let group = kind.split_once('.').map_or(kind, |(_, group)| group);
            kubectl.apply(&GRAPH.replace("GROUP", group), &[]);
        }
        until("kro serves both kinds", Duration::from_mins(2), async || {
            let is_served = |kind: &&str| {
                let listed = kubectl.try_run(&["get", *kind, "--all-namespaces"], None);
                listed.status.success()
            };
            SITES.iter().all(is_served).then_some(())
        })
        .await;
        this
    }

    /// Starts it over an API server, without any kinds.
    ///
    /// # Panics
    /// When its definitions cannot be installed.
    #[must_use]
    pub fn without_kinds(server: &ApiServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubectl = server.kubectl();
        CONTROLLER.install_definitions(&kubectl);
        let mut command = Command::new(CONTROLLER.find().unwrap());
        command
            .arg("-allow-crd-deletion")
            .args(["-metrics-bind-address", &format!("127.0.0.1:{}", free_port())])
            .args([
                "-health-probe-bind-address",
                &format!("127.0.0.1:{}", free_port()),
            ])
            .env("KUBECONFIG", server.kubeconfig());
        let log = folder.path().join("kro.log");
        let controller = start(&command, &log);
        Self {
            log,
            _controller: controller,
            _folder: folder,
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log(&self) -> String {
        end_of(&self.log)
    }
}
