//! The control plane of a claim that is a cluster. Nothing here does anything for other claims.

use serde_json::{Value, json};

use super::ProvisionerOptions;
use super::connection::{self, Published};
use super::context::{ClaimContext, site, user_spec_with_secret};
use crate::demo::error::StartError;
use crate::kube::{ApiError, object};

/// Runs the control planes of clusters.
pub(in crate::demo) trait RunsClusters: std::fmt::Debug + Send + Sync {
    /// Starts the control plane of a claim unless it runs. It answers when this returns. `options` are those of the
    /// claim's provisioner.
    ///
    /// # Errors
    /// When too many run, or it cannot start.
    fn ensure(&self, claim: &Value, options: &ProvisionerOptions) -> Result<ClusterAccess, ClusterError>;

    /// Whether the control plane of the claim with this uid runs.
    fn runs(&self, uid: &str) -> bool;

    /// Stops the control plane of the claim with this uid and deletes its data; does nothing when there is none.
    fn remove(&self, uid: &str);
}

/// How a cluster's control plane is reached.
#[derive(Debug, Clone)]
pub(in crate::demo) struct ClusterAccess {
    /// The URL of its API server.
    pub(in crate::demo) endpoint: String,
    /// A kubeconfig for its administrator, with the authority's certificate and the token in it.
    pub(in crate::demo) kubeconfig: String,
}

/// Why a cluster has no control plane. The message follows "Waiting for the API server: ".
#[derive(Debug, thiserror::Error)]
pub(in crate::demo) enum ClusterError {
    /// Too many run.
    #[error("the demo runs at most {most} clusters at once; delete one and this one continues")]
    TooMany {
        /// How many may run.
        most: usize,
    },
    /// The claim is on a cluster of the demo.
    #[error("the demo makes no cluster inside another cluster")]
    Nested,
    /// It cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Starts the control plane of a cluster unless it runs. Returns how it is reached; `None` for other claims.
///
/// # Errors
/// When it cannot run now.
pub(super) fn ensure(
    context: &ClaimContext<'_>,
    claim: &Value,
) -> Result<Option<ClusterAccess>, ClusterError> {
    if !context.recipe.is_cluster() {
        return Ok(None);
    }
    let clusters = context.options.clusters.as_ref().ok_or(ClusterError::Nested)?;
    clusters.ensure(claim, context.options).map(Some)
}

/// Whether the control plane of a cluster runs; true for other claims.
pub(super) fn runs(context: &ClaimContext<'_>, claim: &Value) -> bool {
    let clusters = context.options.clusters.as_ref();
    !context.recipe.is_cluster() || clusters.is_some_and(|clusters| clusters.runs(object::uid(claim)))
}

/// Stops the control plane of a cluster and deletes what it holds.
pub(super) fn remove(context: &ClaimContext<'_>, claim: &Value) {
    if let Some(clusters) = &context.options.clusters {
        clusters.remove(object::uid(claim));
    }
}

/// Starts the control plane of a cluster that had one before a restart, and publishes how it is reached now: its port
/// may be another's.
///
/// # Errors
/// When a write is refused.
pub(super) fn resume(context: &ClaimContext<'_>, claim: &Value) -> Result<(), ApiError> {
    if claim["status"]["endpoint"].is_null() {
        return Ok(());
    }
    let user_spec = user_spec_with_secret(claim);
    let mut site = site(context, &user_spec);
    site.cluster = match ensure(context, claim) {
        Ok(access) => access,
        // Its lifecycle tries again, and says so in a condition.
        Err(error) => {
            tracing::warn!(plane = context.options.plane, claim = ?context.key, %error, "a cluster waits");
            return Ok(());
        }
    };
    let published = connection::publish(context, claim, &site)?;
    if let (Published::Secret(_), Some(access)) = (published, &site.cluster) {
        let endpoint = json!({ "endpoint": access.endpoint });
        context
            .objects
            .patch_status(&context.kind(), context.key, endpoint)?;
    }
    Ok(())
}
