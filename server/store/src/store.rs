use std::sync::Arc;
use std::time::Duration;

use portico_domain::names::{RequestId, TenantName};
use portico_domain::request::State;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::backend::{Backend, Postgres, Query, Sqlite};
use crate::{Result, StoreError};

/// Capacity of the channel of changes. A slower subscriber gets a lag error.
const CHANGE_CAPACITY: usize = 1024;

/// Connection settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long to wait for a database that has not started yet.
    pub wait: Duration,
    /// Maximum number of connections; with SQLite, of readers.
    pub connections: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait: Duration::from_mins(1),
            connections: 10,
        }
    }
}

/// The database. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) changes: broadcast::Sender<RequestChange>,
}

/// A request was created or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestChange {
    /// The request.
    pub id: RequestId,
    /// Its tenant.
    pub tenant: TenantName,
    /// Its state now.
    pub state: State,
}

impl Store {
    /// Connects to `sqlite://path`, `sqlite::memory:` or `postgres://…` and applies the migrations. Waits up to
    /// [`Settings::wait`] for a PostgreSQL that has not started yet.
    ///
    /// # Errors
    /// When the address is invalid, the database does not start in time, or its schema is newer than this Portico.
    pub async fn connect(url: &str, settings: &Settings) -> Result<Self> {
        let backend: Arc<dyn Backend> = if url.starts_with("sqlite:") {
            Arc::new(Sqlite::connect(url, settings.connections).await?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Arc::new(wait_for_postgres(url, settings).await?)
        } else {
            return Err(StoreError::Address {
                url: redacted(url),
                why: "it must begin with sqlite: or postgres://".to_owned(),
            });
        };
        backend.migrate().await?;
        let store = Self {
            backend,
            changes: broadcast::Sender::new(CHANGE_CAPACITY),
        };
        store.derive_missing_approvers().await?;
        Ok(store)
    }

    /// Subscribes to the changes of requests that this process saves. The caller filters by what a viewer may see.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<RequestChange> {
        self.changes.subscribe()
    }

    pub(crate) fn notify_subscribers(&self, id: RequestId, tenant: &TenantName, state: State) {
        // Sending fails only if there are no subscribers.
        let _ = self.changes.send(RequestChange {
            id,
            tenant: tenant.clone(),
            state,
        });
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        self.backend.fetch(Query::new("SELECT 1", [])).await.map(|_| ())
    }

    /// Runs one writing statement, and returns the number of affected rows.
    pub(crate) async fn write(&self, query: Query) -> Result<u64> {
        let mut transaction = self.backend.begin().await?;
        let affected = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(affected)
    }

    /// Closes all connections. Every later call fails.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

async fn wait_for_postgres(url: &str, settings: &Settings) -> Result<Postgres> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(100);
    loop {
        let error = match Postgres::connect(url, &redacted(url), settings.connections).await {
            Ok(backend) => return Ok(backend),
            Err(error @ StoreError::Address { .. }) => return Err(error),
            Err(error) => error,
        };
        // Waiting does not fix a wrong password or database name.
        if matches!(&error, StoreError::Database(sqlx::Error::Database(_))) && !error.is_transient() {
            return Err(error);
        }
        if started.elapsed() + pause > settings.wait {
            return Err(StoreError::Unreachable {
                url: redacted(url),
                waited: settings.wait,
                source: Box::new(error),
            });
        }
        tracing::warn!(database = redacted(url), %error, "the database does not answer yet; trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Returns the address for the log: without user, password and parameters.
fn redacted(url: &str) -> String {
    let without_query = url.split('?').next().unwrap_or_default();
    match without_query.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => without_query.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Store, redacted};
    use crate::StoreError;

    #[test]
    fn an_address_in_the_log_has_no_password() {
        assert_eq!(
            redacted("postgres://portico:s3cret@db.example/portico?password=x"),
            "postgres://db.example/portico"
        );
        assert_eq!(
            redacted("postgres://portico:p@ss@db.example"),
            "postgres://db.example"
        );
        assert_eq!(redacted("sqlite::memory:"), "sqlite::memory:");
        assert_eq!(redacted("nonsense"), "nonsense");
    }

    #[tokio::test]
    async fn an_unknown_scheme_is_refused() {
        let error = Store::connect("mysql://db.example/portico", &Settings::default())
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Address { .. }), "{error}");
    }

    #[tokio::test]
    async fn connecting_gives_up_on_a_database_that_does_not_start() {
        let settings = Settings {
            wait: std::time::Duration::from_millis(300),
            ..Settings::default()
        };
        // Nothing listens on port 1.
        let error = Store::connect("postgres://nobody@127.0.0.1:1/none", &settings)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}
