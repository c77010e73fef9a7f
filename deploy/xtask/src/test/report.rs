//! What the tests report to this program: JSON lines in the file that `PORTICO_TEST_REPORT` names.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::outcome::Outcome;
use super::report_entry::ReportEntry;
use crate::workspace::target;

/// The environment variable with the path of the file.
pub(crate) const VARIABLE: &str = "PORTICO_TEST_REPORT";

/// The report of this run.
pub(crate) struct Report {
    file: PathBuf,
}

impl Report {
    /// Creates an empty report.
    pub(crate) fn begin() -> Result<Self> {
        let file = target().join("test-report.jsonl");
        fs::create_dir_all(target())?;
        fs::write(&file, "").with_context(|| format!("could not write {}", file.display()))?;
        Ok(Self { file })
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// Reports that a whole suite is skipped. Counts as one test, which [`Outcome::count_skips`] then counts as skipped.
    pub(crate) fn skip_suite(&self, suite: &str, lack: &str) -> Result<Outcome> {
        let mut file = fs::OpenOptions::new().append(true).open(&self.file)?;
        let line = serde_json::json!({"skipped": {"test": suite, "lack": lack}});
        writeln!(file, "{line}")?;
        Ok(Outcome {
            passed: 1,
            ..Outcome::default()
        })
    }

    /// Reads the report. Fails on a line that cannot be parsed, because a test would go uncounted.
    pub(crate) fn read(&self) -> Result<Vec<ReportEntry>> {
        fs::read_to_string(&self.file)?
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("the tests reported {line:?}")))
            .collect()
    }
}
