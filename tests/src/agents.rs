//! Agents of control planes: the configuration for them, and `portico agent` as a process.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::person::Person;
use crate::processes::{Owned, free_port, portico};
use crate::until::until;

/// How long an agent may take to connect, and Portico to notice.
pub const SOON: Duration = Duration::from_secs(40);

/// The rules that let Portico offer, request and delete widgets.
pub const WIDGETS: &str = "
    - { apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [get, list, watch] }
    - { apiGroups: [tests.portico.dev], resources: [widgets], verbs: [get, list, watch, create, patch, delete] }
    - { apiGroups: [''], resources: [events, namespaces, secrets], verbs: [get, list, watch] }
";

/// Makes an authority in `folder` with the program.
///
/// # Panics
/// When the program fails.
pub fn make_authority(folder: &Path) {
    let mut command = Command::new(portico());
    command.args(["agent-authority", "--out"]).arg(folder);
    let made = command.output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// Lets the portal of a configuration listen for agents with the authority in `authority`. Returns the address.
///
/// # Panics
/// When the configuration cannot be rewritten.
#[must_use]
pub fn listen_for_agents(configuration: &Path, authority: &Path, minutes: u32) -> SocketAddr {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let file = configuration.join("portal.yaml");
    let portal = fs::read_to_string(&file).unwrap();
    let authority = authority.display();
    let agents = format!(
        "spec:\n  agents:\n    listen: '{address}'\n    address: '{address}'\n    certificateFile: '{authority}/authority.crt'\n    \
         keyFile: '{authority}/authority.key'\n    certificateMinutes: {minutes}\n"
    );
    fs::write(&file, portal.replacen("spec:\n", &agents, 1)).unwrap();
    address
}

/// Adds a control plane that is reached through an agent, for all tenants.
///
/// # Panics
/// When the configuration cannot be written.
pub fn add_plane(configuration: &Path, name: &str) {
    let document = format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: {name}, labels: {{ shared: 'true' }} }}
spec:
  title: The hidden one
  connection: {{ agent: {{}} }}
"
    );
    fs::write(configuration.join(format!("{name}.yaml")), document).unwrap();
}

/// Starts another replica of a portal, on addresses of its own. Returns it with its URL and where it listens for agents.
///
/// # Panics
/// When it does not answer in time.
pub async fn another_replica(
    configuration: &Path,
    log: &Path,
    database: &str,
) -> (Owned, String, SocketAddr) {
    let (port, agents) = (free_port(), SocketAddr::from(([127, 0, 0, 1], free_port())));
    let url = format!("http://127.0.0.1:{port}");
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = Command::new(portico());
    command
        .args(["serve", "--config"])
        .arg(configuration)
        .args(["--database", database, "--listen", &format!("127.0.0.1:{port}")])
        .args(["--public-url", &url, "--agents-listen", &agents.to_string()])
        .env("PORTICO_LOG", "info");
    let replica = Owned::start(&command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    });
    let page = format!("{url}/sign-in");
    until("the other replica's first page", SOON, async || {
        let answer = reqwest::get(&page).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    (replica, url, agents)
}

/// Makes a token by the API.
///
/// # Panics
/// When it is refused.
pub async fn token(admin: &Person, plane: &str) -> String {
    let path = format!("/api/v1/control-planes/{plane}/enrolments");
    let made = admin.api(Method::POST, &path, None).await.expect(201);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    made.json()["token"].as_str().unwrap().to_owned()
}

/// Waits until the page of a control plane says something; returns the page's text.
///
/// # Panics
/// When it does not in time.
pub async fn until_page(admin: &Person, plane: &str, says: &str) -> String {
    let path = format!("/admin/control-planes/{plane}");
    until(&format!("{says:?} on {path}"), SOON, async || {
        let body = admin.get(&path).await.page().body();
        body.contains(says).then_some(body)
    })
    .await
}

/// The agents of a control plane, by the API.
///
/// # Panics
/// When there is no such control plane.
pub async fn agents(admin: &Person, plane: &str) -> Vec<serde_json::Value> {
    let path = format!("/api/v1/control-planes/{plane}");
    let answer = admin.api(Method::GET, &path, None).await.expect(200);
    answer.json()["agents"]["agents"].as_array().unwrap().clone()
}

/// Waits until the control plane has answered: nothing is placed on it before.
///
/// # Panics
/// When that takes too long.
pub async fn until_ready(admin: &Person, plane: &str) {
    let path = format!("/api/v1/control-planes/{plane}");
    until(&format!("{plane} to be ready"), SOON, async || {
        let page = admin.api(Method::GET, &path, None).await.json();
        (page["row"]["state"] == "ready").then_some(())
    })
    .await;
}

/// Waits until as many agents are connected.
///
/// # Panics
/// When that takes too long.
pub async fn until_connected(admin: &Person, plane: &str, count: usize) {
    until(&format!("{count} connected agents"), SOON, async || {
        let agents = agents(admin, plane).await;
        let connected = agents
            .iter()
            .filter(|agent| agent["state"] == "connected")
            .count();
        (connected == count).then_some(())
    })
    .await;
}

/// Where an agent lives: its document, its state, its log.
pub struct AgentHome {
    folder: TempDir,
}

impl AgentHome {
    /// The home of an agent of the control plane with this kubeconfig. `allow` is YAML below `allow:`.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn new(plane: &str, addresses: &[SocketAddr], kubeconfig: &Path, allow: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let addresses: Vec<String> = addresses.iter().map(|address| format!("'{address}'")).collect();
        let document = format!(
            "apiVersion: portico.dev/v1alpha1
kind: Agent
metadata: {{ name: {plane} }}
spec:
  addresses: [{}]
  state: state
  connection: {{ kubeconfig: {{ path: '{}' }} }}
  allow: {allow}
",
            addresses.join(", "),
            kubeconfig.display()
        );
        fs::write(home.document(), document).unwrap();
        home
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> PathBuf {
        self.folder.path().join("agent.yaml")
    }

    /// The folder with key and certificate.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What the agent logged, also before a restart.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Starts the agent.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(&self, token: Option<&str>) -> Owned {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut command = Command::new(portico());
        command.args(["agent", "--config"]).arg(self.document());
        if let Some(token) = token {
            command.env("PORTICO_AGENT_TOKEN", token);
        }
        Owned::start(&command, |command| {
            command.stdout(log.try_clone().unwrap()).stderr(log);
        })
    }

    /// Waits until the agent has ended by itself. Returns its log.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn until_ended(&self, agent: &mut Owned) -> String {
        let status = until("the agent's end", SOON, || std::future::ready(agent.ended())).await;
        assert!(!status.success(), "{status}");
        self.log()
    }
}

/// What a relay does with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    Stalled,
    Down,
}

/// A relay of TCP between agents and Portico that can be cut and stalled. Several addresses take turns, as behind a load
/// balancer.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    line: watch::Sender<(Line, u64)>,
    targets: Arc<Mutex<Vec<SocketAddr>>>,
    running: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay to these addresses.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(to: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, seen) = watch::channel((Line::Open, 0));
        let targets = Arc::new(Mutex::new(to));
        let known = targets.clone();
        let mut turn = 0_usize;
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                turn += 1;
                let to = {
                    let known = known.lock().unwrap();
                    known[turn % known.len()]
                };
                if seen.borrow().0 != Line::Down {
                    tokio::spawn(relay(stream, to, seen.clone()));
                }
            }
        });
        Self {
            address,
            line,
            targets,
            running,
        }
    }

    /// Leads new connections elsewhere.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    pub fn lead_to(&self, to: Vec<SocketAddr>) {
        *self.targets.lock().unwrap() = to;
    }

    /// Resets all connections. New ones get through.
    pub fn cut(&self) {
        self.line.send_modify(|(_, times)| *times += 1);
    }

    /// Resets all connections, and lets no new ones through until [`Relay::open`].
    pub fn go_down(&self) {
        self.line.send_modify(|(line, times)| {
            *line = Line::Down;
            *times += 1;
        });
    }

    /// Keeps connections and carries nothing until [`Relay::open`].
    pub fn stall(&self) {
        self.line.send_modify(|(line, _)| *line = Line::Stalled);
    }

    /// Carries bytes again.
    pub fn open(&self) {
        self.line.send_modify(|(line, _)| *line = Line::Open);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn relay(from: TcpStream, to: SocketAddr, line: watch::Receiver<(Line, u64)>) {
    let Ok(onward) = TcpStream::connect(to).await else {
        return;
    };
    // Closing is a reset, as when a firewall forgets the connection.
    let _ = from.set_zero_linger();
    let _ = onward.set_zero_linger();
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = onward.into_split();
    let begun = line.borrow().1;
    let mut ended = line.clone();
    tokio::select! {
        _ = ended.wait_for(|(_, times)| *times != begun) => {}
        () = copy(from_read, to_write, line.clone()) => {}
        () = copy(to_read, from_write, line.clone()) => {}
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut line: watch::Receiver<(Line, u64)>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if line.wait_for(|(line, _)| *line != Line::Stalled).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
