//! Reading objects, and access reviews for people.

use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::write::{drop_managed_fields, that_object};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;
use crate::wire::{Call, path_of};

impl Planes {
    /// Reads an object, without `metadata.managedFields`.
    ///
    /// # Errors
    /// Any [`PlaneError`].
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

    /// Asks the control plane whether the actor may do `verb` with the resource (`SelfSubjectAccessReview`). Without
    /// a namespace: in all of them.
    ///
    /// # Errors
    /// Any [`PlaneError`].
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
