//! Lists all objects of an offering, page by page.

use std::collections::VecDeque;

use portico_domain::authz::{Granted, TryDefinition};
use portico_domain::documents::ResourceRef;
use portico_domain::names::{OfferingName, PlaneName};
use serde_json::Value;

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::path::{escape_segment, resource_path};
use crate::registry::Planes;

/// Objects per page.
const PAGE_SIZE: usize = 200;
/// Longest page, in bytes. A longer one is requested in smaller pages.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// The objects of an offering on one control plane, read page by page as the person that the grant names.
pub struct ObjectPages {
    client: ApiClient,
    actor: Actor,
    resource: ResourceRef,
    /// Namespaces that are not listed to their end (`None`: everywhere), the current one first.
    scopes: VecDeque<Option<String>>,
    /// The token of the next page in the current namespace.
    next: String,
    page_size: usize,
}

impl Planes {
    /// Prepares listing the objects of the granted offering in a version that the control plane serves, in the
    /// namespaces that Portico may list.
    ///
    /// # Errors
    /// [`PlaneError`], if the control plane is not connected.
    pub fn objects(
        &self,
        grant: &Granted<OfferingName, TryDefinition>,
        plane: &PlaneName,
        resource: &ResourceRef,
    ) -> Result<ObjectPages, PlaneError> {
        let plane = self.plane(plane)?;
        let mut scopes: VecDeque<_> = plane.scopes(grant.target()).iter().cloned().collect();
        if scopes.is_empty() {
            scopes.push_back(None);
        }
        Ok(ObjectPages {
            client: plane.client()?,
            actor: Actor::from(grant),
            resource: resource.clone(),
            scopes,
            next: String::new(),
            page_size: PAGE_SIZE,
        })
    }
}

impl ObjectPages {
    /// Reads the next page; `None` after the last one.
    ///
    /// # Errors
    /// Any [`PlaneError`]. After an error the list cannot be continued.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, PlaneError> {
        let Some(scope) = self.scopes.front() else {
            return Ok(None);
        };
        let collection = resource_path(&self.resource, scope.as_deref(), None);
        let bytes = loop {
            let mut path = format!("{collection}?limit={}", self.page_size);
            if !self.next.is_empty() {
                path.push_str("&continue=");
                path.push_str(&escape_segment(&self.next));
            }
            let call = Call::get(path).acting_as(&self.actor).max_bytes(MAX_PAGE_BYTES);
            match self.client.request_bytes_within(call).await?.1 {
                Some(bytes) => break bytes,
                None if self.page_size > 1 => self.page_size = (self.page_size / 8).max(1),
                None => return Err(self.client.too_long(MAX_PAGE_BYTES)),
            }
        };
        let mut list: Value = serde_json::from_slice(&bytes).map_err(|error| self.client.not_json(&error))?;
        let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
            return Err(self.client.invalid_response("a list has no items"));
        };
        let more = list.pointer("/metadata/continue").and_then(Value::as_str);
        match more.filter(|more| !more.is_empty()) {
            Some(more) if more == self.next => {
                return Err(self.client.invalid_response("a list repeats a page"));
            }
            Some(more) => more.clone_into(&mut self.next),
            None => {
                self.next.clear();
                self.scopes.pop_front();
            }
        }
        Ok(Some(items))
    }
}
