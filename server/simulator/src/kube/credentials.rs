//! What a control plane proves itself with, and lets others in by: certificates of an authority
//! of its own, and the portal's token.

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

/// Why a control plane has no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialsError {
    /// They could not be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// They could not be kept or read again.
    #[error("credentials cannot be kept: {0}")]
    Keep(#[from] io::Error),
    /// They are not what TLS can work with.
    #[error("a certificate cannot be used: {0}")]
    Use(#[from] rustls::Error),
    /// What was kept is damaged.
    #[error("a kept certificate cannot be read: {0}")]
    Read(#[from] rustls::pki_types::pem::Error),
}

/// Certificates and token; kept beside the snapshot, so that a restart changes nothing for clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    /// The portal's bearer token.
    pub(super) token: String,
    /// The authority's certificate, in PEM.
    pub(super) authority: String,
    certificate: String,
    key: String,
}

impl Credentials {
    /// Those that were kept beside this snapshot, or new ones.
    pub(super) fn obtain(
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

    /// A token alone.
    pub(super) fn without_certificate(token: Option<String>) -> Self {
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

    /// What speaks TLS with these.
    pub(super) fn tls(&self) -> Result<Arc<ServerConfig>, CredentialsError> {
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

    /// The authority as kubeconfigs carry it.
    pub(super) fn authority_data(&self) -> String {
        STANDARD.encode(&self.authority)
    }
}

/// The year in which certificates end, with its first day: longer than anybody keeps a demo.
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

/// An empty file that only its owner may read: there are keys and secrets in what is kept.
pub(super) fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
