//! The authority for certificates: those of agents, and those with which Portico shows itself to them. Its private key is a
//! file of the operator and is never in the database.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::names::PlaneName;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::identity::agent_uri;

/// The name of Portico in its certificate for agents. They check it, whatever address they connect to.
pub(crate) const PORTICO_NAME: &str = "agents.portico.internal";

/// How long the authority's own certificate is valid.
const AUTHORITY_VALIDITY: Duration = Duration::from_hours(10 * 365 * 24);
/// How long Portico's own certificate is valid. It is issued anew at half of that.
pub(crate) const SERVER_VALIDITY: SignedDuration = SignedDuration::from_hours(24);
/// Certificates begin this long ago, since clocks differ.
pub(crate) const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The authority.
pub struct Authority {
    pub(crate) certificate: CertificateDer<'static>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Why the authority cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The file has no certificate.
    #[error("the certificate's file holds no certificate in PEM")]
    NoCertificate,
    /// The certificate cannot sign others.
    #[error("the certificate is not that of an authority (CA:TRUE, keyCertSign)")]
    NotAnAuthority,
    /// It has run out.
    #[error("the certificate has run out, or is not valid yet")]
    RunOut,
    /// The key cannot be used.
    #[error("the key's file holds no private key in PEM (PKCS #8)")]
    NoKey,
    /// The key is another one's.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Make(String),
    /// The request of an agent is not valid.
    #[error("this is not a signed request for a certificate")]
    Request,
}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Make(error.to_string())
    }
}

/// A certificate that was issued to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) expires_at: Timestamp,
}

impl Authority {
    /// Makes a new authority: its certificate and its private key, in PEM.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn create(now: Timestamp) -> Result<(String, String), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params(
            "Portico agents",
            now,
            AUTHORITY_VALIDITY.try_into().unwrap_or(SERVER_VALIDITY),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
    }

    /// Reads an authority from PEM.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(certificate_pem: &str, key_pem: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| AuthorityError::NoCertificate)?;
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityError::NoKey)?;
        let (_, parsed) =
            x509_parser::parse_x509_certificate(&certificate).map_err(|_| AuthorityError::NoCertificate)?;
        let may_sign = parsed
            .key_usage()
            .ok()
            .flatten()
            .is_none_or(|usage| usage.value.key_cert_sign());
        if !parsed.is_ca() || !may_sign {
            return Err(AuthorityError::NotAnAuthority);
        }
        let validity = parsed.validity();
        let seconds = now.as_second();
        if !(validity.not_before.timestamp()..validity.not_after.timestamp()).contains(&seconds) {
            return Err(AuthorityError::RunOut);
        }
        if parsed.public_key().raw != key.subject_public_key_info().as_slice() {
            return Err(AuthorityError::OtherKey);
        }
        let certificate_pem = pem("CERTIFICATE", &certificate);
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&certificate, key)?,
            certificate,
            certificate_pem,
        })
    }

    /// SHA-256 of its certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.certificate)
    }

    /// Its certificate in PEM.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a certificate to an agent. Of the request only the key is taken: what the agent is called, Portico says.
    pub(crate) fn issue_agent(
        &self,
        request_pem: &str,
        plane: &PlaneName,
        agent: Uuid,
        now: Timestamp,
        validity: SignedDuration,
    ) -> Result<Issued, AuthorityError> {
        let request = CertificateSigningRequestDer::from_pem_slice(request_pem.as_bytes())
            .map_err(|_| AuthorityError::Request)?;
        let request =
            CertificateSigningRequestParams::from_der(&request).map_err(|_| AuthorityError::Request)?;
        let mut params = params(plane.as_str(), now, validity);
        let uri = agent_uri(plane, agent).as_str().try_into()?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&request.public_key, &self.issuer)?;
        Ok(Issued {
            certificate: certificate.pem(),
            expires_at: now.saturating_add(validity).unwrap_or(now),
        })
    }

    /// Issues a certificate with which Portico shows itself to agents.
    pub(crate) fn issue_server(
        &self,
        now: Timestamp,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params("Portico", now, SERVER_VALIDITY);
        params.subject_alt_names = vec![SanType::DnsName(PORTICO_NAME.try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), key.into()))
    }
}

/// SHA-256 of a certificate.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

fn params(name: &str, now: Timestamp, validity: SignedDuration) -> CertificateParams {
    let at = |time: Timestamp| {
        time::OffsetDateTime::from_unix_timestamp(time.as_second())
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(now.saturating_sub(CLOCK_SKEW).unwrap_or(now));
    params.not_after = at(now.saturating_add(validity).unwrap_or(now));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let mut serial: [u8; 16] = rand::random();
    // Positive, and of full length.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}

/// DER as PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_authority_can_be_read_again() {
        let now = Timestamp::now();
        let (certificate, key) = Authority::create(now).unwrap();
        let authority = Authority::load(&certificate, &key, now).unwrap();
        assert_eq!(
            authority.certificate_pem().replace('\r', ""),
            certificate.replace('\r', "")
        );
        let (_, other) = Authority::create(now).unwrap();
        let wrong = |certificate: &str, key: &str, now| Authority::load(certificate, key, now).err().unwrap();
        assert_eq!(wrong(&certificate, &other, now), AuthorityError::OtherKey);
        assert_eq!(wrong("", &key, now), AuthorityError::NoCertificate);
        assert_eq!(wrong(&certificate, &certificate, now), AuthorityError::NoKey);
        let late = now + SignedDuration::from_hours(11 * 366 * 24);
        assert_eq!(wrong(&certificate, &key, late), AuthorityError::RunOut);
    }

    #[test]
    fn an_agent_is_called_what_portico_says() {
        let now = Timestamp::now();
        let (certificate, key) = Authority::create(now).unwrap();
        let authority = Authority::load(&certificate, &key, now).unwrap();
        let own = KeyPair::generate().unwrap();
        let mut asks = CertificateParams::new(vec!["agents.portico.internal".to_owned()]).unwrap();
        asks.subject_alt_names
            .push(SanType::URI("portico://agents/other/x".try_into().unwrap()));
        asks.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let request = asks.serialize_request(&own).unwrap().pem().unwrap();
        let plane = "eu-3".parse().unwrap();
        let agent = Uuid::now_v7();
        let validity = SignedDuration::from_hours(1);
        match authority.issue_agent(&request, &plane, agent, now, validity) {
            // A request for an authority is refused as a whole, or only its key is taken.
            Err(error) => assert_eq!(error, AuthorityError::Request),
            Ok(issued) => {
                let der = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
                let identity = crate::identity::Identity::of(&der).unwrap();
                assert_eq!((identity.plane, identity.agent), (plane.clone(), agent));
            }
        }
        let refused = authority.issue_agent("nonsense", &plane, agent, now, validity);
        assert_eq!(refused, Err(AuthorityError::Request));
    }

    #[test]
    fn a_certificate_for_an_authority_must_be_able_to_sign() {
        let now = Timestamp::now();
        let key = KeyPair::generate().unwrap();
        let leaf = params("leaf", now, SERVER_VALIDITY).self_signed(&key).unwrap();
        let loaded = Authority::load(&leaf.pem(), &key.serialize_pem(), now);
        assert_eq!(loaded.err(), Some(AuthorityError::NotAnAuthority));
    }
}
