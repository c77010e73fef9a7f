//! Benchmarks for `cargo xtask bench`: the release program on loopback. Prints figures without judging them.

pub mod apply;
pub mod catalog;
pub mod definitions;
mod fleet;
pub mod latency;
pub mod listeners;
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

/// Half of the values and nearly all are no longer than this.
fn halves_and_most(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let [half, most] = [50, 99].map(|percent| milliseconds(percentile(&took, percent)));
    format!("p50 {half}, p99 {most}")
}

/// Prints a line of the report.
pub fn figure(what: &str, measured: &str) {
    println!("{what:<72} {measured}");
}
