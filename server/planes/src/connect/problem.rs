//! Errors in the setup of a connection, which contain only our own words and names of fields.

use std::fmt;
use std::io;
use std::path::Path;

/// Why there is no way to sign in to a control plane.
///
/// Contains names of fields and positions, never anything from a kubeconfig, a token file or the output of a plugin:
/// it is shown to administrators and logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SetUpError {
    message: String,
    /// It is not known yet whether something is wrong: the claim that the control plane is has not been read.
    pub(crate) is_early: bool,
}

impl SetUpError {
    /// `message` must not contain anything from a credential.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_early: false,
        }
    }

    /// The claim that the control plane is has not been read yet.
    pub(crate) fn early(message: impl Into<String>) -> Self {
        Self {
            is_early: true,
            ..Self::new(message)
        }
    }

    /// A problem in the kubeconfig at `path`.
    pub(super) fn in_kubeconfig(path: &Path, problem: &Problem) -> Self {
        Self::new(format!("the kubeconfig {}: {problem}", path.display()))
    }
}

/// Why a call could not be signed in. Contains nothing of the credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SignInError(pub(super) String);

/// A problem in a kubeconfig, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1.
    pub(super) line: Option<u64>,
    /// The path, `users[0].user.token`: only known names and positions.
    pub(super) field: String,
    /// What is wrong, in our words.
    pub(super) message: String,
}

impl Problem {
    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self {
            line: None,
            field: String::new(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a file could not be read. The library's text may contain the path.
pub(super) fn why(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "Portico may not read it",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::InvalidData => "it is not text in UTF-8",
        io::ErrorKind::InvalidFilename => "that is no name of a file",
        _ => "reading it failed",
    }
}
