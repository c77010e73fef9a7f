//! What the demo keeps besides its control planes' objects: ports, tokens, keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::WorldError;
use crate::chance::Dice;
use crate::oidc::SigningKey;

const FILE: &str = "demo.json";

/// See the module. The client secret has a file of its own, which the portal's configuration names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Keepsakes {
    pub(super) identity_port: u16,
    planes: BTreeMap<String, PlaneKeepsake>,
    #[serde(skip)]
    pub(super) client_secret: String,
    /// A certificate in PEM, for connection secrets.
    #[serde(skip)]
    pub(super) authority: String,
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PlaneKeepsake {
    port: u16,
    token: String,
    seeded: bool,
}

impl Keepsakes {
    /// Those of the last time, or new ones.
    ///
    /// # Errors
    /// When the folder cannot be read and written.
    pub(super) fn open(folder: &Path, dice: &Dice) -> Result<Self, WorldError> {
        fs::create_dir_all(folder).map_err(WorldError::file("making", folder))?;
        let path = folder.join(FILE);
        let mut keepsakes: Self = match fs::read(&path) {
            // What cannot be understood is made anew: at worst ports change.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(WorldError::file("reading", &path)(error)),
        };
        folder.clone_into(&mut keepsakes.folder);
        keepsakes.client_secret = keepsakes.text("client-secret", || Ok(dice.token()))?;
        keepsakes.authority = keepsakes.text("authority.pem", certificate)?;
        Ok(keepsakes)
    }

    /// Port (0 for any) and token of a control plane.
    pub(super) fn plane(&mut self, name: &str, dice: &Dice) -> (u16, String) {
        let plane = self.planes.entry(name.to_owned()).or_default();
        if plane.token.is_empty() {
            plane.token = dice.token();
        }
        (plane.port, plane.token.clone())
    }

    /// Whether the control plane was given its first claims.
    pub(super) fn is_seeded(&self, name: &str) -> bool {
        self.planes.get(name).is_some_and(|plane| plane.seeded)
    }

    pub(super) fn remember_seeds(&mut self, name: &str) {
        self.planes.entry(name.to_owned()).or_default().seeded = true;
    }

    pub(super) fn remember_port(&mut self, name: &str, port: u16) {
        self.planes.entry(name.to_owned()).or_default().port = port;
    }

    /// The identity provider's key.
    ///
    /// # Errors
    /// When it can neither be read nor made and kept.
    pub(super) fn signing_key(&self) -> Result<SigningKey, WorldError> {
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

    /// Writes them down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn keep(&self) -> Result<(), WorldError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| WorldError::embedded(FILE, error))?;
        write_private(&self.folder.join(FILE), &text)
    }

    fn text(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, WorldError>,
    ) -> Result<String, WorldError> {
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

fn certificate() -> Result<String, WorldError> {
    let made = rcgen::generate_simple_self_signed(["demo.internal".to_owned()])
        .map_err(|error| WorldError::embedded("authority.pem", error))?;
    Ok(made.cert.pem())
}

/// Makes a folder that only its owner can look into.
pub(super) fn make_private(folder: &Path) -> Result<(), WorldError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(WorldError::file("making", folder))
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    use std::io::Write as _;
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(WorldError::file("writing", &new))?;
    file.write_all(bytes).map_err(WorldError::file("writing", &new))?;
    fs::rename(&new, path).map_err(WorldError::file("writing", path))
}
