//! The virtual workspace of an export: its resources in all workspaces that bind it (`/clusters/*`), or in one of them, for
//! reading.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::controllers::exported_kind;
use super::instance::Instance;
use super::scope::Scope;
use super::wildcard_watch;
use crate::kube::http::answer::{self, refusal};
use crate::kube::http::dispatch::{self, Disconnected};
use crate::kube::http::identity;
use crate::kube::http::query::Query;
use crate::kube::http::target::{Objects, Target, decode};
use crate::kube::http::view::{Show, View};
use crate::kube::plane::access::Attributes;
use crate::kube::plane::faults::Fault;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;

/// Answers a request at the address of a shard; `rest` is the path after `/services/apiexport/`.
pub(super) async fn answer(
    instance: &Arc<Instance>,
    request: Request<Body>,
    rest: &str,
    shard: usize,
) -> Result<Response<Body>, Disconnected> {
    let parts: Vec<&str> = rest.splitn(5, '/').collect();
    let [provider, export, "clusters", cluster, path] = parts[..] else {
        return Ok(refusal(&ApiError::no_such_resource()));
    };
    let text = |part: &str| decode(part).unwrap_or_default();
    let target = Target::parse(&format!("/{path}"));
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let attributes = dispatch::attributes(request.method(), &target, &query);
    for fault in instance.front.faults.hit(&attributes) {
        match fault {
            Fault::Latency(time) => tokio::time::sleep(time).await,
            Fault::Hangup | Fault::Garbage => return Err(Disconnected),
            Fault::Status {
                code,
                message,
                retry_after,
            } => {
                let error = ApiError {
                    retry_after,
                    ..ApiError::new(code, "Forbidden", message)
                };
                return Ok(refusal(&error));
            }
        }
    }
    let scope = Scope {
        provider: instance
            .find(&text(provider))
            .map_or_else(|| text(provider), |it| it.name.clone()),
        export: text(export),
        only: Some(text(cluster)).filter(|cluster| cluster != "*"),
        shard: (!instance.everywhere.load(Ordering::SeqCst)).then_some(shard),
    };
    let response =
        read(instance, &request, &target, &query, &attributes, scope).unwrap_or_else(|error| refusal(&error));
    let code = response.status().as_u16();
    dispatch::record(&instance.front, request.headers(), attributes, &query, code);
    Ok(response)
}

fn read(
    instance: &Arc<Instance>,
    request: &Request<Body>,
    target: &Target,
    query: &Query,
    attributes: &Attributes,
    scope: Scope,
) -> Result<Response<Body>, ApiError> {
    let identity = identity::identify(&instance.front, request.headers())?;
    let content = Attributes {
        verb: attributes.verb.clone(),
        group: "apis.kcp.io".into(),
        resource: "apiexports".into(),
        subresource: "content".into(),
        name: scope.export.clone(),
        ..Attributes::default()
    };
    let provider = instance.find(&scope.provider);
    if !provider.is_some_and(|provider| provider.inner.access.allows(&identity, &content)) {
        let message = format!(
            "apiexports.apis.kcp.io {:?} is forbidden: User {:?} cannot {} resource \"apiexports/content\"",
            scope.export, identity.user, content.verb
        );
        return Err(ApiError::new(403, "Forbidden", message));
    }
    let Target::Objects(target) = target else {
        return Err(ApiError::no_such_resource());
    };
    if *request.method() != Method::GET || !target.name.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    let kind = kind_of(instance, &scope, target)?;
    let view = View::accepted(request.headers())?;
    if query.is_set("watch") {
        return wildcard_watch::answer(instance, scope, kind, target, query, view);
    }
    list(instance, &scope, &kind, target, query, view)
}

/// The kind, as a workspace that binds it serves it, or else as the export has it.
fn kind_of(instance: &Instance, scope: &Scope, target: &Objects) -> Result<Arc<Kind>, ApiError> {
    let (group, plural) = (&target.group, &target.plural);
    let all = instance.all();
    let bound = all
        .iter()
        .filter(|cluster| scope.covers(cluster, group, plural))
        .find_map(|cluster| cluster.inner.state().kinds.resource(group, plural));
    let exported = || {
        let provider = instance.find(&scope.provider)?;
        exported_kind(&provider, &scope.export, group, plural).map(Arc::new)
    };
    bound
        .or_else(exported)
        .filter(|kind| kind.served(&target.version).is_some())
        .ok_or_else(ApiError::no_such_resource)
}

fn list(
    instance: &Instance,
    scope: &Scope,
    kind: &Kind,
    target: &Objects,
    query: &Query,
    view: View,
) -> Result<Response<Body>, ApiError> {
    let version = kind
        .served(&target.version)
        .ok_or_else(ApiError::no_such_resource)?;
    let limit = query
        .number("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let (revision, skip) = match query.get("continue") {
        "" => (None, 0),
        token => {
            let parsed = token
                .split_once('-')
                .and_then(|(revision, skip)| Some((revision.parse().ok()?, skip.parse().ok()?)));
            let (revision, skip) =
                parsed.ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
            (Some(revision), skip)
        }
    };
    let mut items: Vec<Arc<Value>> = Vec::new();
    let revision = {
        let _turn = instance.shard.turn.lock();
        let revision = revision.unwrap_or_else(|| instance.shard.clock.now());
        for cluster in instance.all() {
            if scope.covers(&cluster, &target.group, &target.plural) {
                let state = cluster.inner.state();
                let table = state.store.table_at(&kind.group_kind(), revision)?;
                items.extend(table.into_values().filter(|object| scope.shows(kind, object)));
            }
        }
        revision
    };
    let left = items.len().saturating_sub(skip);
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if left > limit {
        metadata["continue"] = json!(format!("{revision}-{}", skip + limit));
        metadata["remainingItemCount"] = json!(left - limit);
    }
    let show = Show {
        kind,
        version,
        view,
        include: String::new(),
    };
    let page = items.iter().skip(skip).take(limit).map(|item| &**item);
    Ok(answer::text(StatusCode::OK, show.list(page, &metadata), &[]))
}
