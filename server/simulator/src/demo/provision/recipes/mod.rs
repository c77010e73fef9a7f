//! The recipes of the demo's kinds.

mod clusters;
mod databases;
mod storage;
mod streaming;

use super::recipe::Recipe;

/// The recipes.
pub(super) const ALL: [Recipe; 7] = [
    databases::POSTGRESQL,
    databases::MYSQL,
    databases::CACHE,
    streaming::TOPIC,
    streaming::QUEUE,
    storage::BUCKET,
    clusters::KUBERNETES_CLUSTER,
];
