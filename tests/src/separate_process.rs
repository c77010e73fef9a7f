//! Runs the portal as `portico serve` in a process apart from the demo's control planes and identity provider,
//! so that its own resources can be measured.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::demo::{Demo, Planes};
use crate::processes::{Owned, free_port, portico};
use crate::raw_client::RawClient;
use crate::serve::serve_with;
use crate::until::until;

/// A demo without a portal, and a portal in a separate process. Both end when this is dropped.
#[derive(Debug)]
pub struct SeparateProcess {
    /// The control planes and the identity provider; people sign in here too.
    pub world: Demo,
    /// The time from the start of the portal to its first response.
    pub start: Duration,
    portal: Owned,
}

impl SeparateProcess {
    /// Starts both.
    ///
    /// # Panics
    /// When one of them does not answer in time.
    pub async fn start() -> Self {
        let world = Self::world().await;
        // Benches create more claims than the demo's quotas allow.
        world.remove_quotas();
        world.remove_rate_limits();
        Self::over(world, "warn").await
    }

    /// Starts the control planes and the identity provider, and writes the configuration of a portal that starts
    /// later.
    pub async fn world() -> Demo {
        Demo::without_portal_on(Planes::Simulated).await
    }

    /// Starts the portal with the configuration of a demo; `log` is its `PORTICO_LOG`.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn over(world: Demo, log: &str) -> Self {
        Self::with_environment(world, log, &[]).await
    }

    /// As [`SeparateProcess::over`], with more environment variables.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn with_environment(world: Demo, log: &str, environment: &[(&str, String)]) -> Self {
        let begun = Instant::now();
        let portal = serve_with(&world.ready, &world.data().join("portal.log"), log, environment).await;
        Self {
            world,
            start: begun.elapsed(),
            portal,
        }
    }

    /// Starts another replica over the same database, at an address of its own. Returns it with its URL.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn replica(&self, database: &str) -> (Owned, String) {
        self.replica_over(database, &self.world.ready.configuration).await
    }

    /// As [`SeparateProcess::replica`], with another configuration.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn replica_over(&self, database: &str, configuration: &Path) -> (Owned, String) {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let log = std::fs::File::create(self.world.data().join("replica.log")).unwrap();
        let mut command = Command::new(portico());
        command
            .args(["serve", "--config"])
            .arg(configuration)
            .args(["--database", database, "--listen", &format!("127.0.0.1:{port}")])
            .args(["--public-url", &url])
            .env("PORTICO_LOG", "warn");
        let replica = Owned::start(&command, |command| {
            command.stdout(log.try_clone().unwrap()).stderr(log);
        });
        let page = format!("{url}/sign-in");
        until("the replica's first page", Duration::from_secs(30), async || {
            let answer = reqwest::get(&page).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        (replica, url)
    }

    /// The log of the portal.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.world.data().join("portal.log")).unwrap_or_default()
    }

    /// Stops the portal with SIGTERM. Returns its exit status and how long it took.
    pub fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        (self.portal.stop(Duration::from_secs(15)), begun.elapsed())
    }

    /// Sends the portal a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        self.portal.signal(name);
    }

    /// Stops the portal and starts it again.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn restart(&mut self, log: &str) {
        let _ = self.stop();
        self.portal = serve_with(&self.world.ready, &self.world.data().join("portal.log"), log, &[]).await;
    }

    /// The resident memory of the portal, in bytes.
    ///
    /// # Panics
    /// When `/proc` does not show it.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.portal.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// The CPU time that the portal has used.
    ///
    /// # Panics
    /// When `/proc` does not show it.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.portal.id())).unwrap();
        // Behind the name, which may have blanks: user and system time are the 12th and 13th value, in hundredths.
        let values: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = values[11..13]
            .iter()
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 10)
    }

    /// A client of one of its control planes.
    ///
    /// # Panics
    /// When there is no such control plane.
    #[must_use]
    pub fn raw_client(&self, plane: &str) -> RawClient {
        let mut planes = self.world.ready.control_planes.iter();
        RawClient::of(&planes.find(|one| one.name == plane).unwrap().kubeconfig)
    }
}
