//! npm's `oidc-provider`: an identity provider that is not Portico's own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::processes::{Owned, which};
use crate::report;

/// A running provider. It ends when this is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    /// Its issuer.
    pub issuer: String,
    _process: Owned,
}

impl OidcProvider {
    /// Its folder, with scripts for Node.js.
    #[must_use]
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc")
    }

    /// Whether it is installed. If not, reports `test` as skipped.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        let package = Self::folder().join("node_modules/oidc-provider");
        if which("node").is_none() || !package.is_dir() {
            report::skip(test, "oidc-provider");
            return false;
        }
        let written = std::fs::read_to_string(package.join("package.json")).unwrap_or_default();
        let package: Value = serde_json::from_str(&written).unwrap_or_default();
        report::took_part(
            "oidc-provider",
            package["version"].as_str().unwrap_or("of unknown version"),
        );
        true
    }

    /// Starts it with these options of `provider.mjs`.
    ///
    /// # Panics
    /// When it does not say where it listens.
    #[must_use]
    pub fn start(options: &[&str]) -> Self {
        let mut command = Command::new("node");
        command
            .current_dir(Self::folder())
            .arg("provider.mjs")
            .args(options);
        let mut process = Owned::start(&command, |command| {
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
        });
        let mut output = BufReader::new(process.child().stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        // Drain its output, so that its pipe does not block.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self {
            issuer: said["issuer"].as_str().unwrap().to_owned(),
            _process: process,
        }
    }
}
