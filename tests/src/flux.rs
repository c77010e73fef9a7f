//! Flux on a real API server: its source and kustomize controllers over a Git server on loopback.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::apiserver::ApiServer;
use crate::components::{self, Program, end_of, start};
use crate::git_server::GitServer;
use crate::kubectl::Kubectl;
use crate::processes::{Owned, free_port};
use crate::report;
use crate::until::until;

const SOURCE: Program = Program {
    name: "Flux source-controller",
    variable: "PORTICO_FLUX_SOURCE",
    file: "source-controller",
};
const KUSTOMIZE: Program = Program {
    name: "Flux kustomize-controller",
    variable: "PORTICO_FLUX_KUSTOMIZE",
    file: "kustomize-controller",
};
/// Flux is slow on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Something that always is in the repository: Flux refuses to apply nothing.
const MARKER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: marker, namespace: flux-system }\n";
/// Their namespace.
const NAMESPACE: &str = "flux-system";

/// A running Flux, which keeps what is in its repository on the API server. It ends when this is dropped.
#[derive(Debug)]
pub struct Flux {
    repository: GitServer,
    kubectl: Kubectl,
    logs: PathBuf,
    _source: Owned,
    _kustomize: Owned,
    _folder: TempDir,
}

impl Flux {
    /// Whether all requirements are installed. If not, reports `test` as skipped.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        if !GitServer::is_here() {
            report::skip(test, "git");
            return false;
        }
        ApiServer::is_here(test) && Kubectl::is_here(test) && components::are_here(&[SOURCE, KUSTOMIZE], test)
    }

    /// Starts it over an API server, with a repository whose manifests the kustomization `apps` applies.
    ///
    /// # Panics
    /// When git or kubectl fails.
    pub async fn start(server: &ApiServer) -> Self {
        let repository = GitServer::start().await;
        let _ = repository.push("marker.yaml", Some(MARKER));
        let kubectl = server.kubectl();
        for program in [SOURCE, KUSTOMIZE] {
            program.install_definitions(&kubectl);
        }
        let _ = kubectl.run(&["create", "namespace", NAMESPACE]);
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let controller = |program: Program, options: &[String]| {
            let mut command = Command::new(program.find().unwrap());
            command
                .arg(format!("--metrics-addr=127.0.0.1:{}", free_port()))
                .arg(format!("--health-addr=127.0.0.1:{}", free_port()))
                .args(options)
                .env("KUBECONFIG", server.kubeconfig())
                .env("RUNTIME_NAMESPACE", NAMESPACE);
            start(&command, &log_of(home, program))
        };
        let storage = format!("127.0.0.1:{}", free_port());
        let source = [
            format!("--storage-addr={storage}"),
            format!("--storage-adv-addr={storage}"),
            format!("--storage-path={}", home.display()),
        ];
        let this = Self {
            _source: controller(SOURCE, &source),
            _kustomize: controller(KUSTOMIZE, &[]),
            logs: home.to_owned(),
            repository,
            kubectl,
            _folder: folder,
        };
        this.kubectl.apply(
            &format!(
                "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{ name: apps, namespace: {NAMESPACE} }}
spec: {{ interval: 1h, url: '{}', ref: {{ branch: main }} }}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{ name: apps, namespace: {NAMESPACE} }}
spec: {{ interval: 1h, prune: true, path: ./, sourceRef: {{ kind: GitRepository, name: apps }} }}
",
                this.repository.url()
            ),
            &[],
        );
        this
    }

    /// Pushes a file, or its removal, and waits until that is applied.
    ///
    /// # Panics
    /// When it is not applied in time.
    pub async fn push(&self, name: &str, content: Option<&str>) {
        let commit = self.repository.push(name, content);
        self.reconcile();
        until(&format!("{name} to be applied"), TIMEOUT, async || {
            let apps = self
                .kubectl
                .json(&["get", "kustomization", "apps", "--namespace", NAMESPACE]);
            let applied = apps["status"]["lastAppliedRevision"].as_str()?;
            applied.ends_with(&commit).then_some(())
        })
        .await;
    }

    /// Asks it to fetch the repository now and to apply what is in it, also where nothing changed in it.
    pub fn reconcile(&self) {
        for kind in ["gitrepository", "kustomization"] {
            let now = format!("reconcile.fluxcd.io/requestedAt={}", jiff::Timestamp::now());
            let _ = self.kubectl.run(&[
                "annotate",
                kind,
                "apps",
                "--namespace",
                NAMESPACE,
                "--overwrite",
                &now,
            ]);
        }
    }

    /// The last lines of both logs.
    #[must_use]
    pub fn log(&self) -> String {
        [SOURCE, KUSTOMIZE]
            .map(|program| end_of(&log_of(&self.logs, program)))
            .join("\n")
    }
}

fn log_of(home: &Path, program: Program) -> PathBuf {
    home.join(format!("{}.log", program.file))
}
