//! What the command line can do.

pub mod check_config;
mod configuration_log;
#[cfg(feature = "demo")]
pub mod demo;
pub mod migrate;
pub mod rbac;
pub mod serve;
mod stop;
mod telemetry;
pub mod validate;

pub use stop::stop_on_signal;
pub use telemetry::{LogFormat, begin_logging};

/// Makes aws-lc-rs the one TLS provider of the process. To be called first.
pub fn install_tls() {
    // Fails only when one is installed already, and then it is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
