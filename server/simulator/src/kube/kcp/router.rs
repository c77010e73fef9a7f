//! Takes a request to the workspace that its path names, or to the virtual workspace of an export.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use serde_json::Value;

use super::controllers::settle;
use super::instance::{Instance, LogicalCluster};
use super::virtual_workspace;
use crate::kube::http::answer::refusal;
use crate::kube::http::dispatch::{self, Disconnected};
use crate::kube::http::identity;
use crate::kube::http::target::{Target, decode};
use crate::kube::plane::access::{Attributes, Identity};
use crate::kube::types::error::ApiError;

/// What kcp says of workspaces that are not there, and of those that one may not enter.
const NOT_PERMITTED: &str = "workspace access not permitted";

/// Answers a request at the address of a shard. That of the first is the front proxy, too: it has the workspaces of all.
pub(in crate::kube) async fn answer(
    instance: &Arc<Instance>,
    request: Request<Body>,
    shard: usize,
) -> Result<Response<Body>, Disconnected> {
    let path = request.uri().path().to_owned();
    if let Some(rest) = path.strip_prefix("/services/apiexport/") {
        let rest = rest.to_owned();
        return virtual_workspace::answer(instance, request, &rest, shard).await;
    }
    let Some(rest) = path.strip_prefix("/clusters/") else {
        return if matches!(Target::parse(&path), Target::Health | Target::Version) {
            dispatch::answer(&instance.front, request).await
        } else {
            Ok(refused(instance, request.headers(), &path))
        };
    };
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let cluster = decode(name)
        .and_then(|name| instance.find(&name))
        .filter(|cluster| shard == 0 || cluster.shard == shard);
    let Some(cluster) = cluster else {
        return Ok(refused(instance, request.headers(), &path));
    };
    if !instance.runs(cluster.shard) {
        let message = "the shard of the workspace does not answer";
        return Ok(refusal(&ApiError::new(503, "ServiceUnavailable", message)));
    }
    match identity::identify(&cluster.inner, request.headers()) {
        Err(error) => return Ok(refusal(&error)),
        Ok(identity) if !cluster.inner.access.knows(&identity) => {
            return Ok(refusal(&forbidden(&identity, &path)));
        }
        Ok(_) => {}
    }
    within(instance, &cluster, request, rest).await
}

/// Answers a request in a workspace.
async fn within(
    instance: &Arc<Instance>,
    cluster: &Arc<LogicalCluster>,
    request: Request<Body>,
    rest: &str,
) -> Result<Response<Body>, Disconnected> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let group = match Target::parse(&format!("/{rest}")) {
        Target::Objects(objects) => objects.group,
        _ => String::new(),
    };
    let request = match may_bind(instance, cluster, request, &group).await {
        Ok(request) => request,
        Err(error) => return Ok(refusal(&error)),
    };
    let response = dispatch::answer(&cluster.inner, at(request, rest)).await?;
    if changes {
        settle(instance, cluster, &group);
    }
    Ok(response)
}

/// The request with another path.
fn at(request: Request<Body>, path: &str) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    let path = match head.uri.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    if let Ok(uri) = path.parse::<Uri>() {
        head.uri = uri;
    }
    Request::from_parts(head, body)
}

/// Checks that whoever writes a binding may bind the export that it names.
async fn may_bind(
    instance: &Instance,
    cluster: &LogicalCluster,
    request: Request<Body>,
    group: &str,
) -> Result<Request<Body>, ApiError> {
    let binds = group == "apis.kcp.io"
        && request.uri().path().contains("/apibindings")
        && matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if !binds {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, cluster.inner.settings.max_body)
        .await
        .map_err(|_| ApiError::too_large(cluster.inner.settings.max_body))?;
    let binding: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let export = &binding["spec"]["reference"]["export"];
    if let Some(name) = export["name"].as_str() {
        let path = export["path"].as_str().unwrap_or(&cluster.path);
        let identity = identity::identify(&cluster.inner, &head.headers)?;
        let bind = Attributes {
            verb: "bind".into(),
            group: "apis.kcp.io".into(),
            resource: "apiexports".into(),
            name: name.into(),
            ..Attributes::default()
        };
        let may = instance
            .find(path)
            .is_some_and(|provider| provider.inner.access.allows(&identity, &bind));
        if !may {
            let message = format!(
                "apibindings.apis.kcp.io is forbidden: unable to create APIBinding: no permission to bind to export {path}:{name}"
            );
            return Err(ApiError::new(403, "Forbidden", message));
        }
    }
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// Refuses a request for what is not there, with the words for what one may not see.
fn refused(instance: &Instance, headers: &HeaderMap, path: &str) -> Response<Body> {
    match identity::identify(&instance.front, headers) {
        Ok(identity) => refusal(&forbidden(&identity, path)),
        Err(error) => refusal(&error),
    }
}

fn forbidden(identity: &Identity, path: &str) -> ApiError {
    let message = format!(
        "forbidden: User {:?} cannot access path {path:?}: {NOT_PERMITTED}",
        identity.user
    );
    ApiError::new(403, "Forbidden", message)
}
