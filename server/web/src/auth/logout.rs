//! Logout tokens: a provider's word that a session, or all of a person's, is over.
//! <https://openid.net/specs/openid-connect-backchannel-1_0.html>

use jiff::{SignedDuration, Timestamp};
use portico_domain::documents::Provider;
use serde_json::Value;

use super::claims::{Claims, Flaw};
use super::jwt::{Jwt, JwtError, Keys};
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
    Untrue(String),
}

impl From<JwtError> for LogoutError {
    fn from(error: JwtError) -> Self {
        Self::Untrue(error.to_string())
    }
}

impl From<Flaw> for LogoutError {
    fn from(flaw: Flaw) -> Self {
        Self::Untrue(flaw.to_string())
    }
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
    let token = Jwt::parse(token, LONGEST, &["logout+jwt"])?;
    let claims = &token.claims;
    let issuer = claims.needed_text("iss")?.unwrap_or_default();
    let audiences = claims.audiences()?;
    let provider = configured
        .iter()
        .find(|provider| provider.issuer == issuer && audiences.contains(&provider.client_id.as_str()))
        .ok_or_else(|| untrue("it is of no provider that is known here, or not for Portico"))?;
    let said = judge(claims, now)?;
    // A logout token is never signed with a shared secret: whoever has a public client's would end sessions.
    let verify = |published| {
        token.verify(&Keys {
            published,
            algorithms: None,
            secret: None,
        })
    };
    let metadata = providers.metadata(&provider.issuer).await?;
    match verify(metadata.jwks().keys()) {
        // The provider may have changed its keys since they were fetched.
        Err(JwtError::UnknownKey | JwtError::Signature) => {
            verify(providers.refreshed(&provider.issuer).await?.jwks().keys())?;
        }
        other => {
            other?;
        }
    }
    Ok(LogoutClaims {
        provider: provider.name.clone(),
        subject: said.subject.map(|subject| format!("{issuer}#{subject}")),
        issuer: issuer.to_owned(),
        jti: said.jti.to_owned(),
        expires_at: said.expires_at,
        provider_session: said.session.map(str::to_owned),
    })
}

/// What a logout token says, but for its issuer.
struct Said<'c> {
    jti: &'c str,
    expires_at: Timestamp,
    subject: Option<&'c str>,
    session: Option<&'c str>,
}

/// Everything that can be judged without keys.
fn judge(claims: &Claims, now: Timestamp) -> Result<Said<'_>, LogoutError> {
    let is_logout = claims
        .get("events")
        .and_then(|events| events.get(EVENT))
        .is_some_and(Value::is_object);
    if !is_logout {
        return Err(untrue("it does not say that it is for a logout"));
    }
    // Also one that is null: section 2.4 forbids the member.
    if claims.0.contains_key("nonce") {
        return Err(untrue("it has a nonce, as ID tokens do"));
    }
    let (subject, session) = (claims.needed_text("sub")?, claims.needed_text("sid")?);
    let blank = |id: Option<&str>| id.is_some_and(|id| id.trim().is_empty() || id.len() > LONGEST_ID);
    if subject.is_none() && session.is_none() || blank(subject) || blank(session) {
        return Err(untrue("it says neither whose session is over nor which"));
    }
    let jti = claims.needed_text("jti")?.unwrap_or_default();
    if jti.is_empty() || jti.len() > LONGEST_ID {
        return Err(untrue("it has no identity"));
    }
    let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let issued = claims
        .date("iat")?
        .ok_or_else(|| untrue("it does not say when it was issued"))?;
    if issued > later(now, SKEW) {
        return Err(untrue("it was issued in the future"));
    }
    let oldest = later(issued, OLDEST);
    let expires_at = match claims.date("exp")? {
        Some(exp) => later(exp, SKEW).min(oldest),
        None => oldest,
    };
    if expires_at <= now {
        return Err(untrue("it is too old"));
    }
    Ok(Said {
        jti,
        expires_at,
        subject,
        session,
    })
}

fn untrue(why: &str) -> LogoutError {
    LogoutError::Untrue(why.to_owned())
}
