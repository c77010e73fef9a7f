//! A kcp, simulated or real. A real one takes part where `PORTICO_KCP` names its binary.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kube_schema::yaml;
use portico_simulator::kube::{Kcp, Serving, Settings};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::processes::{Owned, free_port};
use crate::raw_client::RawClient;
use crate::report;
use crate::until::until;

/// How long a real kcp may take to start, and to make a workspace ready.
const TIMEOUT: Duration = Duration::from_mins(3);

/// A kcp with all rights. It ends when this is dropped.
pub struct KcpServer {
    kubeconfig: PathBuf,
    _folder: TempDir,
    runs: Runs,
}

enum Runs {
    Simulated { kcp: Kcp, _serving: Serving },
    Real { _process: Owned },
}

impl KcpServer {
    /// Starts a simulated kcp.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn simulated() -> Self {
        let kcp = Kcp::new("kcp", Settings::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = kcp.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig.yaml");
        fs::write(&kubeconfig, kcp.kubeconfig(serving.address(), "root")).unwrap();
        Self {
            kubeconfig,
            _folder: folder,
            runs: Runs::Simulated {
                kcp,
                _serving: serving,
            },
        }
    }

    /// The simulation, to make it do what a real one cannot be told to; `None` of a real one.
    #[must_use]
    pub fn simulation(&self) -> Option<&Kcp> {
        match &self.runs {
            Runs::Simulated { kcp, .. } => Some(kcp),
            Runs::Real { .. } => None,
        }
    }

    /// Starts the kcp that `PORTICO_KCP` names. `None` if it names none: then `test` is reported as skipped.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn real(test: &str) -> Option<Self> {
        let Some(program) = env::var_os("PORTICO_KCP") else {
            report::skip(test, "kcp (PORTICO_KCP)");
            return None;
        };
        report::took_part("kcp", &program.to_string_lossy());
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new(program);
        let (etcd, peers) = (free_port(), free_port());
        command
            .arg("start")
            .arg(format!("--root-directory={}", folder.path().display()))
            .arg("--bind-address=127.0.0.1")
            .arg("--external-hostname=127.0.0.1")
            .arg(format!("--secure-port={port}"))
            .arg(format!("--embedded-etcd-client-port={etcd}"))
            .arg(format!("--embedded-etcd-peer-port={peers}"));
        let log = fs::File::create(folder.path().join("kcp.log")).unwrap();
        let process = Owned::start(&command, |command| {
            command.stdout(log.try_clone().unwrap()).stderr(log);
        });
        let admin = folder.path().join("admin.kubeconfig");
        until("kcp has written its kubeconfig", TIMEOUT, async || {
            admin.exists().then_some(())
        })
        .await;
        let kubeconfig = folder.path().join("kubeconfig.yaml");
        fs::write(&kubeconfig, for_root(&fs::read_to_string(&admin).unwrap())).unwrap();
        let server = Self {
            kubeconfig,
            _folder: folder,
            runs: Runs::Real { _process: process },
        };
        let client = server.client("root");
        until("kcp is ready", TIMEOUT, async || {
            let path = "/apis/tenancy.kcp.io/v1alpha1/workspaces";
            let answer = client.try_ask(Method::GET, path, None).await;
            answer.is_ok_and(|answer| answer.is_success()).then_some(())
        })
        .await;
        Some(server)
    }

    /// A kubeconfig for the root workspace.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client of a workspace.
    ///
    /// # Panics
    /// When the kubeconfig is incomplete.
    #[must_use]
    pub fn client(&self, path: &str) -> RawClient {
        let mut client = RawClient::of(&self.kubeconfig);
        let root = client
            .server
            .split("/clusters/")
            .next()
            .unwrap_or_default()
            .to_owned();
        client.server = format!("{root}/clusters/{path}");
        client
    }

    /// Creates a workspace and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn workspace(&self, parent: &str, name: &str) {
        let client = self.client(parent);
        let collection = "/apis/tenancy.kcp.io/v1alpha1/workspaces";
        let workspace = json!({
            "apiVersion": "tenancy.kcp.io/v1alpha1", "kind": "Workspace", "metadata": { "name": name },
        });
        client.create(collection, &workspace).await;
        until(&format!("{parent}:{name} is ready"), TIMEOUT, async || {
            let workspace = client.get(&format!("{collection}/{name}")).await?;
            (workspace["status"]["phase"] == "Ready").then_some(())
        })
        .await;
    }
}

/// The kubeconfig of kcp's admin for the root workspace: kcp writes several contexts.
fn for_root(admin: &str) -> String {
    let mut config = yaml::parse(admin).unwrap();
    let root = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let root = root.split("/clusters/").next().unwrap().to_owned();
    let of = |list: &Value, name: &str| {
        let list = list.as_array().unwrap();
        list.iter()
            .find(|it| it["name"] == name)
            .unwrap_or(&list[0])
            .clone()
    };
    let mut cluster = of(&config["clusters"], "root");
    cluster["cluster"]["server"] = json!(format!("{root}/clusters/root"));
    let user = of(&config["users"], "kcp-admin");
    config["current-context"] = json!("root");
    config["contexts"] =
        json!([{ "name": "root", "context": { "cluster": cluster["name"], "user": user["name"] } }]);
    config["clusters"] = json!([cluster]);
    config["users"] = json!([user]);
    config.to_string()
}
