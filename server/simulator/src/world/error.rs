use std::path::{Path, PathBuf};

use crate::kube::ApiError;
use crate::oidc::KeyError;

/// Why the demo could not begin.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A file or a port could not be had.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What came of it.
        source: std::io::Error,
    },
    /// A port could not be had.
    #[error("{what} cannot listen: {source}")]
    Listen {
        /// What was to listen.
        what: String,
        /// What came of it.
        source: std::io::Error,
    },
    /// One of the demo's own files is wrong.
    #[error("the demo's own file {file} is wrong: {why}")]
    Embedded {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// The identity provider's key is of no use.
    #[error("the identity provider's key: {0}")]
    Key(#[from] KeyError),
    /// A control plane refused what the demo puts there.
    #[error("the control plane {plane} refused {what}: {source}")]
    Refused {
        /// Which control plane.
        plane: String,
        /// What it refused.
        what: String,
        /// What it said.
        source: Box<ApiError>,
    },
}

impl WorldError {
    /// Says with which file something went wrong.
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
