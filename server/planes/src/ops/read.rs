//! Reading objects, and access reviews for people.

use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use serde_json::Value;

use crate::actor::Actor;
use crate::client::Call;
use crate::error::PlaneError;
use crate::object::{drop_managed_fields, expect_object};
use crate::path::resource_path;
use crate::registry::Planes;

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
        let client = self.client(plane)?;
        let (_, mut object) = client
            .request_json(Call::get(resource_path(resource, namespace, Some(name))).acting_as(actor))
            .await?;
        expect_object(&client, &object, name)?;
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
        super::is_allowed(&self.client(plane)?, Some(actor), verb, resource, namespace).await
    }
}
