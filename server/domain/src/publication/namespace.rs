//! The namespaces of consumers on a publisher's control plane.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::names::{EnvironmentName, TenantName};

/// How the namespaces of all consumers begin. No environment's own namespace may.
const PREFIX: &str = "portico-for-";
/// Longest name of a namespace.
const MAX: usize = 63;
/// Hexadecimal digits of the digest at the end.
const DIGITS: usize = 16;

/// Names the namespace for an environment of a consumer on the control planes of a publisher. It says whose it is, and a
/// digest keeps apart what would be cut to the same name. Another portal, publisher, consumer or environment has another
/// namespace.
#[must_use]
pub fn consumer_namespace(
    portal: &str,
    publisher: &TenantName,
    tenant: &TenantName,
    environment: &EnvironmentName,
) -> String {
    let whole = json!([portal, publisher, tenant, environment]).to_string();
    let digest: String = hex::encode(Sha256::digest(whole.as_bytes()))
        .chars()
        .take(DIGITS)
        .collect();
    let room = MAX - PREFIX.len() - DIGITS - 1;
    let readable: String = format!("{tenant}-{environment}").chars().take(room).collect();
    format!("{PREFIX}{readable}-{digest}")
}

/// True if the namespace is named as that of a consumer.
#[must_use]
pub fn is_consumer_namespace(namespace: &str) -> bool {
    namespace.starts_with(PREFIX)
}
