//! Fingerprints of a step's inputs. A step is skipped while its inputs have the fingerprint of its last run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The fingerprint of a step's inputs, and the file that stores it.
pub(crate) struct Fingerprint {
    file: PathBuf,
    value: String,
}

impl Fingerprint {
    /// Computes the fingerprint of these files' contents and these words (versions, options). `file` is the file to
    /// store it in.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of(file: &Path, files: &[&Path], words: &[&str]) -> Result<Self> {
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
            file: file.to_path_buf(),
            value: hex::encode(hasher.finalize()),
        })
    }

    /// True if the step last ran with the same inputs.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.value)
    }

    /// Stores the fingerprint. Call this after the step has succeeded.
    pub(crate) fn save(&self) -> Result<()> {
        fs::write(&self.file, &self.value).with_context(|| format!("could not write {}", self.file.display()))
    }
}
