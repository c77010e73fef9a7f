//! TLS between agents and Portico: 1.3 only, certificates of the authority on both sides.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::authority::{Authority, AuthorityError, PORTICO_NAME, SERVER_VALIDITY, fingerprint};

/// What a connection is for (ALPN): calls from Portico to the agent, over HTTP/2 with the roles turned round …
pub(crate) const CALLS: &[u8] = b"portico-calls/1";
/// … or one call from the agent to Portico for a certificate, over HTTP/1.1.
pub(crate) const CERTIFICATES: &[u8] = b"portico-certificates/1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(authority: &CertificateDer<'static>) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    Ok(Arc::new(roots))
}

/// The side of Portico. Clients without a certificate get through the handshake: what they may do is decided afterwards.
pub(crate) fn server_config(authority: &Arc<Authority>) -> Result<ServerConfig, AuthorityError> {
    let failed = |error: Error| AuthorityError::Make(error.to_string());
    let roots = roots(&authority.certificate).map_err(failed)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .allow_unauthenticated()
        .build()
        .map_err(|error| AuthorityError::Make(error.to_string()))?;
    let resolver = Resolver {
        authority: authority.clone(),
        current: Mutex::default(),
    };
    // What is wrong with it shall show at start.
    resolver.fresh()?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![CALLS.to_vec(), CERTIFICATES.to_vec()];
    // A resumed session would skip the check of the certificate's end.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Portico's own certificate, issued anew in time.
struct Resolver {
    authority: Arc<Authority>,
    current: Mutex<Option<(Arc<CertifiedKey>, Timestamp)>>,
}

impl Resolver {
    fn fresh(&self) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let now = Timestamp::now();
        let mut current = self.current.lock();
        if let Some((key, since)) = &*current
            && now.duration_since(*since).abs() < SERVER_VALIDITY / 2
        {
            return Ok(key.clone());
        }
        let (certificate, key) = self.authority.issue_server(now)?;
        // The authority comes along, for agents that know only its fingerprint.
        let chain = vec![certificate, self.authority.certificate.clone()];
        let key = CertifiedKey::from_der(chain, key, &provider())
            .map_err(|error| AuthorityError::Make(error.to_string()))?;
        let key = Arc::new(key);
        *current = Some((key.clone(), now));
        Ok(key)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.fresh()
            .inspect_err(|error| tracing::error!(%error, "no certificate for agents"))
            .ok()
    }
}

/// The side of an agent that has a certificate.
pub(crate) fn client_config(
    authority: &CertificateDer<'static>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    protocol: &[u8],
) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots(authority)?)
        .with_client_auth_cert(vec![certificate], key)?;
    Ok(finish(config, protocol))
}

/// The side of an agent that has only a token: it knows the authority by its fingerprint.
pub(crate) fn enrolling_config(authority: [u8; 32]) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ByFingerprint(authority)))
        .with_no_client_auth();
    Ok(finish(config, CERTIFICATES))
}

fn finish(mut config: ClientConfig, protocol: &[u8]) -> ClientConfig {
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    config
}

/// The name that every Portico has for agents.
pub(crate) fn portico_name() -> Result<ServerName<'static>, Error> {
    ServerName::try_from(PORTICO_NAME).map_err(|_| Error::General("the name is a constant".to_owned()))
}

/// Trusts the authority with this fingerprint, which must be in the chain.
#[derive(Debug)]
struct ByFingerprint([u8; 32]);

impl ServerCertVerifier for ByFingerprint {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| fingerprint(certificate) == self.0)
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots(&authority.clone().into_owned())?, provider())
                .build()
                .map_err(|_| Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        verifier.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
