//! JSON Web Tokens from providers: ID tokens, logout tokens, signed userinfo responses (RFC 7515, RFC 7519).
//!
//! Uses openidconnect to verify signatures. Claims are read untyped: the library refuses the whole token when any
//! claim of OpenID Connect has an unexpected type, even one that Portico does not use.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;

/// Why a token is rejected before its claims are checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwtError {
    #[error("it is not a signed JSON Web Token with claims")]
    Malformed,
    #[error("its header says (`typ`, `cty`) that it is a token for something else")]
    Kind,
    #[error("its header asks (`crit`) for an extension that is not known here")]
    Extension,
    #[error("it is not signed (`alg` is none)")]
    Unsigned,
    #[error("its algorithm (`alg`) is not one that the sign-in service publishes, or is not known here")]
    Algorithm,
    #[error("it is signed with a shared secret, and Portico has none for this sign-in service")]
    NoSecret,
    #[error("it is signed with a key (`kid`) that the sign-in service does not publish")]
    UnknownKey,
    #[error("its signature is not the sign-in service's")]
    Signature,
}

/// The keys and algorithms that may sign a token.
pub(super) struct Keys<'k> {
    /// The keys that the provider publishes.
    pub(super) published: &'k [CoreJsonWebKey],
    /// The algorithms that the provider announces; `None` if it announces none.
    pub(super) algorithms: Option<&'k [CoreJwsSigningAlgorithm]>,
    /// The client secret, if tokens may be signed with it (OpenID Connect Core 1.0, section 10.1).
    pub(super) secret: Option<&'k str>,
}

/// A parsed token, not verified yet.
pub(super) struct Jwt<'t> {
    header: Header,
    pub(super) claims: Claims,
    signed: &'t str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<Value>,
    crit: Option<Value>,
}

impl<'t> Jwt<'t> {
    /// Parses a token. `kinds` are the accepted values of `typ` besides `JWT` and none, in lower case and without
    /// `application/`.
    ///
    /// # Errors
    /// When it is malformed, longer than `max_bytes` bytes, or of another kind.
    pub(super) fn parse(token: &'t str, max_bytes: usize, kinds: &[&str]) -> Result<Self, JwtError> {
        let parse = || {
            if token.len() > max_bytes {
                return None;
            }
            let (signed, signature) = token.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
            Some(Self {
                header: serde_json::from_slice(&decode(header)?).ok()?,
                claims: Claims::parse(&decode(claims)?)?,
                signed,
                signature: decode(signature)?,
            })
        };
        let token = parse().ok_or(JwtError::Malformed)?;
        let header = &token.header;
        let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        if (kind != "jwt" && !kinds.contains(&kind)) || header.cty.is_some() {
            return Err(JwtError::Kind);
        }
        if header.crit.is_some() {
            return Err(JwtError::Extension);
        }
        Ok(token)
    }

    /// Verifies the signature. Returns the key and the algorithm.
    ///
    /// # Errors
    /// When the algorithm is not allowed, the key unknown, or the signature wrong.
    pub(super) fn verify(
        &self,
        keys: &Keys<'_>,
    ) -> Result<(CoreJsonWebKey, CoreJwsSigningAlgorithm), JwtError> {
        // The header is not trusted: it can only narrow what the provider publishes.
        let algorithm: CoreJwsSigningAlgorithm =
            serde_json::from_value(Value::String(self.header.alg.clone()))
                .map_err(|_| JwtError::Algorithm)?;
        if algorithm == CoreJwsSigningAlgorithm::None {
            return Err(JwtError::Unsigned);
        }
        if keys
            .algorithms
            .is_some_and(|published| !published.contains(&algorithm))
        {
            return Err(JwtError::Algorithm);
        }
        if algorithm.uses_shared_secret() {
            let secret = keys.secret.ok_or(JwtError::NoSecret)?;
            let key = CoreJsonWebKey::new_symmetric(secret.as_bytes().to_vec());
            return if self.is_signed_by(&key, &algorithm) {
                Ok((key, algorithm))
            } else {
                Err(JwtError::Signature)
            };
        }
        let mut candidates = keys
            .published
            .iter()
            .filter(|key| match (&self.header.kid, key.key_id()) {
                (Some(wanted), Some(id)) => wanted == id.as_str(),
                (Some(_), None) => false,
                (None, _) => true,
            })
            .peekable();
        if candidates.peek().is_none() {
            return Err(JwtError::UnknownKey);
        }
        candidates
            .find(|key| self.is_signed_by(key, &algorithm))
            .map(|key| (key.clone(), algorithm.clone()))
            .ok_or(JwtError::Signature)
    }

    fn is_signed_by(&self, key: &CoreJsonWebKey, algorithm: &CoreJwsSigningAlgorithm) -> bool {
        key.verify_signature(algorithm, self.signed.as_bytes(), &self.signature)
            .is_ok()
    }
}
