//! Reads request bodies, with limits of size and time: JSON, YAML, and the protobuf messages that kubectl sends.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures::StreamExt;
use kube_schema::yaml;
use serde_json::Value;

use super::protobuf;
use crate::kube::types::error::ApiError;

/// How long a client may take to send its body.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long an oversized body is drained, so that the client reads the response.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// How many bytes of it are drained at most.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;

/// Reads a body of this media type; `None` when it is empty.
pub(super) async fn read(body: Body, limit: usize, media: &str) -> Result<Option<Value>, ApiError> {
    let bytes = collect(body, limit).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let known = &["application/json", "application/yaml"];
    let object = match media.split(';').next().unwrap_or_default().trim() {
        "application/yaml" | "application/apply-patch+yaml" => parse_yaml(&bytes)?,
        "application/vnd.kubernetes.protobuf" => {
            protobuf::decode(&bytes).ok_or_else(|| ApiError::unsupported_media_type(media, known))?
        }
        "application/json-patch+json" | "application/merge-patch+json" => {
            serde_json::from_slice(&bytes).map_err(|_| ApiError::bad_request("invalid JSON patch"))?
        }
        media if media == "application/json" || media.ends_with("+json") => parse_json(&bytes)?,
        other => return Err(ApiError::unsupported_media_type(other, known)),
    };
    Ok(Some(object))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let read = async {
        while let Some(chunk) = stream.next().await {
            let chunk =
                chunk.map_err(|error| ApiError::bad_request(format!("the body broke off: {error}")))?;
            if bytes.len() + chunk.len() > limit {
                return Ok(false);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(true)
    };
    match tokio::time::timeout(TIMEOUT, read).await {
        Ok(Ok(true)) => Ok(Bytes::from(bytes)),
        Ok(Ok(false)) => {
            // A client whose connection breaks while it sends would not read the response.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(&mut stream)).await;
            Err(ApiError::too_large(limit))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ApiError::new(408, "Timeout", "the body did not arrive in time")),
    }
}

async fn drain(stream: &mut BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        drained += chunk.len();
        if drained > DRAIN_LIMIT {
            return;
        }
    }
}

fn parse_json(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        ApiError::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    })
}

fn parse_yaml(bytes: &[u8]) -> Result<Value, ApiError> {
    // Most bodies with this media type are JSON, which parses faster.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let refuse = |why: String| ApiError::bad_request(format!("error decoding YAML: {why}"));
    let text = std::str::from_utf8(bytes).map_err(|why| refuse(why.to_string()))?;
    yaml::parse(text).map_err(|why| refuse(why.to_string()))
}
