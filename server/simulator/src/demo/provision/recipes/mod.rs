//! The recipes of the demo's kinds.

mod clusters;
mod databases;
mod science;
mod storage;
mod streaming;

use super::recipe::Recipe;

/// The recipes.
pub(super) const ALL: [Recipe; 8] = [
    databases::POSTGRESQL,
    databases::MYSQL,
    databases::CACHE,
    streaming::TOPIC,
    streaming::QUEUE,
    storage::BUCKET,
    science::NOTEBOOK,
    clusters::KUBERNETES_CLUSTER,
];
