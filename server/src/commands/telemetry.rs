use std::io::IsTerminal;

use portico_web::Sampler;
use tracing_subscriber::EnvFilter;

/// The format of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging to standard error. `PORTICO_LOG` sets the filter; the default is `default` (`info`,
/// `warn,portico=debug`).
pub fn begin_logging(format: LogFormat, default: &str) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(default))
        .with_writer(std::io::stderr);
    // A second call, as in tests, keeps the first logger.
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_env("PORTICO_LOG").unwrap_or_else(|_| EnvFilter::new(default))
}

/// The export of traces. Without the feature `otlp`, or a collector in the environment, it does nothing.
#[derive(Debug)]
#[must_use = "the last traces are sent by `finish`"]
pub struct TraceExport {
    #[cfg(feature = "otlp")]
    export: Option<crate::otlp::Export>,
}

impl TraceExport {
    /// Sends the traces that are not sent yet. Takes a few seconds if the collector does not answer.
    #[cfg(feature = "otlp")]
    pub async fn finish(self) {
        if let Some(export) = self.export {
            export.finish().await;
        }
    }

    /// Does nothing.
    #[cfg(not(feature = "otlp"))]
    pub fn finish(self) -> std::future::Ready<()> {
        std::future::ready(())
    }
}

/// Starts logging as [`begin_logging`], and the export of traces.
#[cfg(not(feature = "otlp"))]
pub fn begin_logging_and_traces(format: LogFormat, default: &str) -> TraceExport {
    begin_logging(format, default);
    TraceExport {}
}

/// Starts logging as [`begin_logging`], and the export of traces.
#[cfg(feature = "otlp")]
pub fn begin_logging_and_traces(format: LogFormat, default: &str) -> TraceExport {
    use crate::otlp::{Export, exported};
    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
    use tracing_subscriber::util::SubscriberInitExt as _;

    let export = match Export::from_environment() {
        Ok(Some(export)) => export,
        Ok(None) => {
            begin_logging(format, default);
            return TraceExport { export: None };
        }
        Err(error) => {
            begin_logging(format, default);
            tracing::warn!(%error, "traces are not exported");
            return TraceExport { export: None };
        }
    };
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    // Each has a filter of its own: a quiet log does not empty the traces.
    let _ = tracing_subscriber::registry()
        .with(log.with_filter(filter(default)))
        .with(export.layer().with_filter(exported()))
        .try_init();
    tracing::info!("traces are exported by OTLP");
    TraceExport { export: Some(export) }
}

/// Decides which new traces are recorded.
#[cfg(feature = "otlp")]
pub(super) fn sampler() -> Sampler {
    crate::otlp::sampler()
}

/// Decides which new traces are recorded: all, for the log.
#[cfg(not(feature = "otlp"))]
pub(super) fn sampler() -> Sampler {
    std::sync::Arc::new(|_| true)
}
