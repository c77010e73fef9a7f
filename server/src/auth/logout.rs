//! Logout tokens: a provider's word that a session, or all of a person's, is over.
//! <https://openid.net/specs/openid-connect-backchannel-1_0.html>

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JwsSigningAlgorithm};
use portico_domain::documents::Provider;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::provider::{ProviderError, Providers};

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How far a provider's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// How old a token may be, whatever it says of itself.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// The longest token and the longest identity that are looked at, in bytes.
const LONGEST: usize = 16 << 10;
const LONGEST_ID: usize = 512;

/// Why a logout token was not heeded.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The provider's keys cannot be had.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The token does not hold.
    #[error("the logout token does not hold: {0}")]
    Untrue(&'static str),
}

/// What a logout token says, once everything about it has been found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutClaims {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Its issuer.
    pub issuer: String,
    /// The token's own identity.
    pub jti: String,
    /// When the same token would be refused for its age.
    pub expires_at: Timestamp,
    /// The person, as `Person::subject`.
    pub subject: Option<String>,
    /// The provider's session.
    pub provider_session: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: f64,
    exp: Option<f64>,
    jti: String,
    sub: Option<String>,
    sid: Option<String>,
    events: Map<String, Value>,
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
}

/// Whether the member is there at all, `null` included.
fn present<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Many(many) => many.iter().any(|one| one == client),
        }
    }
}

/// A token in its parts, none of them believed yet.
struct Token<'t> {
    header: Header,
    claims: Claims,
    signed: &'t str,
    signature: Vec<u8>,
}

/// Reads a logout token and finds out whether it holds.
///
/// # Errors
/// When it does not, or when the provider's keys cannot be had.
pub async fn read_logout_token(
    providers: &Providers,
    configured: &[Provider],
    token: &str,
    now: Timestamp,
) -> Result<LogoutClaims, LogoutError> {
    let token = Token::parse(token)?;
    let provider = configured
        .iter()
        .find(|provider| provider.issuer == token.claims.iss && token.claims.aud.has(&provider.client_id))
        .ok_or(LogoutError::Untrue(
            "it is of no provider that is known here, or not for Portico",
        ))?;
    let expires_at = token.judge(now)?;
    let metadata = providers.metadata(&provider.issuer).await?;
    if !token.is_signed_by(metadata.jwks().keys()) {
        // The provider may have changed its keys since they were fetched.
        let metadata = providers.refreshed(&provider.issuer).await?;
        if !token.is_signed_by(metadata.jwks().keys()) {
            return Err(LogoutError::Untrue("its signature is not the provider’s"));
        }
    }
    let claims = token.claims;
    Ok(LogoutClaims {
        provider: provider.name.clone(),
        subject: claims.sub.map(|sub| format!("{}#{sub}", claims.iss)),
        issuer: claims.iss,
        jti: claims.jti,
        expires_at,
        provider_session: claims.sid,
    })
}

impl<'t> Token<'t> {
    fn parse(token: &'t str) -> Result<Self, LogoutError> {
        let malformed = LogoutError::Untrue("it is no signed JSON Web Token with the claims of a logout");
        let parse = || {
            if token.len() > LONGEST {
                return None;
            }
            let (signed, signature) = token.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
            Some(Self {
                header: serde_json::from_slice(&decode(header)?).ok()?,
                claims: serde_json::from_slice(&decode(claims)?).ok()?,
                signed,
                signature: decode(signature)?,
            })
        };
        parse().ok_or(malformed)
    }

    /// Everything that can be judged without keys; until when it could be sent again.
    fn judge(&self, now: Timestamp) -> Result<Timestamp, LogoutError> {
        let Self { header, claims, .. } = self;
        let untrue = |why| Err(LogoutError::Untrue(why));
        let kind = header.typ.as_deref().unwrap_or("JWT");
        if !kind.eq_ignore_ascii_case("JWT") && !kind.eq_ignore_ascii_case("logout+jwt") {
            return untrue("it is a token for something else");
        }
        if header.crit.is_some() {
            return untrue("it asks for an extension that is not known here");
        }
        if header.alg.uses_shared_secret() || header.alg == CoreJwsSigningAlgorithm::None {
            return untrue("it is not signed with a key of the provider’s");
        }
        if !claims.events.get(EVENT).is_some_and(Value::is_object) {
            return untrue("it does not say that it is for a logout");
        }
        if claims.nonce {
            return untrue("it has a nonce, as ID tokens do");
        }
        let blank = |id: &Option<String>| {
            id.as_ref()
                .is_some_and(|id| id.is_empty() || id.len() > LONGEST_ID)
        };
        if claims.sub.is_none() && claims.sid.is_none() || blank(&claims.sub) || blank(&claims.sid) {
            return untrue("it says neither whose session is over nor which");
        }
        if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
            return untrue("it has no identity");
        }
        let (issued, now) = (seconds(claims.iat)?, now);
        if issued > now.saturating_add(SKEW).unwrap_or(Timestamp::MAX) {
            return untrue("it was issued in the future");
        }
        let oldest = issued.saturating_add(OLDEST).unwrap_or(Timestamp::MAX);
        let ends = match claims.exp {
            Some(exp) => seconds(exp)?
                .saturating_add(SKEW)
                .unwrap_or(Timestamp::MAX)
                .min(oldest),
            None => oldest,
        };
        if ends <= now {
            return untrue("it is too old");
        }
        Ok(ends)
    }

    fn is_signed_by(&self, keys: &[CoreJsonWebKey]) -> bool {
        keys.iter()
            .filter(|key| match (&self.header.kid, key.key_id()) {
                (Some(wanted), Some(id)) => wanted == id.as_str(),
                (Some(_), None) => false,
                (None, _) => true,
            })
            .any(|key| {
                key.verify_signature(&self.header.alg, self.signed.as_bytes(), &self.signature)
                    .is_ok()
            })
    }
}

/// A `NumericDate` of RFC 7519.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is out of range is refused by the timestamp"
)]
fn seconds(date: f64) -> Result<Timestamp, LogoutError> {
    Timestamp::from_second(date as i64).map_err(|_| LogoutError::Untrue("its dates make no sense"))
}
