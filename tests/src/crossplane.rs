//! Crossplane on a real API server: core, our own composition function, and Kubernetes' garbage collector.
//! `cargo xtask test --full` builds them and sets the environment variables.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::apiserver::ApiServer;
use crate::components::{self, Program, end_of, start};
use crate::kubectl::Kubectl;
use crate::processes::Owned;
use crate::processes::free_port;
use crate::until::until;

const CORE: Program = Program {
    name: "Crossplane",
    variable: "PORTICO_CROSSPLANE",
    file: "crossplane-core",
};
const OUR_FUNCTION: Program = Program {
    name: "composition function",
    variable: "PORTICO_FUNCTION",
    file: "function",
};
const COLLECTOR: Program = Program {
    name: "kube-controller-manager",
    variable: "PORTICO_CONTROLLER_MANAGER",
    file: "kube-controller-manager",
};

/// The package that the compositions in [`DEFINITIONS`] use.
const FUNCTION: &str = "portico-function";
/// The namespace of the claims of these kinds.
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: payments-dev }\n";
/// Two kinds: `notes.tests.portico.dev`, a namespaced composite, and `memos.tests.portico.dev`, a claim with the
/// composite `xmemos`.
const DEFINITIONS: &str = include_str!("crossplane.yaml");

/// A running Crossplane. It ends when this is dropped.
#[derive(Debug)]
pub struct Crossplane {
    kubectl: Kubectl,
    kubeconfig: PathBuf,
    logs: PathBuf,
    _core: Owned,
    _function: Owned,
    _collector: Owned,
    _folder: TempDir,
}

impl Crossplane {
    /// Whether all requirements are installed. If not, reports `test` as skipped.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        ApiServer::is_here(test)
            && Kubectl::is_here(test)
            && components::are_here(&[CORE, OUR_FUNCTION, COLLECTOR], test)
    }

    /// Starts it over an API server, with the two kinds.
    ///
    /// # Panics
    /// When it does not start in time.
    pub async fn start(server: &ApiServer) -> Self {
        let this = Self::without_kinds(server, FUNCTION);
        this.kubectl.apply(NAMESPACE, &[]);
        this.kubectl.apply(DEFINITIONS, &[]);
        until(
            "Crossplane serves both kinds",
            Duration::from_mins(2),
            async || {
                let kinds = ["notes.tests.portico.dev", "memos.tests.portico.dev"];
                let is_served = |kind: &&str| {
                    this.kubectl
                        .try_run(&["get", *kind, "--all-namespaces"], None)
                        .status
                        .success()
                };
                kinds.iter().all(is_served).then_some(())
            },
        )
        .await;
        this
    }

    /// Starts it over an API server, without any kinds. Compositions use our function by the name `function`.
    ///
    /// # Panics
    /// When its definitions cannot be installed.
    #[must_use]
    pub fn without_kinds(server: &ApiServer, function: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let kubectl = server.kubectl();
        certify(&home.join("certificates"));
        install(&kubectl);
        let address = format!("127.0.0.1:{}", free_port());
        let serving = start_function(home, &address);
        let core = start_core(home, server.kubeconfig());
        let collector = start_collector(home, server.kubeconfig());
        register(&kubectl, function, &address);
        Self {
            kubectl,
            kubeconfig: server.kubeconfig().to_owned(),
            logs: home.to_owned(),
            _core: core,
            _function: serving,
            _collector: collector,
            _folder: folder,
        }
    }

    /// The resources that `crossplane beta trace` shows below an object, as `Kind/name`.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn trace(&self, kind: &str, namespace: &str, name: &str) -> BTreeSet<String> {
        let program = CORE
            .beside("crossplane")
            .expect("the command line is built with the core");
        let said = Command::new(program)
            .args([
                "beta",
                "trace",
                kind,
                name,
                "--namespace",
                namespace,
                "--output",
                "json",
            ])
            .env("KUBECONFIG", &self.kubeconfig)
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let tree: Value = serde_json::from_slice(&said.stdout).unwrap();
        let mut found = BTreeSet::new();
        below(&tree, &mut found);
        found
    }

    /// The last lines of the logs of core and function.
    #[must_use]
    pub fn log(&self) -> String {
        ["crossplane.log", "function.log"]
            .map(|name| end_of(&self.logs.join(name)))
            .join("\n")
    }
}

/// The names below a node of a trace.
fn below(node: &Value, found: &mut BTreeSet<String>) {
    for child in node["children"].as_array().into_iter().flatten() {
        let object = &child["object"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        found.insert(format!(
            "{}/{}",
            text(&object["kind"]),
            text(&object["metadata"]["name"])
        ));
        below(child, found);
    }
}

/// Installs Crossplane's own definitions and what core requires.
fn install(kubectl: &Kubectl) {
    CORE.install_definitions(kubectl);
    kubectl.apply(
        "apiVersion: v1
kind: Namespace
metadata: { name: crossplane-system }
---
apiVersion: pkg.crossplane.io/v1beta1
kind: Lock
metadata: { name: lock }
---
apiVersion: pkg.crossplane.io/v1beta1
kind: DeploymentRuntimeConfig
metadata: { name: default }
",
        &[],
    );
}

/// Sets the function's address. The revision is paused, so nobody pulls its image.
fn register(kubectl: &Kubectl, function: &str, address: &str) {
    kubectl.apply(
        &format!(
            "apiVersion: pkg.crossplane.io/v1
kind: FunctionRevision
metadata:
  name: {function}-1
  labels: {{ pkg.crossplane.io/package: {function} }}
  annotations: {{ crossplane.io/paused: 'true' }}
spec: {{ desiredState: Active, image: registry.example.org/portico/function:v1, revision: 1 }}
"
        ),
        &[],
    );
    let status = format!(r#"{{"status":{{"endpoint":"{address}","capabilities":["composition"]}}}}"#);
    let revision = format!("{function}-1");
    let _ = kubectl.run(&[
        "patch",
        "functionrevision",
        &revision,
        "--subresource=status",
        "--type=merge",
        "--patch",
        &status,
    ]);
}

fn start_function(home: &Path, address: &str) -> Owned {
    let mut command = Command::new(OUR_FUNCTION.find().unwrap());
    command
        .args(["-address", address, "-tls-certs-dir"])
        .arg(home.join("certificates"));
    start(&command, &home.join("function.log"))
}

fn start_core(home: &Path, kubeconfig: &Path) -> Owned {
    let packages = home.join("packages");
    fs::create_dir(&packages).unwrap();
    let certificates = home.join("certificates").display().to_string();
    let mut command = Command::new(CORE.find().unwrap());
    command
        .args([
            "core",
            "start",
            "--package-runtime=External",
            "--enable-webhooks=false",
        ])
        .arg(format!("--xpkg-cache-dir={}", packages.display()))
        .arg(format!("--tls-client-certs-dir={certificates}"))
        .arg(format!("--tls-server-certs-dir={certificates}"))
        .arg(format!("--metrics-port={}", free_port()))
        .arg(format!("--health-probe-port={}", free_port()))
        .env("KUBECONFIG", kubeconfig);
    start(&command, &home.join("crossplane.log"))
}

fn start_collector(home: &Path, kubeconfig: &Path) -> Owned {
    let mut command = Command::new(COLLECTOR.find().unwrap());
    command
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .args(["--leader-elect=false", "--use-service-account-credentials=false"])
        .arg("--controllers=garbage-collector-controller,namespace-controller")
        .arg("--bind-address=127.0.0.1")
        .arg(format!("--secure-port={}", free_port()))
        .arg(format!("--cert-dir={}", home.join("collector").display()));
    start(&command, &home.join("collector.log"))
}

/// A CA, and the certificate that core and function use for mutual TLS.
fn certify(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority
        .distinguished_name
        .push(DnType::CommonName, "functions of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let mut both = CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).unwrap();
    both.distinguished_name.push(DnType::CommonName, "crossplane");
    both.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    both.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    both.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = both.signed_by(&key, &issuer).unwrap();
    fs::create_dir(folder).unwrap();
    for (name, text) in [
        ("ca.crt", authority_certificate.pem()),
        ("tls.crt", certificate.pem()),
        ("tls.key", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
