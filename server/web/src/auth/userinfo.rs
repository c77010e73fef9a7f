//! Reads a provider's userinfo endpoint (OpenID Connect Core 1.0, section 5.3).

use http::{StatusCode, header};
use openidconnect::AccessToken;
use portico_domain::documents::Provider;

use super::claims::{Claims, InvalidClaim};
use super::jwt::{Jwt, Keys};
use super::provider::{MAX_RESPONSE_BYTES, Metadata, Providers, client_secret, with_causes};
use super::sign_in_error::SignInError;

/// Fetches the claims of `subject`, as JSON or as a signed token.
///
/// # Errors
/// When the endpoint does not answer, or answers about another subject.
pub(super) async fn fetch(
    providers: &Providers,
    provider: &Provider,
    metadata: &Metadata,
    access_token: &AccessToken,
    subject: &str,
) -> Result<Claims, SignInError> {
    let invalid = |why: String| InvalidClaim::new("userinfo", why);
    let endpoint = metadata.userinfo_endpoint().ok_or_else(|| {
        invalid("is not to be had: the sign-in service publishes no userinfo_endpoint".to_owned())
    })?;
    let request = http::Request::get(endpoint.as_str())
        .header(header::ACCEPT, "application/json, application/jwt")
        .header(header::AUTHORIZATION, format!("Bearer {}", access_token.secret()))
        .body(Vec::new())
        .map_err(|_| {
            invalid("cannot be asked: its address or the access token is not fit for HTTP".to_owned())
        })?;
    let response = providers
        .call(request)
        .await
        .map_err(|error| invalid(format!("did not answer: {}", with_causes(&error))))?;
    if response.status() != StatusCode::OK {
        return Err(invalid(format!("answered {}", response.status().as_u16())).into());
    }
    let is_signed = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("application/jwt"));
    let claims = if is_signed {
        let text = std::str::from_utf8(response.body()).unwrap_or_default();
        verify_signed(provider, metadata, text.trim()).await?
    } else {
        Claims::parse(response.body())
            .ok_or_else(|| invalid("answered with what is not a JSON object".to_owned()))?
    };
    // Section 5.3.2: an answer about another subject must not be used.
    if claims.optional_text("sub")? != Some(subject) {
        return Err(InvalidClaim::new("sub", "of userinfo is not that of the ID token").into());
    }
    Ok(claims)
}

/// Verifies a signed response and returns its claims.
async fn verify_signed(provider: &Provider, metadata: &Metadata, token: &str) -> Result<Claims, SignInError> {
    let invalid = |why: String| InvalidClaim::new("userinfo", why);
    let token =
        Jwt::parse(token, MAX_RESPONSE_BYTES, &["jose"]).map_err(|error| invalid(error.to_string()))?;
    let secret = client_secret(provider).await?;
    token
        .verify(&Keys {
            published: metadata.jwks().keys(),
            algorithms: None,
            secret: secret.as_deref(),
        })
        .map_err(|error| invalid(error.to_string()))?;
    let claims = token.claims;
    if claims
        .optional_text("iss")?
        .is_some_and(|issuer| issuer != provider.issuer)
    {
        return Err(InvalidClaim::new(
            "iss",
            "of userinfo is not the issuer that the configuration names",
        )
        .into());
    }
    if claims.get("aud").is_some() && !claims.audiences()?.contains(&provider.client_id.as_str()) {
        return Err(InvalidClaim::new("aud", "of userinfo does not name Portico's clientId").into());
    }
    Ok(claims)
}
