//! What Portico and an agent tell each other besides the calls to the control plane.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The authority of the URI of calls that are for the control plane.
pub(crate) const CONTROL_PLANE: &str = "control-plane";
/// … and of those for the agent itself.
pub(crate) const AGENT: &str = "agent";
/// The path of [`Hello`].
pub(crate) const HELLO: &str = "/hello";
/// The path of a request for a first certificate.
pub(crate) const ENROLMENT: &str = "/enrolment";
/// The path of a request for another certificate.
pub(crate) const RENEWAL: &str = "/renewal";
/// Longest of these messages, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 32 << 10;

/// What Portico tells an agent at once and then every few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hello {
    /// The replica that this connection leads to.
    pub(crate) replica: Uuid,
    /// All replicas that are alive: the agent connects to each.
    pub(crate) replicas: Vec<Uuid>,
    /// Why Portico ends the connection, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
}

/// What an agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentReport {
    /// The version of the program.
    pub(crate) version: String,
    /// Calls that it refused since it started.
    pub(crate) refused: u64,
    /// The last of them.
    pub(crate) last_refused: Option<RefusedCall>,
}

/// A call that an agent did not let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCall {
    /// When.
    pub at: Timestamp,
    /// What it was, and which rule is missing.
    pub message: String,
}

/// A request for a certificate.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CertificateRequest {
    /// The control plane in the agent's document.
    pub(crate) plane: String,
    /// The token, for the first certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The request (PKCS #10) in PEM.
    pub(crate) request: String,
}

/// A certificate.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CertificateResponse {
    /// The certificate in PEM.
    pub(crate) certificate: String,
    /// That of the authority, in PEM.
    pub(crate) authority: String,
}

/// Why there is no certificate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CertificateError {
    /// For a person.
    pub(crate) error: String,
}
