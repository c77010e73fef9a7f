//! Binds exports of kcp into workspaces that are claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{PublishedExport, api_binding, export_permissions};
use portico_domain::names::PlaneName;
use serde_json::Value;

use super::write::{Expect, apply_expecting};
use crate::actor::Actor;
use crate::client::Call;
use crate::error::PlaneError;
use crate::path::escape_segment;
use crate::registry::Planes;
use crate::shared::Change;
use crate::workspace::{ExportState, binding_resource};

/// Exports that were read, so that one pass over many workspaces reads each once.
#[derive(Default)]
pub struct ReadExports(BTreeMap<(Arc<str>, String), Result<Value, PlaneError>>);

impl Planes {
    /// Binds an export into a workspace that is a claim, by server-side apply of an `APIBinding` as Portico, never with
    /// force, with the permissions that the document accepts. Only to a workspace that is a claim: nowhere else does Portico
    /// write bindings. What came of it is in the control plane's status. `bound` is the binding that was applied last; what
    /// is the same and still there is not applied again.
    ///
    /// # Errors
    /// Any [`PlaneError`]; [`PlaneError::Misconfigured`] for other control planes.
    pub async fn bind_export(
        &self,
        authority: &SystemAuthority,
        name: &PlaneName,
        published: &PublishedExport,
        bound: Option<&Value>,
        read: &mut ReadExports,
    ) -> Result<Value, PlaneError> {
        let plane = self.plane(name)?;
        let document = plane.offer.document.load_full();
        if document.claim().is_none_or(|claim| claim.workspace.is_none()) {
            return Err(PlaneError::Misconfigured {
                plane: plane.title(),
                message: "exports are bound only in workspaces that are claims".to_owned(),
            });
        }
        let client = plane.client()?;
        let reference = published.reference();
        let source = client.workspace().map(|workspace| workspace.source.clone());
        let key = (source.unwrap_or_else(|| "".into()), reference.full_name());
        let export = if let Some(known) = read.0.get(&key) {
            known.clone()
        } else {
            let path = format!(
                "/apis/apis.kcp.io/v1alpha2/apiexports/{}",
                escape_segment(&published.name)
            );
            let provider = client.in_workspace(&published.path);
            let found = provider
                .request_json(Call::get(path))
                .await
                .map(|(_, export)| export);
            read.0.insert(key, found.clone());
            found
        };
        let outcome = match export {
            Err(error) => Err(error),
            Ok(export) => {
                let permissions = export_permissions(&export, &published.accept);
                let binding = api_binding(&reference, &permissions);
                let exports = plane.workspace.exports();
                let status = exports.iter().find(|status| status.export == reference);
                let is_there = status.is_some_and(|status| !matches!(status.state, ExportState::Unbound(_)));
                let applied = if is_there && bound == Some(&binding) {
                    Ok(())
                } else {
                    let actor = Actor::system(authority);
                    let resource = binding_resource();
                    let applied =
                        apply_expecting(&client, &actor, &resource, &binding, &Expect::Anything, false).await;
                    plane.workspace.look_now.notify_one();
                    applied.map(|_| ())
                };
                applied.map(|()| (binding, permissions))
            }
        };
        let (result, is_new) = match outcome {
            Ok((binding, permissions)) => {
                let is_new = plane.workspace.update_export(&reference, |status| {
                    status.permissions = permissions;
                    if matches!(status.state, ExportState::Unbound(Some(_))) {
                        status.state = ExportState::Unbound(None);
                    }
                });
                (Ok(binding), is_new)
            }
            Err(error) => {
                let why = error.admin_message();
                plane.record_error(format!("{} could not be bound: {why}", reference.full_name()));
                let is_new = plane.workspace.update_export(&reference, |status| {
                    if status.state != ExportState::Bound {
                        status.state = ExportState::Unbound(Some(why));
                    }
                });
                (Err(error), is_new)
            }
        };
        if is_new {
            self.publish(Change::Plane(name.clone()));
        }
        result
    }
}
