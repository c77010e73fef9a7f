//! Finds the resource of a kind by API discovery.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use portico_domain::documents::ResourceRef;
use portico_domain::text::sanitize;
use serde_json::Value;

use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::path::escape_segment;

/// How long discovered resource names are cached.
const NAMES_TTL: Duration = Duration::from_mins(1);

/// Entries of a cache at most.
const MAX_CACHED: usize = 256;

/// Caches what discovery says.
#[derive(Debug, Default)]
pub(crate) struct ResourceNames {
    /// The resources of each `group/version`.
    resources: Mutex<HashMap<String, Discovered>>,
    /// The preferred version of each group, and when it was discovered.
    preferred: Mutex<HashMap<String, (Instant, String)>>,
}

/// When they were discovered, and the resources.
type Discovered = (Instant, Arc<Vec<ResourceRef>>);

impl ResourceNames {
    pub(crate) async fn find(
        &self,
        client: &ApiClient,
        api_version: &str,
        kind: &str,
    ) -> Result<ResourceRef, PlaneError> {
        let known = self
            .resources
            .lock()
            .get(api_version)
            .filter(|(at, _)| at.elapsed() < NAMES_TTL)
            .map(|(_, all)| all.clone());
        let resources = if let Some(known) = known {
            known
        } else {
            let fresh = Arc::new(resources_of(client, api_version).await?);
            let mut cache = self.resources.lock();
            if cache.len() > MAX_CACHED {
                cache.clear();
            }
            cache.insert(api_version.to_owned(), (Instant::now(), fresh.clone()));
            fresh
        };
        resources
            .iter()
            .find(|resource| resource.kind == kind)
            .cloned()
            .ok_or_else(|| PlaneError::NotFound {
                plane: client.title.to_string(),
                message: sanitize(&format!("{kind} of {api_version} is not served")),
            })
    }

    /// Like [`Self::find`] for a kind whose version is not known: the one that the control plane prefers.
    pub(crate) async fn find_preferred(
        &self,
        client: &ApiClient,
        group: &str,
        kind: &str,
    ) -> Result<ResourceRef, PlaneError> {
        if group.is_empty() {
            return self.find(client, "v1", kind).await;
        }
        let version = self.preferred_version(client, group).await?;
        self.find(client, &format!("{group}/{version}"), kind).await
    }

    async fn preferred_version(&self, client: &ApiClient, group: &str) -> Result<String, PlaneError> {
        let known = self.preferred.lock().get(group).cloned();
        if let Some((_, version)) = known.filter(|(at, _)| at.elapsed() < NAMES_TTL) {
            return Ok(version);
        }
        let path = format!("/apis/{}", escape_segment(group));
        let (_, found) = client.request_json(Call::get(path)).await?;
        let version = found.pointer("/preferredVersion/version").and_then(Value::as_str);
        let version = version
            .ok_or_else(|| client.invalid_response("an API group has no preferred version"))?
            .to_owned();
        let mut cache = self.preferred.lock();
        if cache.len() > MAX_CACHED {
            cache.clear();
        }
        cache.insert(group.to_owned(), (Instant::now(), version.clone()));
        Ok(version)
    }
}

async fn resources_of(client: &ApiClient, api_version: &str) -> Result<Vec<ResourceRef>, PlaneError> {
    let (path, group, version) = match api_version.split_once('/') {
        Some((group, version)) => (
            format!("/apis/{}/{}", escape_segment(group), escape_segment(version)),
            group,
            version,
        ),
        None => (format!("/api/{}", escape_segment(api_version)), "", api_version),
    };
    let (_, list) = client.request_json(Call::get(path)).await?;
    let resources = list
        .get("resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Ok(resources
        .filter_map(|resource| {
            let plural = resource.get("name")?.as_str()?;
            (!plural.contains('/')).then_some(ResourceRef {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: resource.get("kind")?.as_str()?.to_owned(),
                plural: plural.to_owned(),
                namespaced: resource.get("namespaced")?.as_bool()?,
            })
        })
        .collect())
}
