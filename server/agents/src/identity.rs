//! Whom a certificate names.

use jiff::Timestamp;
use portico_domain::names::PlaneName;
use uuid::Uuid;
use x509_parser::extensions::GeneralName;

const SCHEME: &str = "portico://agents/";

/// An agent, as its certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The control plane that it may speak for, and no other.
    pub plane: PlaneName,
    /// The agent: it stays the same when the certificate is renewed.
    pub agent: Uuid,
    /// When the certificate runs out.
    pub expires_at: Timestamp,
}

/// The name of an agent in its certificate, a URI.
pub(crate) fn agent_uri(plane: &PlaneName, agent: Uuid) -> String {
    format!("{SCHEME}{}/{agent}", plane.as_str())
}

impl Identity {
    /// Reads a certificate that was verified. `None` if it names no agent, or more than one.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
            return None;
        };
        let (plane, agent) = uri.strip_prefix(SCHEME)?.split_once('/')?;
        Some(Self {
            plane: plane.parse().ok()?,
            agent: agent.parse().ok()?,
            expires_at: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
        })
    }
}

/// The period in which a certificate is valid.
pub(crate) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let validity = certificate.validity();
    let at = |seconds| Timestamp::from_second(seconds).ok();
    Some((
        at(validity.not_before.timestamp())?,
        at(validity.not_after.timestamp())?,
    ))
}
