//! Sign-in plugins (Kubernetes, "client-go credential plugins"): programs that issue a token or a certificate.
//!
//! A plugin runs in its own process group, which is killed with everything that it started: at its timeout, when it
//! has answered, and when it is no longer waited for. Its output is never shown or logged: stdout is the credential,
//! and stderr may quote it. Administrators see the exit status and can run the plugin themselves.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::field::Field;
use super::problem::{Problem, SignInError};
use super::secret::Secret;
use super::tls::{ClientCertificate, Identity};

/// Timeout of a plugin.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a plugin's child processes may keep its output open after it has ended.
const OUTPUT_GRACE_PERIOD: Duration = Duration::from_secs(1);
/// Longest output in bytes.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;
/// How long before its expiry a credential is renewed, and the shortest pause between two runs.
const RENEW_BEFORE_EXPIRY: Duration = Duration::from_mins(1);
const MIN_RUN_INTERVAL: Duration = Duration::from_secs(10);
/// Shortest and longest pause after a failure; it doubles.
const MIN_BACKOFF: Duration = Duration::from_secs(5);
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// A plugin of a kubeconfig.
pub(super) struct Plugin {
    api_version: String,
    command: String,
    /// Its name in errors.
    shown: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    install_hint: Option<String>,
    /// The cluster information to pass to it, if it asks for it.
    cluster: Option<serde_json::Value>,
    limit: Duration,
}

impl Plugin {
    /// Reads `exec`.
    pub(super) fn read(exec: &Field<'_>, cluster: &Field<'_>, folder: &Path) -> Result<Self, Problem> {
        let api_version = match exec.text("apiVersion")? {
            Some((_, version)) if API_VERSIONS.contains(&version) => version.to_owned(),
            Some((field, _)) => return Err(field.wrong(format!("must be {}", API_VERSIONS.join(" or ")))),
            None => return Err(exec.lacks("apiVersion", format!("must be {}", API_VERSIONS.join(" or ")))),
        };
        match exec.text("interactiveMode")? {
            Some((_, "Never" | "IfAvailable")) => {}
            Some((field, "Always")) => {
                let message = "is Always: the plugin would ask somebody at a terminal, and Portico has none. Use a plugin, \
                               or settings of it, that need nobody";
                return Err(field.wrong(message));
            }
            Some((field, _)) => return Err(field.wrong("must be Never, IfAvailable or Always")),
            None if api_version == API_VERSIONS[0] => {
                return Err(exec.lacks("interactiveMode", "is missing: Never, or IfAvailable"));
            }
            None => {}
        }
        let Some((_, command)) = exec.text("command")? else {
            return Err(exec.lacks("command", "is missing"));
        };
        let environment = exec
            .list("env")?
            .into_iter()
            .map(|entry| {
                let Some((_, name)) = entry.text("name")? else {
                    return Err(entry.lacks("name", "is missing"));
                };
                let value = entry.text("value")?.map_or("", |(_, value)| value);
                if name.contains(['=', '\0']) || value.contains('\0') {
                    return Err(entry.wrong("is no environment variable"));
                }
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect::<Result<_, Problem>>()?;
        let arguments = exec.texts("args")?;
        if arguments.iter().any(|argument| argument.contains('\0')) || command.contains('\0') {
            return Err(exec.wrong("holds a character that no command can carry"));
        }
        Ok(Self {
            api_version,
            // A path is relative to the kubeconfig; a bare name is looked up in PATH.
            command: if command.contains('/') {
                folder.join(command).to_string_lossy().into_owned()
            } else {
                command.to_owned()
            },
            shown: name_of(command),
            arguments,
            environment,
            install_hint: exec.text("installHint")?.and_then(|(_, hint)| hint_of(hint)),
            cluster: if exec.flag("provideClusterInfo")? {
                Some(cluster_info(cluster)?)
            } else {
                None
            },
            limit: TIMEOUT,
        })
    }

    /// Sets another timeout.
    #[cfg(test)]
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs the plugin once.
    pub(super) async fn run(&self) -> Result<IssuedCredential, SignInError> {
        let (mut child, group) = self.start()?;
        let output = child.stdout.take();
        let reading = async {
            let mut bytes = Vec::new();
            if let Some(output) = output {
                output.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut bytes).await?;
            }
            std::io::Result::Ok(bytes)
        };
        let mut reading = Box::pin(reading);
        let ending = async {
            tokio::select! {
                bytes = &mut reading => (child.wait().await, bytes.ok()),
                status = child.wait() => {
                    let rest = tokio::time::timeout(OUTPUT_GRACE_PERIOD, &mut reading).await;
                    (status, rest.ok().and_then(Result::ok))
                }
            }
        };
        let ended = tokio::time::timeout(self.limit, ending).await;
        drop(group);
        let Ok((status, output)) = ended else {
            return Err(self.failed(&format!(
                "did not end within {} seconds and was ended",
                self.limit.as_secs()
            )));
        };
        // It may have been killed by a closed pipe.
        if output
            .as_ref()
            .is_some_and(|bytes| bytes.len() as u64 > MAX_OUTPUT_BYTES)
        {
            return Err(self.failed("printed too much to be a credential"));
        }
        let status = status.map_err(|_| self.failed("was lost while it ran"))?;
        if !status.success() {
            return Err(self.failed(&match status.code() {
                Some(code) => format!("ended with status {code}. {RUN_IT_YOURSELF}"),
                None => format!("was ended by a signal. {RUN_IT_YOURSELF}"),
            }));
        }
        let Some(output) = output else {
            return Err(self.failed("ended, and what it started held its output open"));
        };
        self.issued(&output)
    }

    fn start(&self) -> Result<(Child, Group), SignInError> {
        let mut command = Command::new(&self.command);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0);
        // Do not pass on Portico's own secrets.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PORTICO_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut spec = json!({ "interactive": false });
        if let (Some(cluster), Some(spec)) = (&self.cluster, spec.as_object_mut()) {
            spec.insert("cluster".to_owned(), cluster.clone());
        }
        let info = json!({ "apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec });
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        match command.spawn() {
            Ok(child) => {
                let group = Group::of(&child);
                Ok((child, group))
            }
            Err(error) => Err(match error.kind() {
                std::io::ErrorKind::NotFound => {
                    let hint = self.install_hint.as_ref();
                    let hint =
                        hint.map_or_else(String::new, |hint| format!(". Its installHint says: {hint}"));
                    self.failed(&format!("is not installed where Portico runs{hint}"))
                }
                std::io::ErrorKind::PermissionDenied => self.failed("may not be run by Portico"),
                _ => self.failed("cannot be started"),
            }),
        }
    }

    /// Parses the output as a credential.
    fn issued(&self, output: &[u8]) -> Result<IssuedCredential, SignInError> {
        // client-go reads JSON and YAML.
        let printed: Option<ExecCredential> = serde_json::from_slice(output)
            .ok()
            .or_else(|| serde_saphyr::from_slice(output).ok());
        let Some(printed) = printed else {
            return Err(self.failed("printed no ExecCredential"));
        };
        if printed.api_version.as_deref() != Some(&self.api_version) {
            return Err(
                self.failed("printed an ExecCredential of another apiVersion than exec.apiVersion asks for")
            );
        }
        let Some(status) = printed.status else {
            return Err(self.failed("printed an ExecCredential without status"));
        };
        let token = match status.token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => Some(
                Secret::bearer(token)
                    .ok_or_else(|| self.failed("issued a token that no header can carry"))?,
            ),
            None => None,
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let certificate = match (
            filled(status.client_certificate_data),
            filled(status.client_key_data),
        ) {
            (Some(certificate), Some(key)) => {
                let pair = Identity::chain(certificate.as_bytes())
                    .and_then(|chain| Identity::new(chain, key.as_bytes()))
                    .map_err(|why| {
                        self.failed(&format!("issued a client certificate whose text or key {why}"))
                    })?;
                Some(pair)
            }
            (None, None) => None,
            _ => return Err(self.failed("issued a client certificate without its key, or a key alone")),
        };
        if token.is_none() && certificate.is_none() {
            return Err(self.failed("issued neither a token nor a client certificate"));
        }
        let stated = match filled(status.expiration_timestamp) {
            Some(text) => Some(
                text.parse::<Timestamp>()
                    .map_err(|_| self.failed("issued a credential whose expirationTimestamp is no time"))?,
            ),
            None => None,
        };
        let of_certificate = certificate.as_ref().and_then(Identity::end);
        Ok(IssuedCredential {
            token,
            certificate,
            end: stated.or(of_certificate),
        })
    }

    fn failed(&self, what: &str) -> SignInError {
        SignInError(format!("the sign-in plugin {} {what}", self.shown))
    }
}

const API_VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

const RUN_IT_YOURSELF: &str = "What it printed is not shown, since it may hold a secret: run it as the user that Portico runs as to see it";

/// A command's name in errors: the last part of its path, if it looks like a program name.
fn name_of(command: &str) -> String {
    let name = command.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        "of exec.command".to_owned()
    } else {
        name.to_owned()
    }
}

/// The hint, unless a missing quotation mark made it include what follows.
fn hint_of(hint: &str) -> Option<String> {
    const SWALLOWED: [&str; 10] = [
        "token",
        "tokenFile",
        "password",
        "username",
        "-data",
        "value",
        "env",
        "user",
        "users",
        "name",
    ];
    let swallowed = SWALLOWED
        .iter()
        .any(|name| hint.contains(&format!("{name}:")) || hint.contains(&format!("{name}\":")));
    (!swallowed && hint.len() <= 1000).then(|| portico_domain::text::sanitize(hint))
}

/// `spec.cluster` of an `ExecCredential`.
fn cluster_info(cluster: &Field<'_>) -> Result<serde_json::Value, Problem> {
    let mut info = serde_json::Map::new();
    for name in [
        "server",
        "tls-server-name",
        "certificate-authority-data",
        "proxy-url",
    ] {
        if let Some((_, text)) = cluster.text(name)? {
            info.insert(name.to_owned(), text.into());
        }
    }
    if cluster.flag("insecure-skip-tls-verify")? {
        info.insert("insecure-skip-tls-verify".to_owned(), true.into());
    }
    for extension in cluster.list("extensions")? {
        let name = extension.text("name")?;
        if name.is_some_and(|(_, name)| name == "client.authentication.k8s.io/exec")
            && let Some(config) = extension.get("extension")?
        {
            info.insert("config".to_owned(), config.json());
        }
    }
    Ok(info.into())
}

#[derive(Deserialize)]
struct ExecCredential {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    status: Option<ExecCredentialStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredentialStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // It may be empty already.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// A credential issued by a plugin.
pub(super) struct IssuedCredential {
    token: Option<Secret>,
    certificate: Option<Identity>,
    /// `None`: it does not expire.
    end: Option<Timestamp>,
}

impl IssuedCredential {
    pub(super) fn is_valid(&self) -> bool {
        self.end.is_none_or(|end| Timestamp::now() < end)
    }

    /// The pause until it is renewed.
    fn lasts(&self) -> Option<Duration> {
        let left = Duration::try_from(self.end?.duration_since(Timestamp::now())).unwrap_or_default();
        // A credential with less than two minutes left is renewed at half of that.
        Some(
            left.saturating_sub(RENEW_BEFORE_EXPIRY.min(left / 2))
                .max(MIN_RUN_INTERVAL),
        )
    }
}

/// A plugin that is run again before its credential expires. Ends when dropped.
pub(crate) struct PluginRunner {
    state: watch::Receiver<State>,
    rejected: Arc<Notify>,
    task: AbortHandle,
}

impl Drop for PluginRunner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct State {
    issued: Arc<IssuedCredential>,
    error: Option<SignInError>,
}

impl PluginRunner {
    /// Runs the plugin and puts the certificate that it issues, if any, into `shown`.
    pub(super) async fn start(plugin: Plugin, shown: Arc<ClientCertificate>) -> Result<Self, SignInError> {
        let issued = plugin.run().await?;
        shown.0.store(issued.certificate.clone().map(|pair| pair.0));
        let (sender, state) = watch::channel(State {
            issued: Arc::new(issued),
            error: None,
        });
        let rejected = Arc::new(Notify::new());
        let task = tokio::spawn(renew(plugin, shown, sender, rejected.clone()));
        Ok(Self {
            state,
            rejected,
            task: task.abort_handle(),
        })
    }

    /// The valid credential. Waits for the plugin if the credential has expired, and fails if the plugin failed.
    pub(super) async fn header(&self) -> Result<Option<HeaderValue>, SignInError> {
        let mut state = self.state.clone();
        let usable = |state: &State| state.issued.is_valid() || state.error.is_some();
        let state = state
            .wait_for(usable)
            .await
            .map_err(|_| SignInError("signing in has ended".to_owned()))?;
        if state.issued.is_valid() {
            return Ok(state.issued.token.as_ref().map(|token| token.header.clone()));
        }
        Err(state
            .error
            .clone()
            .unwrap_or_else(|| SignInError("signing in failed".to_owned())))
    }

    pub(super) fn mark_rejected(&self) {
        self.rejected.notify_one();
    }

    pub(super) fn renewal_error(&self) -> Option<String> {
        let state = self.state.borrow();
        state.error.as_ref().map(ToString::to_string)
    }

    pub(super) fn secret(&self) -> Option<String> {
        let state = self.state.borrow();
        state.issued.token.as_ref().map(|token| token.text.clone())
    }
}

/// Runs the plugin before its credential expires and after a 401.
async fn renew(
    plugin: Plugin,
    shown: Arc<ClientCertificate>,
    sender: watch::Sender<State>,
    rejected: Arc<Notify>,
) {
    let mut wait = MIN_BACKOFF;
    loop {
        let pause = {
            let state = sender.borrow();
            match (&state.error, state.issued.lasts()) {
                (Some(_), _) => wait,
                (None, Some(pause)) => pause,
                (None, None) => Duration::from_hours(24 * 365),
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Do not renew at once: a new credential would probably be refused, too.
            () = async { tokio::time::sleep(MIN_RUN_INTERVAL).await; rejected.notified().await } => {}
        }
        match plugin.run().await {
            Ok(issued) => {
                wait = MIN_BACKOFF;
                shown.0.store(issued.certificate.clone().map(|pair| pair.0));
                sender.send_replace(State {
                    issued: Arc::new(issued),
                    error: None,
                });
            }
            Err(error) => {
                wait = (wait * 2).min(MAX_BACKOFF);
                sender.send_modify(|state| state.error = Some(error));
            }
        }
    }
}

/// A warning if the plugin is not installed, for `check-config`.
pub(super) fn is_missing(plugin: &Plugin) -> Option<String> {
    let found = if plugin.command.contains('/') {
        Path::new(&plugin.command).is_file()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: BTreeSet<_> = std::env::split_paths(&path).collect();
        folders
            .iter()
            .any(|folder| folder.join(&plugin.command).is_file())
    };
    let hint = plugin.install_hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| format!(". Its installHint says: {hint}"));
    (!found).then(|| format!("the sign-in plugin {} is not installed here{hint}", plugin.shown))
}
