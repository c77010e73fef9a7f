//! The commands.

pub mod agent;
mod agent_listener;
mod agent_rules;
pub mod check_config;
mod configuration_log;
pub mod crds;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
mod demo_history;
#[cfg(feature = "demo")]
mod demo_past;
mod initial_sync;
pub mod migrate;
pub mod rbac;
pub mod serve;
mod stop;
mod telemetry;
pub mod validate;

pub use stop::stop_on_signal;
pub use telemetry::{LogFormat, TraceExport, begin_logging, begin_logging_and_traces};

/// Installs aws-lc-rs as the TLS provider of the process. Call this first.
pub fn install_tls() {
    // Fails only if one is installed already, which is then this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
