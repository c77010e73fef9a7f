use std::path::{Path, PathBuf};

use crate::kube::ApiError;
use crate::oidc::KeyError;

/// Why the demo cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file cannot be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// The operation.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// A port cannot be bound.
    #[error("{what} cannot listen: {source}")]
    Listen {
        /// What should listen.
        what: String,
        /// The error.
        source: std::io::Error,
    },
    /// An embedded file is invalid.
    #[error("the demo's own file {file} is wrong: {why}")]
    Embedded {
        /// The file.
        file: String,
        /// The reason.
        why: String,
    },
    /// The identity provider's key is unusable.
    #[error("the identity provider's key: {0}")]
    Key(#[from] KeyError),
    /// A control plane refused an object of the demo.
    #[error("the control plane {plane} refused {what}: {source}")]
    Refused {
        /// The control plane.
        plane: String,
        /// The object.
        what: String,
        /// The refusal.
        source: Box<ApiError>,
    },
}

impl StartError {
    /// Adds the operation and the file to an I/O error.
    pub(super) fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    pub(super) fn embedded(file: &str, why: impl std::fmt::Display) -> Self {
        Self::Embedded {
            file: file.to_owned(),
            why: why.to_string(),
        }
    }
}
