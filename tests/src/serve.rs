//! Runs `portico serve`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::processes::{Owned, portico};
use crate::ready::Ready;
use crate::until::until;

/// Starts `portico serve` with a demo's configuration and waits until it answers; `level` is its `PORTICO_LOG`.
///
/// # Panics
/// When it does not answer in time.
pub(crate) async fn serve(ready: &Ready, log: &Path, level: &str) -> Owned {
    serve_with(ready, log, level, &[]).await
}

/// As [`serve`], with more environment variables.
///
/// # Panics
/// When it does not answer in time.
pub(crate) async fn serve_with(
    ready: &Ready,
    log: &Path,
    level: &str,
    environment: &[(&str, String)],
) -> Owned {
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = Command::new(portico());
    command
        .args(["serve", "--config"])
        .arg(&ready.configuration)
        .env("PORTICO_LOG", level)
        .envs(environment.iter().map(|(name, value)| (name, value)));
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
