//! `cargo xtask bench` runs this; `PORTICO_BIN` is the program to measure.

use portico_tests::bench::{catalog, latency, resources, weight};

#[tokio::main]
async fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    if "resources".contains(&filter) {
        resources::measure().await;
    }
    if "weight".contains(&filter) {
        weight::measure().await;
    }
    if "latency".contains(&filter) {
        latency::measure().await;
    }
    if "catalog".contains(&filter) {
        catalog::measure().await;
    }
}
