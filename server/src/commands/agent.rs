//! `portico agent`: runs beside a control plane that Portico cannot reach, and carries Portico's calls to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use portico_agents::agent::AgentStopped;
use portico_agents::{Authority, AuthorityError, EnrolmentToken, NotAToken};
use tokio_util::sync::CancellationToken;

use crate::config;

/// What `portico agent` takes.
#[derive(Args)]
pub struct AgentArguments {
    /// The file with the agent's document.
    #[arg(long, env = "PORTICO_AGENT_CONFIG")]
    config: PathBuf,
    /// A token from the control plane's page in Portico, for the first start. One that was used already is ignored.
    #[arg(long, env = "PORTICO_AGENT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file with that token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// Only gets the certificate, and ends.
    #[arg(long)]
    enrol_only: bool,
}

/// What `portico agent-authority` takes.
#[derive(Args)]
pub struct AuthorityArguments {
    /// The folder in which to write `authority.crt` and `authority.key`. Files that are there stay.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Why an agent does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The document has errors.
    #[error("the agent's document has errors:\n{0}")]
    Document(String),
    /// The token cannot be read.
    #[error("the token in {0} cannot be read: {1}")]
    TokenFile(PathBuf, std::io::Error),
    /// The token is none.
    #[error(transparent)]
    Token(#[from] NotAToken),
    /// The agent ended.
    #[error(transparent)]
    Stopped(#[from] AgentStopped),
}

/// Runs the agent until `stop`.
///
/// # Errors
/// If its document or token is wrong, or it has no certificate and gets none.
pub async fn agent(arguments: AgentArguments, stop: CancellationToken) -> Result<(), AgentError> {
    let document = config::read_agent(&arguments.config).map_err(|problems| {
        let mut text = String::new();
        for problem in problems {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {problem}");
        }
        AgentError::Document(text.trim_end().to_owned())
    })?;
    let token = match (&arguments.token, &arguments.token_file) {
        (Some(token), _) => Some(token.clone()),
        (None, Some(file)) => {
            let read = std::fs::read_to_string(file);
            Some(read.map_err(|error| AgentError::TokenFile(file.clone(), error))?)
        }
        (None, None) => None,
    };
    let token = token.filter(|token| !token.trim().is_empty());
    let token: Option<EnrolmentToken> = token.map(|token| token.parse()).transpose()?;
    tracing::info!(plane = %document.name, version = env!("CARGO_PKG_VERSION"), "the agent starts");
    if arguments.enrol_only {
        return Ok(portico_agents::agent::enrol_once(&document, token).await?);
    }
    Ok(portico_agents::agent::run(document, token, stop).await?)
}

/// Why no authority was written.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFileError {
    /// The authority could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A file could not be written.
    #[error("{0} cannot be written: {1}")]
    Write(PathBuf, std::io::Error),
}

/// Makes an authority for the certificates of agents, and writes it.
///
/// # Errors
/// If a file is there already or cannot be written.
pub fn agent_authority(arguments: &AuthorityArguments) -> Result<(), AuthorityFileError> {
    let (certificate, key) = Authority::create(Timestamp::now())?;
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).map_err(|error| AuthorityFileError::Write(folder.clone(), error))?;
    write(&folder.join("authority.key"), &key, 0o600)?;
    write(&folder.join("authority.crt"), &certificate, 0o644)
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), AuthorityFileError> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(file)
        .and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(|error| AuthorityFileError::Write(file.to_owned(), error))
}
