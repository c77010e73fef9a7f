//! Enrolment tokens: what a new agent shows once to get a certificate.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What every token begins with, so that scanners find leaked ones.
const PREFIX: &str = "portico_agent_";

/// A token. It contains the fingerprint of the authority, so that the agent trusts nothing on first use. `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// SHA-256 of the authority's certificate in DER.
    pub authority: [u8; 32],
    secret: [u8; 32],
}

/// The text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an enrolment token: copy it whole from the control plane's page")]
pub struct NotAToken;

impl EnrolmentToken {
    /// `secret` must be random.
    #[must_use]
    pub fn new(authority: [u8; 32], secret: [u8; 32]) -> Self {
        Self { authority, secret }
    }

    /// The text for people.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = [self.authority, self.secret].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// SHA-256 in hex of the text: what the database has of it. The secret is random and long, so that no salt is needed.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.text()))
    }
}

impl FromStr for EnrolmentToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(NotAToken)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NotAToken)?;
        let (authority, secret) = bytes.split_first_chunk::<32>().ok_or(NotAToken)?;
        Ok(Self {
            authority: *authority,
            secret: secret.try_into().map_err(|_| NotAToken)?,
        })
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = EnrolmentToken::new([7; 32], [9; 32]);
        let text = token.text();
        assert_eq!(format!(" {text}\n").parse(), Ok(token.clone()));
        assert_ne!(token.digest(), EnrolmentToken::new([7; 32], [8; 32]).digest());
        assert!(!format!("{token:?}").contains(&text[14..]));
        for wrong in [
            "",
            "portico_agent_",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}AAAA"),
        ] {
            assert_eq!(wrong.parse::<EnrolmentToken>(), Err(NotAToken), "{wrong}");
        }
    }
}
