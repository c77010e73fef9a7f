//! Kubeconfigs in Secrets on other control planes.

use std::sync::Arc;

use futures::future::BoxFuture;
use portico_domain::documents::Connection;

use super::problem::SetUpError;

/// A kubeconfig as it stands in a Secret. `Debug` would show it, so there is none.
pub(crate) struct StoredKubeconfig {
    /// The value in the Secret.
    pub(crate) bytes: Vec<u8>,
    /// The Secret's resource version.
    pub(crate) version: String,
}

/// Reads the Secrets that connections name.
pub(crate) trait StoredKubeconfigs: Send + Sync {
    /// Reads the Secret that this connection names.
    fn read<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<StoredKubeconfig, SetUpError>>;

    /// Reads the Secret's resource version, without its values. `None` if the connection names no Secret, or if that
    /// cannot be found out now.
    fn version<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Option<String>>;
}

/// Of a connection that may name no Secret.
struct NoSecrets;

impl StoredKubeconfigs for NoSecrets {
    fn read<'a>(&'a self, _: &'a Connection) -> BoxFuture<'a, Result<StoredKubeconfig, SetUpError>> {
        let refused = SetUpError::new("it may not be connected by a Secret");
        Box::pin(async { Err(refused) })
    }

    fn version<'a>(&'a self, _: &'a Connection) -> BoxFuture<'a, Option<String>> {
        Box::pin(async { None })
    }
}

/// Reads no Secrets.
pub(crate) fn no_secrets() -> Arc<dyn StoredKubeconfigs> {
    Arc::new(NoSecrets)
}

/// True if the host is one of `allowed`, where `*.example.com` stands for every name below `example.com`. An empty
/// `allowed` allows every host.
pub(super) fn is_allowed_host(host: &str, allowed: &[String]) -> bool {
    allowed.is_empty()
        || allowed.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(suffix) => {
                let name = host.len().checked_sub(suffix.len()).and_then(|at| host.get(at..));
                suffix.starts_with('.')
                    && host.len() > suffix.len()
                    && name.is_some_and(|name| name.eq_ignore_ascii_case(suffix))
            }
            None => pattern.eq_ignore_ascii_case(host),
        })
}

#[cfg(test)]
mod tests {
    use super::is_allowed_host;

    #[test]
    fn hosts_are_compared_as_names() {
        let allowed = ["*.Clusters.example.com".to_owned(), "10.0.0.7".to_owned()];
        for host in ["a.clusters.example.com", "A.B.CLUSTERS.EXAMPLE.COM", "10.0.0.7"] {
            assert!(is_allowed_host(host, &allowed), "{host}");
        }
        for host in [
            "clusters.example.com",
            ".clusters.example.com",
            "evilclusters.example.com",
            "a.clusters.example.com.evil.org",
            "10.0.0.70",
            "",
            "ü",
        ] {
            assert!(!is_allowed_host(host, &allowed), "{host}");
        }
        assert!(is_allowed_host("anything", &[]));
        assert!(!is_allowed_host("anything", &["*".to_owned()]));
    }
}
