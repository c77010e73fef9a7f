//! Gets certificates from Portico.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use portico_domain::names::PlaneName;
use rcgen::{CertificateParams, KeyPair};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::state::Credentials;
use crate::protocol::{
    CertificateError, CertificateRequest, CertificateResponse, ENROLMENT, MAX_MESSAGE_BYTES, RENEWAL,
};
use crate::tls::{CERTIFICATES, enrolling_config, portico_name};
use crate::token::EnrolmentToken;

/// How long connecting may take, and how long one request.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrolError {
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
    /// Portico refused.
    #[error("Portico refused: {0}")]
    Refused(String),
    /// Portico is not the one that the token was made by.
    #[error("what answers at {0} is not the Portico that made the token: its authority is another one")]
    Impostor(String),
}

/// Enrols by a token.
pub(crate) async fn enrol(
    address: &str,
    plane: &PlaneName,
    token: &EnrolmentToken,
) -> Result<Credentials, EnrolError> {
    let config = enrolling_config(token.authority).map_err(later)?;
    let asked = CertificateRequest {
        plane: plane.to_string(),
        token: Some(token.text()),
        request: String::new(),
    };
    let (key, response) = request(address, config, ENROLMENT, asked).await?;
    Credentials::new(key, response.certificate, response.authority, token.digest())
        .ok_or_else(|| EnrolError::Later("the answer is no certificate".to_owned()))
}

/// Gets another certificate, for a new key.
pub(crate) async fn renew(address: &str, credentials: &Credentials) -> Result<Credentials, EnrolError> {
    let config = credentials.tls(CERTIFICATES).map_err(later)?;
    let asked = CertificateRequest {
        plane: credentials.identity.plane.to_string(),
        token: None,
        request: String::new(),
    };
    let (key, response) = request(address, config, RENEWAL, asked).await?;
    let authority = credentials.authority_pem().to_owned();
    Credentials::new(
        key,
        response.certificate,
        authority,
        credentials.token().to_owned(),
    )
    .filter(|new| new.identity.plane == credentials.identity.plane)
    .ok_or_else(|| EnrolError::Later("the answer is no certificate".to_owned()))
}

fn later(error: impl std::fmt::Display) -> EnrolError {
    EnrolError::Later(error.to_string())
}

/// Makes a key, and asks for a certificate for it.
async fn request(
    address: &str,
    config: ClientConfig,
    path: &str,
    mut asked: CertificateRequest,
) -> Result<(String, CertificateResponse), EnrolError> {
    let key = KeyPair::generate().map_err(later)?;
    let params = CertificateParams::default();
    asked.request = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(later)?;
    let body = serde_json::to_vec(&asked).map_err(later)?;
    let asking = async {
        let tls = dial(address, config).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await.map_err(later)?;
        let _connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "portico")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(later)?;
        let response = sender.send_request(request).await.map_err(later)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_MESSAGE_BYTES);
        let bytes = body
            .collect()
            .await
            .map_err(|error| later(error.to_string()))?
            .to_bytes();
        Ok::<_, EnrolError>((status, bytes))
    };
    let (status, bytes) = timeout(TIMEOUT, asking)
        .await
        .map_err(|_| EnrolError::Later(format!("{address} does not answer")))??;
    if status == StatusCode::OK {
        return Ok((
            key.serialize_pem(),
            serde_json::from_slice(&bytes).map_err(later)?,
        ));
    }
    let why = serde_json::from_slice(&bytes)
        .map_or_else(|_| status.to_string(), |CertificateError { error }| error);
    if status.is_client_error() {
        Err(EnrolError::Refused(why))
    } else {
        Err(EnrolError::Later(why))
    }
}

/// Connects to Portico.
pub(crate) async fn dial(address: &str, config: ClientConfig) -> Result<TlsStream<TcpStream>, EnrolError> {
    let failed = |error: std::io::Error| {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {
                EnrolError::Impostor(address.to_owned())
            }
            _ => EnrolError::Later(format!("{address}: {error}")),
        }
    };
    let connecting = async {
        let tcp = TcpStream::connect(address).await.map_err(failed)?;
        let _ = tcp.set_nodelay(true);
        let connector = TlsConnector::from(Arc::new(config));
        connector
            .connect(portico_name().map_err(later)?, tcp)
            .await
            .map_err(failed)
    };
    timeout(TIMEOUT, connecting)
        .await
        .unwrap_or_else(|_| Err(EnrolError::Later(format!("{address} does not answer"))))
}
