//! Reads the home plane once.

use std::sync::Arc;

use portico_domain::documents::{API_VERSION, HomePlane};

use super::{HOME_KINDS, HomeSnapshot, HomeWatch, KindHandler};
use crate::client::ApiClient;
use crate::connect::{SharedClients, connect, no_secrets};
use crate::error::PlaneError;
use crate::shared::Settings;
use crate::stream::{Collection, WatchHandler, WatchLimiter, list_once};

/// Why the home plane could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HomeReadError {
    /// The kubeconfig or service account cannot be used.
    #[error("the home control plane is not set up correctly: {0}")]
    Misconfigured(String),
    /// It has no definition of one of Portico's kinds.
    #[error(
        "the home control plane does not serve {plural}.portico.dev: run `portico crds | kubectl apply --server-side \
         --filename -` there"
    )]
    NotServed {
        /// The kind's plural.
        plural: &'static str,
    },
    /// A right is missing.
    #[error(
        "the home control plane does not let Portico read it: {message}. `portico rbac --home` prints the rights"
    )]
    Forbidden {
        /// The verb and resource.
        message: String,
    },
    /// It does not answer.
    #[error("the home control plane cannot be reached: {message}")]
    Unreachable {
        /// The technical reason.
        message: String,
    },
    /// Any other error.
    #[error("the home control plane cannot be read: {0}")]
    Other(PlaneError),
}

/// Reads all objects of the home plane once. Only lists them: writes nothing, and watches nothing.
///
/// # Errors
/// Why it cannot be read.
pub async fn read_home(home: &HomePlane) -> Result<HomeSnapshot, HomeReadError> {
    let Some(watch) = HomeWatch::new(home) else {
        return Err(HomeReadError::Misconfigured("it has no name".to_owned()));
    };
    let state = &watch.0;
    let connected = connect(
        &state.document,
        &Settings::default(),
        &no_secrets(),
        &SharedClients::default(),
    )
    .await
    .map_err(|error| HomeReadError::Misconfigured(error.to_string()))?;
    let client = ApiClient::new(
        state.document.title().to_owned(),
        connected.connection,
        &state.document,
    );
    let limiter = WatchLimiter::new(HOME_KINDS.len());
    for (at, (kind, plural)) in HOME_KINDS.into_iter().enumerate() {
        let collection = Collection {
            path: format!("/apis/{API_VERSION}/{plural}"),
            ..Collection::default()
        };
        let state = state.clone();
        let handler: Arc<dyn WatchHandler> = Arc::new(KindHandler { state, at });
        match list_once(&client, collection, &handler, &limiter).await {
            Ok(_) => handler.on_synced(),
            // As when it is watched: a home plane that was set up before there were publications.
            Err(PlaneError::NotFound { .. }) if kind == "Publication" => handler.on_synced(),
            Err(error) => return Err(unread(error, plural)),
        }
    }
    Ok(watch.snapshot())
}

fn unread(error: PlaneError, plural: &'static str) -> HomeReadError {
    match error {
        PlaneError::NotFound { .. } => HomeReadError::NotServed { plural },
        PlaneError::Forbidden { message, .. } => HomeReadError::Forbidden { message },
        PlaneError::Unreachable { message, .. } => HomeReadError::Unreachable { message },
        error @ PlaneError::Timeout { .. } => HomeReadError::Unreachable {
            message: error.to_string(),
        },
        PlaneError::Misconfigured { message, .. } => HomeReadError::Misconfigured(message),
        other => HomeReadError::Other(other),
    }
}
