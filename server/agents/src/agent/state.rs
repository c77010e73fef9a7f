//! What an agent keeps: its key and certificate, in one file, so that they always fit together.

use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::authority::CLOCK_SKEW;
use crate::identity::{Identity, validity};
use crate::tls::client_config;

/// The file.
const FILE: &str = "identity.json";

/// The folder.
pub(crate) struct StateFolder(PathBuf);

/// The content of the file. `Debug` would show the key, so there is none.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    key: String,
    certificate: String,
    authority: String,
    /// The digest of the token that it was enrolled with, which is not used again.
    token: String,
}

/// A key with its certificate.
#[derive(Clone)]
pub(crate) struct Credentials {
    stored: Stored,
    certificate: CertificateDer<'static>,
    authority: CertificateDer<'static>,
    pub(crate) identity: Identity,
    not_before: Timestamp,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("the folder {folder} of spec.state cannot be used: {error}")]
    Io { folder: String, error: io::Error },
    #[error("{0} holds no key and certificate of an agent: remove it, and enrol the agent with a new token")]
    Unreadable(String),
}

impl Credentials {
    /// Puts together what an enrolment or renewal brought.
    pub(crate) fn new(key: String, certificate: String, authority: String, token: String) -> Option<Self> {
        Self::of(Stored {
            key,
            certificate,
            authority,
            token,
        })
    }

    fn of(stored: Stored) -> Option<Self> {
        let read = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).ok();
        let certificate = read(&stored.certificate)?;
        let identity = Identity::of(&certificate)?;
        let (not_before, _) = validity(&certificate)?;
        Some(Self {
            authority: read(&stored.authority)?,
            certificate,
            identity,
            not_before,
            stored,
        })
    }

    /// The digest of the token that it was enrolled with.
    pub(crate) fn token(&self) -> &str {
        &self.stored.token
    }

    pub(crate) fn authority_pem(&self) -> &str {
        &self.stored.authority
    }

    /// True if it has run out.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.identity.expires_at
    }

    /// When it should be renewed: after two thirds of its time.
    pub(crate) fn renew_at(&self) -> Timestamp {
        let issued_at = self
            .not_before
            .saturating_add(CLOCK_SKEW)
            .unwrap_or(self.not_before);
        let whole: SignedDuration = self.identity.expires_at.duration_since(issued_at);
        issued_at
            .saturating_add(whole * 2 / 3)
            .unwrap_or(self.identity.expires_at)
    }

    /// Trusts another authority.
    #[cfg(test)]
    pub(crate) fn trust_for_tests(&mut self, authority: &crate::Authority) {
        self.authority = authority.certificate.clone();
    }

    /// TLS with it.
    pub(crate) fn tls(&self, protocol: &[u8]) -> Result<ClientConfig, rustls::Error> {
        let key = PrivateKeyDer::from_pem_slice(self.stored.key.as_bytes())
            .map_err(|_| rustls::Error::General("its key cannot be read".to_owned()))?;
        client_config(&self.authority, self.certificate.clone(), key, protocol)
    }
}

impl StateFolder {
    /// Makes the folder if it is not there, for this user alone.
    pub(crate) fn open(path: &str) -> Result<Self, StateError> {
        let folder = Self(PathBuf::from(path));
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder.0).map_err(|error| folder.failed(error))?;
        Ok(folder)
    }

    fn failed(&self, error: io::Error) -> StateError {
        StateError::Io {
            folder: self.0.display().to_string(),
            error,
        }
    }

    /// Reads the credentials; `None` if there are none yet.
    pub(crate) fn load(&self) -> Result<Option<Credentials>, StateError> {
        let file = self.0.join(FILE);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let stored = serde_json::from_slice(&bytes).ok();
        let unreadable = || StateError::Unreadable(file.display().to_string());
        Ok(Some(stored.and_then(Credentials::of).ok_or_else(unreadable)?))
    }

    /// Writes the credentials: all or nothing.
    pub(crate) fn save(&self, credentials: &Credentials) -> Result<(), StateError> {
        use std::io::Write as _;
        let bytes = serde_json::to_vec_pretty(&credentials.stored)
            .map_err(|error| self.failed(io::Error::other(error)))?;
        let new = self.0.join(format!("{FILE}.new"));
        let write = || {
            // A leftover of a crash may have other permissions.
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, self.0.join(FILE))
        };
        write().map_err(|error| self.failed(error))
    }
}
