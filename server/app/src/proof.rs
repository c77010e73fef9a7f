//! Signs the head of the audit log with a key outside the database, and stores the last signature in a file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use portico_domain::audit_log::{SignedHead, head_text};
use portico_domain::documents::RecordProof;
use portico_store::ChainEnd;

/// Signs the head of the audit log.
#[derive(Debug)]
pub struct Proof {
    key: Ed25519KeyPair,
    anchor: Option<PathBuf>,
}

/// Why the head cannot be signed or stored.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A file cannot be read or written.
    #[error("{what} {}: {why}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        why: io::Error,
    },
    /// The file contains no valid key.
    #[error(
        "{}: it holds no Ed25519 private key in PEM; make one with `openssl genpkey -algorithm ed25519`",
        path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The stored head was not signed with this key.
    #[error(
        "{}: what it says of the end of the record is not signed by the present key",
        path.display()
    )]
    Forged {
        /// The file.
        path: PathBuf,
    },
}

impl Proof {
    /// Creates the signer from the configuration: with the configured key and file, else with both beside an `SQLite`
    /// database at `database`. Without either, the key lives as long as this value, and nothing is stored.
    ///
    /// # Errors
    /// When a file cannot be read or made, or a key is none.
    pub fn open(settings: &RecordProof, database: &str) -> Result<Self, ProofError> {
        let beside = |end: &str| {
            let path = sqlite_file(database)?;
            let mut name = path.file_name()?.to_owned();
            name.push(end);
            Some(path.with_file_name(name))
        };
        let key = match &settings.key_file {
            Some(path) => read_key(Path::new(path))?,
            None => match beside(".record-key") {
                Some(path) => kept_key(&path)?,
                None => made_key().0,
            },
        };
        let anchor = settings.anchor_file.as_ref().map(PathBuf::from);
        Ok(Self {
            key,
            anchor: anchor.or_else(|| beside(".record-anchor")),
        })
    }

    /// Signs the head of the audit log.
    #[must_use]
    pub fn sign(&self, end: &ChainEnd, at: Timestamp) -> SignedHead {
        let signature = self.key.sign(head_text(end.sequence, &end.hash, at).as_bytes());
        SignedHead {
            sequence: end.sequence,
            hash: end.hash.clone(),
            at,
            signature: STANDARD.encode(signature.as_ref()),
            public_key: STANDARD.encode(self.key.public_key().as_ref()),
        }
    }

    /// Returns the stored head; `None` if there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read, or was not signed with this key.
    pub fn kept(&self) -> Result<Option<SignedHead>, ProofError> {
        let Some(path) = &self.anchor else { return Ok(None) };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(file("reading", path)(why)),
        };
        let forged = || ProofError::Forged { path: path.clone() };
        let head: SignedHead = serde_json::from_slice(&bytes).map_err(|_| forged())?;
        let own = STANDARD.encode(self.key.public_key().as_ref());
        if head.public_key != own || !verifies(&head) {
            return Err(forged());
        }
        Ok(Some(head))
    }

    /// Replaces the stored head.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, head: &SignedHead) -> Result<(), ProofError> {
        let Some(path) = &self.anchor else { return Ok(()) };
        let text = serde_json::to_string(head).unwrap_or_default();
        write_private(path, format!("{text}\n").as_bytes()).map_err(file("writing", path))
    }

    /// Returns the file of the stored head, if there is one.
    #[must_use]
    pub fn anchor(&self) -> Option<&Path> {
        self.anchor.as_deref()
    }
}

/// True if the head's signature fits its public key.
#[must_use]
pub fn verifies(head: &SignedHead) -> bool {
    let (Ok(key), Ok(signature)) = (
        STANDARD.decode(&head.public_key),
        STANDARD.decode(&head.signature),
    ) else {
        return false;
    };
    let text = head_text(head.sequence, &head.hash, head.at);
    UnparsedPublicKey::new(&ED25519, key)
        .verify(text.as_bytes(), &signature)
        .is_ok()
}

/// Returns the file of an `SQLite` database; `None` for other databases and in-memory ones.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split('?').next().unwrap_or_default();
    let in_memory = path.is_empty() || path.contains(":memory:") || url.contains("mode=memory");
    (!in_memory).then(|| PathBuf::from(path))
}

fn read_key(path: &Path) -> Result<Ed25519KeyPair, ProofError> {
    let text = fs::read_to_string(path).map_err(file("reading", path))?;
    let none = || ProofError::Key {
        path: path.to_owned(),
    };
    parse_pem(&text).ok_or_else(none)
}

/// Reads the key, or creates it.
fn kept_key(path: &Path) -> Result<Ed25519KeyPair, ProofError> {
    if path.exists() {
        return read_key(path);
    }
    let (key, pem) = made_key();
    write_private(path, pem.as_bytes()).map_err(file("writing", path))?;
    Ok(key)
}

#[expect(
    clippy::expect_used,
    reason = "the library fails to make a key only without randomness, and then nothing here is safe"
)]
fn made_key() -> (Ed25519KeyPair, String) {
    let der = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("randomness to make a key from");
    let key = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key that was just made");
    let body = STANDARD.encode(der.as_ref());
    (
        key,
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"),
    )
}

fn parse_pem(text: &str) -> Option<Ed25519KeyPair> {
    let body = text.split("-----BEGIN PRIVATE KEY-----").nth(1)?;
    let body = body.split("-----END PRIVATE KEY-----").next()?;
    let body: String = body.split_whitespace().collect();
    Ed25519KeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()
}

/// Writes a file that only its owner can read, atomically.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProofError {
    let path = path.to_owned();
    move |why| ProofError::File { what, path, why }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn end() -> ChainEnd {
        ChainEnd {
            sequence: 12,
            hash: "a".repeat(64),
        }
    }

    #[test]
    fn what_is_kept_beside_a_database_is_its_owners_alone_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("portico.db").display());
        let proof = Proof::open(&RecordProof::default(), &url).unwrap();
        assert_eq!(proof.kept().unwrap(), None);
        let head = proof.sign(&end(), Timestamp::now());
        assert!(verifies(&head));
        proof.keep(&head).unwrap();
        let again = Proof::open(&RecordProof::default(), &url).unwrap();
        assert_eq!(again.kept().unwrap(), Some(head), "the same key, the same end");
        for name in ["portico.db.record-key", "portico.db.record-anchor"] {
            let mode = fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn an_end_that_somebody_else_wrote_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("portico.db").display());
        let proof = Proof::open(&RecordProof::default(), &url).unwrap();
        let mut head = proof.sign(&end(), Timestamp::now());
        head.sequence = 3;
        assert!(!verifies(&head));
        proof.keep(&head).unwrap();
        assert!(matches!(proof.kept(), Err(ProofError::Forged { .. })));
        // Signed, but by a key of one's own.
        let other = Proof::open(&RecordProof::default(), "postgres://db.example/portico").unwrap();
        proof.keep(&other.sign(&end(), Timestamp::now())).unwrap();
        assert!(matches!(proof.kept(), Err(ProofError::Forged { .. })));
    }

    #[test]
    fn a_key_of_the_operators_is_used_and_nonsense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.key");
        let settings = RecordProof {
            key_file: Some(path.display().to_string()),
            anchor_file: None,
        };
        let open = || Proof::open(&settings, "postgres://db.example/portico");
        assert!(matches!(open(), Err(ProofError::File { .. })));
        fs::write(
            &path,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        )
        .unwrap();
        assert!(matches!(open(), Err(ProofError::Key { .. })));
        // As `openssl genpkey -algorithm ed25519` writes it.
        let made = "-----BEGIN PRIVATE KEY-----\n\
                    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                    -----END PRIVATE KEY-----\n";
        fs::write(&path, made).unwrap();
        let head = open().unwrap().sign(&end(), Timestamp::now());
        // RFC 8410, section 10.3: the public half of that key.
        assert_eq!(head.public_key, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
        assert!(verifies(&head));
    }
}
