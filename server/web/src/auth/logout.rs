//! Logout tokens, with which a provider ends one session or all sessions of a person.
//! <https://openid.net/specs/openid-connect-backchannel-1_0.html>

use jiff::{SignedDuration, Timestamp};
use portico_domain::documents::Provider;
use serde_json::Value;

use super::claims::{Claims, InvalidClaim};
use super::jwt::{Jwt, JwtError, Keys};
use super::provider::{ProviderError, Providers};

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Maximum clock skew of a provider.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// Maximum age of a token, whatever its `exp`.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);
/// Maximum length of a token and of an identifier, in bytes.
const MAX_TOKEN_BYTES: usize = 16 << 10;
const MAX_ID_BYTES: usize = 512;

/// Why a logout token was rejected.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The provider's keys cannot be fetched.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The token is invalid.
    #[error("the logout token does not hold: {0}")]
    Invalid(String),
}

impl From<JwtError> for LogoutError {
    fn from(error: JwtError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<InvalidClaim> for LogoutError {
    fn from(invalid: InvalidClaim) -> Self {
        Self::Invalid(invalid.to_string())
    }
}

/// The content of a valid logout token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutClaims {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Its issuer.
    pub issuer: String,
    /// The token's ID.
    pub jti: String,
    /// When the token is rejected because of its age.
    pub expires_at: Timestamp,
    /// The person, as `Person::subject`.
    pub subject: Option<String>,
    /// The provider's session ID.
    pub provider_session: Option<String>,
}

/// Parses and verifies a logout token.
///
/// # Errors
/// When it is invalid, or when the provider's keys cannot be fetched.
pub async fn read_logout_token(
    providers: &Providers,
    configured: &[Provider],
    token: &str,
    now: Timestamp,
) -> Result<LogoutClaims, LogoutError> {
    let token = Jwt::parse(token, MAX_TOKEN_BYTES, &["logout+jwt"])?;
    let claims = &token.claims;
    let issuer = claims.optional_text("iss")?.unwrap_or_default();
    let audiences = claims.audiences()?;
    let provider = configured
        .iter()
        .find(|provider| provider.issuer == issuer && audiences.contains(&provider.client_id.as_str()))
        .ok_or_else(|| invalid_token("it is of no provider that is known here, or not for Portico"))?;
    let validated = validate(claims, now)?;
    // Shared secrets are not accepted: anybody with a public client's secret could end sessions.
    let verify = |published| {
        token.verify(&Keys {
            published,
            algorithms: None,
            secret: None,
        })
    };
    let metadata = providers.metadata(&provider.issuer).await?;
    match verify(metadata.jwks().keys()) {
        // The provider may have rotated its keys since the last fetch.
        Err(JwtError::UnknownKey | JwtError::Signature) => {
            verify(providers.refreshed(&provider.issuer).await?.jwks().keys())?;
        }
        other => {
            other?;
        }
    }
    Ok(LogoutClaims {
        provider: provider.name.clone(),
        subject: validated.subject.map(|subject| format!("{issuer}#{subject}")),
        issuer: issuer.to_owned(),
        jti: validated.jti.to_owned(),
        expires_at: validated.expires_at,
        provider_session: validated.session.map(str::to_owned),
    })
}

/// The claims of a logout token, without the issuer.
struct ValidatedClaims<'c> {
    jti: &'c str,
    expires_at: Timestamp,
    subject: Option<&'c str>,
    session: Option<&'c str>,
}

/// Checks the claims that need no keys.
fn validate(claims: &Claims, now: Timestamp) -> Result<ValidatedClaims<'_>, LogoutError> {
    let is_logout = claims
        .get("events")
        .and_then(|events| events.get(EVENT))
        .is_some_and(Value::is_object);
    if !is_logout {
        return Err(invalid_token("it does not say that it is for a logout"));
    }
    // Section 2.4 forbids the member, even with the value null.
    if claims.0.contains_key("nonce") {
        return Err(invalid_token("it has a nonce, as ID tokens do"));
    }
    let (subject, session) = (claims.optional_text("sub")?, claims.optional_text("sid")?);
    let blank = |id: Option<&str>| id.is_some_and(|id| id.trim().is_empty() || id.len() > MAX_ID_BYTES);
    if subject.is_none() && session.is_none() || blank(subject) || blank(session) {
        return Err(invalid_token("it says neither whose session is over nor which"));
    }
    let jti = claims.optional_text("jti")?.unwrap_or_default();
    if jti.is_empty() || jti.len() > MAX_ID_BYTES {
        return Err(invalid_token("it has no identity"));
    }
    let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let issued = claims
        .date("iat")?
        .ok_or_else(|| invalid_token("it does not say when it was issued"))?;
    if issued > later(now, SKEW) {
        return Err(invalid_token("it was issued in the future"));
    }
    let oldest = later(issued, MAX_AGE);
    let expires_at = match claims.date("exp")? {
        Some(exp) => later(exp, SKEW).min(oldest),
        None => oldest,
    };
    if expires_at <= now {
        return Err(invalid_token("it is too old"));
    }
    Ok(ValidatedClaims {
        jti,
        expires_at,
        subject,
        session,
    })
}

fn invalid_token(why: &str) -> LogoutError {
    LogoutError::Invalid(why.to_owned())
}
