//! Control planes behind firewalls: calls to them go through an agent, which has connected to Portico. This module has the
//! two ends that know Kubernetes; `portico-agents` has what lies between.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
pub use kube::client::Body;
use portico_domain::documents::{ActAs, AgentConnection, Connection, ControlPlane, Limits};
use portico_domain::names::PlaneName;
use tokio::sync::watch;
use tower::{BoxError, Service};

use crate::connect::{
    Clients, Connected, SharedClients, Source, connect, explain, no_secrets, sign_in_error,
};
use crate::shared::Settings;

/// The body of a response that came through an agent.
pub type AgentBody = UnsyncBoxBody<Bytes, BoxError>;

/// Carries calls to the agents of control planes.
pub trait AgentTransport: Send + Sync {
    /// Sends a call to the control plane. Dropping the future or the body ends the call at the agent, too.
    fn send(
        &self,
        plane: &PlaneName,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<AgentBody>, AgentError>>;

    /// Reports a change when an agent of the control plane connects or disconnects.
    fn subscribe(&self, plane: &PlaneName) -> watch::Receiver<u64>;
}

/// Why a call could not be sent through an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// None is connected.
    #[error("no agent is connected")]
    NotConnected,
    /// The connection ended before the answer. The call may or may not have taken effect.
    #[error("the connection to its agent was cut")]
    Cut,
}

/// Sends the calls of one control plane.
#[derive(Clone)]
pub(crate) struct AgentService {
    /// `None`: this Portico does not listen for agents.
    pub(crate) transport: Option<Arc<dyn AgentTransport>>,
    pub(crate) plane: PlaneName,
}

impl Service<Request<Body>> for AgentService {
    type Response = Response<AgentBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<AgentBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Some(transport) = &self.transport else {
            return Box::pin(std::future::ready(Err(AgentError::NotConnected.into())));
        };
        let sent = transport.send(&self.plane, request);
        Box::pin(async move { Ok(sent.await?) })
    }
}

/// The control plane beside an agent, with the agent's credentials.
pub struct LocalPlane {
    http: Clients,
    source: Source,
}

impl LocalPlane {
    /// Reads the kubeconfig and makes the client; makes no call. Warnings about the connection are logged.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig. Contains nothing of a credential.
    pub async fn connect(name: &PlaneName, connection: &AgentConnection) -> Result<Self, String> {
        let connection = match connection.clone() {
            AgentConnection::Kubeconfig { path, context } => Connection::Kubeconfig { path, context },
            AgentConnection::InCluster {} => Connection::InCluster {},
        };
        let document = ControlPlane::bare(name.clone(), connection, ActAs::Portico, Limits::default());
        let connected = connect(
            &document,
            &Settings::default(),
            &no_secrets(),
            &SharedClients::default(),
        )
        .await;
        let Connected {
            connection,
            source,
            warnings,
        } = connected.map_err(|error| error.to_string())?;
        if !connection.impersonation.is_empty() {
            return Err("the kubeconfig: users[].user.as: an agent acts as itself".to_owned());
        }
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            http: connection.http,
            source,
        })
    }

    /// Sends a call, whose URI is a path and query.
    ///
    /// # Errors
    /// Why it could not be sent, in our words.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<AgentBody>, String> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, Body::from(body));
        let is_watch = request
            .uri()
            .query()
            .is_some_and(|query| query.contains("watch="));
        let (http, slot) = if is_watch {
            let (http, slot) = self.http.for_watch();
            (http, Some(slot))
        } else {
            (self.http.for_calls().clone(), None)
        };
        match http.send(request).await {
            Ok(response) => Ok(response.map(|body| {
                // The slot is held as long as the body.
                let body = body.map_err(move |error| holding(&slot, error));
                body.boxed_unsync()
            })),
            Err(error) => Err(match sign_in_error(&error) {
                Some(why) => why.to_string(),
                None => explain(&error).to_owned(),
            }),
        }
    }

    /// True if a file that the connection was made from has changed.
    pub async fn has_changed(&self) -> bool {
        self.source.has_changed(false).await
    }
}

/// Makes the closure that calls it keep `_held`.
fn holding<T>(_held: &T, error: impl Into<BoxError>) -> BoxError {
    error.into()
}

/// A body that is known already.
#[must_use]
pub fn full(bytes: Bytes) -> AgentBody {
    let never = |error: Infallible| match error {};
    http_body_util::Full::new(bytes).map_err(never).boxed_unsync()
}
