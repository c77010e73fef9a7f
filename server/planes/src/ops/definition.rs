//! Applies the definitions of offerings to control planes that are claims.

use portico_domain::authz::SystemAuthority;
use portico_domain::claimed_plane::definition_resource;
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::write::{Expect, apply_expecting};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::registry::Planes;

impl Planes {
    /// Applies a definition (a CRD, an XRD, …) by server-side apply as Portico, never with force. Only to a control
    /// plane that is a claim: nowhere else does Portico write definitions. A failure is also among the control plane's
    /// recent errors.
    ///
    /// # Errors
    /// Any [`PlaneError`]; [`PlaneError::Misconfigured`] for an object that is no definition, and for other control
    /// planes.
    pub async fn apply_definition(
        &self,
        authority: &SystemAuthority,
        plane: &PlaneName,
        definition: &Value,
    ) -> Result<(), PlaneError> {
        let plane = self.plane(plane)?;
        let misconfigured = |message: String| PlaneError::Misconfigured {
            plane: plane.title(),
            message,
        };
        if plane.offer.document.load().claim().is_none() {
            return Err(misconfigured(
                "definitions are applied only to control planes that are claims".to_owned(),
            ));
        }
        let resource = definition_resource(definition).map_err(misconfigured)?;
        let client = plane.client()?;
        let actor = Actor::system(authority);
        let applied = apply_expecting(&client, &actor, &resource, definition, &Expect::Anything, false).await;
        match applied {
            Ok(_) => Ok(()),
            Err(error) => {
                let name = definition.pointer("/metadata/name").and_then(Value::as_str);
                plane.record_error(format!(
                    "the definition {} could not be applied: {}",
                    name.unwrap_or_default(),
                    error.admin_message()
                ));
                Err(error)
            }
        }
    }
}
