//! Lets calls through to the control plane, or refuses them.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::documents::Agent;
use portico_planes::agent::{AgentBody, LocalPlane, full};
use serde_json::{Value, json};

use crate::allow::{allows, allows_impersonation, has_rule};
use crate::protocol::{AgentReport, RefusedCall};
use crate::request_info::{RequestInfo, Target, request_info};

/// Largest body of a call, in bytes: more than the API server takes.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Headers of a call that go on to the API server, besides those of impersonation. Those of a proxy that signs people in
/// (`X-Remote-User`), credentials and all others stay here.
const REQUEST_HEADERS: [header::HeaderName; 3] = [header::ACCEPT, header::CONTENT_TYPE, header::USER_AGENT];
/// Headers of an answer that go back.
const RESPONSE_HEADERS: [header::HeaderName; 3] =
    [header::CONTENT_TYPE, header::RETRY_AFTER, header::WARNING];

/// The gate. Shared by all connections.
pub(crate) struct Gate {
    agent: Agent,
    /// `None` until the kubeconfig could be read.
    local: ArcSwapOption<LocalPlane>,
    refused: Mutex<(u64, Option<RefusedCall>)>,
}

impl Gate {
    pub(crate) fn new(agent: Agent) -> Arc<Self> {
        Arc::new(Self {
            agent,
            local: ArcSwapOption::empty(),
            refused: Mutex::default(),
        })
    }

    pub(crate) fn set_local(&self, local: Arc<LocalPlane>) {
        self.local.store(Some(local));
    }

    /// What Portico is told.
    pub(crate) fn report(&self) -> AgentReport {
        let (refused, last_refused) = self.refused.lock().clone();
        AgentReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            refused,
            last_refused,
        }
    }

    /// Answers a call for the control plane.
    pub(crate) async fn call(&self, request: Request<Incoming>) -> Response<AgentBody> {
        let (head, body) = request.into_parts();
        let path = head
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        let spec = &self.agent.spec;
        let info = match request_info(&head.method, &path) {
            Ok(info) => info,
            Err(refused) => return self.refuse(&head.method, &path, &refused.to_string()),
        };
        if let Err(denied) = allows(spec, &info) {
            return self.refuse(&head.method, &path, &denied.to_string());
        }
        if let Err(denied) = allows_impersonation(spec, &head.headers) {
            return self.refuse(&head.method, &path, &denied.to_string());
        }
        let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
            let message = "the agent does not pass on a body as large as this";
            return status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message);
        };
        let body = body.to_bytes();
        if let Some(review) = self.review(&info, &body) {
            return review;
        }
        let Some(local) = self.local.load_full() else {
            return unreachable("its kubeconfig cannot be read");
        };
        let mut onward = Request::builder().method(head.method).uri(path);
        if let Some(headers) = onward.headers_mut() {
            *headers = passed_on(&head.headers);
        }
        let Ok(onward) = onward.body(body) else {
            return unreachable("the call cannot be sent");
        };
        match local.send(onward).await {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                head.headers = only(&head.headers, &RESPONSE_HEADERS);
                head.extensions.clear();
                head.version = http::Version::HTTP_2;
                Response::from_parts(head, body)
            }
            Err(why) => unreachable(&why),
        }
    }

    /// Answers a review of Portico's own rights with no where the document does not allow it, so that Portico shows what
    /// is missing before somebody runs into it. `None`: the API server answers.
    fn review(&self, info: &RequestInfo, body: &[u8]) -> Option<Response<AgentBody>> {
        let Target::Resource { resource, .. } = &info.target else {
            return None;
        };
        if resource != "selfsubjectaccessreviews" || info.verb != "create" {
            return None;
        }
        let mut review: Value = serde_json::from_slice(body).ok()?;
        let asked = review.pointer("/spec/resourceAttributes")?;
        let text = |key: &str| {
            asked
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let resource = text("resource")?;
        let resource =
            text("subresource").map_or_else(|| resource.to_owned(), |sub| format!("{resource}/{sub}"));
        let group = text("group").unwrap_or_default();
        let spec = &self.agent.spec;
        let is_allowed = match text("verb")? {
            "impersonate" => spec.impersonate,
            // They are no calls: the API server alone decides.
            "bind" | "escalate" => return None,
            verb => has_rule(spec, verb, group, &resource, text("namespace")),
        };
        if is_allowed {
            return None;
        }
        review["status"] = json!({ "allowed": false, "reason": "the agent's document does not allow it" });
        let mut response = Response::new(full(review.to_string().into()));
        *response.status_mut() = StatusCode::CREATED;
        as_json(&mut response);
        Some(response)
    }

    fn refuse(&self, method: &Method, path: &str, why: &str) -> Response<AgentBody> {
        let plane = self.agent.name.as_str();
        let shown: String = path
            .split('?')
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        tracing::warn!(%method, path = %shown, why, "a call was refused");
        let mut refused = self.refused.lock();
        refused.0 += 1;
        refused.1 = Some(RefusedCall {
            at: Timestamp::now(),
            message: format!("{method} {shown}: {why}"),
        });
        drop(refused);
        let message = format!("the agent of {plane} refused it: {why}");
        status(StatusCode::FORBIDDEN, "Forbidden", &message)
    }
}

fn unreachable(why: &str) -> Response<AgentBody> {
    tracing::warn!(why, "the control plane cannot be reached");
    let message = format!("its agent cannot reach it: {why}");
    status(StatusCode::BAD_GATEWAY, "ServiceUnavailable", &message)
}

fn passed_on(given: &HeaderMap) -> HeaderMap {
    let mut headers = only(given, &REQUEST_HEADERS);
    for (name, value) in given {
        if name.as_str().starts_with("impersonate-") {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn only(given: &HeaderMap, names: &[header::HeaderName]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in names {
        for value in given.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// A `Status` of Kubernetes.
fn status(code: StatusCode, reason: &str, message: &str) -> Response<AgentBody> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    let mut response = Response::new(full(Bytes::from(body.to_string())));
    *response.status_mut() = code;
    as_json(&mut response);
    response
}

fn as_json(response: &mut Response<AgentBody>) {
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
}
