//! One object, access reviews.

use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::write::{drop_managed_fields, that_object};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;
use crate::wire::{Call, path_of};

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
