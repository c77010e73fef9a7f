//! Answers, and the form that a client asks them in.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::kinds::{Kind, Version};
use super::super::object;
use super::table;

/// In which form objects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// As they are.
    Full,
    /// As rows for `kubectl get`.
    Table,
    /// Their metadata alone.
    Metadata,
}

impl View {
    /// Reads `Accept`; the first form that is known wins.
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, ApiError> {
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

/// How an object is shown to one client.
#[derive(Debug, Clone)]
pub(super) struct Show<'a> {
    pub(super) kind: &'a Kind,
    pub(super) version: &'a Version,
    pub(super) view: View,
    /// What a table's rows carry: `None`, `Metadata`, `Object`.
    pub(super) include: String,
}

impl Show<'_> {
    /// The object in the version that was asked for.
    pub(super) fn converted(&self, object: &Value) -> Value {
        let mut object = object.clone();
        object["apiVersion"] = json!(self.kind.api_version(&self.version.name));
        object
    }

    /// One object, as JSON text.
    pub(super) fn one(&self, object: &Value) -> String {
        match self.view {
            View::Full => self.text(object),
            View::Table => {
                let metadata = json!({"resourceVersion": object::meta(object, "resourceVersion")});
                table::of(self, &[object], &metadata).to_string()
            }
            View::Metadata => metadata_of(object).to_string(),
        }
    }

    /// A list, as JSON text.
    pub(super) fn list<'v>(&self, objects: impl Iterator<Item = &'v Value>, metadata: &Value) -> String {
        match self.view {
            View::Full => {
                // Written piece by piece: a copy of ten thousand objects is not made for this.
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

/// The metadata of an object alone.
pub(super) fn metadata_of(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// A JSON answer.
pub(super) fn json(code: StatusCode, value: &Value, warnings: &[String]) -> Response<Body> {
    text(code, value.to_string(), warnings)
}

/// An answer that is JSON already.
pub(super) fn text(code: StatusCode, json: String, warnings: &[String]) -> Response<Body> {
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

/// The warnings that a header can hold; where they are much, each is cut, as the API server does.
fn expressible(warnings: &[String]) -> Vec<String> {
    const MOST: usize = 4096;
    const LONGEST_OF_MANY: usize = 256;
    let warnings = warnings
        .iter()
        .filter(|warning| !warning.contains(char::is_control));
    let total: usize = warnings.clone().map(|warning| warning.chars().count()).sum();
    if total <= MOST {
        return warnings.cloned().collect();
    }
    let cut = warnings.map(|warning| warning.chars().take(LONGEST_OF_MANY).collect());
    cut.take(MOST / LONGEST_OF_MANY).collect()
}

/// A refusal as an answer.
pub(super) fn refusal(error: &ApiError) -> Response<Body> {
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
