//! Issues certificates: the first for a token, another one for the one before.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use portico_domain::names::PlaneName;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::authority::Authority;
use crate::identity::Identity;
use crate::protocol::{
    CertificateError, CertificateRequest, CertificateResponse, ENROLMENT, MAX_MESSAGE_BYTES, RENEWAL,
};
use crate::registrar::{NewAgent, Refusal, Registrar};
use crate::token::EnrolmentToken;

/// What is needed to issue a certificate.
pub(crate) struct Issuing {
    pub(crate) authority: Arc<Authority>,
    pub(crate) registrar: Arc<dyn Registrar>,
    pub(crate) validity: SignedDuration,
    pub(crate) remote: SocketAddr,
    /// Whom the certificate of the connection names, if there is one.
    pub(crate) identity: Option<Identity>,
}

/// Why a request is not answered with a certificate.
#[derive(Debug, thiserror::Error)]
enum NotIssued {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("this is not a request for a certificate")]
    Malformed,
    #[error("the certificate could not be made")]
    Failed,
}

/// Serves one request.
pub(crate) async fn serve(tls: TlsStream<TcpStream>, issuing: Issuing) {
    let issuing = Arc::new(issuing);
    let service = service_fn(move |request| {
        let issuing = issuing.clone();
        async move { Ok::<_, Infallible>(respond(&issuing, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(5))
        .keep_alive(false)
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(tls), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a request for a certificate failed");
    }
}

async fn respond(issuing: &Issuing, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match issuing.issue(request).await {
        Ok(issued) => json(StatusCode::OK, &issued),
        Err(why) => {
            let status = match why {
                NotIssued::Refused(Refusal::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
                NotIssued::Refused(_) => StatusCode::FORBIDDEN,
                NotIssued::Malformed => StatusCode::BAD_REQUEST,
                NotIssued::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            };
            tracing::warn!(remote = %issuing.remote, %why, "an agent got no certificate");
            json(
                status,
                &CertificateError {
                    error: why.to_string(),
                },
            )
        }
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Full::new(bytes.into()));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

impl Issuing {
    async fn issue(&self, request: Request<Incoming>) -> Result<CertificateResponse, NotIssued> {
        let path = request.uri().path().to_owned();
        if request.method() != Method::POST {
            return Err(NotIssued::Malformed);
        }
        let body = Limited::new(request.into_body(), MAX_MESSAGE_BYTES);
        let bytes = body.collect().await.map_err(|_| NotIssued::Malformed)?.to_bytes();
        let wanted: CertificateRequest = serde_json::from_slice(&bytes).map_err(|_| NotIssued::Malformed)?;
        let plane: PlaneName = wanted.plane.parse().map_err(|_| Refusal::UnknownPlane)?;
        match (path.as_str(), &self.identity) {
            (ENROLMENT, _) => self.enrol(plane, &wanted).await,
            (RENEWAL, Some(identity)) if identity.plane == plane => {
                self.renew(identity, &wanted.request).await
            }
            (RENEWAL, _) => Err(Refusal::Certificate.into()),
            _ => Err(NotIssued::Malformed),
        }
    }

    async fn enrol(
        &self,
        plane: PlaneName,
        wanted: &CertificateRequest,
    ) -> Result<CertificateResponse, NotIssued> {
        let token: EnrolmentToken = wanted
            .token
            .as_deref()
            .and_then(|token| token.parse().ok())
            .ok_or(Refusal::Token)?;
        let id = Uuid::now_v7();
        let (response, agent) = self.sign(plane, id, &wanted.request)?;
        self.registrar.enrol(token.digest(), agent).await?;
        Ok(response)
    }

    async fn renew(&self, identity: &Identity, request: &str) -> Result<CertificateResponse, NotIssued> {
        let (response, agent) = self.sign(identity.plane.clone(), identity.agent, request)?;
        self.registrar.renew(agent).await?;
        Ok(response)
    }

    /// Makes the certificate. It is given away only when the registrar agrees.
    fn sign(
        &self,
        plane: PlaneName,
        id: Uuid,
        request: &str,
    ) -> Result<(CertificateResponse, NewAgent), NotIssued> {
        let now = Timestamp::now();
        let issued = self
            .authority
            .issue_agent(request, &plane, id, now, self.validity)
            .map_err(|error| match error {
                crate::authority::AuthorityError::Request => NotIssued::Malformed,
                error => {
                    tracing::error!(%error, "the certificate of an agent could not be made");
                    NotIssued::Failed
                }
            })?;
        let agent = NewAgent {
            id,
            plane,
            remote: self.remote.ip().to_canonical().to_string(),
            certificate_expires_at: issued.expires_at,
        };
        let response = CertificateResponse {
            certificate: issued.certificate,
            authority: self.authority.certificate_pem().to_owned(),
        };
        Ok((response, agent))
    }
}
