//! `portico migrate`: updates the schema of the database without starting.

use portico_store::{Settings, Store, StoreError};

/// Connects, which migrates, and disconnects.
///
/// # Errors
/// If the database cannot be opened, or is newer than this version of Portico.
pub async fn migrate(url: &str) -> Result<(), StoreError> {
    let store = Store::connect(url, &Settings::default()).await?;
    store.close().await;
    Ok(())
}
