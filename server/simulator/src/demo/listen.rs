//! Binds the demo's ports.

use std::io;

use tokio::net::{TcpListener, TcpSocket};

use super::error::StartError;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens on the port of the last run, so that known addresses stay valid, or on another one when it is taken.
/// `port` 0 takes any. Needs a tokio runtime, but does not wait.
///
/// # Errors
/// When no port can be bound.
pub(super) fn listen(what: &str, port: u16) -> Result<TcpListener, StartError> {
    if port != 0 {
        match bind(port) {
            Ok(listener) => return Ok(listener),
            Err(error) => tracing::warn!(what, port, %error, "the port of the last time is taken"),
        }
    }
    bind(0).map_err(|source| StartError::Listen {
        what: what.to_owned(),
        source,
    })
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // As `TcpListener::bind` does it: a restart gets its port back at once.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(BACKLOG)
}
