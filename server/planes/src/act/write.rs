//! Dry run, apply, delete, namespaces.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use portico_domain::authz::{Granted, Submission, Submit, SystemAuthority};
use portico_domain::claim::labels;
use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;
use crate::server_text::{is_missing_namespace, is_of_another_object};
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
    /// (its label [`labels::REQUEST`] is the manifest's), so that applying twice is harmless.
    Absent,
    /// A change: the object is there and has this `metadata.uid`.
    Uid(String),
    /// Nothing.
    Anything,
}

impl Planes {
    /// Has the control plane judge the manifest in the name of the person that the grant names, admission policies and all, without keeping it.
    /// A namespace that is not there yet is no objection: applying makes it.
    ///
    /// # Errors
    /// As [`Planes::apply`].
    pub async fn dry_run(
        &self,
        grant: &Granted<Submission, Submit>,
        plane: &PlaneName,
        resource: &ResourceRef,
        manifest: &Value,
        expect: &Expect,
    ) -> Result<Applied, PlaneError> {
        let wire = self.wire(plane)?;
        put(&wire, &Actor::from(grant), resource, manifest, expect, true).await
    }

    /// Applies the manifest by server-side apply with the field manager `portico`. Never forces:
    /// fields that others manage are a [`PlaneError::Conflict`]. Applying the same again is
    /// harmless.
    ///
    /// # Errors
    /// Each kind of [`PlaneError`]; [`PlaneError::is_worth_retrying`] says whether to try again.
    pub async fn apply(
        &self,
        _: &SystemAuthority,
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
        _: &SystemAuthority,
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
            Err(PlaneError::Gone { message }) if is_of_another_object(&message) => Err(PlaneError::Gone {
                message: format!("{name} was deleted meanwhile, and another of that name made"),
            }),
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
        authority: &SystemAuthority,
        plane: &PlaneName,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), PlaneError> {
        let actor = &Actor::system(authority);
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
        let path = format!("/api/v1/namespaces?fieldManager={}", labels::FIELD_MANAGER);
        match wire.ask(Call::post(path, &body).by(actor)).await {
            Ok(_) | Err(PlaneError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A `resourceVersion` that no object has: whatever etcd writes first has a later one.
const NO_VERSION: &str = "1";

async fn put(
    wire: &Wire,
    actor: &Actor,
    resource: &ResourceRef,
    manifest: &Value,
    expect: &Expect,
    dry: bool,
) -> Result<Applied, PlaneError> {
    let put = Put {
        wire,
        actor,
        resource,
        manifest,
        dry,
    };
    match expect {
        Expect::Absent => put.new_or_ours().await,
        // An apply with a uid changes that object or nothing (Kubernetes, "Object identity").
        Expect::Uid(uid) => put.apply(Some(("uid", uid))).await,
        Expect::Anything => put.apply(None).await,
    }
}

/// A manifest on its way to a control plane.
struct Put<'a> {
    wire: &'a Wire,
    actor: &'a Actor,
    resource: &'a ResourceRef,
    manifest: &'a Value,
    dry: bool,
}

impl Put<'_> {
    /// Makes the object in one request, between whose beginning and end nobody else can make one of that name: an
    /// apply with a `resourceVersion` makes an object where there is none, and is a conflict where there is one of
    /// another version, before anything is merged into it. What is there already is applied to only if it was made
    /// by the same request.
    async fn new_or_ours(&self) -> Result<Applied, PlaneError> {
        let made = self.apply(Some(("resourceVersion", NO_VERSION))).await;
        let Err(PlaneError::Conflict { .. } | PlaneError::Contended { .. }) = made else {
            return made;
        };
        let path = path_of(self.resource, self.text("namespace"), self.text("name"));
        let found = match self.wire.ask(Call::get(path).by(self.actor)).await {
            Ok((_, found)) => found,
            // Gone since, or never there: the conflict was about something else.
            Err(PlaneError::NotFound { .. }) => return made,
            Err(error) => return Err(error),
        };
        let name = self.text("name").unwrap_or_default();
        that_object(self.wire, &found, name)?;
        let ours = request_of(self.manifest);
        let uid = found.pointer("/metadata/uid").and_then(Value::as_str);
        match uid {
            Some(uid) if ours.is_some() && request_of(&found) == ours => self.apply(Some(("uid", uid))).await,
            _ => Err(PlaneError::AlreadyExists {
                plane: self.wire.title.to_string(),
                name: format!("{} {name}", self.resource.kind),
            }),
        }
    }

    /// Applies, with one more word in `metadata` that says which object is meant.
    async fn apply(&self, meant: Option<(&str, &str)>) -> Result<Applied, PlaneError> {
        let name = self
            .text("name")
            .ok_or_else(|| self.wire.garbage("the manifest has no name"))?;
        let namespace = self.text("namespace");
        let mut manifest = self.manifest.clone();
        if let Some((key, value)) = meant
            && let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert(key.to_owned(), Value::String(value.to_owned()));
        }
        let dry_run = if self.dry { "&dryRun=All" } else { "" };
        let to = format!(
            "{}?fieldManager={}&force=false&fieldValidation=Strict{dry_run}",
            path_of(self.resource, namespace, Some(name)),
            labels::FIELD_MANAGER
        );
        let call = Call::get(to)
            .sending(Method::PATCH, "application/apply-patch+yaml", &manifest)
            .by(self.actor);
        match self.wire.ask(call).await {
            Ok((status, mut object)) => {
                that_object(self.wire, &object, name)?;
                drop_managed_fields(&mut object);
                Ok(Applied {
                    object,
                    created: status == StatusCode::CREATED,
                })
            }
            Err(PlaneError::NotFound { message, .. })
                if self.dry && namespace.is_some_and(|ns| is_missing_namespace(&message, ns)) =>
            {
                Ok(Applied {
                    object: self.manifest.clone(),
                    created: true,
                })
            }
            Err(PlaneError::Gone { message }) if is_of_another_object(&message) => Err(PlaneError::Gone {
                message: format!("{name} was deleted meanwhile: {message}"),
            }),
            // To an API server, what has another uid is a change of a field that may not change.
            Err(PlaneError::Invalid { causes, .. })
                if matches!(meant, Some(("uid", _)))
                    && causes.iter().any(|cause| cause.field == "metadata.uid") =>
            {
                Err(PlaneError::Gone {
                    message: format!("{name} was deleted meanwhile, and another of that name made"),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A word of the manifest's metadata.
    fn text(&self, key: &str) -> Option<&str> {
        self.manifest.get("metadata")?.get(key)?.as_str()
    }
}

/// The request that an object was made or changed last by.
fn request_of(object: &Value) -> Option<&str> {
    object
        .get("metadata")?
        .get("labels")?
        .get(labels::REQUEST)?
        .as_str()
}

/// Whether an answer is the object of that name. Anything else that calls itself a success says nothing of what is
/// there: neither that it was applied, nor that it is another, nor that it is gone.
pub(crate) fn that_object(wire: &Wire, answer: &Value, name: &str) -> Result<(), PlaneError> {
    let found = answer.pointer("/metadata/name").and_then(Value::as_str);
    if found == Some(name) {
        Ok(())
    } else {
        Err(wire.garbage(&format!("asked for {name}, it sent something else")))
    }
}

/// Who manages which field is of no use to a reader, and often the larger part of an object.
pub(crate) fn drop_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
}
