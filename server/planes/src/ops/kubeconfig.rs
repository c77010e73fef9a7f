//! Reads the kubeconfig of a control plane from a Secret on another one, as Portico itself.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use portico_domain::authz::SystemAuthority;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::claimed_plane::KUBECONFIG_KEYS;
use portico_domain::documents::{ClaimConnection, Connection};
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::secret::SecretError;
use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::connect::{SetUpError, StoredKubeconfig, StoredKubeconfigs};
use crate::error::PlaneError;
use crate::informers::Reader;
use crate::object::expect_object;
use crate::path::escape_segment;
use crate::registry::{Planes, WeakPlanes};
use crate::status::PlaneState;
use crate::stream::METADATA;

impl StoredKubeconfigs for WeakPlanes {
    fn read<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<StoredKubeconfig, SetUpError>> {
        async move {
            let planes = self
                .upgrade()
                .ok_or_else(|| SetUpError::new("Portico is stopping"))?;
            let (secret, keys) = planes.kubeconfig_secret(connection, true).await?;
            let data = secret.get("data");
            let value = keys.iter().find_map(|key| data?.get(key)?.as_str());
            let Some(value) = value else {
                return Err(SetUpError::new(format!(
                    "its Secret has no key {}",
                    keys.join(" or ")
                )));
            };
            let bytes = STANDARD
                .decode(value)
                .map_err(|_| SetUpError::new("its Secret is not in base64"))?;
            let version = version(&secret)
                .ok_or_else(|| SetUpError::new("its Secret was sent without a resource version"))?;
            Ok(StoredKubeconfig { bytes, version })
        }
        .boxed()
    }

    fn version<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Option<String>> {
        async move {
            let (secret, _) = self.upgrade()?.kubeconfig_secret(connection, false).await.ok()?;
            version(&secret)
        }
        .boxed()
    }
}

fn version(secret: &Value) -> Option<String> {
    let version = secret.pointer("/metadata/resourceVersion")?.as_str()?;
    Some(version.to_owned())
}

impl Planes {
    /// True if the Secret that this connection names can be read, and for a claim provably belongs to it. True for a workspace
    /// of kcp that has a logical cluster, since it needs no Secret.
    pub async fn has_kubeconfig(&self, _: &SystemAuthority, connection: &Connection) -> bool {
        if let Connection::Claim(at) = connection
            && at.workspace.is_some()
        {
            let claim = self
                .claim_of_anybody(&at.claim)
                .filter(|claim| claim.uid == at.uid);
            let cluster = claim
                .as_ref()
                .and_then(|claim| claim.object.pointer("/spec/cluster"));
            return cluster
                .and_then(Value::as_str)
                .is_some_and(|cluster| !cluster.is_empty());
        }
        let secret = self.kubeconfig_secret(connection, false).await;
        secret.is_ok()
    }

    /// The Secret that a connection names, and the keys under which the kubeconfig may be. Only with `values` are they
    /// read.
    async fn kubeconfig_secret<'c>(
        &self,
        connection: &'c Connection,
        values: bool,
    ) -> Result<(Value, Vec<&'c str>), SetUpError> {
        match connection {
            Connection::Secret {
                control_plane,
                namespace,
                name,
                key,
            } => {
                let secret = self.named_secret(control_plane, namespace, name, values).await?;
                Ok((secret, vec![key]))
            }
            Connection::Claim(at) => {
                let keys = at
                    .key
                    .as_deref()
                    .map_or_else(|| KUBECONFIG_KEYS.to_vec(), |key| vec![key]);
                Ok((self.secret_of_claim(at, values).await?, keys))
            }
            Connection::Kubeconfig { .. } | Connection::InCluster {} | Connection::Agent {} => {
                Err(SetUpError::new("it is connected without a Secret"))
            }
        }
    }

    async fn named_secret(
        &self,
        plane: &PlaneName,
        namespace: &str,
        name: &str,
        values: bool,
    ) -> Result<Value, SetUpError> {
        let failed = |error: PlaneError| {
            SetUpError::new(format!(
                "the Secret {namespace}/{name} on {plane} with its kubeconfig cannot be read: {}",
                error.admin_message()
            ))
        };
        let host = self.plane(plane).map_err(failed)?;
        // Otherwise two control planes could wait for each other.
        if matches!(
            host.offer.document.load().spec.connection,
            Connection::Secret { .. } | Connection::Claim(_)
        ) {
            return Err(SetUpError::new(format!(
                "the control plane {plane}, which has the Secret with its kubeconfig, is itself connected by a Secret"
            )));
        }
        let client = host.client().map_err(failed)?;
        let secret = read_secret(&client, namespace, name, values).await;
        secret.map_err(failed)
    }

    /// The connection secret of the claim, if it provably belongs to it.
    async fn secret_of_claim(&self, at: &ClaimConnection, values: bool) -> Result<Value, SetUpError> {
        let claim: Arc<Claim> = self
            .claim_of_anybody(&at.claim)
            .filter(|claim| claim.uid == at.uid)
            .ok_or_else(|| self.without_claim(&at.claim))?;
        match self
            .proven_secret(&Reader::Direct, &Actor::portico(), &claim, values)
            .await
        {
            Ok((_, secret)) => Ok(secret),
            Err(SecretError::Plane(error)) => Err(SetUpError::new(format!(
                "the connection secret of the claim {} cannot be read: {}",
                at.claim,
                error.admin_message()
            ))),
            Err(error) => Err(SetUpError::new(format!("the claim {}: {error}", at.claim))),
        }
    }
}

impl Planes {
    /// Why the claim that a control plane is cannot be found. After a start, the control plane that serves it has to be read
    /// first.
    fn without_claim(&self, claim: &ClaimRef) -> SetUpError {
        if self.claim_synced(claim) {
            return SetUpError::new(format!("the claim {claim} is not there"));
        }
        let unread = format!("the claim {claim} has not been read");
        match self.summary(&claim.plane).map(|summary| summary.state) {
            Some(PlaneState::Connecting | PlaneState::Ready) => SetUpError::early(unread),
            Some(PlaneState::Unreachable | PlaneState::Misconfigured(_)) | None => SetUpError::new(format!(
                "{unread}: the control plane {}, which serves it, cannot be used",
                claim.plane
            )),
        }
    }
}

/// Reads a Secret, as Portico; without `values` its metadata alone.
async fn read_secret(
    client: &ApiClient,
    namespace: &str,
    name: &str,
    values: bool,
) -> Result<Value, PlaneError> {
    let path = format!(
        "/api/v1/namespaces/{}/secrets/{}",
        escape_segment(namespace),
        escape_segment(name)
    );
    let mut call = Call::get(path);
    if !values {
        call = call.accept(METADATA);
    }
    let (_, secret) = client.request_json(call).await?;
    expect_object(client, &secret, name)?;
    Ok(secret)
}
