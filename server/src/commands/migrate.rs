//! `portico migrate`: brings the database's schema up to date without starting.

use portico_store::{Settings, Store, StoreError};

/// Connects, which migrates, and ends.
///
/// # Errors
/// When the database does not come up, or is newer than this Portico.
pub async fn migrate(url: &str) -> Result<(), StoreError> {
    let store = Store::connect(url, &Settings::default()).await?;
    store.close().await;
    Ok(())
}
