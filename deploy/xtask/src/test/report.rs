//! What the tests tell of themselves: a file of JSON lines whose path is in `PORTICO_TEST_REPORT`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::outcome::Outcome;
use crate::workspace::target;

/// The environment variable that holds the file's path.
pub(crate) const VARIABLE: &str = "PORTICO_TEST_REPORT";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Told {
    /// A real component took part.
    TookPart {
        /// Its name, as in the table of needs.
        component: String,
        /// Its version, as it says.
        version: String,
    },
    /// A test did not run.
    Skipped {
        /// Which.
        test: String,
        /// For lack of which component.
        lack: String,
    },
}

/// The file of this run.
pub(crate) struct Report {
    file: PathBuf,
}

impl Report {
    /// An empty one.
    pub(crate) fn begin() -> Result<Self> {
        let file = target().join("test-report.jsonl");
        fs::create_dir_all(target())?;
        fs::write(&file, "").with_context(|| format!("could not write {}", file.display()))?;
        Ok(Self { file })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// A whole suite cannot run: counts as one test, passed over as the report says.
    pub(crate) fn skip_suite(&self, suite: &str, lack: &str) -> Result<Outcome> {
        let mut file = fs::OpenOptions::new().append(true).open(&self.file)?;
        let line = serde_json::json!({"skipped": {"test": suite, "lack": lack}});
        writeln!(file, "{line}")?;
        Ok(Outcome {
            passed: 1,
            ..Outcome::default()
        })
    }

    /// All that was told. A line that cannot be read is an error: it would be a test that went uncounted.
    pub(crate) fn read(&self) -> Result<Vec<Told>> {
        fs::read_to_string(&self.file)?
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("the tests reported {line:?}")))
            .collect()
    }
}
