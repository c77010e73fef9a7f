//! The CA, the server certificate and the token of a control plane.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::kube::storage::private_file::create_private;

/// Why a control plane has no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// A certificate could not be generated.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The credentials file could not be written or read.
    #[error("credentials cannot be kept: {0}")]
    Keep(#[from] io::Error),
    /// rustls rejected the certificate or key.
    #[error("a certificate cannot be used: {0}")]
    Use(#[from] rustls::Error),
    /// The credentials file is damaged.
    #[error("a kept certificate cannot be read: {0}")]
    Read(#[from] rustls::pki_types::pem::Error),
}

/// Certificates and token. They are stored beside the snapshot, so that they stay the same after a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// The portal's bearer token.
    pub(crate) token: String,
    /// The authority's certificate, in PEM.
    pub(crate) authority: String,
    certificate: String,
    key: String,
}

impl Credentials {
    /// Loads the credentials stored beside this snapshot, or generates new ones.
    pub(crate) fn obtain(
        name: &str,
        token: Option<String>,
        snapshot: Option<&Path>,
    ) -> Result<Self, CredentialsError> {
        let path = snapshot.map(beside);
        let kept = match &path {
            Some(path) => match fs::read(path) {
                Ok(bytes) => Some(serde_json::from_slice::<Self>(&bytes).map_err(io::Error::from)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let mut credentials = match kept {
            Some(kept) => kept,
            None => Self::make(name)?,
        };
        if let Some(token) = token {
            credentials.token = token;
        }
        if let Some(path) = &path {
            write_private(path, &serde_json::to_vec(&credentials).map_err(io::Error::from)?)?;
        }
        Ok(credentials)
    }

    /// Only a token, without certificates.
    pub(crate) fn without_certificate(token: Option<String>) -> Self {
        let token = token.unwrap_or_else(new_token);
        Self {
            token,
            authority: String::new(),
            certificate: String::new(),
            key: String::new(),
        }
    }

    fn make(name: &str) -> Result<Self, CredentialsError> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority
            .distinguished_name
            .push(DnType::CommonName, format!("{name} authority"));
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.not_after = rcgen::date_time_ymd(last_year(), 1, 1);
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);
        let mut server = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
        server.distinguished_name.push(DnType::CommonName, name);
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        server.not_after = rcgen::date_time_ymd(last_year(), 1, 1);
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;
        Ok(Self {
            token: new_token(),
            authority: authority_certificate.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The TLS configuration of the server.
    pub(crate) fn tls(&self) -> Result<Arc<ServerConfig>, CredentialsError> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The CA certificate as kubeconfigs carry it, in base64.
    pub(crate) fn authority_data(&self) -> String {
        STANDARD.encode(&self.authority)
    }
}

/// The year when certificates expire: ten years from now.
fn last_year() -> i32 {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    i32::from(now.year()) + 10
}

fn new_token() -> String {
    hex::encode(rand::random::<[u8; 20]>())
}

fn beside(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.file_name().unwrap_or_default().to_owned();
    name.push(".credentials");
    snapshot.with_file_name(name)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    create_private(path)?.write_all(bytes)
}
