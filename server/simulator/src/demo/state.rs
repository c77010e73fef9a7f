//! The state of the demo besides objects: ports, tokens, keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::StartError;
use crate::clock_rng::Rng;
use crate::oidc::SigningKey;

const FILE: &str = "demo.json";

/// The persisted state. The client secret has its own file, which the portal's configuration names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DemoState {
    pub(super) identity_port: u16,
    planes: BTreeMap<String, PlaneState>,
    #[serde(skip)]
    pub(super) client_secret: String,
    /// A CA certificate in PEM, for connection secrets.
    #[serde(skip)]
    pub(super) authority: String,
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PlaneState {
    port: u16,
    token: String,
    seeded: bool,
}

impl DemoState {
    /// Loads the state, or creates it.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(super) fn open(folder: &Path, rng: &Rng) -> Result<Self, StartError> {
        fs::create_dir_all(folder).map_err(StartError::file("making", folder))?;
        let path = folder.join(FILE);
        let mut state: Self = match fs::read(&path) {
            // Replace an unreadable file: at worst, ports change.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(StartError::file("reading", &path)(error)),
        };
        folder.clone_into(&mut state.folder);
        state.client_secret = state.text("client-secret", || Ok(rng.token()))?;
        state.authority = state.text("authority.pem", certificate)?;
        Ok(state)
    }

    /// The port (0 for any) and token of a control plane.
    pub(super) fn plane(&mut self, name: &str, rng: &Rng) -> (u16, String) {
        let plane = self.planes.entry(name.to_owned()).or_default();
        if plane.token.is_empty() {
            plane.token = rng.token();
        }
        (plane.port, plane.token.clone())
    }

    /// Whether the control plane got its seeds.
    pub(super) fn is_seeded(&self, name: &str) -> bool {
        self.planes.get(name).is_some_and(|plane| plane.seeded)
    }

    pub(super) fn remember_seeds(&mut self, name: &str) {
        self.planes.entry(name.to_owned()).or_default().seeded = true;
    }

    pub(super) fn remember_port(&mut self, name: &str, port: u16) {
        self.planes.entry(name.to_owned()).or_default().port = port;
    }

    /// The identity provider's signing key.
    ///
    /// # Errors
    /// When it can neither be read nor generated and stored.
    pub(super) fn signing_key(&self) -> Result<SigningKey, StartError> {
        let path = self.folder.join("identity-key.der");
        if let Ok(bytes) = fs::read(&path)
            && let Ok(key) = SigningKey::from_pkcs8(&bytes)
        {
            return Ok(key);
        }
        let key = SigningKey::generate()?;
        write_private(&path, &key.to_pkcs8()?)?;
        Ok(key)
    }

    /// Saves the state.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn keep(&self) -> Result<(), StartError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| StartError::embedded(FILE, error))?;
        write_private(&self.folder.join(FILE), &text)
    }

    fn text(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, StartError>,
    ) -> Result<String, StartError> {
        let path = self.folder.join(name);
        if let Ok(text) = fs::read_to_string(&path)
            && !text.is_empty()
        {
            return Ok(text);
        }
        let text = make()?;
        write_private(&path, text.as_bytes())?;
        Ok(text)
    }
}

fn certificate() -> Result<String, StartError> {
    let made = rcgen::generate_simple_self_signed(["demo.internal".to_owned()])
        .map_err(|error| StartError::embedded("authority.pem", error))?;
    Ok(made.cert.pem())
}

/// Creates a folder with mode 0700.
pub(super) fn make_private(folder: &Path) -> Result<(), StartError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(StartError::file("making", folder))
}

/// Writes a file with mode 0600, atomically.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StartError> {
    use std::io::Write as _;
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(StartError::file("writing", &new))?;
    file.write_all(bytes).map_err(StartError::file("writing", &new))?;
    fs::rename(&new, path).map_err(StartError::file("writing", path))
}
