use portico_domain::definition_change::{CannotTry, DocumentError, MAX_DOCUMENT_BYTES};

/// Why the document of a definition cannot be read, and what to send instead.
#[must_use]
pub fn document_error(error: &DocumentError) -> String {
    match error {
        DocumentError::Empty => {
            "Paste the changed definition: one CustomResourceDefinition or CompositeResourceDefinition.".to_owned()
        }
        DocumentError::TooLong => format!("The definition is longer than {MAX_DOCUMENT_BYTES} bytes."),
        DocumentError::NotYaml(error) => format!("The definition is not valid YAML: {error}."),
        DocumentError::SeveralDocuments => {
            "There is more than one document. Send one definition at a time.".to_owned()
        }
        DocumentError::WrongKind { found } if found.is_empty() => {
            "The document has no apiVersion and kind. Send a CustomResourceDefinition of apiextensions.k8s.io/v1, or a \
             CompositeResourceDefinition of apiextensions.crossplane.io/v1 or v2."
                .to_owned()
        }
        DocumentError::WrongKind { found } => format!(
            "This is a {found}. Send a CustomResourceDefinition of apiextensions.k8s.io/v1, or a \
             CompositeResourceDefinition of apiextensions.crossplane.io/v1 or v2."
        ),
        DocumentError::Malformed(error) => format!("The definition cannot be read: {error}."),
    }
}

/// Why claims of a control plane were not tried against a changed definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialProblem {
    /// The control plane does not answer.
    #[error("It does not answer, so its claims were not tried. Try again when it does.")]
    Unreachable,
    /// The control plane refused, or failed on the way.
    #[error("{error}. Claims after that were not tried.")]
    Plane {
        /// The error, without a full stop.
        error: String,
    },
    /// There are more claims than are tried.
    #[error("It has more claims than are tried at once; only the first {} were tried.", super::grouped(&most.to_string()))]
    TooMany {
        /// The maximum.
        most: usize,
    },
    /// The time was up.
    #[error("It took too long, so the rest of its claims were not tried.")]
    OutOfTime,
    /// Checking failed, or Portico had too much to do.
    #[error("{error} The rest of its claims were not tried.")]
    Check {
        /// The error, as a sentence.
        error: String,
    },
    /// The changed definition cannot be used for objects.
    #[error("{}", cannot_try(.0))]
    Definition(CannotTry),
}

fn cannot_try(error: &CannotTry) -> String {
    match error {
        CannotTry::NothingServed => {
            "The changed definition serves no version, so no claim could be read any more.".to_owned()
        }
        CannotTry::Schema(error) => {
            format!("Its claims were not tried: the changed schema cannot be used: {error}.")
        }
        CannotTry::Conversion { version } => format!(
            "Its claims were not tried: they are read as {version}, which the changed definition no longer serves, and \
             only its conversion webhook knows what they become in another version."
        ),
    }
}
