//! Content negotiation: the form in which a client wants objects.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{Kind, Version};

/// The requested form of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kube) enum View {
    /// Whole objects.
    Full,
    /// Rows for `kubectl get`.
    Table,
    /// Metadata only.
    Metadata,
}

impl View {
    /// Parses `Accept`; the first supported form wins.
    pub(in crate::kube) fn accepted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("*/*");
        for choice in accept.split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "*/*" | "application/*" | "") {
                continue;
            }
            match parts.find_map(|part| part.strip_prefix("as=")) {
                Some("Table") => return Ok(Self::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Ok(Self::Metadata),
                Some(_) => {}
                None => return Ok(Self::Full),
            }
        }
        let message = "only the following media types are accepted: application/json";
        Err(ApiError::new(406, "NotAcceptable", message))
    }
}

/// How objects are rendered for one client.
#[derive(Debug, Clone)]
pub(in crate::kube) struct Show<'a> {
    pub(in crate::kube) kind: &'a Kind,
    pub(in crate::kube) version: &'a Version,
    pub(in crate::kube) view: View,
    /// What table rows include: `None`, `Metadata` or `Object`.
    pub(in crate::kube) include: String,
}

impl Show<'_> {
    /// The object in the requested version.
    pub(in crate::kube) fn converted(&self, object: &Value) -> Value {
        let mut object = object.clone();
        object["apiVersion"] = json!(self.kind.api_version(&self.version.name));
        object
    }
}

/// An object's metadata as `PartialObjectMetadata`.
pub(in crate::kube) fn metadata_of(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
