//! A demo per test: the real program on free ports, with data in a temporary folder.

use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::kubectl::Kubectl;
use crate::person::Person;
use crate::processes::{Owned, portico};
use crate::ready::Ready;
use crate::real_planes::RealPlanes;
use crate::serve::serve;
use crate::until::until;

/// How long the start may take. A debug build takes a second or two on an idle machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// States of control planes that a test has broken before it starts the portal again.
const DOWN: &[&str] = &["unreachable", "misconfigured"];
/// The number of cards in its catalog.
const OFFERED: usize = 7;

/// What the demo uses as control planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planes {
    /// Simulated ones.
    Simulated,
    /// Real API servers. They must be installed: see
    /// [`ApiServer::is_here`](crate::apiserver::ApiServer::is_here).
    Real,
}

/// A running demo. It ends when this is dropped.
#[derive(Debug)]
pub struct Demo {
    /// What it wrote about itself.
    pub ready: Ready,
    process: Owned,
    arguments: Vec<String>,
    /// Resources that end with the demo, before the control planes that they use.
    planes: Option<RealPlanes>,
    /// The control planes and provider, if `process` is only the portal.
    world: Option<Owned>,
    folder: TempDir,
}

impl Demo {
    /// Starts a demo with its seeds, over SQLite.
    ///
    /// # Panics
    /// When it does not answer in time; prints its log.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a demo with more arguments of `portico demo`. It is without kcp, so that tests have three control planes and
    /// little to wait for.
    ///
    /// # Panics
    /// When it does not answer in time; prints its log.
    pub async fn start_with(arguments: &[&str]) -> Self {
        Self::start_as(&[&["--no-kcp"], arguments].concat()).await
    }

    /// Starts a demo as people do: with kcp.
    ///
    /// # Panics
    /// When it does not answer in time; prints its log.
    pub async fn start_with_kcp() -> Self {
        Self::start_as(&[]).await
    }

    async fn start_as(arguments: &[&str]) -> Self {
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

    /// Starts a demo over these control planes. Real ones get the same initial objects as the simulated ones,
    /// and the demo's provisioners serve their claims; the portal then runs in a separate process. Returns once
    /// the portal has synced.
    ///
    /// # Panics
    /// When something does not answer in time.
    pub async fn start_on(planes: Planes) -> Self {
        if planes == Planes::Simulated {
            return Self::start().await;
        }
        let mut demo = Self::without_portal_on(planes).await;
        let portal = serve(&demo.ready, &demo.folder.path().join("log"), "info").await;
        demo.world = Some(mem::replace(&mut demo.process, portal));
        demo.hear(&[]).await;
        demo
    }

    /// Starts the control planes and the identity provider without a portal, and writes its configuration.
    ///
    /// # Panics
    /// When something does not answer in time.
    pub async fn without_portal_on(planes: Planes) -> Self {
        let mut demo = Self::start_with(&["--world-only"]).await;
        if planes == Planes::Real {
            demo.planes = Some(RealPlanes::in_place_of(&demo.ready.control_planes).await);
        }
        demo
    }

    /// Waits until the portal has read each of its control planes, except those in one of these `other` states, and
    /// offers everything. One control plane is enough to fill the catalog: a claim may still be placed on the others.
    async fn hear(&self, other: &[&str]) {
        let metrics = format!("{}/metrics", self.ready.portal);
        let is_awaited = |line: &str| {
            let state = line.strip_prefix("portico_control_planes{state=\"");
            state
                .and_then(|line| line.split_once("\"} "))
                .is_some_and(|(state, count)| state != "ready" && !other.contains(&state) && count != "0")
        };
        until("an answer of each control plane", TIMEOUT, async || {
            let page = reqwest::get(&metrics).await.ok()?.error_for_status().ok()?;
            let page = page.text().await.ok()?;
            (!page.lines().any(is_awaited)).then_some(())
        })
        .await;
        let dana = self.sign_in("dana").await;
        until("the catalog", TIMEOUT, async || {
            let cards = dana.get("/catalog").await.page().texts(".card h2");
            (cards.len() >= OFFERED).then_some(())
        })
        .await;
    }

    /// Kills it and starts it again with the same data and port.
    pub async fn crash_and_restart(&mut self) {
        self.process.kill();
        self.restart().await;
    }

    /// Starts it again after it has ended, with the same data and port.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn restart(&mut self) {
        if self.world.is_some() {
            self.process = serve(&self.ready, &self.folder.path().join("log"), "info").await;
            return self.hear(DOWN).await;
        }
        let port = url::Url::parse(&self.ready.portal).unwrap().port().unwrap();
        (self.process, self.ready) = launch(self.folder.path(), port, &self.arguments).await;
        self.hear(DOWN).await;
    }

    /// Sends SIGTERM. Returns the exit status and how long it took.
    pub fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        (self.process.stop(Duration::from_secs(15)), begun.elapsed())
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The path of a configuration file.
    ///
    /// # Panics
    /// When there is no such file.
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

    /// Removes the quotas from the configuration and restarts, for tests that create many claims.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub async fn remove_quotas_and_restart(&mut self) {
        self.stop();
        self.remove_quotas();
        self.restart().await;
    }

    /// Removes the quotas from the configuration; takes effect at the next reload.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub fn remove_quotas(&self) {
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

    /// Removes the rate limit per person from the configuration; takes effect at the next reload. Benches use
    /// one person.
    ///
    /// # Panics
    /// When the configuration cannot be rewritten.
    pub fn remove_rate_limits(&self) {
        let file = self.configuration("portal.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let limits = "  limits: { requestsPerSecond: 10000, changesPerMinute: 100000, strangersPerSecond: 100000, \
                      eventStreams: 100000 }";
        fs::write(&file, format!("{text}\n{limits}\n")).unwrap();
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> String {
        log_of(self.folder.path())
    }

    /// A browser in which somebody is signed in.
    pub async fn sign_in(&self, username: &str) -> Person {
        Person::sign_in(&self.ready.portal, username).await
    }

    /// A browser in which nobody is signed in.
    #[must_use]
    pub fn anonymous(&self) -> Person {
        Person::anonymous(&self.ready.portal)
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
    command.arg("demo");
    if arguments.iter().all(|argument| argument != "--undo-seconds") {
        // What is approved is applied at once.
        command.args(["--undo-seconds", "0"]);
    }
    command
        // Short steps of the provisioners: nobody watches.
        .args(["--step", "150", "--port", &port.to_string(), "--data"])
        .arg(folder.join("data"))
        .arg("--ready-file")
        .arg(&ready_file)
        .args(arguments);
    let mut process = Owned::start(&command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    });
    let begun = Instant::now();
    loop {
        // The file appears atomically, by a rename.
        if let Ok(ready) = fs::read_to_string(&ready_file) {
            let ready = serde_json::from_str(&ready).unwrap_or_else(|error| panic!("{error} in {ready}"));
            return (process, ready);
        }
        if let Some(status) = process.ended() {
            panic!("portico demo ended with {status}:\n{}", log_of(folder));
        }
        assert!(
            begun.elapsed() < TIMEOUT,
            "portico demo did not answer in {TIMEOUT:?}:\n{}",
            log_of(folder)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}
