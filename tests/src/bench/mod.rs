//! Benchmarks for `cargo xtask bench`: the release program on loopback. Prints figures without judging them.

pub mod catalog;
pub mod latency;
pub mod load;
pub mod page_size;
pub mod planes;
pub mod resources;
pub mod schema;
pub mod workspaces;

use std::time::Duration;

/// Formats milliseconds with one decimal.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The percentile of sorted values.
///
/// # Panics
/// When there are no values.
#[must_use]
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// Prints a line of the report.
pub fn figure(what: &str, measured: &str) {
    println!("{what:<72} {measured}");
}
