//! Reads and writes the namespaces of tenants and what templates put into them, as Portico.

use http::Method;
use jiff::Timestamp;
use portico_domain::authz::{FetchKubeconfig, Granted, NamespaceAccess, SystemAuthority};
use portico_domain::claim::labels;
use portico_domain::documents::ResourceRef;
use portico_domain::names::PlaneName;
use portico_domain::tenant_namespace::ACCOUNTS_NAMESPACE;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::connect::ServerAddress;
use crate::error::PlaneError;
use crate::object::expect_object;
use crate::path::{escape_segment, resource_path};
use crate::registry::Planes;
use crate::stream::{METADATA, METADATA_LIST};

/// Objects per page of a list.
const PAGE_SIZE: usize = 500;
/// Objects read at most of one kind.
const MAX_OBJECTS: usize = 20_000;

/// What is known of an object without reading it whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMetadata {
    /// Its namespace; empty for a namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version.
    pub resource_version: String,
    /// The tenant that it is labelled with.
    pub tenant: Option<String>,
    /// The environment that it is labelled with.
    pub environment: Option<String>,
    /// The portal that keeps it.
    pub portal: Option<String>,
    /// The digest of the manifest that was applied last.
    pub applied: Option<String>,
    /// The field manager other than Portico that changed it last, without its status, and when.
    pub changed_by: Option<(String, Timestamp)>,
    /// True if its deletion has begun.
    pub deleting: bool,
}

/// A token for a service account.
pub struct AccountToken {
    /// The token: a secret.
    pub token: String,
    /// When it expires: the control plane may shorten what was asked for.
    pub expires_at: Timestamp,
}

impl Planes {
    /// Lists what of this kind carries [`labels::TENANT`], and for kinds in namespaces [`labels::TEMPLATE`], too.
    ///
    /// # Errors
    /// Any [`PlaneError`].
    pub async fn tenancy_objects(
        &self,
        authority: &SystemAuthority,
        plane: &PlaneName,
        resource: &ResourceRef,
    ) -> Result<Vec<ObjectMetadata>, PlaneError> {
        let client = self.client(plane)?;
        let actor = Actor::system(authority);
        let mut selector = labels::TENANT.to_owned();
        if resource.namespaced {
            selector = format!("{selector},{}", labels::TEMPLATE);
        }
        let collection = format!(
            "{}?limit={PAGE_SIZE}&labelSelector={}",
            resource_path(resource, None, None),
            escape_segment(&selector)
        );
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let path = if next.is_empty() {
                collection.clone()
            } else {
                format!("{collection}&continue={}", escape_segment(&next))
            };
            let call = Call::get(path).accept(METADATA_LIST).acting_as(&actor);
            let (_, list) = client.request_json(call).await?;
            match list.get("items") {
                Some(Value::Array(items)) => found.extend(items.iter().filter_map(metadata)),
                // So an API server writes a list of metadata that is empty.
                Some(Value::Null) => {}
                _ => return Err(client.invalid_response("a list has no items")),
            }
            let more = list
                .pointer("/metadata/continue")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if more.is_empty() || found.len() >= MAX_OBJECTS {
                return Ok(found);
            }
            if more == next {
                return Err(client.invalid_response("a list repeats a page"));
            }
            more.clone_into(&mut next);
        }
    }

    /// Applies an object of a template, or a tenant's namespace, and returns its version afterwards. With the uid of an
    /// object that Portico keeps, fields that others have changed become as the template has them (by force). Without
    /// one it is created.
    ///
    /// # Errors
    /// Any [`PlaneError`]; [`PlaneError::AlreadyExists`] if it was to be created and exists: it is somebody else's.
    pub async fn apply_tenancy_object(
        &self,
        authority: &SystemAuthority,
        plane: &PlaneName,
        resource: &ResourceRef,
        manifest: &Value,
        uid: Option<&str>,
    ) -> Result<String, PlaneError> {
        let client = self.client(plane)?;
        let actor = Actor::system(authority);
        let text = |key: &str| manifest.get("metadata")?.get(key)?.as_str();
        let name = text("name").ok_or_else(|| client.invalid_response("the manifest has no name"))?;
        let mut manifest = manifest.clone();
        // With a version that no object has, an apply creates the object or conflicts.
        let (key, value) = uid.map_or(("resourceVersion", "1"), |uid| ("uid", uid));
        manifest["metadata"][key] = json!(value);
        let path = format!(
            "{}?fieldManager={}&force={}&fieldValidation=Strict",
            resource_path(resource, text("namespace"), Some(name)),
            labels::FIELD_MANAGER,
            uid.is_some()
        );
        let call = Call::get(path)
            .with_body(Method::PATCH, "application/apply-patch+yaml", &manifest)
            .accept(METADATA)
            .acting_as(&actor);
        match client.request_json(call).await {
            Ok((_, object)) => {
                expect_object(&client, &object, name)?;
                let version = object
                    .pointer("/metadata/resourceVersion")
                    .and_then(Value::as_str);
                Ok(version.unwrap_or_default().to_owned())
            }
            Err(PlaneError::Conflict { .. } | PlaneError::Contended { .. }) if uid.is_none() => {
                Err(PlaneError::AlreadyExists {
                    plane: client.title.to_string(),
                    name: format!("{} {name}", resource.kind),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Asks the control plane, as Portico, for a token of the service account.
    ///
    /// # Errors
    /// Any [`PlaneError`].
    pub async fn account_token(
        &self,
        grant: &Granted<NamespaceAccess, FetchKubeconfig>,
    ) -> Result<AccountToken, PlaneError> {
        let access = grant.target();
        let client = self.client(&access.plane)?;
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{}/token",
            escape_segment(ACCOUNTS_NAMESPACE),
            escape_segment(&access.account)
        );
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": { "expirationSeconds": u64::from(access.minutes) * 60 },
        });
        let (_, made) = client.request_json(Call::post(path, &body)).await?;
        token(&client, &made)
    }

    /// Returns the address of the control plane and the authorities that sign its certificate, as Portico is connected
    /// to it.
    ///
    /// # Errors
    /// [`PlaneError`] while it is not connected.
    pub fn server_address(&self, plane: &PlaneName) -> Result<ServerAddress, PlaneError> {
        Ok(self.client(plane)?.address.as_ref().clone())
    }
}

fn token(client: &ApiClient, made: &Value) -> Result<AccountToken, PlaneError> {
    let text = |key: &str| made.get("status")?.get(key)?.as_str();
    let invalid = || client.invalid_response("a token request was answered without a token");
    Ok(AccountToken {
        token: text("token").ok_or_else(invalid)?.to_owned(),
        expires_at: text("expirationTimestamp")
            .and_then(|at| at.parse().ok())
            .ok_or_else(invalid)?,
    })
}

fn metadata(object: &Value) -> Option<ObjectMetadata> {
    let metadata = object.get("metadata")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let label = |key: &str| text(metadata.get("labels").and_then(|labels| labels.get(key)));
    let annotation = |key: &str| text(metadata.get("annotations").and_then(|all| all.get(key)));
    Some(ObjectMetadata {
        namespace: text(metadata.get("namespace")).unwrap_or_default(),
        name: text(metadata.get("name"))?,
        uid: text(metadata.get("uid"))?,
        resource_version: text(metadata.get("resourceVersion")).unwrap_or_default(),
        tenant: label(labels::TENANT),
        environment: label(labels::ENVIRONMENT),
        portal: annotation(labels::PORTAL),
        applied: annotation(labels::APPLIED),
        changed_by: changed_by(metadata),
        deleting: metadata.get("deletionTimestamp").is_some(),
    })
}

/// The last change by another field manager.
fn changed_by(metadata: &Value) -> Option<(String, Timestamp)> {
    let entries = metadata.get("managedFields")?.as_array()?;
    entries
        .iter()
        .filter(|entry| entry.get("subresource").is_none_or(Value::is_null))
        .filter_map(|entry| {
            let manager = entry.get("manager")?.as_str()?;
            let at: Timestamp = entry.get("time")?.as_str()?.parse().ok()?;
            (manager != labels::FIELD_MANAGER).then(|| (manager.to_owned(), at))
        })
        .max_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_by_others_is_named() {
        let entry =
            |manager: &str, at: &str| json!({ "manager": manager, "time": at, "operation": "Update" });
        let mut status = entry("kube-controller-manager", "2026-01-04T00:00:00Z");
        status["subresource"] = json!("status");
        let object = json!({ "metadata": {
            "name": "q", "uid": "u", "managedFields": [
                entry("portico", "2026-01-03T00:00:00Z"), entry("kubectl-edit", "2026-01-02T00:00:00Z"),
                entry("helm", "2026-01-01T00:00:00Z"), status,
            ],
        } });
        let (manager, at) = metadata(&object).unwrap().changed_by.unwrap();
        assert_eq!(
            (manager.as_str(), at.to_string().as_str()),
            ("kubectl-edit", "2026-01-02T00:00:00Z")
        );
    }
}
