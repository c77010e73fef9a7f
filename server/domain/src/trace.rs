//! The trace of a request: `traceparent` of W3C Trace Context, version 00.
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::fmt;
use std::str::FromStr;

/// A trace, with the span that caused what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    parent_id: u64,
    sampled: bool,
}

/// The error for an invalid `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no traceparent of W3C Trace Context")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// Creates a trace from random numbers. Replaces zero, which the standard forbids, with one.
    #[must_use]
    pub fn new(trace_id: u128, parent_id: u64) -> Self {
        Self {
            trace_id: trace_id.max(1),
            parent_id: parent_id.max(1),
            sampled: true,
        }
    }

    /// Sets whether the trace is recorded.
    #[must_use]
    pub fn with_sampled(self, sampled: bool) -> Self {
        Self { sampled, ..self }
    }

    /// Returns the same trace with another span, which is a child of the present one.
    #[must_use]
    pub fn child(self, span_id: u64) -> Self {
        Self {
            parent_id: span_id.max(1),
            ..self
        }
    }

    /// Returns the trace id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Returns the trace id as a number.
    #[must_use]
    pub fn trace_number(&self) -> u128 {
        self.trace_id
    }

    /// Returns the span id as 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.parent_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.parent_id)
    }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let hex = |part: &str, length: usize| {
            let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
            if part.len() == length && part.as_bytes().iter().all(lower) {
                u128::from_str_radix(part, 16).map_err(|_| InvalidTraceParent)
            } else {
                Err(InvalidTraceParent)
            }
        };
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(InvalidTraceParent);
        let version = hex(next()?, 2)?;
        let trace_id = hex(next()?, 32)?;
        let parent_id = hex(next()?, 16)?;
        let flags = hex(next()?, 2)?;
        // Later versions may have more parts; version ff is forbidden.
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) || trace_id == 0 || parent_id == 0 {
            return Err(InvalidTraceParent);
        }
        Ok(Self {
            trace_id,
            parent_id: u64::try_from(parent_id).map_err(|_| InvalidTraceParent)?,
            sampled: flags & 1 == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn a_traceparent_round_trips() {
        for text in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ] {
            let parent: TraceParent = text.parse().unwrap();
            assert_eq!(parent.to_string(), text);
            assert_eq!(parent.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        }
        assert_eq!(
            TraceParent::new(0, 0).to_string(),
            "00-00000000000000000000000000000001-0000000000000001-01"
        );
    }

    #[test]
    fn a_child_keeps_the_trace_and_whether_it_is_recorded() {
        let parent: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
            .parse()
            .unwrap();
        let child = parent.child(0xabc);
        assert_eq!(child.span_id(), "0000000000000abc");
        assert_eq!(
            child.to_string(),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000abc-00"
        );
        let recorded = child.with_sampled(true).to_string();
        assert_eq!(
            recorded,
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000abc-01"
        );
    }

    #[test]
    fn invalid_traceparents_are_refused() {
        for text in [
            "",
            "00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(text.parse::<TraceParent>().is_err(), "{text}");
        }
        assert!(
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later"
                .parse::<TraceParent>()
                .is_ok()
        );
    }
}
