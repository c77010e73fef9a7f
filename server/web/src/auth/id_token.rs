//! Validates the claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash};
use portico_domain::documents::Provider;
use serde_json::Value;

use super::claims::{Claims, InvalidClaim, line};

/// Maximum clock skew of a provider that is ahead.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// Maximum age of a newly issued token. Entra ID dates its tokens back by five minutes.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(15);
/// Maximum length of `sub` in bytes. OpenID Connect allows 255.
const MAX_SUBJECT_BYTES: usize = 512;

/// What the claims are checked against.
pub(super) struct Expected<'e> {
    pub(super) provider: &'e Provider,
    /// The nonce of the authorization request.
    pub(super) nonce: &'e str,
    /// The access token of the same response.
    pub(super) access_token: &'e AccessToken,
    /// The key and algorithm of the signature.
    pub(super) signed_with: &'e (CoreJsonWebKey, CoreJwsSigningAlgorithm),
    pub(super) now: Timestamp,
}

/// Validates the claims of a token whose signature is valid. Returns the subject.
///
/// # Errors
/// The first invalid claim and why.
pub(super) fn validate<'c>(claims: &'c Claims, expected: &Expected<'_>) -> Result<&'c str, InvalidClaim> {
    let provider = expected.provider;
    if claims.optional_text("iss")? != Some(provider.issuer.as_str()) {
        return Err(InvalidClaim::new(
            "iss",
            "is not the issuer that the configuration names",
        ));
    }
    let subject = subject(claims)?;
    check_audience(claims, provider)?;
    check_times(claims, expected.now)?;
    let nonce = claims.optional_text("nonce")?.unwrap_or_default();
    if verify_slices_are_equal(nonce.as_bytes(), expected.nonce.as_bytes()).is_err() {
        return Err(InvalidClaim::new(
            "nonce",
            "is not the one that this sign-in began with",
        ));
    }
    check_access_token(claims, expected)?;
    check_authentication(claims, provider, expected.now)?;
    Ok(subject)
}

fn subject(claims: &Claims) -> Result<&str, InvalidClaim> {
    let subject = claims
        .optional_text("sub")?
        .ok_or_else(|| InvalidClaim::new("sub", "is missing"))?;
    if subject.trim().is_empty() {
        return Err(InvalidClaim::new("sub", "is empty: it says of nobody"));
    }
    if subject.len() > MAX_SUBJECT_BYTES || subject.chars().any(char::is_control) {
        return Err(InvalidClaim::new(
            "sub",
            "is too long, or has control characters in it",
        ));
    }
    Ok(subject)
}

/// Checks `aud` and `azp` (section 3.1.3.7, 3 to 5).
fn check_audience(claims: &Claims, provider: &Provider) -> Result<(), InvalidClaim> {
    let audiences = claims.audiences()?;
    let client = provider.client_id.as_str();
    if !audiences.contains(&client) {
        return Err(InvalidClaim::new("aud", "does not name Portico's clientId"));
    }
    let foreign = audiences.iter().find(|audience| {
        **audience != client && !provider.trusted_audiences.iter().any(|known| known == *audience)
    });
    if let Some(foreign) = foreign {
        let foreign = line(foreign).unwrap_or_default();
        return Err(InvalidClaim::new(
            "aud",
            format!(
                "names `{foreign}` besides Portico's clientId. If it may, add it to trustedAudiences of the provider {:?}",
                provider.name
            ),
        ));
    }
    match claims.optional_text("azp")? {
        Some(party) if party == client => Ok(()),
        Some(_) => Err(InvalidClaim::new(
            "azp",
            "says that another application than Portico's clientId asked for the token",
        )),
        None if audiences.iter().any(|audience| *audience != client) => Err(InvalidClaim::new(
            "azp",
            "is missing: a token for several audiences must say that Portico's clientId asked for it",
        )),
        None => Ok(()),
    }
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), InvalidClaim> {
    let later = |at: Timestamp, by: SignedDuration| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let clocks = "compare the clocks of Portico's machine and of the sign-in service";
    let expires_at = claims
        .date("exp")?
        .ok_or_else(|| InvalidClaim::new("exp", "is missing"))?;
    if expires_at <= now {
        return Err(InvalidClaim::new("exp", format!("is over: {clocks}")));
    }
    let issued = claims
        .date("iat")?
        .ok_or_else(|| InvalidClaim::new("iat", "is missing"))?;
    if issued > later(now, SKEW) {
        return Err(InvalidClaim::new("iat", format!("is in the future: {clocks}")));
    }
    if later(issued, MAX_AGE) < now {
        return Err(InvalidClaim::new(
            "iat",
            format!("is too long ago for a token that was asked for just now: {clocks}"),
        ));
    }
    if claims
        .date("nbf")?
        .is_some_and(|not_before| not_before > later(now, SKEW))
    {
        return Err(InvalidClaim::new("nbf", format!("is in the future: {clocks}")));
    }
    Ok(())
}

/// Checks `at_hash` if present (section 3.1.3.8).
fn check_access_token(claims: &Claims, expected: &Expected<'_>) -> Result<(), InvalidClaim> {
    let Some(hash) = claims.optional_text("at_hash")? else {
        return Ok(());
    };
    let (key, algorithm) = expected.signed_with;
    let found = AccessTokenHash::from_token(expected.access_token, algorithm, key)
        .map_err(|_| InvalidClaim::new("at_hash", "cannot be judged with the key of the token"))?;
    if found.as_str() == hash {
        Ok(())
    } else {
        Err(InvalidClaim::new(
            "at_hash",
            "is of another access token than came with it",
        ))
    }
}

/// Checks `auth_time` and `acr` if the configuration asks for them (section 3.1.3.7, 12 and 13).
fn check_authentication(claims: &Claims, provider: &Provider, now: Timestamp) -> Result<(), InvalidClaim> {
    if let Some(minutes) = provider.max_age_minutes {
        let at = claims.date("auth_time")?.ok_or_else(|| {
            InvalidClaim::new(
                "auth_time",
                "is missing: the sign-in service does not say when you proved who you are, which maxAgeMinutes asks for",
            )
        })?;
        let oldest = SignedDuration::from_mins(i64::from(minutes)) + SKEW;
        if at.saturating_add(oldest).unwrap_or(Timestamp::MAX) < now {
            return Err(InvalidClaim::new(
                "auth_time",
                format!("is more than {minutes} minutes ago, which maxAgeMinutes does not allow"),
            ));
        }
    }
    if !provider.acr_values.is_empty() {
        let found = match claims.get("acr") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        if !found.is_some_and(|found| provider.acr_values.contains(&found)) {
            return Err(InvalidClaim::new(
                "acr",
                "is none of acrValues: you signed in in a way that is not enough here",
            ));
        }
    }
    Ok(())
}

/// Returns the e-mail address if the provider verified it, or if the configuration trusts unverified addresses.
pub(super) fn email(claims: &Claims, provider: &Provider) -> Option<String> {
    let trusted = match claims.boolean("email_verified") {
        Some(verified) => verified,
        None => provider.trust_emails,
    };
    claims.text("email").filter(|_| trusted).and_then(line)
}

/// Returns the person's display name, from the first claim that has one.
pub(super) fn name(claims: &Claims) -> Option<String> {
    let full_name = || {
        let parts: Vec<&str> = ["given_name", "family_name"]
            .into_iter()
            .filter_map(|claim| claims.text(claim))
            .collect();
        line(&parts.join(" "))
    };
    claims
        .text("name")
        .and_then(line)
        .or_else(full_name)
        .or_else(|| claims.text("preferred_username").and_then(line))
        .or_else(|| claims.text("email").and_then(line))
}
