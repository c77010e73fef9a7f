//! Fingerprints of contents: a step whose inputs have the fingerprint it was last done with is not done again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// What a step was made from.
pub(crate) struct Fingerprint {
    kept_in: PathBuf,
    value: String,
}

impl Fingerprint {
    /// Of these files' contents and these words (versions, options), kept in `kept_in`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of(kept_in: &Path, files: &[&Path], words: &[&str]) -> Result<Self> {
        let mut hasher = Sha256::new();
        for file in files {
            let contents = fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
            hasher.update(contents.len().to_le_bytes());
            hasher.update(contents);
        }
        for word in words {
            hasher.update(word.len().to_le_bytes());
            hasher.update(word);
        }
        Ok(Self {
            kept_in: kept_in.to_path_buf(),
            value: hex::encode(hasher.finalize()),
        })
    }

    /// Whether the step was last done with the same.
    pub(crate) fn is_kept(&self) -> bool {
        fs::read_to_string(&self.kept_in).is_ok_and(|kept| kept == self.value)
    }

    /// Keeps it, once the step is done.
    pub(crate) fn keep(&self) -> Result<()> {
        fs::write(&self.kept_in, &self.value)
            .with_context(|| format!("could not write {}", self.kept_in.display()))
    }
}
