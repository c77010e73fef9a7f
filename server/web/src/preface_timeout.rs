//! Closes connections that send nothing before the HTTP/2 preface timeout.
//!
//! hyper bounds no time before it has told HTTP/1 from HTTP/2, which needs the first byte that differs from the
//! HTTP/2 preface (RFC 9113, section 3.4), or the whole preface.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The HTTP/2 preface.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that fails when its preface does not arrive in time.
pub(super) struct PrefaceTimeout<S> {
    stream: S,
    /// Number of bytes of [`PREFACE`] received, and the deadline for the rest; `None` once it is over.
    begins: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> PrefaceTimeout<S> {
    pub(super) fn new(stream: S, within: Duration) -> Self {
        Self {
            stream,
            begins: Some((0, Box::pin(sleep(within)))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PrefaceTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        let Some((come, until)) = &mut this.begins else {
            return read;
        };
        if read.is_pending() {
            ready!(until.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let new = into.filled().get(before..).unwrap_or_default();
        let rest = PREFACE.get(*come..).unwrap_or_default();
        if new.len() < rest.len() && rest.starts_with(new) {
            *come += new.len();
        } else {
            this.begins = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PrefaceTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
