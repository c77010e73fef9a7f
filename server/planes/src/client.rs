//! The HTTP client of a control plane, bounded in time and bytes.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use portico_domain::documents::{ActAs, ControlPlane, Limits, PassedOn};
use serde_json::Value;

use crate::actor::{Actor, impersonation};
use crate::clock::ClockOffset;
use crate::cluster::ClusterCheck;
use crate::connect::{
    Clients, Connection, Credential, OpenedConnections, ServerAddress, WatchSlot, WorkspaceAddress, explain,
    needs_connection, over_known_connections, sign_in_error,
};
use crate::error::PlaneError;

/// Longest response that is read, in bytes.
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;
/// Longest error response that is read, in bytes.
const MAX_ERROR_BYTES: usize = 256 * 1024;

/// A control plane's client and its limits. Cheap to clone, and small: each watch has one.
#[derive(Clone)]
pub(crate) struct ApiClient(Arc<Parts>);

/// What a client is made of.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The control plane's name in errors.
    pub(crate) title: Arc<str>,
    pub(crate) limits: Limits,
    http: Clients,
    connections: Arc<OpenedConnections>,
    credential: Arc<Credential>,
    /// Which of a person's groups are passed on; `None`: calls are made as Portico.
    passed_on: Option<PassedOn>,
    /// Impersonation headers of the kubeconfig for Portico's own calls.
    impersonation: Arc<HeaderMap>,
    pub(crate) address: Arc<ServerAddress>,
    /// Checks that the right cluster answers; `None`: whichever does.
    cluster: Option<Arc<ClusterCheck>>,
    /// The workspace of kcp that the control plane is.
    workspace: Option<Arc<WorkspaceAddress>>,
    /// What the paths of calls begin with.
    prefix: Arc<str>,
    /// What its responses say of its clock.
    clock: Arc<ClockOffset>,
}

impl Deref for ApiClient {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for ApiClient {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// An HTTP request to a control plane.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// The path and query.
    pub(crate) path: String,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    pub(crate) accept: &'static str,
    pub(crate) actor: Option<&'a Actor>,
    pub(crate) limit: usize,
    /// It may be sent to whichever cluster answers.
    pub(crate) unchecked: bool,
}

impl<'a> Call<'a> {
    /// A `GET` as Portico.
    pub(crate) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            accept: "application/json",
            actor: None,
            limit: MAX_RESPONSE_BYTES,
            unchecked: false,
        }
    }

    /// May be sent before it is known that the right cluster answers.
    pub(crate) fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    pub(crate) fn acting_as(mut self, actor: &'a Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Limits the response to this many bytes.
    pub(crate) fn max_bytes(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn with_body(mut self, method: Method, kind: &'static str, body: &Value) -> Self {
        self.method = method;
        self.body = Some((kind, body.to_string().into_bytes()));
        self
    }

    pub(crate) fn post(path: String, body: &Value) -> Self {
        Self::get(path).with_body(Method::POST, "application/json", body)
    }
}

impl ApiClient {
    pub(crate) fn new(title: String, connection: Connection, document: &ControlPlane) -> Self {
        let parts = Parts {
            title: title.into(),
            limits: document.spec.limits.clone(),
            prefix: connection
                .workspace
                .as_ref()
                .map_or_else(|| "".into(), |workspace| workspace.prefix.clone()),
            workspace: connection.workspace.map(Arc::new),
            http: connection.http,
            connections: connection.opened,
            credential: connection.credential,
            passed_on: match &document.spec.act_as {
                ActAs::Portico => None,
                ActAs::Person(passed_on) => Some(passed_on.clone()),
            },
            impersonation: Arc::new(connection.impersonation),
            address: Arc::new(connection.address),
            cluster: None,
            clock: Arc::default(),
        };
        parts.into()
    }

    /// Checks before each call that the right cluster answers.
    pub(crate) fn checking(self, cluster: ClusterCheck) -> Self {
        let parts = Parts {
            cluster: Some(Arc::new(cluster)),
            ..Parts::clone(&self)
        };
        parts.into()
    }

    /// Asks which cluster answers, and fails if it is not the right one, or does not accept the credentials. False if
    /// any cluster is right, so that it was not asked.
    pub(crate) async fn check_cluster(&self) -> Result<bool, PlaneError> {
        match &self.cluster {
            Some(cluster) => cluster.now(self).await,
            None => Ok(false),
        }
    }

    /// The workspace of kcp that the control plane is.
    pub(crate) fn workspace(&self) -> Option<&WorkspaceAddress> {
        self.workspace.as_deref()
    }

    /// A client for another workspace of the same kcp, by path or logical cluster.
    pub(crate) fn in_workspace(&self, path: &str) -> Self {
        let parts = Parts {
            prefix: format!("/clusters/{path}").into(),
            cluster: None,
            ..Parts::clone(self)
        };
        parts.into()
    }

    /// A client for an address that kcp publishes, such as that of a virtual workspace. Why not, in words, if it is not one
    /// that Portico's credentials may be sent to.
    pub(crate) fn at_endpoint(&self, url: &str) -> Result<Self, String> {
        let address: Uri = url.parse().map_err(|_| format!("{url} is not an address"))?;
        let workspace = self.workspace().ok_or("it is no workspace of kcp")?;
        let root = format!(
            "{}://{}",
            address.scheme_str().unwrap_or_default(),
            address.authority().map_or("", http::uri::Authority::as_str)
        );
        let root: Uri = root.parse().map_err(|_| format!("{url} is not an address"))?;
        let http = workspace.client.elsewhere(&root).ok_or_else(|| {
            format!(
                "{url} is on another host than the kubeconfig's server, and the kubeconfig names no certificate authority: \
                 Portico's credentials are not sent there"
            )
        })?;
        let parts = Parts {
            // It is no control plane's own.
            title: format!("the endpoint {url}").into(),
            http,
            cluster: None,
            prefix: address.path().trim_end_matches('/').into(),
            ..Parts::clone(self)
        };
        Ok(parts.into())
    }

    /// Why the credentials cannot be renewed, although they may still be valid.
    pub(crate) fn sign_in_problem(&self) -> Option<String> {
        self.credential.renewal_error()
    }

    /// True if connections notice by themselves that nobody answers any more, and end.
    pub(crate) fn notices_silence(&self) -> bool {
        self.connections.check_themselves()
    }

    /// When the first of the certificates expires.
    pub(crate) fn certificate_expires_at(&self) -> Option<Timestamp> {
        self.connections.earliest_expiry()
    }

    /// How far its clock is ahead of Portico's; negative if it is behind.
    pub(crate) fn clock_offset(&self) -> SignedDuration {
        self.clock.get()
    }

    /// The time limit for one call.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.limits.timeout_seconds.clamp(1, 300))
    }

    /// Sends a call and parses the response as JSON. The status says whether an object was created.
    pub(crate) async fn request_json(&self, call: Call<'_>) -> Result<(StatusCode, Value), PlaneError> {
        let (status, bytes) = self.request_bytes(call).await?;
        let value = serde_json::from_slice(&bytes).map_err(|error| self.not_json(&error))?;
        Ok((status, value))
    }

    /// Sends a call and reads the response.
    async fn request_bytes(&self, call: Call<'_>) -> Result<(StatusCode, Vec<u8>), PlaneError> {
        let limit = call.limit;
        let (status, body) = self.request_bytes_within(call).await?;
        body.map(|bytes| (status, bytes))
            .ok_or_else(|| self.too_long(limit))
    }

    /// Sends a call and reads the response; `None` if it is longer than the call's limit.
    pub(crate) async fn request_bytes_within(
        &self,
        call: Call<'_>,
    ) -> Result<(StatusCode, Option<Vec<u8>>), PlaneError> {
        let limit = call.limit;
        // However many workspaces of one kcp there are, it is not asked everything at once.
        // A look at who answers is part of the call that it precedes.
        let _turn = match self.workspace().filter(|_| !call.unchecked) {
            Some(workspace) => workspace.client.calls.acquire().await.ok(),
            None => None,
        };
        let asking = async {
            let (status, mut body) = self.send(self.http.for_calls(), call).await?;
            Ok((status, self.read(&mut body, limit).await?))
        };
        self.with_timeout(asking).await
    }

    /// Opens a watch: sends a call and returns the response body unread. The timeout covers only the head. The slot is to be
    /// held as long as the body.
    pub(crate) async fn watch(&self, call: Call<'_>) -> Result<(Body, WatchSlot), PlaneError> {
        let (http, slot) = self.http.for_watch();
        let (_, body) = self.with_timeout(self.send(&http, call)).await?;
        Ok((body, slot))
    }

    fn with_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, PlaneError>>,
    ) -> impl Future<Output = Result<T, PlaneError>> {
        let after = self.timeout();
        // Boxed, and before the future that has it: a call takes moments, but the room for it in the state of a task that
        // watches would be kept its life long.
        let work = Box::pin(tokio::time::timeout(after, work));
        async move {
            let timeout = |_| PlaneError::Timeout {
                plane: self.title.to_string(),
                after,
            };
            work.await.map_err(timeout).flatten()
        }
    }

    async fn send(&self, http: &kube::Client, call: Call<'_>) -> Result<(StatusCode, Body), PlaneError> {
        let cluster = self
            .cluster
            .as_ref()
            .filter(|cluster| !call.unchecked && cluster.is_checked());
        if let Some(cluster) = cluster {
            // Boxed, since it makes a call itself.
            Box::pin(cluster.before(&call.method, self)).await?;
        }
        let sent_at = Timestamp::now();
        let sent = match cluster.filter(|_| call.method != Method::GET) {
            None => http.send(self.request(&call)?).await,
            Some(cluster) => Box::pin(self.send_to_known(http, &call, cluster)).await?,
        };
        let response = sent.map_err(|error| self.connection_error(&error))?;
        let (head, mut body) = response.into_parts();
        self.clock.note(&head.headers, sent_at, Timestamp::now());
        if head.status.is_success() {
            return Ok((head.status, body));
        }
        let body_bytes = self.read(&mut body, MAX_ERROR_BYTES).await;
        let body_bytes = body_bytes.ok().flatten().unwrap_or_default();
        Err(self.error_response(head.status.as_u16(), retry_after(&head.headers), &body_bytes))
    }

    /// Sends a call that writes over no connection that is opened for it, since another cluster may be at its end: a look
    /// at who answers opens one. Only where connections are closed after each answer, the call has one of its own right
    /// after a look.
    async fn send_to_known(
        &self,
        http: &kube::Client,
        call: &Call<'_>,
        cluster: &ClusterCheck,
    ) -> Result<Result<Response<Body>, kube::Error>, PlaneError> {
        // A connection is free again a moment after the answer.
        for pause in [1, 2, 5, 10, 20, 50, 100] {
            let sent = over_known_connections(http.send(self.request(call)?)).await;
            match sent {
                Err(error) if needs_connection(&error) => {
                    Box::pin(cluster.now(self)).await?;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                sent => return Ok(sent),
            }
        }
        Ok(http.send(self.request(call)?).await)
    }

    /// The HTTP request of a call.
    fn request(&self, call: &Call<'_>) -> Result<Request<Body>, PlaneError> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.prefix, call.path))
            .header(header::ACCEPT, call.accept);
        let body = match &call.body {
            Some((kind, bytes)) => {
                request = request.header(header::CONTENT_TYPE, *kind);
                Body::from(bytes.clone())
            }
            None => Body::empty(),
        };
        let mut request = request
            .body(body)
            .map_err(|_| self.invalid_response("the request cannot be sent"))?;
        request
            .headers_mut()
            .extend(self.impersonation_headers(call.actor)?);
        Ok(request)
    }

    /// The error for an error response, with Portico's credentials hidden.
    pub(crate) fn error_response(
        &self,
        status: u16,
        retry_after: Option<Duration>,
        body_bytes: &[u8],
    ) -> PlaneError {
        let text = self.credential.hide(&String::from_utf8_lossy(body_bytes));
        PlaneError::from_response(&self.title, status, retry_after, text.as_bytes())
    }

    /// Impersonation headers of a call.
    fn impersonation_headers(&self, actor: Option<&Actor>) -> Result<HeaderMap, PlaneError> {
        let (Some(actor), Some(passed_on)) = (actor, &self.passed_on) else {
            return Ok(HeaderMap::clone(&self.impersonation));
        };
        impersonation(actor, passed_on).map_err(|_| PlaneError::Forbidden {
            plane: self.title.to_string(),
            message: "your name at the identity provider has characters that cannot be passed on to it"
                .to_owned(),
        })
    }

    /// Reads a body; `None` if it is longer than the limit.
    async fn read(&self, body: &mut Body, limit: usize) -> Result<Option<Vec<u8>>, PlaneError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(body).await? {
            if bytes.len().saturating_add(chunk.len()) > limit {
                return Ok(None);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }

    /// The error for a response longer than `limit` bytes.
    pub(crate) fn too_long(&self, limit: usize) -> PlaneError {
        self.invalid_response(&format!("the response is longer than {limit} bytes"))
    }

    /// The next chunk of a body; `None` at the end.
    pub(crate) async fn chunk(&self, body: &mut Body) -> Result<Option<Bytes>, PlaneError> {
        loop {
            match body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(self.connection_error(&error)),
            }
        }
    }

    /// The error for a response that makes no sense.
    pub(crate) fn invalid_response(&self, message: &str) -> PlaneError {
        PlaneError::InvalidResponse {
            plane: self.title.to_string(),
            message: portico_domain::text::sanitize(message),
        }
    }

    /// The error for a response that is not JSON. Leaves out the parser's text, which may quote the response.
    pub(crate) fn not_json(&self, error: &serde_json::Error) -> PlaneError {
        self.invalid_response(&format!(
            "it is not JSON at line {}, column {}",
            error.line(),
            error.column()
        ))
    }

    fn connection_error(&self, error: &(dyn std::error::Error + 'static)) -> PlaneError {
        let plane = self.title.to_string();
        match sign_in_error(error) {
            Some(why) => PlaneError::Misconfigured {
                plane,
                message: why.to_string(),
            },
            None => PlaneError::Unreachable {
                plane,
                message: explain(error).to_owned(),
            },
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}
