//! Dry run, apply, delete, namespaces.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use portico_domain::claim::marks;
use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;
use crate::wire::{Call, Wire, path_of, segment};

/// An object as a control plane has it after applying.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object, defaults and all, `metadata.managedFields` left out.
    pub object: Value,
    /// Whether it was not there before.
    pub created: bool,
}

/// What must hold on the control plane for an apply to go ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// A creation: nothing of that name is there, or what is there was made by the same request
    /// (its label [`marks::REQUEST`] is the manifest's), so that applying twice is harmless.
    Absent,
    /// A change: the object is there and has this `metadata.uid`.
    Uid(String),
    /// Nothing.
    Anything,
}

impl Planes {
    /// Has the control plane judge the manifest, admission policies and all, without keeping it.
    /// A namespace that is not there yet is no objection: applying makes it.
    ///
    /// # Errors
    /// As [`Planes::apply`].
    pub async fn dry_run(
        &self,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        manifest: &Value,
        expect: &Expect,
    ) -> Result<Applied, PlaneError> {
        let wire = self.wire(plane)?;
        put(&wire, actor, resource, manifest, expect, true).await
    }

    /// Applies the manifest by server-side apply with the field manager `portico`. Never forces:
    /// fields that others manage are a [`PlaneError::Conflict`]. Applying the same again is
    /// harmless.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; [`PlaneError::is_worth_retrying`] says whether to try again.
    pub async fn apply(
        &self,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        manifest: &Value,
        expect: &Expect,
    ) -> Result<Applied, PlaneError> {
        let wire = self.wire(plane)?;
        put(&wire, actor, resource, manifest, expect, false).await
    }

    /// Asks for the deletion of the object with that `uid`; an object made anew under its name is
    /// left alone. Deletion goes on afterwards, as finalizers have it. An object that is no longer
    /// there is deleted: that is no error.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; a Usage that forbids it is a [`PlaneError::Conflict`] with its
    /// reason, another object under the name a [`PlaneError::Gone`].
    pub async fn delete(
        &self,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        namespace: Option<&str>,
        name: &str,
        uid: Option<&str>,
    ) -> Result<(), PlaneError> {
        let wire = self.wire(plane)?;
        let mut options =
            json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background" });
        if let (Some(uid), Some(map)) = (uid, options.as_object_mut()) {
            map.insert("preconditions".to_owned(), json!({ "uid": uid }));
        }
        let path = path_of(resource, namespace, Some(name));
        let call = Call::get(path)
            .sending(Method::DELETE, "application/json", &options)
            .by(actor);
        match wire.ask(call).await {
            Ok(_) | Err(PlaneError::NotFound { .. }) => Ok(()),
            Err(PlaneError::Conflict { message, .. }) if message.contains("UID in precondition") => {
                Err(PlaneError::Gone {
                    message: format!("{name} was deleted meanwhile, and another of that name made"),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Sees to it that the namespace is there, with these labels if it had to be made. Namespaces
    /// that are there are left as they are.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]. Where namespaces may not be read, it is taken to be there.
    pub async fn ensure_namespace(
        &self,
        plane: &PlaneName,
        actor: &Actor,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), PlaneError> {
        let wire = self.wire(plane)?;
        match wire
            .ask(Call::get(format!("/api/v1/namespaces/{}", segment(namespace))).by(actor))
            .await
        {
            Ok((_, found)) => return that_object(&wire, &found, namespace),
            Err(PlaneError::Forbidden { .. }) => return Ok(()),
            Err(PlaneError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": labels } });
        let path = format!("/api/v1/namespaces?fieldManager={}", marks::FIELD_MANAGER);
        match wire.ask(Call::post(path, &body).by(actor)).await {
            Ok(_) | Err(PlaneError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn put(
    wire: &Wire,
    actor: &Actor,
    resource: &ResourceRef,
    manifest: &Value,
    expect: &Expect,
    dry: bool,
) -> Result<Applied, PlaneError> {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name").ok_or_else(|| wire.garbage("the manifest has no name"))?;
    let namespace = text("/metadata/namespace");
    let path = path_of(resource, namespace, Some(name));
    let mut manifest = manifest.clone();
    match expect {
        Expect::Absent => absent_or_ours(wire, actor, &path, resource, &manifest).await?,
        Expect::Uid(uid) => {
            // An apply with a uid changes that object or nothing (Kubernetes, "Object identity").
            if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("uid".to_owned(), Value::String(uid.clone()));
            }
        }
        Expect::Anything => {}
    }
    let strictness = "fieldValidation=Strict";
    let dry_run = if dry { "&dryRun=All" } else { "" };
    let to = format!(
        "{path}?fieldManager={}&force=false&{strictness}{dry_run}",
        marks::FIELD_MANAGER
    );
    let call = Call::get(to)
        .sending(Method::PATCH, "application/apply-patch+yaml", &manifest)
        .by(actor);
    match wire.ask(call).await {
        Ok((status, mut object)) => {
            that_object(wire, &object, name)?;
            drop_managed_fields(&mut object);
            Ok(Applied {
                object,
                created: status == StatusCode::CREATED,
            })
        }
        Err(PlaneError::NotFound { message, .. })
            if dry && namespace.is_some_and(|ns| missing_namespace(&message, ns)) =>
        {
            Ok(Applied {
                object: manifest,
                created: true,
            })
        }
        Err(PlaneError::Conflict { managers, message }) if managers.is_empty() && message.contains("uid") => {
            Err(PlaneError::Gone {
                message: format!("{name} was deleted meanwhile: {message}"),
            })
        }
        Err(error) => Err(error),
    }
}

async fn absent_or_ours(
    wire: &Wire,
    actor: &Actor,
    path: &str,
    resource: &ResourceRef,
    manifest: &Value,
) -> Result<(), PlaneError> {
    let request = |object: &Value| {
        object
            .get("metadata")?
            .get("labels")?
            .get(marks::REQUEST)?
            .as_str()
            .map(str::to_owned)
    };
    let found = match wire.ask(Call::get(path.to_owned()).by(actor)).await {
        Ok((_, found)) => found,
        Err(PlaneError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
    that_object(wire, &found, text("/metadata/name").unwrap_or_default())?;
    let ours = request(manifest);
    if ours.is_some() && request(&found) == ours {
        return Ok(());
    }
    let name = manifest
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Err(PlaneError::AlreadyExists {
        plane: wire.title.to_string(),
        name: format!("{} {name}", resource.kind),
    })
}

/// Whether an answer is the object of that name. Anything else that calls itself a success says nothing of what is
/// there: neither that it was applied, nor that it is another, nor that it is gone.
pub(super) fn that_object(wire: &Wire, answer: &Value, name: &str) -> Result<(), PlaneError> {
    let found = answer.pointer("/metadata/name").and_then(Value::as_str);
    if found == Some(name) {
        Ok(())
    } else {
        Err(wire.garbage(&format!("asked for {name}, it sent something else")))
    }
}

fn missing_namespace(message: &str, namespace: &str) -> bool {
    message.contains("namespaces") && message.contains(namespace)
}

/// Who manages which field is of no use to a reader, and often the larger part of an object.
pub(crate) fn drop_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
}
