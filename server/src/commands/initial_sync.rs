//! What `portico serve` waits for at its start, and how long.

use std::time::Duration;

use portico_app::configuration::{LiveConfiguration, Report};
use portico_planes::Planes;

/// Waits a short time until the home plane has been read, so that its tenants and control planes are there from the
/// start.
pub(super) async fn wait_for_home(configuration: &LiveConfiguration) {
    const TIMEOUT: Duration = Duration::from_secs(10);
    let mut reports = configuration.subscribe();
    let is_read = |report: &Report| report.home.as_ref().is_none_or(|home| home.synced);
    if tokio::time::timeout(TIMEOUT, reports.wait_for(is_read))
        .await
        .is_err()
    {
        tracing::error!(
            "the home control plane has not been read: Portico starts with the folder alone, and takes no requests until \
             it has been"
        );
    }
}

/// Waits a short time for the initial sync of the control planes, so that the catalog is not empty at first.
pub(super) async fn wait_for_initial_sync(planes: &Planes) {
    const INITIAL_SYNC_TIMEOUT: Duration = Duration::from_secs(2);
    let begun = tokio::time::Instant::now();
    let connecting = || {
        let planes = planes.summaries();
        planes
            .iter()
            .any(|plane| plane.state == portico_planes::PlaneState::Connecting)
    };
    while connecting() && begun.elapsed() < INITIAL_SYNC_TIMEOUT {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
