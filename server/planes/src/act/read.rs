//! One object, secrets, access reviews.

use std::collections::BTreeMap;

use base64::Engine as _;
use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::write::{drop_managed_fields, that_object};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;
use crate::stream::METADATA;
use crate::wire::{Call, Wire, path_of, segment};

impl Planes {
    /// One object as it is now, `metadata.managedFields` left out.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`].
    pub async fn get(
        &self,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Value, PlaneError> {
        let wire = self.wire(plane)?;
        let (_, mut object) = wire
            .ask(Call::get(path_of(resource, namespace, Some(name))).by(actor))
            .await?;
        that_object(&wire, &object, name)?;
        drop_managed_fields(&mut object);
        Ok(object)
    }

    /// A secret's contents, read at this moment and kept nowhere. Whoever calls this records that
    /// it was called.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; none of them holds anything of the secret.
    pub async fn secret(
        &self,
        actor: &Actor,
        plane: &PlaneName,
        namespace: &str,
        name: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, PlaneError> {
        let wire = self.wire(plane)?;
        let object = secret_object(&wire, actor, namespace, name).await?;
        let Some(data) = object.get("data").and_then(Value::as_object) else {
            return Ok(BTreeMap::new());
        };
        data.iter()
            .map(|(key, value)| {
                let bytes = value
                    .as_str()
                    .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
                bytes
                    .map(|bytes| (key.clone(), bytes))
                    .ok_or_else(|| wire.garbage("the secret is not in base64"))
            })
            .collect()
    }

    /// The names of a secret's keys, sorted, and nothing of what they hold.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; [`PlaneError::NotFound`] while it has not been written yet.
    pub async fn secret_keys(
        &self,
        actor: &Actor,
        plane: &PlaneName,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<String>, PlaneError> {
        let wire = self.wire(plane)?;
        let object = secret_object(&wire, actor, namespace, name).await?;
        let mut keys: Vec<String> = object
            .get("data")
            .and_then(Value::as_object)
            .map(|data| data.keys().cloned().collect())
            .unwrap_or_default();
        keys.sort();
        Ok(keys)
    }

    /// The version of a secret, by its metadata alone: nothing of what it holds leaves the control plane.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; [`PlaneError::NotFound`] while it has not been written yet.
    pub async fn secret_version(
        &self,
        actor: &Actor,
        plane: &PlaneName,
        namespace: &str,
        name: &str,
    ) -> Result<String, PlaneError> {
        let wire = self.wire(plane)?;
        let call = Call::get(secret_path(namespace, name)).accepting(METADATA);
        let (_, object) = wire.ask(call.by(actor)).await?;
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        version
            .map(str::to_owned)
            .ok_or_else(|| wire.garbage("asked for a secret's version, it sent none"))
    }

    /// Whether the actor may do `verb` with the resource, by the control plane's own word
    /// (a `SelfSubjectAccessReview`). `None` for the namespace asks about all of them.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`].
    pub async fn allowed(
        &self,
        actor: &Actor,
        plane: &PlaneName,
        verb: &str,
        resource: &ResourceRef,
        namespace: Option<&str>,
    ) -> Result<bool, PlaneError> {
        super::review(&self.wire(plane)?, Some(actor), verb, resource, namespace).await
    }
}

async fn secret_object(wire: &Wire, actor: &Actor, namespace: &str, name: &str) -> Result<Value, PlaneError> {
    let call = Call::get(secret_path(namespace, name)).by(actor);
    let (_, object) = wire.ask(call).await?;
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        Ok(object)
    } else {
        Err(wire.garbage("asked for a secret, it sent something else"))
    }
}

fn secret_path(namespace: &str, name: &str) -> String {
    format!(
        "/api/v1/namespaces/{}/secrets/{}",
        segment(namespace),
        segment(name)
    )
}
