//! Reads a claim's connection secret, if it provably belongs to the claim.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use portico_domain::authz::{Granted, RevealSecret};
use portico_domain::claim::proof::{OwnerReference, Proof, is_composite_of, owners, proof};
use portico_domain::claim::{Adapter, Claim, ClaimKind};
use portico_domain::connection::{ConnectionKey, public_keys};
use portico_domain::documents::Access;
use serde_json::Value;

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::informers::{Reader, Wanted};
use crate::path::escape_segment;
use crate::registry::Planes;
use crate::resource_names::ResourceNames;

/// Owners that are fetched at most to prove that a secret belongs to a claim.
const MAX_OWNERS: usize = 12;

/// Why a claim's connection secret is not read.
///
/// Viewers must not be able to distinguish the first two, or they could find out which secrets exist.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The claim names no secret, or it does not exist yet.
    #[error("it has no connection secret yet")]
    NotThere,
    /// The secret exists but does not provably belong to the claim.
    #[error("the secret {name} does not prove that it belongs to the claim: {why}")]
    NotProven {
        /// Its name.
        name: String,
        /// What is missing, for administrators.
        why: &'static str,
    },
    /// The control plane failed.
    #[error(transparent)]
    Plane(#[from] PlaneError),
}

impl Planes {
    /// Reads a claim's connection secret now, in the name of the person that the grant names; it is kept nowhere. The caller
    /// records it by the same grant.
    ///
    /// Without a grant it does not build:
    ///
    /// ```compile_fail,E0308
    /// use std::sync::Arc;
    ///
    /// use portico_domain::claim::Claim;
    /// use portico_planes::Planes;
    ///
    /// async fn forgot_to_ask(planes: &Planes, claim: &Arc<Claim>) {
    ///     let _ = planes.secret(claim).await;
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SecretError`]. None contains anything of the secret.
    pub async fn secret(
        &self,
        grant: &Granted<Arc<Claim>, RevealSecret>,
    ) -> Result<BTreeMap<String, Vec<u8>>, SecretError> {
        self.secret_values(&Actor::from(grant), grant.target()).await
    }

    /// The keys of the claim's connection secret, with the values of those that are not secret: see
    /// [`portico_domain::connection`]. Nothing that is secret leaves this function.
    ///
    /// # Errors
    /// As [`Planes::secret`].
    pub async fn connection_keys(
        &self,
        actor: &Actor,
        claim: &Claim,
        access: &Access,
    ) -> Result<Vec<ConnectionKey>, SecretError> {
        let values = self.secret_values(actor, claim).await?;
        Ok(public_keys(&values, access))
    }

    async fn secret_values(
        &self,
        actor: &Actor,
        claim: &Claim,
    ) -> Result<BTreeMap<String, Vec<u8>>, SecretError> {
        let (client, object) = self.proven_secret(&Reader::Direct, actor, claim, true).await?;
        let Some(data) = object.get("data").and_then(Value::as_object) else {
            return Ok(BTreeMap::new());
        };
        let decoded: Result<_, PlaneError> = data
            .iter()
            .map(|(key, value)| {
                let bytes = value
                    .as_str()
                    .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
                bytes
                    .map(|bytes| (key.clone(), bytes))
                    .ok_or_else(|| client.invalid_response("the secret is not in base64"))
            })
            .collect();
        Ok(decoded?)
    }

    /// The sorted keys of the claim's connection secret, without values.
    ///
    /// # Errors
    /// As [`Planes::secret`].
    pub async fn secret_keys(&self, actor: &Actor, claim: &Claim) -> Result<Vec<String>, SecretError> {
        let (_, object) = self.proven_secret(&Reader::Direct, actor, claim, true).await?;
        let mut keys: Vec<String> = object
            .get("data")
            .and_then(Value::as_object)
            .map(|data| data.keys().cloned().collect())
            .unwrap_or_default();
        keys.sort();
        Ok(keys)
    }

    /// The resource version of the claim's connection secret, from its metadata: the values are not requested.
    ///
    /// # Errors
    /// As [`Planes::secret`].
    pub async fn secret_version(&self, actor: &Actor, claim: &Claim) -> Result<String, SecretError> {
        self.secret_version_by(&Reader::Direct, actor, claim).await
    }

    pub(crate) async fn secret_version_by(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        claim: &Claim,
    ) -> Result<String, SecretError> {
        let (client, object) = self.proven_secret(reader, actor, claim, false).await?;
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        version.map(str::to_owned).ok_or_else(|| {
            client
                .invalid_response("asked for a secret's version, it sent none")
                .into()
        })
    }

    /// The claim's connection secret if it provably belongs to the claim; only with `whole` with its values.
    pub(super) async fn proven_secret(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        claim: &Claim,
        whole: bool,
    ) -> Result<(ApiClient, Value), SecretError> {
        let (Some(name), Some(namespace)) = (&claim.status.secret, &claim.reference.namespace) else {
            return Err(SecretError::NotThere);
        };
        let plane = self.plane(&claim.reference.plane)?;
        let client = plane.client()?;
        let response = if whole {
            let path = format!(
                "/api/v1/namespaces/{}/secrets/{}",
                escape_segment(namespace),
                escape_segment(name)
            );
            client
                .request_json(Call::get(path).acting_as(actor))
                .await
                .map(|(_, object)| object)
        } else {
            reader
                .read(&client, actor, &Wanted::secret(namespace, name))
                .await
        };
        let object = match response {
            Ok(object) => object,
            Err(PlaneError::NotFound { .. }) => return Err(SecretError::NotThere),
            Err(error) => return Err(error.into()),
        };
        let kind = object.get("kind").and_then(Value::as_str);
        if !matches!(kind, Some("Secret" | "PartialObjectMetadata")) {
            return Err(client
                .invalid_response("asked for a secret, it sent something else")
                .into());
        }
        let unproven = |why| SecretError::NotProven {
            name: name.clone(),
            why,
        };
        match proof(&object, claim, &self.proof_labels(claim)) {
            Proof::Holds => {}
            Proof::Older => return Err(unproven("it was there before the claim")),
            Proof::Missing => {
                return Err(unproven(
                    "it has neither an owner reference with the claim's uid nor the labels that the kind's controller \
                     sets; an Offering can name such labels in access.secretLabels",
                ));
            }
            Proof::Through(owners) => {
                let chain = Chain {
                    client: &client,
                    reader,
                    names: &plane.names,
                    actor,
                    claim,
                    namespace,
                };
                if !chain.leads_to_claim(owners).await? {
                    return Err(unproven("its owners are others'"));
                }
            }
        }
        Ok((client, object))
    }

    /// The labels that prove that a secret belongs to the claim: those of the offering, else of the adapter.
    fn proof_labels(&self, claim: &Claim) -> BTreeMap<String, String> {
        let resource = &claim.resource;
        match self.catalog().get(&claim.reference.offering) {
            Some(offered) if !offered.access.secret_labels.is_empty() => offered.access.secret_labels.clone(),
            Some(offered) => offered.adapter().secret_labels.clone(),
            None => Adapter::of(&resource.group, &resource.kind, ClaimKind::Plain)
                .secret_labels
                .clone(),
        }
    }
}

/// Follows owner references from a secret to the claim.
struct Chain<'c> {
    client: &'c ApiClient,
    reader: &'c Reader<'c>,
    names: &'c ResourceNames,
    actor: &'c Actor,
    claim: &'c Claim,
    namespace: &'c str,
}

impl Chain<'_> {
    /// True if one of the owners leads to the claim: it is the claim's composite, or is owned by the claim or by
    /// another such owner. Each is fetched, because only its uid identifies it.
    async fn leads_to_claim(&self, mut pending: Vec<OwnerReference>) -> Result<bool, PlaneError> {
        let mut fetched = 0;
        while let Some(owner) = pending.pop() {
            if fetched == MAX_OWNERS {
                return Ok(false);
            }
            fetched += 1;
            let Some(object) = self.fetch(&owner).await? else {
                continue;
            };
            if is_composite_of(&object, &self.claim.object) {
                return Ok(true);
            }
            let above = owners(&object);
            if above.iter().any(|owner| owner.uid == self.claim.uid) {
                return Ok(true);
            }
            pending.extend(above);
        }
        Ok(false)
    }

    /// Fetches an owner. `None` if it does not exist or has another uid.
    async fn fetch(&self, owner: &OwnerReference) -> Result<Option<Value>, PlaneError> {
        let found = async {
            let resource = self
                .names
                .find(self.client, &owner.api_version, &owner.kind)
                .await?;
            let wanted = Wanted::object(&resource, Some(self.namespace), &owner.name);
            self.reader.read(self.client, self.actor, &wanted).await
        };
        let object = match found.await {
            Ok(object) => object,
            Err(PlaneError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
        Ok((uid == Some(owner.uid.as_str())).then_some(object))
    }
}
