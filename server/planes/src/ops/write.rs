//! Dry run, apply, delete, namespaces.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use portico_domain::authz::{Granted, Submission, Submit, SystemAuthority};
use portico_domain::claim::{Claim, FieldConflict, labels};
use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::object::{drop_managed_fields, expect_object};
use crate::path::{escape_segment, resource_path};
use crate::registry::Planes;
use crate::server_text::{is_missing_namespace, is_uid_mismatch};

/// An object after an apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object with defaults, without `metadata.managedFields`.
    pub object: Value,
    /// True if it was created.
    pub created: bool,
    /// Fields that were taken over from other field managers.
    pub taken_over: Vec<FieldConflict>,
}

/// A precondition of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// Create: no object with that name exists, or the same request created it (by the label [`labels::REQUEST`]), so
    /// that applying twice is harmless.
    Absent,
    /// Change: the object exists and has this `metadata.uid`.
    Uid(String),
    /// Change: as [`Expect::Uid`], and these fields may be taken over from other field managers.
    Taking {
        /// `metadata.uid`.
        uid: String,
        /// The fields, as [`PlaneError::Conflict`] names them. A conflict about another field is an error.
        fields: Vec<String>,
    },
    /// No precondition.
    Anything,
}

impl Planes {
    /// Validates the manifest on the control plane, including admission policies, without persisting it. A missing
    /// namespace is no error, because applying creates it.
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
        let client = self.client(plane)?;
        apply_expecting(&client, &Actor::from(grant), resource, manifest, expect, true).await
    }

    /// Applies the manifest by server-side apply with the field manager `portico`: fields of other managers are a
    /// [`PlaneError::Conflict`], unless [`Expect::Taking`] names them. Idempotent.
    ///
    /// # Errors
    /// Any [`PlaneError`]. [`PlaneError::is_retryable`] says whether to retry.
    pub async fn apply(
        &self,
        _: &SystemAuthority,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        manifest: &Value,
        expect: &Expect,
    ) -> Result<Applied, PlaneError> {
        let client = self.client(plane)?;
        apply_expecting(&client, actor, resource, manifest, expect, false).await
    }

    /// Deletes the object with that `uid`; another object with its name is left alone. Returns when the deletion has
    /// begun; finalizers may take longer. An object that does not exist counts as deleted.
    ///
    /// # Errors
    /// Any [`PlaneError`]. A Usage that blocks the deletion is a [`PlaneError::Conflict`], another uid a
    /// [`PlaneError::Gone`].
    #[expect(
        clippy::too_many_arguments,
        reason = "what is deleted is addressed by five of them"
    )]
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
        let client = self.client(plane)?;
        let path = resource_path(resource, namespace, Some(name));
        delete_at(&client, actor, path, name, uid, false).await
    }

    /// Asks whether the control plane would begin to delete the claim, and deletes nothing: admission policies, webhooks
    /// and Crossplane's Usages are asked.
    ///
    /// # Errors
    /// As [`Planes::delete`].
    pub async fn dry_run_delete(
        &self,
        grant: &Granted<Submission, Submit>,
        claim: &Claim,
    ) -> Result<(), PlaneError> {
        let reference = &claim.reference;
        let client = self.client(&reference.plane)?;
        let name = reference.name.as_str();
        let path = resource_path(&claim.resource, reference.namespace.as_deref(), Some(name));
        delete_at(&client, &Actor::from(grant), path, name, Some(&claim.uid), true).await
    }

    /// Creates the namespace with these labels if it does not exist. Existing namespaces are not changed.
    ///
    /// # Errors
    /// [`PlaneError::NamespaceTerminating`]; any [`PlaneError`]. If namespaces may not be read, the namespace is assumed to exist.
    pub async fn ensure_namespace(
        &self,
        authority: &SystemAuthority,
        plane: &PlaneName,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), PlaneError> {
        let actor = &Actor::system(authority);
        let client = self.client(plane)?;
        match client
            .request_json(
                Call::get(format!("/api/v1/namespaces/{}", escape_segment(namespace))).acting_as(actor),
            )
            .await
        {
            Ok((_, found)) => {
                expect_object(&client, &found, namespace)?;
                return match found.pointer("/metadata/deletionTimestamp") {
                    Some(_) => Err(PlaneError::NamespaceTerminating {
                        plane: client.title.to_string(),
                    }),
                    None => Ok(()),
                };
            }
            Err(PlaneError::Forbidden { .. }) => return Ok(()),
            Err(PlaneError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": labels } });
        let path = format!("/api/v1/namespaces?fieldManager={}", labels::FIELD_MANAGER);
        match client
            .request_json(Call::post(path, &body).acting_as(actor))
            .await
        {
            Ok(_) | Err(PlaneError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Deletes the object at `path` if it has this uid; with `dry` it stays.
async fn delete_at(
    client: &ApiClient,
    actor: &Actor,
    path: String,
    name: &str,
    uid: Option<&str>,
    dry: bool,
) -> Result<(), PlaneError> {
    let mut options =
        json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background" });
    if let Some(map) = options.as_object_mut() {
        if let Some(uid) = uid {
            map.insert("preconditions".to_owned(), json!({ "uid": uid }));
        }
        if dry {
            map.insert("dryRun".to_owned(), json!(["All"]));
        }
    }
    // The body decides: with one, the API server does not read the query. There it is for audit logs and proxies.
    let path = if dry { format!("{path}?dryRun=All") } else { path };
    let call = Call::get(path)
        .with_body(Method::DELETE, "application/json", &options)
        .acting_as(actor);
    match client.request_json(call).await {
        Ok(_) | Err(PlaneError::NotFound { .. }) => Ok(()),
        Err(PlaneError::Gone { message }) if is_uid_mismatch(&message) => Err(PlaneError::Gone {
            message: format!("{name} was deleted, and another object with its name was created"),
        }),
        Err(error) => Err(error),
    }
}

/// A `resourceVersion` that no object has: etcd's first write has a later one.
const UNUSED_VERSION: &str = "1";

/// Applies the manifest if `expect` holds; with `dry` nothing is persisted.
pub(super) async fn apply_expecting(
    client: &ApiClient,
    actor: &Actor,
    resource: &ResourceRef,
    manifest: &Value,
    expect: &Expect,
    dry: bool,
) -> Result<Applied, PlaneError> {
    let apply = Apply {
        client,
        actor,
        resource,
        manifest,
        dry,
        force: false,
    };
    let mut contention = Contention::default();
    loop {
        let applied = match expect {
            Expect::Absent => apply.create_or_reapply().await,
            // An apply with a uid changes that object or fails (Kubernetes, "Object identity").
            Expect::Uid(uid) => apply.send(&[("uid", uid)]).await,
            Expect::Taking { uid, fields } => apply.take_over(uid, fields).await,
            Expect::Anything => apply.send(&[]).await,
        };
        match applied {
            Err(error) => contention.wait_after(error).await?,
            applied => return applied,
        }
    }
}

/// The pauses before a write is tried again that met another write to the same object. A controller writes several
/// times in a row, so they grow.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

/// A write that others get in the way of: it is tried five times, since whoever waits for the answer can do nothing about
/// a controller that writes to the object between its read and its write.
#[derive(Default)]
pub(super) struct Contention {
    met: usize,
}

impl Contention {
    /// Returns when the write is to be tried again.
    ///
    /// # Errors
    /// The error, if trying again at once does not help or was tried often enough.
    pub(super) async fn wait_after(&mut self, error: PlaneError) -> Result<(), PlaneError> {
        match (error, PAUSES.get(self.met)) {
            (PlaneError::Contended { .. }, Some(pause)) => {
                self.met += 1;
                tokio::time::sleep(*pause).await;
                Ok(())
            }
            (error, _) => Err(error),
        }
    }
}

/// A manifest to apply.
pub(super) struct Apply<'a> {
    pub(super) client: &'a ApiClient,
    pub(super) actor: &'a Actor,
    pub(super) resource: &'a ResourceRef,
    pub(super) manifest: &'a Value,
    /// True if nothing is to be persisted.
    pub(super) dry: bool,
    /// True if fields of other managers are to be taken.
    pub(super) force: bool,
}

impl Apply<'_> {
    /// Creates the object atomically: an apply with a `resourceVersion` creates a missing object and conflicts with
    /// an existing one of another version, before anything is merged. An existing object is applied to only if the
    /// same request created it.
    async fn create_or_reapply(&self) -> Result<Applied, PlaneError> {
        let created = self.send(&[("resourceVersion", UNUSED_VERSION)]).await;
        let Err(PlaneError::Conflict { .. } | PlaneError::Contended { .. }) = created else {
            return created;
        };
        let path = resource_path(self.resource, self.text("namespace"), self.text("name"));
        let found = match self
            .client
            .request_json(Call::get(path).acting_as(self.actor))
            .await
        {
            Ok((_, found)) => found,
            // Deleted since, or the conflict was about something else.
            Err(PlaneError::NotFound { .. }) => return created,
            Err(error) => return Err(error),
        };
        let name = self.text("name").unwrap_or_default();
        expect_object(self.client, &found, name)?;
        let own_request = request_of(self.manifest);
        let uid = found.pointer("/metadata/uid").and_then(Value::as_str);
        match uid {
            Some(uid) if own_request.is_some() && request_of(&found) == own_request => {
                self.send(&[("uid", uid)]).await
            }
            _ => Err(PlaneError::AlreadyExists {
                plane: self.client.title.to_string(),
                name: format!("{} {name}", self.resource.kind),
            }),
        }
    }

    /// Applies to the object with this uid, and takes over fields of other managers if all that conflict are among these.
    ///
    /// The conflicts are found by dry run, and the apply is forced only on the version of the object that was tried: so
    /// nothing else can be taken.
    async fn take_over(&self, uid: &str, fields: &[String]) -> Result<Applied, PlaneError> {
        let path = resource_path(self.resource, self.text("namespace"), self.text("name"));
        let call = Call::get(path).acting_as(self.actor);
        let (_, live) = self.client.request_json(call).await?;
        expect_object(self.client, &live, self.text("name").unwrap_or_default())?;
        let version = live.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        let version = version.ok_or_else(|| self.client.invalid_response("the object has no version"))?;
        let identity = [("uid", uid), ("resourceVersion", version)];
        let trial = Apply { dry: true, ..*self };
        let conflicts = match trial.send(&identity).await {
            Ok(applied) if self.dry => return Ok(applied),
            Ok(_) => Vec::new(),
            Err(PlaneError::Conflict { fields: found, .. })
                if !found.is_empty() && found.iter().all(|conflict| fields.contains(&conflict.field)) =>
            {
                found
            }
            Err(error) => return Err(error),
        };
        let forced = Apply {
            force: !conflicts.is_empty(),
            ..*self
        };
        let applied = forced.send(&identity).await?;
        Ok(Applied {
            taken_over: conflicts,
            ..applied
        })
    }

    /// Applies with additional fields in `metadata` that identify the object.
    async fn send(&self, identity: &[(&str, &str)]) -> Result<Applied, PlaneError> {
        let (created, mut object) = self.send_whole(identity).await?;
        drop_managed_fields(&mut object);
        Ok(Applied {
            object,
            created,
            taken_over: Vec::new(),
        })
    }

    /// As [`Apply::send`]; returns whether the object was created, and the object with `managedFields`.
    pub(super) async fn send_whole(&self, identity: &[(&str, &str)]) -> Result<(bool, Value), PlaneError> {
        let name = self
            .text("name")
            .ok_or_else(|| self.client.invalid_response("the manifest has no name"))?;
        let namespace = self.text("namespace");
        let mut manifest = self.manifest.clone();
        if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
            for (key, value) in identity {
                metadata.insert((*key).to_owned(), Value::String((*value).to_owned()));
            }
        }
        let dry_run = if self.dry { "&dryRun=All" } else { "" };
        let to = format!(
            "{}?fieldManager={}&force={}&fieldValidation=Strict{dry_run}",
            resource_path(self.resource, namespace, Some(name)),
            labels::FIELD_MANAGER,
            self.force
        );
        let call = Call::get(to)
            .with_body(Method::PATCH, "application/apply-patch+yaml", &manifest)
            .acting_as(self.actor);
        match self.client.request_json(call).await {
            Ok((status, object)) => {
                expect_object(self.client, &object, name)?;
                Ok((status == StatusCode::CREATED, object))
            }
            Err(PlaneError::NotFound { message, .. })
                if self.dry && namespace.is_some_and(|ns| is_missing_namespace(&message, ns)) =>
            {
                Ok((true, self.manifest.clone()))
            }
            Err(PlaneError::Gone { message }) if is_uid_mismatch(&message) => Err(PlaneError::Gone {
                message: format!("{name} was deleted meanwhile: {message}"),
            }),
            // An API server reports another uid as a change of an immutable field.
            Err(PlaneError::Invalid { causes, .. })
                if identity.iter().any(|(key, _)| *key == "uid")
                    && causes.iter().any(|cause| cause.field == "metadata.uid") =>
            {
                Err(PlaneError::Gone {
                    message: format!("{name} was deleted, and another object with its name was created"),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A text in the manifest's metadata.
    fn text(&self, key: &str) -> Option<&str> {
        self.manifest.get("metadata")?.get(key)?.as_str()
    }
}

/// The request that created or last changed the object.
fn request_of(object: &Value) -> Option<&str> {
    object
        .get("metadata")?
        .get("labels")?
        .get(labels::REQUEST)?
        .as_str()
}
