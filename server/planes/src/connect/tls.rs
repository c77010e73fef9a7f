//! TLS to a control plane: trusted authorities, client certificate, verification.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::problem::SetUpError;
use crate::certificate::validity;

/// Which certificates are trusted.
pub(super) enum Trust {
    /// Those signed by these authorities, and these themselves.
    Authorities(Vec<CertificateDer<'static>>),
    /// Those that the system trusts.
    System,
    /// All.
    Nothing,
}

impl Trust {
    /// Reads a PEM file of authorities. Skips invalid ones as Go does, unless none is left.
    pub(super) fn authorities(pem: &[u8]) -> Result<Self, &'static str> {
        let all: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .filter_map(Result::ok)
            .collect();
        let usable: Vec<_> = all.into_iter().filter(|der| validity(der).is_some()).collect();
        if usable.is_empty() {
            return Err("holds no certificate in PEM");
        }
        Ok(Self::Authorities(usable))
    }

    /// The authorities in PEM; `None` if there are none of its own.
    pub(super) fn pem(&self) -> Option<String> {
        let Self::Authorities(given) = self else {
            return None;
        };
        Some(given.iter().map(certificate_pem).collect())
    }

    /// True unless every certificate is trusted.
    pub(super) fn is_checked(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The verifier of server certificates.
    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, SetUpError> {
        match self {
            Self::Authorities(given) => {
                let mut roots = RootCertStore::empty();
                let (added, _) = roots.add_parsable_certificates(given.iter().cloned());
                if added == 0 {
                    return Err(SetUpError::new(
                        "none of its authorities' certificates can be used",
                    ));
                }
                let by_authority =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                        .build()
                        .map_err(|_| SetUpError::new("its authorities' certificates cannot be used"))?;
                Ok(Arc::new(Authorities {
                    by_authority,
                    given: given.clone(),
                }))
            }
            Self::System => {
                let verifier = rustls_platform_verifier::Verifier::new(provider.clone())
                    .map_err(|_| SetUpError::new("this machine has no certificates that it trusts"))?;
                Ok(Arc::new(verifier))
            }
            Self::Nothing => Ok(Arc::new(Unchecked(provider.clone()))),
        }
    }
}

/// RFC 7468: base64 in lines of 64 characters.
fn certificate_pem(der: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// A client certificate with its key.
#[derive(Clone)]
pub(super) struct Identity(pub(super) Arc<CertifiedKey>);

impl Identity {
    /// The certificates in a PEM text.
    pub(super) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match chain {
            Ok(chain) if chain.is_empty() => Err("holds no certificate in PEM"),
            Ok(chain) if chain.iter().any(|der| validity(der).is_none()) => {
                Err("holds a certificate that is damaged")
            }
            Ok(chain) => Ok(chain),
            Err(_) => Err("holds a certificate that is damaged"),
        }
    }

    /// A certificate chain and its private key in PEM.
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, key: &[u8]) -> Result<Self, &'static str> {
        let encrypted = key.windows(9).any(|part| part == b"ENCRYPTED");
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            if encrypted {
                "holds a key that is encrypted: nobody could be asked for its password"
            } else {
                "holds no private key in PEM"
            }
        })?;
        match CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()) {
            Ok(pair) => Ok(Self(Arc::new(pair))),
            Err(Error::InconsistentKeys(_)) => Err("does not belong to the client certificate"),
            Err(_) => Err("holds a private key of a kind that cannot be used, or a damaged one"),
        }
    }

    /// False if one of its certificates is valid only later.
    pub(super) fn has_begun(&self, now: Timestamp) -> bool {
        let mut begins = self.0.cert.iter().filter_map(|der| Some(validity(der)?.0));
        begins.all(|begin| begin <= now)
    }

    /// When the first of its certificates expires.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.0.cert.iter().filter_map(|der| Some(validity(der)?.1)).min()
    }
}

/// The client certificate to present; a plugin may replace it.
#[derive(Default)]
pub(super) struct ClientCertificate(pub(super) ArcSwapOption<CertifiedKey>);

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate")
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }

    fn has_certs(&self) -> bool {
        self.0.load().is_some()
    }
}

/// The TLS configuration for a control plane.
pub(super) fn client_config(
    trust: &Trust,
    shown: Arc<ClientCertificate>,
) -> Result<ClientConfig, SetUpError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = trust.verifier(&provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| SetUpError::new("TLS does not work here"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(shown);
    // There is one server, and few connections to it.
    config.resumption = Resumption::in_memory_sessions(2);
    Ok(config)
}

/// Trusts certificates signed by the authorities and, as Go does, the given certificates themselves: many kubeconfigs
/// contain the server's own certificate instead of its authority's.
#[derive(Debug)]
struct Authorities {
    by_authority: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Checks the name and validity of a server certificate that is trusted directly.
    fn by_itself(der: &CertificateDer<'_>, server: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
        let bad = || Error::InvalidCertificate(CertificateError::BadEncoding);
        let (not_before, not_after) = validity(der).ok_or_else(bad)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > not_after.as_second() {
            return Err(CertificateError::Expired.into());
        }
        if now < not_before.as_second() {
            return Err(CertificateError::NotValidYet.into());
        }
        verify_server_name(&ParsedCertificate::try_from(der)?, server)
    }
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict =
            self.by_authority
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if verdict.is_err() && self.given.contains(end_entity) {
            Self::by_itself(end_entity, server_name, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

/// Accepts every certificate, for `insecure-skip-tls-verify`. Administrators are warned.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
