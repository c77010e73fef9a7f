//! A real `kube-apiserver` over etcd, on free loopback ports, with its own certificates and data. `cargo xtask
//! test` builds it and sets `KUBEBUILDER_ASSETS`.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::kubectl::Kubectl;
use crate::processes::free_port;
use crate::processes::{Owned, which};
use crate::raw_client::RawClient;
use crate::report;
use crate::until::until;

/// How long the start may take. On two idle cores it takes about five seconds.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Attempts to start: another process may take a free port before it is bound.
const TRIES: usize = 3;
/// The file that says whose tokens it trusts, if there is one.
const AUTHENTICATION: &str = "authentication.yaml";

/// A running API server without controllers. It ends when this is dropped.
#[derive(Debug)]
pub struct ApiServer {
    kubeconfig: PathBuf,
    url: String,
    port: u16,
    etcd_url: String,
    credentials: Credentials,
    server: Owned,
    etcd: Owned,
    folder: TempDir,
}

impl ApiServer {
    /// Whether it is installed. If not, reports `test` as skipped.
    ///
    /// # Panics
    /// When it is installed and does not run.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        for (component, program) in [
            ("kube-apiserver", program("kube-apiserver")),
            ("etcd", program("etcd")),
        ] {
            let Some(program) = program else {
                report::skip(test, component);
                return false;
            };
            let said = Command::new(program).arg("--version").output().unwrap();
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            let version = said
                .lines()
                .next()
                .and_then(|line| line.split_whitespace().last());
            report::took_part(component, version.unwrap_or("of unknown version"));
        }
        true
    }

    /// Starts a server.
    ///
    /// # Panics
    /// When it does not answer in time; prints its log.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// As [`ApiServer::start`], with an `AuthenticationConfiguration`: whose tokens it trusts.
    ///
    /// # Panics
    /// As [`ApiServer::start`].
    pub async fn start_trusting(authentication: &str) -> Self {
        Self::start_with(Some(authentication)).await
    }

    async fn start_with(authentication: Option<&str>) -> Self {
        let mut log = String::new();
        for _ in 0..TRIES {
            match Self::try_start(authentication).await {
                Ok(server) => return server,
                Err(said) => log = said,
            }
        }
        panic!("the API server did not start:\n{log}");
    }

    /// A kubeconfig with all rights.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authority of its certificate, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.credentials.certificates.authority
    }

    /// A token of the user `dana`, who is in the group `oidc:payments-developers` and has no rights by herself.
    #[must_use]
    pub fn member_token(&self) -> &str {
        &self.credentials.member
    }

    /// kubectl against it.
    #[must_use]
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::of(&self.kubeconfig)
    }

    /// An HTTP client of it.
    #[must_use]
    pub fn raw_client(&self) -> RawClient {
        RawClient::of(&self.kubeconfig)
    }

    /// Stops it, copies its data as a backup does, and starts it again.
    ///
    /// # Panics
    /// When it does not answer again in time.
    pub async fn back_up(&mut self) {
        self.stop();
        let (data, backup) = (self.folder.path().join("etcd"), self.folder.path().join("backup"));
        copy_folder(&data, &backup);
        self.start_again().await;
    }

    /// Stops it, puts the data of the backup in place of its own, and starts it again.
    ///
    /// # Panics
    /// When there is no backup, or it does not answer again in time.
    pub async fn restore(&mut self) {
        self.stop();
        let (data, backup) = (self.folder.path().join("etcd"), self.folder.path().join("backup"));
        fs::remove_dir_all(&data).unwrap();
        copy_folder(&backup, &data);
        self.start_again().await;
    }

    fn stop(&mut self) {
        self.server.kill();
        self.etcd.kill();
    }

    async fn start_again(&mut self) {
        let home = self.folder.path();
        self.etcd = start_etcd(home, &self.etcd_url, &home.join("etcd.log"));
        let log = home.join("kube-apiserver.log");
        self.server = start_server(home, &self.credentials, &self.etcd_url, self.port, &log);
        let direct = self.raw_client();
        until("the API server to answer again", TIMEOUT, async || {
            (direct.try_get("/readyz").await == Some(200)).then_some(())
        })
        .await;
    }

    async fn try_start(authentication: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        if let Some(text) = authentication {
            fs::write(home.join(AUTHENTICATION), text).unwrap();
        }
        let mut etcd_log = home.join("etcd.log");
        let etcd_url = format!("http://127.0.0.1:{}", free_port());
        let mut etcd = start_etcd(home, &etcd_url, &etcd_log);
        let credentials = Credentials::make(home);
        let port = free_port();
        let log = home.join("kube-apiserver.log");
        let mut server = start_server(home, &credentials, &etcd_url, port, &log);
        let url = format!("https://127.0.0.1:{port}");
        let kubeconfig = home.join("kubeconfig.yaml");
        fs::write(&kubeconfig, credentials.kubeconfig(&url)).unwrap();
        let direct = RawClient::of(&kubeconfig);
        let begun = Instant::now();
        loop {
            if direct
                .try_get("/readyz")
                .await
                .is_some_and(|status| status == 200)
            {
                return Ok(Self {
                    kubeconfig,
                    url,
                    port,
                    etcd_url,
                    credentials,
                    server,
                    etcd,
                    folder,
                });
            }
            let ended = server.ended().is_some();
            if ended || etcd.ended().is_some() || begun.elapsed() > TIMEOUT {
                if ended {
                    etcd_log.clone_from(&log);
                }
                let said = fs::read_to_string(etcd_log).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                return Err(lines[lines.len().saturating_sub(40)..].join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// Finds a program in `KUBEBUILDER_ASSETS` or on the `PATH`.
fn program(name: &str) -> Option<PathBuf> {
    env::var_os("KUBEBUILDER_ASSETS")
        .map(|folder| Path::new(&folder).join(name))
        .filter(|program| program.is_file())
        .or_else(|| which(name))
}

fn start_etcd(home: &Path, url: &str, log: &Path) -> Owned {
    let mut command = Command::new(program("etcd").unwrap());
    command
        .arg("--data-dir")
        .arg(home.join("etcd"))
        .args(["--listen-client-urls", url, "--advertise-client-urls", url])
        // A single member needs no peer address.
        .args(["--listen-peer-urls", "http://127.0.0.1:0"]);
    start(&command, log)
}

fn start_server(home: &Path, credentials: &Credentials, etcd: &str, port: u16, log: &Path) -> Owned {
    let mut command = Command::new(program("kube-apiserver").unwrap());
    let file = |name: &str| home.join(name).display().to_string();
    credentials.write(home);
    command.args([
        format!("--etcd-servers={etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        // Nothing uses its endpoints, and a loopback address is not allowed there.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", file("certificates")),
        format!("--tls-cert-file={}", file("server.pem")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--service-account-issuer=https://127.0.0.1".to_owned(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        // Without controllers nobody creates them.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ]);
    if home.join(AUTHENTICATION).exists() {
        command.arg(format!("--authentication-config={}", file(AUTHENTICATION)));
    }
    start(&command, log)
}

fn start(command: &Command, log: &Path) -> Owned {
    let log = File::create(log).unwrap();
    Owned::start(command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    })
}

/// Its certificates, and a token with all rights.
#[derive(Debug)]
struct Credentials {
    certificates: Certificates,
    accounts: KeyPair,
    token: String,
    /// A token of somebody in a group.
    member: String,
}

impl Credentials {
    fn make(home: &Path) -> Self {
        let name = format!("authority of {}", home.display());
        Self {
            certificates: Certificates::make(&name, "kube-apiserver"),
            accounts: KeyPair::generate().unwrap(),
            token: uuid::Uuid::new_v4().simple().to_string(),
            member: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    fn write(&self, home: &Path) {
        for (name, text) in [
            ("server.pem", &self.certificates.certificate),
            ("server.key", &self.certificates.key),
            ("accounts.key", &self.accounts.serialize_pem()),
            ("accounts.pub", &self.accounts.public_key_pem()),
            (
                "tokens.csv",
                &format!(
                    "{},portico,1,system:masters\n{},dana,2,oidc:payments-developers\n",
                    self.token, self.member
                ),
            ),
        ] {
            fs::write(home.join(name), text).unwrap();
        }
    }

    fn kubeconfig(&self, url: &str) -> String {
        let (authority, token) = (STANDARD.encode(&self.certificates.authority), &self.token);
        format!(
            "apiVersion: v1
kind: Config
current-context: real
clusters:
- name: real
  cluster: {{ server: '{url}', certificate-authority-data: {authority} }}
users:
- name: portico
  user: {{ token: {token} }}
contexts:
- name: real
  context: {{ cluster: real, user: portico, namespace: default }}
"
        )
    }
}
