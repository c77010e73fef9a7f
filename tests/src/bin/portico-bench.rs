//! The program behind `cargo xtask bench`; `PORTICO_BIN` is the program to measure.

use portico_tests::bench::{
    apply, catalog, definitions, latency, listeners, page_size, planes, resources, schema, workspaces,
};

#[tokio::main]
async fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    // First, while nothing else uses memory.
    if "schema".contains(&filter) {
        schema::measure();
    }
    if "resources".contains(&filter) {
        resources::measure().await;
    }
    if "planes".contains(&filter) {
        planes::measure().await;
    }
    if "workspaces".contains(&filter) {
        workspaces::measure().await;
    }
    if "definitions".contains(&filter) {
        definitions::measure().await;
    }
    if "listeners".contains(&filter) {
        listeners::measure().await;
    }
    if "apply".contains(&filter) {
        apply::measure().await;
    }
    if "page-size".contains(&filter) {
        page_size::measure().await;
    }
    if "latency".contains(&filter) {
        latency::measure().await;
    }
    if "catalog".contains(&filter) {
        catalog::measure().await;
    }
}
