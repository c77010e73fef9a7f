//! A demo of one's own to test against: the real program on free ports, its data in a temporary folder.

use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

use crate::apart::serve;
use crate::kubectl::Kubectl;
use crate::person::Person;
use crate::processes::{Owned, portico};
use crate::real_planes::RealPlanes;
use crate::until::until;

/// How long it may take to answer. A built debug program takes a second or two; the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// The cards in its catalog.
const OFFERED: usize = 7;

/// What the demo writes when it answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// The portal's address, without a slash at its end.
    pub portal: String,
    /// The identity provider's.
    pub issuer: String,
    /// The folder of the portal's configuration.
    pub configuration: PathBuf,
    /// Who can sign in.
    pub people: Vec<Listed>,
    /// Its control planes.
    pub control_planes: Vec<Plane>,
}

/// Somebody who can sign in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// What the provider's button stands for.
    pub username: String,
    /// The name on it.
    pub name: String,
}

/// A control plane.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plane {
    /// Its name.
    pub name: String,
    /// Where its kubeconfig is.
    pub kubeconfig: PathBuf,
}

/// What a demo's control planes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planes {
    /// Its simulator.
    Simulated,
    /// Real API servers. They must be here: [`ApiServer::is_here`](crate::apiserver::ApiServer::is_here).
    Real,
}

/// A running demo. It ends with this value.
#[derive(Debug)]
pub struct Demo {
    /// What it said of itself.
    pub ready: Ready,
    process: Owned,
    arguments: Vec<String>,
    /// What ends with it; before the world, which they work with.
    planes: Option<RealPlanes>,
    /// The demo's world, where `process` is the portal alone.
    world: Option<Owned>,
    folder: TempDir,
}

impl Demo {
    /// Starts one with the demo's beginnings, over SQLite.
    ///
    /// # Panics
    /// When it does not answer in time; says what it logged.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with further arguments of `portico demo`.
    ///
    /// # Panics
    /// When it does not answer in time; says what it logged.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (process, ready) = launch(folder.path(), 0, &arguments).await;
        Self {
            ready,
            process,
            arguments,
            world: None,
            planes: None,
            folder,
        }
    }

    /// Starts one over such control planes. Real ones begin with what the simulated ones begin with, and the demo's
    /// provisioners work for them; the portal is a process of its own then, and answers once it has heard from them.
    ///
    /// # Panics
    /// When something does not answer in time.
    pub async fn start_on(planes: Planes) -> Self {
        if planes == Planes::Simulated {
            return Self::start().await;
        }
        let mut demo = Self::world_on(planes).await;
        let portal = serve(&demo.ready, &demo.folder.path().join("log"), "info").await;
        demo.world = Some(mem::replace(&mut demo.process, portal));
        demo.hear().await;
        demo
    }

    /// The control planes and the identity provider alone, with the configuration of a portal that is yet to start.
    ///
    /// # Panics
    /// When something does not answer in time.
    pub async fn world_on(planes: Planes) -> Self {
        let mut demo = Self::start_with(&["--world-only"]).await;
        if planes == Planes::Real {
            demo.planes = Some(RealPlanes::in_place_of(&demo.ready.control_planes).await);
        }
        demo
    }

    /// Waits until the portal has heard from its control planes.
    async fn hear(&self) {
        let dana = self.sign_in("dana").await;
        until("the catalog", PATIENCE, async || {
            let cards = dana.get("/catalog").await.page().texts(".card h2");
            (cards.len() >= OFFERED).then_some(())
        })
        .await;
    }

    /// Kills it without warning and starts it again over the same data, on the same port.
    pub async fn crash_and_restart(&mut self) {
        self.process.kill();
        self.restart().await;
    }

    /// Starts it again, once it has ended, over the same data and on the same port.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn restart(&mut self) {
        if self.world.is_some() {
            self.process = serve(&self.ready, &self.folder.path().join("log"), "info").await;
            return self.hear().await;
        }
        let port = url::Url::parse(&self.ready.portal).unwrap().port().unwrap();
        (self.process, self.ready) = launch(self.folder.path(), port, &self.arguments).await;
        self.hear().await;
    }

    /// SIGTERM; how it ended, and after how long.
    pub fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        (self.process.stop(Duration::from_secs(15)), begun.elapsed())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The id of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The folder it keeps its data in.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file of its configuration.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn configuration(&self, name: &str) -> PathBuf {
        let mut folders = vec![self.data()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name() == name {
                    return entry.path();
                }
            }
        }
        panic!("no {name} in {}", self.data().display());
    }

    /// Takes the quotas out of its configuration and starts it again: for tests that make more claims than the
    /// demo's teams may hold.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub async fn lift_quotas(&mut self) {
        self.stop();
        self.strike_quotas();
        self.restart().await;
    }

    /// Takes the quotas out of its configuration, for whoever reads that next.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub fn strike_quotas(&self) {
        let file = self.configuration("tenants.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let mut kept = Vec::new();
        let mut in_quota = false;
        for line in text.lines() {
            in_quota = line == "  quota:" || (in_quota && line.starts_with("    "));
            if !in_quota {
                kept.push(line);
            }
        }
        fs::write(&file, kept.join("\n")).unwrap();
    }

    /// Lets one person ask as often as they like, for whoever reads the configuration next: benches are one person.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub fn lift_limits(&self) {
        let file = self.configuration("portal.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let limits =
            "  limits: { requestsPerSecond: 10000, changesPerMinute: 100000, strangersPerSecond: 100000 }";
        fs::write(&file, format!("{text}\n{limits}\n")).unwrap();
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        log_of(self.folder.path())
    }

    /// Somebody's browser, signed in.
    pub async fn sign_in(&self, username: &str) -> Person {
        Person::sign_in(&self.ready.portal, username).await
    }

    /// A browser nobody is signed in with.
    #[must_use]
    pub fn stranger(&self) -> Person {
        Person::stranger(&self.ready.portal)
    }

    /// kubectl against a control plane.
    ///
    /// # Panics
    /// When there is no such control plane.
    #[must_use]
    pub fn kubectl(&self, plane: &str) -> Kubectl {
        let plane = self
            .ready
            .control_planes
            .iter()
            .find(|one| one.name == plane)
            .unwrap();
        Kubectl::of(&plane.kubeconfig)
    }
}

async fn launch(folder: &Path, port: u16, arguments: &[String]) -> (Owned, Ready) {
    let ready_file = folder.join("ready.json");
    let _ = fs::remove_file(&ready_file);
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    let mut command = Command::new(portico());
    command
        // Provisioners in a hurry: nobody looks on.
        .args(["demo", "--step", "150", "--port", &port.to_string(), "--data"])
        .arg(folder.join("data"))
        .arg("--ready-file")
        .arg(&ready_file)
        .args(arguments);
    let mut process = Owned::start(&command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    });
    let begun = Instant::now();
    loop {
        // The file appears whole: it is renamed into its place.
        if let Ok(ready) = fs::read_to_string(&ready_file) {
            let ready = serde_json::from_str(&ready).unwrap_or_else(|error| panic!("{error} in {ready}"));
            return (process, ready);
        }
        if let Some(status) = process.ended() {
            panic!("portico demo ended with {status}:\n{}", log_of(folder));
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "portico demo did not answer in {PATIENCE:?}:\n{}",
            log_of(folder)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// A port that nobody listens on just now.
///
/// # Panics
/// When the machine has none.
#[must_use]
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
