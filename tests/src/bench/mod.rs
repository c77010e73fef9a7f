//! Measuring, for `cargo xtask bench`: the release program on loopback, figures printed and never judged.

pub mod catalog;
pub mod latency;
pub mod load;
pub mod resources;
pub mod schema;
pub mod weight;

use std::time::Duration;

/// Milliseconds with one digit.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The value that `percent` of `sorted` do not exceed.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// A line of the report.
pub fn figure(what: &str, measured: &str) {
    println!("{what:<72} {measured}");
}
