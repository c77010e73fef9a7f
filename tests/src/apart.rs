//! The portal in a process of its own, as `portico serve` runs it, beside the demo's control planes and identity
//! provider: what it takes is measured without what they take.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::demo::{Demo, Planes, Ready};
use crate::direct::Direct;
use crate::processes::{Owned, portico};
use crate::until::until;

/// The demo's world, and the portal apart from it. Both end with this value.
#[derive(Debug)]
pub struct Apart {
    /// The world, which has no portal of its own; people sign in here all the same.
    pub world: Demo,
    /// From starting the portal to its first answered page.
    pub start: Duration,
    portal: Owned,
}

impl Apart {
    /// Starts both.
    ///
    /// # Panics
    /// When one of them does not answer in time.
    pub async fn start() -> Self {
        let world = Self::world().await;
        // Benches ask for more than the demo's teams may have.
        world.strike_quotas();
        world.lift_limits();
        Self::over(world, "warn").await
    }

    /// The demo's control planes and identity provider, and the configuration of a portal that is yet to start.
    pub async fn world() -> Demo {
        Demo::world_on(Planes::Simulated).await
    }

    /// Starts the portal over a world, by the configuration that this has by now; `log` says what it logs, as
    /// `RUST_LOG` would.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn over(world: Demo, log: &str) -> Self {
        let begun = Instant::now();
        let portal = serve(&world.ready, &world.data().join("portal.log"), log).await;
        Self {
            world,
            start: begun.elapsed(),
            portal,
        }
    }

    /// All that the portal has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.world.data().join("portal.log")).unwrap_or_default()
    }

    /// Stops the portal by SIGTERM; how it ended, and after how long.
    pub fn stop(&mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        (self.portal.stop(Duration::from_secs(15)), begun.elapsed())
    }

    /// The memory that the portal holds, in bytes.
    ///
    /// # Panics
    /// Where `/proc` does not say.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.portal.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// One of its control planes, over plain HTTP.
    ///
    /// # Panics
    /// When there is no such control plane.
    #[must_use]
    pub fn direct(&self, plane: &str) -> Direct {
        let mut planes = self.world.ready.control_planes.iter();
        Direct::of(&planes.find(|one| one.name == plane).unwrap().kubeconfig)
    }
}

/// `portico serve` over a demo's configuration, once it answers; `level` is what it logs, as `RUST_LOG` would.
///
/// # Panics
/// When it does not answer in time.
pub(crate) async fn serve(ready: &Ready, log: &Path, level: &str) -> Owned {
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = Command::new(portico());
    command
        .args(["serve", "--config"])
        .arg(&ready.configuration)
        .env("RUST_LOG", level);
    let mut portal = Owned::start(&command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    });
    let page = format!("{}/sign-in", ready.portal);
    until("the portal's first page", Duration::from_secs(30), async || {
        let answer = reqwest::get(&page).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    assert!(portal.ended().is_none(), "the portal runs");
    portal
}
