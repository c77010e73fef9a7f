//! `portico demo`.

use clap::Args;
use tokio_util::sync::CancellationToken;

/// Arguments of the demo.
#[derive(Debug, Args)]
pub struct DemoArguments {}

/// Runs the demo.
///
/// # Errors
/// None yet.
pub async fn demo(_: DemoArguments, stop: CancellationToken) -> Result<(), std::io::Error> {
    stop.cancelled().await;
    Ok(())
}
