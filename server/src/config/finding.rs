//! Problems found in the fields of documents.

use portico_app::configuration::Severity;

/// A problem found in a field of a document.
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The index of the document.
    pub(super) at: usize,
    pub(super) field: String,
    pub(super) message: String,
}

/// Collects findings.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn error(&mut self, at: usize, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding {
            severity: Severity::Error,
            at,
            field: field.into(),
            message: message.into(),
        });
    }

    pub(super) fn warning(&mut self, at: usize, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding {
            severity: Severity::Warning,
            at,
            field: field.into(),
            message: message.into(),
        });
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
