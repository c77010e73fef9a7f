//! JSON Web Tokens that a provider signed: ID tokens, logout tokens, signed answers of userinfo (RFC 7515, RFC 7519).
//!
//! Signatures are verified by openidconnect's keys. Claims are read as they come: the library gives every claim of
//! OpenID Connect a type and refuses the whole token where one has another, also one that nobody here reads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;

/// Why a token is not taken, whatever it says.
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

/// What a token may be signed with.
pub(super) struct Keys<'k> {
    /// What the provider publishes.
    pub(super) published: &'k [CoreJsonWebKey],
    /// The algorithms that it says it signs with; `None` means that it does not say.
    pub(super) algorithms: Option<&'k [CoreJwsSigningAlgorithm]>,
    /// The client's secret, where tokens may be signed with that (OpenID Connect Core 1.0, section 10.1).
    pub(super) secret: Option<&'k str>,
}

/// A token in its parts, none of them believed yet.
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
    /// Takes the token apart. `kinds` are the values of `typ` that are taken besides `JWT` and none at all, in small
    /// letters and without `application/`.
    ///
    /// # Errors
    /// When it is none, longer than `longest` bytes, or for something else.
    pub(super) fn parse(token: &'t str, longest: usize, kinds: &[&str]) -> Result<Self, JwtError> {
        let parse = || {
            if token.len() > longest {
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

    /// Verifies the signature: the key it was made with, and the algorithm.
    ///
    /// # Errors
    /// When it does not hold.
    pub(super) fn verify(
        &self,
        keys: &Keys<'_>,
    ) -> Result<(CoreJsonWebKey, CoreJwsSigningAlgorithm), JwtError> {
        // What the header says is the sender's word: it only ever narrows what the provider publishes.
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
