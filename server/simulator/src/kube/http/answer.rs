//! Responses.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::table;
use super::view::{Show, View, metadata_of};
use crate::kube::types::error::ApiError;
use crate::kube::types::object;

impl Show<'_> {
    /// Serializes one object.
    pub(in crate::kube) fn one(&self, object: &Value) -> String {
        match self.view {
            View::Full => self.text(object),
            View::Table => {
                let metadata = json!({"resourceVersion": object::meta(object, "resourceVersion")});
                table::of(self, &[object], &metadata).to_string()
            }
            View::Metadata => metadata_of(object).to_string(),
        }
    }

    /// Serializes a list.
    pub(in crate::kube) fn list<'v>(
        &self,
        objects: impl Iterator<Item = &'v Value>,
        metadata: &Value,
    ) -> String {
        match self.view {
            View::Full => {
                // Item by item, to avoid a copy of all objects.
                let mut text = json!({
                    "kind": self.kind.list_kind,
                    "apiVersion": self.kind.api_version(&self.version.name),
                    "metadata": metadata,
                })
                .to_string();
                text.pop();
                text.push_str(",\"items\":[");
                for (i, object) in objects.enumerate() {
                    if i > 0 {
                        text.push(',');
                    }
                    text.push_str(&self.text(object));
                }
                text.push_str("]}");
                text
            }
            View::Table => table::of(self, &objects.collect::<Vec<_>>(), metadata).to_string(),
            View::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "items": objects.map(metadata_of).collect::<Vec<_>>(),
            })
            .to_string(),
        }
    }

    fn text(&self, object: &Value) -> String {
        if self.version.name == self.kind.storage {
            object.to_string()
        } else {
            self.converted(object).to_string()
        }
    }
}

/// A JSON response.
pub(in crate::kube) fn json(code: StatusCode, value: &Value, warnings: &[String]) -> Response<Body> {
    text(code, value.to_string(), warnings)
}

/// A response whose body is serialized already.
pub(in crate::kube) fn text(code: StatusCode, json: String, warnings: &[String]) -> Response<Body> {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    for text in expressible(warnings) {
        let quoted = format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_bytes(quoted.as_bytes()) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// The warnings that fit a header. When they are too long together, each is truncated, as in the API server.
fn expressible(warnings: &[String]) -> Vec<String> {
    const MAX_BYTES: usize = 4096;
    const LONGEST_OF_MANY: usize = 256;
    let warnings = warnings
        .iter()
        .filter(|warning| !warning.contains(char::is_control));
    let total: usize = warnings.clone().map(|warning| warning.chars().count()).sum();
    if total <= MAX_BYTES {
        return warnings.cloned().collect();
    }
    let cut = warnings.map(|warning| warning.chars().take(LONGEST_OF_MANY).collect());
    cut.take(MAX_BYTES / LONGEST_OF_MANY).collect()
}

/// An error as a response.
pub(in crate::kube) fn refusal(error: &ApiError) -> Response<Body> {
    let code = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(code, &error.status(), &[]);
    if let Some(seconds) = error.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
