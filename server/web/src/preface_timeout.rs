//! Closes connections that send nothing before the HTTP/2 preface timeout.
//!
//! Until it is known whether a client speaks HTTP/1 or HTTP/2, nothing else bounds how long it may say nothing: it
//! is known with the first byte that HTTP/2 would not begin with (RFC 9113, section 3.4), or with all that it would.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What a client that speaks HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that breaks when what it begins with does not come in time.
pub(super) struct PrefaceTimeout<S> {
    stream: S,
    /// How much of [`PREFACE`] has come, and until when the rest of it may; `None` once it has begun.
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
