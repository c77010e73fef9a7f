//! `cargo xtask bench` runs this; `PORTICO_BIN` is the program to measure.

use portico_tests::bench::{catalog, latency, resources, schema, weight};

#[tokio::main]
async fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    // First, while nothing else holds memory.
    if "schema".contains(&filter) {
        schema::measure();
    }
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
