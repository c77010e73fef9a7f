// What the demo offers, by name.

export const POSTGRESQL = 'postgresqlinstances.databases.demo.portico.dev';
export const QUEUE = 'queues.messaging.demo.portico.dev';
export const BUCKET = 'buckets.storage.demo.portico.dev';
export const CACHE = 'caches.databases.demo.portico.dev';
export const CLUSTER = 'kubernetesclusters.clusters.demo.portico.dev';
