//! What `portico serve` waits for at its start, and how long.

use std::time::Duration;

use portico_app::configuration::{LiveConfiguration, Report};
use portico_planes::{PlaneState, PlaneSummary, Planes};

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

/// Waits a short time for the initial sync of the control planes, so that the catalog is not empty at first. Where very many
/// kinds are offered, to list the claims of all takes longer, and is not waited for: pages say what has not been read yet.
pub(super) async fn wait_for_initial_sync(planes: &Planes) {
    const INITIAL_SYNC_TIMEOUT: Duration = Duration::from_secs(2);
    const MANY_KINDS: usize = 100;
    let begun = tokio::time::Instant::now();
    let is_awaited = |plane: &PlaneSummary| {
        plane.state == PlaneState::Connecting && planes.offered_kinds(&plane.name) < MANY_KINDS
    };
    while planes.summaries().iter().any(is_awaited) && begun.elapsed() < INITIAL_SYNC_TIMEOUT {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
