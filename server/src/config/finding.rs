//! Problems found in the fields of documents.

use portico_app::configuration::Severity;

/// A problem found in a field of a document.
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The index of the document.
    pub(super) at: usize,
    pub(super) field: String,
    pub(super) message: String,
    /// True if another document is missing, which may appear by itself.
    pub(super) is_missing_reference: bool,
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
            is_missing_reference: false,
        });
    }

    /// An error because there is no document of this kind with this name.
    pub(super) fn missing(&mut self, at: usize, field: impl Into<String>, kind: &str, name: &str) {
        self.0.push(Finding {
            severity: Severity::Error,
            at,
            field: field.into(),
            message: format!("there is no {kind} named {name:?}"),
            is_missing_reference: true,
        });
    }

    pub(super) fn warning(&mut self, at: usize, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding {
            severity: Severity::Warning,
            at,
            field: field.into(),
            message: message.into(),
            is_missing_reference: false,
        });
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
