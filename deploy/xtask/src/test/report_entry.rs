//! The lines of the report.

use serde::Deserialize;

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ReportEntry {
    /// A real component took part.
    TookPart {
        /// Its name, as in the table of requirements.
        component: String,
        /// The version that it reported.
        version: String,
    },
    /// A test was skipped.
    Skipped {
        /// The name of the test.
        test: String,
        /// The component that was missing.
        lack: String,
    },
}
