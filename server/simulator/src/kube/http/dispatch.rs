//! Handles one request: faults, authentication, authorization, then the handler.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer;
use super::change::{self, Changed};
use super::identity::{self, authorize, bearer, text};
use super::query::Query;
use super::selector::Selector;
use super::target::{Objects, Target};
use super::view::{Show, View};
use super::{body, discovery, openapi, openapi_v2, read, reviews, watch};
use crate::kube::plane::access::Attributes;
use crate::kube::plane::audit::AuditEntry;
use crate::kube::plane::faults::Fault;
use crate::kube::plane::inner::Inner;
use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;

/// The connection must be closed without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut, as a test asked")]
pub(in crate::kube) struct Disconnected;

/// Handles a request.
pub(in crate::kube) async fn answer(
    inner: &Arc<Inner>,
    request: Request<Body>,
) -> Result<Response<Body>, Disconnected> {
    let (parts, body) = request.into_parts();
    let target = Target::parse(parts.uri.path());
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let attributes = attributes(&parts.method, &target, &query);
    for fault in inner.faults.hit(&attributes) {
        match fault {
            Fault::Latency(time) => tokio::time::sleep(time).await,
            Fault::Hangup => return Err(Disconnected),
            Fault::Garbage => {
                let mut response = Response::new(Body::from("<html><body>It works!</body></html>"));
                response.headers_mut().insert(
                    header::CONTENT_TYPE,
                    header::HeaderValue::from_static("text/html"),
                );
                return Ok(response);
            }
            Fault::Status {
                code,
                message,
                retry_after,
            } => {
                let error = ApiError {
                    retry_after,
                    ..ApiError::new(code, reason_of(code), message)
                };
                record(inner, &parts.headers, attributes, &query, code);
                return Ok(answer::refusal(&error));
            }
        }
    }
    let context = RequestContext {
        method: parts.method,
        headers: parts.headers,
        target,
        query,
    };
    let response = context
        .answer(inner, &attributes, body)
        .await
        .unwrap_or_else(|error| answer::refusal(&error));
    record(
        inner,
        &context.headers,
        attributes,
        &context.query,
        response.status().as_u16(),
    );
    Ok(response)
}

fn reason_of(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

/// The attributes of a request that rules match.
pub(in crate::kube) fn attributes(method: &Method, target: &Target, query: &Query) -> Attributes {
    let Target::Objects(objects) = target else {
        return Attributes {
            verb: method.as_str().to_lowercase(),
            ..Attributes::default()
        };
    };
    let verb = match (method.as_str(), objects.name.is_empty()) {
        ("GET", _) if query.is_set("watch") => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "",
    };
    Attributes {
        verb: verb.into(),
        group: objects.group.clone(),
        resource: objects.plural.clone(),
        subresource: objects.subresource.clone(),
        namespace: objects.namespace.clone(),
        name: objects.name.clone(),
    }
}

/// Adds a request that was answered to the audit log.
pub(in crate::kube) fn record(
    inner: &Inner,
    headers: &HeaderMap,
    attributes: Attributes,
    query: &Query,
    code: u16,
) {
    if attributes.resource.is_empty() {
        return;
    }
    let user = bearer(headers)
        .and_then(|token| inner.access.identify(token))
        .map(|i| i.user)
        .unwrap_or_default();
    inner.audit.add(AuditEntry {
        time: Timestamp::now(),
        user,
        acting_as: text(headers, "impersonate-user").map(str::to_owned),
        groups: headers
            .get_all("impersonate-group")
            .iter()
            .filter_map(|group| Some(group.to_str().ok()?.to_owned()))
            .collect(),
        attributes,
        dry_run: query.get("dryRun") == "All",
        manager: query.get("fieldManager").into(),
        code,
    });
}

struct RequestContext {
    method: Method,
    headers: HeaderMap,
    target: Target,
    query: Query,
}

impl RequestContext {
    async fn answer(
        &self,
        inner: &Arc<Inner>,
        attributes: &Attributes,
        body: Body,
    ) -> Result<Response<Body>, ApiError> {
        if self.target == Target::Health {
            return Ok(Response::new(Body::from("ok")));
        }
        let reads = matches!(self.method, Method::GET | Method::HEAD);
        if self.target == Target::Version && reads {
            return Ok(answer::json(StatusCode::OK, &version(), &[]));
        }
        let identity = identity::identify(inner, &self.headers)?;
        let Target::Objects(target) = &self.target else {
            if !reads {
                return Err(ApiError::method_not_allowed());
            }
            return self.about_itself(inner);
        };
        if self.method == Method::POST && target.group.starts_with("auth") {
            let body = self.object(inner, body).await?;
            if let Some(review) = reviews::answer(&inner.access, &identity, target, body) {
                let (code, value) = review?;
                return Ok(answer::json(code, &value, &[]));
            }
            return Err(ApiError::no_such_resource());
        }
        let kind = read::kind_of(&inner.state(), target)?;
        authorize(inner, &kind, &identity, attributes)?;
        if reads {
            return self.read(inner, &kind, target);
        }
        let body = self.object(inner, body).await?;
        self.change(inner, &kind, target, body)
    }

    fn about_itself(&self, inner: &Inner) -> Result<Response<Body>, ApiError> {
        let state = inner.state();
        let aggregated = discovery::aggregated(&self.headers);
        let value = match (&self.target, aggregated) {
            (Target::CoreVersions, Some(form)) => {
                return Ok(aggregate(&discovery::everything(&state, true, form), form));
            }
            (Target::Groups, Some(form)) => {
                return Ok(aggregate(&discovery::everything(&state, false, form), form));
            }
            (Target::CoreVersions, None) => {
                discovery::core_versions(text(&self.headers, "host").unwrap_or_default())
            }
            (Target::Groups, None) => discovery::group_list(&state),
            (Target::Group(group), _) => discovery::group(&state, group)?,
            (Target::Resources(group, version), _) => discovery::resources(&state, group, version)?,
            (Target::OpenApiV2, _) => return self.openapi_v2(&state),
            (Target::OpenApiV3(path), _) => openapi::v3(&state, path)?,
            _ => return Err(ApiError::no_such_resource()),
        };
        Ok(answer::json(StatusCode::OK, &value, &[]))
    }

    fn openapi_v2(&self, state: &State) -> Result<Response<Body>, ApiError> {
        if text(&self.headers, "accept").is_none_or(|accept| !accept.contains(openapi_v2::ACCEPTED)) {
            let message = format!(
                "only the following media types are accepted: {}",
                openapi_v2::ACCEPTED
            );
            return Err(ApiError::new(406, "NotAcceptable", message));
        }
        let mut response = Response::new(Body::from(openapi_v2::document(state)));
        let media = header::HeaderValue::from_static(openapi_v2::MEDIA);
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        Ok(response)
    }

    fn read(
        &self,
        inner: &Arc<Inner>,
        kind: &Arc<Kind>,
        target: &Objects,
    ) -> Result<Response<Body>, ApiError> {
        let view = View::accepted(&self.headers)?;
        let version = read::version_of(kind, target)?;
        let show = Show {
            kind,
            version,
            view,
            include: self.query.get("includeObject").into(),
        };
        let warnings: Vec<String> = version.deprecated.iter().cloned().collect();
        let watched = self.query.is_set("watch");
        if !target.name.is_empty() && !watched {
            let object = read::get(&inner.state(), kind, target, &self.query)?;
            return Ok(answer::text(StatusCode::OK, show.one(&object), &warnings));
        }
        let selector = self.selector(kind, target)?;
        if watched {
            return watch::answer(inner, kind, target, &self.query, view, selector);
        }
        let page = read::list(&inner.state(), kind, target, &self.query, &selector)?;
        Ok(answer::text(StatusCode::OK, page.shown(&show), &warnings))
    }

    fn selector(&self, kind: &Kind, target: &Objects) -> Result<Selector, ApiError> {
        let version = read::version_of(kind, target)?;
        let mut fields = self.query.get("fieldSelector").to_owned();
        if !target.name.is_empty() {
            // A watch of one object.
            fields = format!("metadata.name={}", target.name);
        }
        Selector::parse(kind, version, self.query.get("labelSelector"), &fields)
    }

    /// The object in the body; null when there is none.
    async fn object(&self, inner: &Inner, body: Body) -> Result<Value, ApiError> {
        let media = text(&self.headers, "content-type").unwrap_or("application/json");
        match body::read(body, inner.settings.max_body, media).await? {
            Some(object) => Ok(object),
            None if self.method == Method::DELETE => Ok(Value::Null),
            None if media.starts_with("application/json-patch+json") => {
                Err(ApiError::bad_request("invalid JSON patch"))
            }
            None => Err(ApiError::bad_request("the request has no body")),
        }
    }

    fn change(
        &self,
        inner: &Inner,
        kind: &Arc<Kind>,
        target: &Objects,
        body: Value,
    ) -> Result<Response<Body>, ApiError> {
        let view = View::accepted(&self.headers)?;
        let options = change::options(target, &self.query, &self.headers)?;
        let changed = match (self.method.as_str(), target.name.is_empty()) {
            ("POST", _) => inner.write(|state| change::create(state, kind, target, body, &options)),
            ("PUT", _) => inner.write(|state| change::update(state, kind, target, body, &options)),
            ("PATCH", _) => {
                let patch = change::patch_of(&self.headers, body, &self.query)?;
                inner.write(|state| change::patch(state, kind, target, patch, &options))
            }
            ("DELETE", single) => {
                let deletion = change::delete_options(&self.query, &body)?;
                if single {
                    let selector = self.selector(kind, target)?;
                    inner.write(|state| change::delete_collection(state, kind, target, &selector, &deletion))
                } else {
                    inner.write(|state| change::delete(state, kind, target, &deletion))
                }
            }
            _ => Err(ApiError::method_not_allowed()),
        }?;
        let version = read::version_of(kind, target)?;
        let show = Show {
            kind,
            version,
            view,
            include: self.query.get("includeObject").into(),
        };
        Ok(shown(&changed, &show))
    }
}

fn aggregate(value: &Value, form: &str) -> Response<Body> {
    let mut response = answer::json(StatusCode::OK, value, &[]);
    let media = format!("application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList");
    if let Ok(media) = header::HeaderValue::from_str(&media) {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    response
}

fn shown(changed: &Changed, show: &Show<'_>) -> Response<Body> {
    let value = match &changed.body {
        change::Body::Object(object) => show.one(object),
        change::Body::List(objects, revision) => show.list(
            objects.iter().map(|o| &**o),
            &json!({"resourceVersion": revision.to_string()}),
        ),
        change::Body::Status(status) => status.to_string(),
    };
    answer::text(changed.code, value, &changed.warnings)
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "gitVersion": "v1.34.0+portico.simulator", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": "linux/amd64",
    })
}
