//! The clock and the random number generator, as arguments: the demo passes the real ones, tests pass their own.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// A source of the current time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock that calls `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// A source of random bytes.
#[derive(Clone)]
pub struct Rng(Arc<Fill>);

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Rng {
    /// The system's generator, fit for secrets.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|bytes| rand::fill(bytes))
    }

    /// A generator that calls `fill`.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// 256 random bits in unpadded base64url, for codes, tokens and session ids.
    #[must_use]
    pub fn token(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0; 32];
        (self.0)(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `length` lower-case letters and digits without look-alikes, five bits each, for names and passwords.
    #[must_use]
    pub fn word(&self, length: usize) -> String {
        let mut bytes = vec![0; length];
        (self.0)(&mut bytes);
        bytes
            .into_iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
            .collect()
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng")
    }
}
