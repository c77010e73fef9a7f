//! What each kind of the demo is made of.

mod clusters;
mod databases;
mod storage;
mod streaming;

use super::recipe::Recipe;

/// One recipe for each kind that can be asked for.
pub(super) const ALL: [Recipe; 7] = [
    databases::POSTGRESQL,
    databases::MYSQL,
    databases::CACHE,
    streaming::TOPIC,
    streaming::QUEUE,
    storage::BUCKET,
    clusters::KUBERNETES_CLUSTER,
];
