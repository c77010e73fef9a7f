//! Adopts a live object: Portico becomes the manager of its fields, and no value of it changes.

use http::Method;
use portico_domain::authz::{Granted, Submission, Submit, SystemAuthority};
use portico_domain::claim::{Claim, FieldOwner, Takeover, labels};
use portico_domain::documents::ResourceRef;
use portico_domain::manifest::{differences, settable};
use portico_domain::names::PlaneName;
use serde_json::{Value, json};

use super::write::{Apply, Contention};
use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::object::expect_object;
use crate::path::resource_path;
use crate::registry::Planes;

/// How often the field managers are written before a concurrent write is reported.
const MAX_WRITES: usize = 5;

/// What an adoption would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionPreview {
    /// Fields that kubectl and tools that let go of the object give up.
    pub given_up: Vec<FieldOwner>,
    /// Fields that other managers keep.
    pub kept: Vec<FieldOwner>,
    /// Values that the control plane would change, as path, old and new value. An adoption must have none.
    pub changed: Vec<(String, String, String)>,
}

/// The outcome of an adoption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// Portico manages the object.
    Done {
        /// `metadata.uid`.
        uid: Option<String>,
    },
    /// Nothing was done: the object is no longer as it was, or the control plane would change a value.
    Changed,
}

impl Planes {
    /// Asks the control plane what adopting the claim with this manifest would do, and does nothing.
    ///
    /// # Errors
    /// Any [`PlaneError`]; [`PlaneError::Gone`] if the object has another uid by now.
    pub async fn dry_run_adoption(
        &self,
        grant: &Granted<Submission, Submit>,
        claim: &Claim,
        manifest: &Value,
    ) -> Result<AdoptionPreview, PlaneError> {
        let client = self.client(&claim.reference.plane)?;
        let actor = Actor::from(grant);
        let object = Object {
            client: &client,
            actor: &actor,
            resource: &claim.resource,
            manifest,
        };
        let (live, applied) = object.try_apply(&claim.uid).await?;
        let takeover = Takeover::of(&applied);
        Ok(AdoptionPreview {
            given_up: takeover.given_up,
            kept: takeover.kept,
            changed: changed_values(&live, &applied),
        })
    }

    /// Makes Portico the manager of the fields of `manifest`, if the object with this uid is still as `is_unchanged` says.
    ///
    /// The manifest is applied by server-side apply, forced, on exactly the version of the object that was compared with
    /// it: so it can only take labels and annotations of Portico from others. Then the field managers of kubectl, and of tools that let go of it, give up what
    /// Portico applied. Idempotent.
    ///
    /// # Errors
    /// Any [`PlaneError`]; [`PlaneError::Gone`] for another uid, [`PlaneError::Contended`] if others keep writing to it.
    #[expect(
        clippy::too_many_arguments,
        reason = "what is adopted is addressed by five of them"
    )]
    pub async fn adopt(
        &self,
        _: &SystemAuthority,
        plane: &PlaneName,
        actor: &Actor,
        resource: &ResourceRef,
        manifest: &Value,
        uid: &str,
        is_unchanged: impl Fn(&Value) -> bool + Send,
    ) -> Result<Adoption, PlaneError> {
        let client = self.client(plane)?;
        let object = Object {
            client: &client,
            actor,
            resource,
            manifest,
        };
        let mut contention = Contention::default();
        let mut applied = loop {
            let live = object.read(uid).await?;
            if !is_unchanged(&live) {
                return Ok(Adoption::Changed);
            }
            match object.apply_unchanged(&live).await {
                Ok(Some(applied)) => break applied,
                Ok(None) => return Ok(Adoption::Changed),
                Err(error) => contention.wait_after(error).await?,
            }
        };
        for _ in 0..MAX_WRITES {
            let Some(managed_fields) = Takeover::of(&applied).managed_fields else {
                return Ok(Adoption::Done {
                    uid: text(&applied, "uid"),
                });
            };
            match object.write_managers(&applied, managed_fields).await {
                Ok(()) | Err(PlaneError::Contended { .. }) => {}
                Err(error) => return Err(error),
            }
            applied = object.read(uid).await?;
        }
        Err(PlaneError::Contended {
            message: "others keep writing to the object".to_owned(),
        })
    }
}

/// An object to adopt.
struct Object<'a> {
    client: &'a ApiClient,
    actor: &'a Actor,
    resource: &'a ResourceRef,
    manifest: &'a Value,
}

impl Object<'_> {
    fn path(&self) -> String {
        let text = |key: &str| self.manifest.get("metadata")?.get(key)?.as_str();
        resource_path(self.resource, text("namespace"), text("name"))
    }

    /// Reads the object, with `managedFields`.
    async fn read(&self, uid: &str) -> Result<Value, PlaneError> {
        let call = Call::get(self.path()).acting_as(self.actor);
        let (_, live) = self.client.request_json(call).await?;
        let name = text(self.manifest, "name").unwrap_or_default();
        expect_object(self.client, &live, &name)?;
        if text(&live, "uid").as_deref() == Some(uid) {
            return Ok(live);
        }
        Err(PlaneError::Gone {
            message: format!("{name} was deleted, and another object with its name was created"),
        })
    }

    /// Reads the object and applies the manifest by dry run; again if a controller wrote to it in between.
    async fn try_apply(&self, uid: &str) -> Result<(Value, Value), PlaneError> {
        let mut contention = Contention::default();
        loop {
            let live = self.read(uid).await?;
            match self.apply(&live, true).await {
                Ok(applied) => return Ok((live, applied)),
                Err(error) => contention.wait_after(error).await?,
            }
        }
    }

    /// Applies the manifest to exactly this version of the object, if the control plane changes no value by it.
    async fn apply_unchanged(&self, live: &Value) -> Result<Option<Value>, PlaneError> {
        let tried = self.apply(live, true).await?;
        if !changed_values(live, &tried).is_empty() {
            return Ok(None);
        }
        self.apply(live, false).await.map(Some)
    }

    /// Applies the manifest to exactly this version of the object.
    async fn apply(&self, live: &Value, dry: bool) -> Result<Value, PlaneError> {
        let (uid, version) = (text(live, "uid"), text(live, "resourceVersion"));
        let identity = [("uid", uid), ("resourceVersion", version)];
        let identity: Vec<(&str, &str)> = identity
            .iter()
            .filter_map(|(key, value)| Some((*key, value.as_deref()?)))
            .collect();
        let apply = Apply {
            client: self.client,
            actor: self.actor,
            resource: self.resource,
            manifest: self.manifest,
            dry,
            force: true,
        };
        apply.send_whole(&identity).await.map(|(_, object)| object)
    }

    /// Writes `managedFields` of exactly this version of the object, and nothing else.
    async fn write_managers(&self, live: &Value, managed_fields: Value) -> Result<(), PlaneError> {
        let patch = json!({ "metadata": {
            "uid": text(live, "uid"),
            "resourceVersion": text(live, "resourceVersion"),
            "managedFields": managed_fields,
        } });
        let to = format!("{}?fieldManager={}", self.path(), labels::FIELD_MANAGER);
        let call = Call::get(to)
            .with_body(Method::PATCH, "application/merge-patch+json", &patch)
            .acting_as(self.actor);
        self.client.request_json(call).await.map(drop)
    }
}

fn text(object: &Value, key: &str) -> Option<String> {
    let value = object.get("metadata")?.get(key)?.as_str()?;
    Some(value.to_owned())
}

/// The values that differ, apart from metadata and status.
fn changed_values(live: &Value, applied: &Value) -> Vec<(String, String, String)> {
    differences(&Value::Object(settable(live)), &Value::Object(settable(applied)))
}
