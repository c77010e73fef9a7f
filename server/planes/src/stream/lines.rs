//! Splits a body into lines of limited length.

use hyper::body::Bytes;
use kube::client::Body;

use crate::client::ApiClient;
use crate::error::PlaneError;

/// A line without its line end.
pub(super) enum Line {
    Whole(Vec<u8>),
    /// It was longer than the limit and was dropped.
    TooLong,
}

/// Reads lines from a body.
pub(super) struct Lines {
    body: Body,
    longest: usize,
    /// The unread rest of a chunk.
    chunk: Bytes,
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    pub(super) fn new(body: Body, longest: usize) -> Self {
        Self {
            body,
            longest,
            chunk: Bytes::new(),
            line: Vec::new(),
            too_long: false,
        }
    }

    /// The next line; `None` at the end. Cancel safe.
    pub(super) async fn next(&mut self, client: &ApiClient) -> Result<Option<Line>, PlaneError> {
        loop {
            if let Some(line) = self.cut() {
                return Ok(Some(line));
            }
            match client.chunk(&mut self.body).await? {
                Some(chunk) => self.chunk = chunk,
                None if self.line.is_empty() && !self.too_long => return Ok(None),
                None => return Ok(Some(self.take())),
            }
        }
    }

    fn cut(&mut self) -> Option<Line> {
        let end = self.chunk.iter().position(|byte| *byte == b'\n');
        let piece = self.chunk.split_to(end.unwrap_or(self.chunk.len()));
        if self.line.len().saturating_add(piece.len()) > self.longest {
            self.too_long = true;
            self.line = Vec::new();
        }
        if !self.too_long {
            self.line.extend_from_slice(&piece);
        }
        end?;
        // Skip the line end.
        let _ = self.chunk.split_to(1);
        Some(self.take())
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            Line::TooLong
        } else {
            Line::Whole(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&str], longest: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(Body::empty(), longest);
        let mut found = Vec::new();
        for chunk in chunks {
            lines.chunk = Bytes::copy_from_slice(chunk.as_bytes());
            while let Some(line) = lines.cut() {
                found.push(match line {
                    Line::Whole(bytes) => Some(String::from_utf8(bytes).unwrap()),
                    Line::TooLong => None,
                });
            }
        }
        found
    }

    #[test]
    fn chunks_may_end_anywhere() {
        assert_eq!(
            lines(&["a", "b\nc", "\n\nd\n"], 10),
            ["ab", "c", "", "d"].map(|line| Some(line.to_owned()))
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        assert_eq!(
            lines(&["0123456789", "0123456789", "\nshort\n"], 8),
            [None, Some("short".to_owned())]
        );
    }
}
