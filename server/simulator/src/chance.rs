//! The clock and the dice, as arguments: what runs in a demo takes the real ones, a test takes
//! its own.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock that tells what `now` tells.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
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

/// Gives random bytes.
#[derive(Clone)]
pub struct Dice(Arc<Fill>);

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Dice {
    /// The machine's, fit for secrets.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|bytes| rand::fill(bytes))
    }

    /// Dice that fall as `fill` has it.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// 256 random bits, in unpadded base64url: for codes, tokens and session ids.
    #[must_use]
    pub fn token(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0; 32];
        (self.0)(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `length` characters of lower-case letters and digits that are not taken for one another:
    /// for names and passwords, five bits each.
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

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}
