//! Sign-in by OpenID Connect: the code flow with PKCE, state and nonce.
//! <https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth>

use std::sync::Arc;

use jiff::Timestamp;
use oauth2::{RequestTokenError, TokenResponse as _};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
};
use portico_domain::documents::{Configuration, GroupsFrom, Provider};
use portico_domain::tenancy::{KnownPerson, Person};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use url::Url;
use uuid::Uuid;

use super::claims::{Claims, InvalidClaim, line};
use super::csrf;
use super::groups;
use super::id_token::{self, Expected};
use super::jwt::{Jwt, JwtError, Keys};
use super::provider::{
    MAX_RESPONSE_BYTES, Metadata, Providers, client_secret, identifies_itself, with_causes,
};
use super::return_to::ReturnTo;
use super::session::{SignedIn, expire_soon};
use super::sign_in_error::SignInError;
use super::userinfo;

/// The session key of sign-ins in progress.
const PENDING_KEY: &str = "sign-ins";
/// Maximum number of concurrent sign-ins of one browser.
const MAX_PENDING: usize = 5;
/// How long a sign-in may take, in seconds.
const MAX_SECONDS: i64 = 15 * 60;

/// A sign-in in progress.
#[derive(Debug, Serialize, Deserialize)]
struct PendingSignIn {
    state: String,
    nonce: String,
    verifier: String,
    provider: String,
    return_to: String,
    at: Timestamp,
}

/// Query of the callback, which the provider sends through the browser.
#[derive(Debug, Default, Deserialize)]
pub struct Callback {
    /// The authorization code.
    pub code: Option<String>,
    /// The `state` of the authorization request.
    pub state: Option<String>,
    /// The error code (RFC 6749).
    pub error: Option<String>,
    /// The error description.
    pub error_description: Option<String>,
    /// The provider that answers (RFC 9207).
    pub iss: Option<String>,
}

/// Begins a sign-in. Returns the address to send the browser to.
///
/// # Errors
/// When the provider cannot be used, or the session cannot be stored.
pub async fn begin(
    providers: &Providers,
    provider: &Provider,
    redirect: &str,
    return_to: &ReturnTo,
    session: &Session,
    now: Timestamp,
) -> Result<Url, SignInError> {
    let metadata = providers.metadata(&provider.issuer).await?;
    let client = Providers::client(provider, &metadata, redirect).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let nonce = Nonce::new_random();
    let mut request = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("openid".to_owned()))
        .add_scopes(
            provider
                .scopes
                .iter()
                .filter(|scope| *scope != "openid")
                .cloned()
                .map(Scope::new),
        )
        .add_extra_param("nonce", nonce.secret())
        .set_pkce_challenge(challenge);
    if let Some(minutes) = provider.max_age_minutes {
        request = request.add_extra_param("max_age", (u64::from(minutes) * 60).to_string());
    }
    if !provider.acr_values.is_empty() {
        request = request.add_extra_param("acr_values", provider.acr_values.join(" "));
    }
    let (address, state) = request.url();
    let mut pending = pending_sign_ins(session, now).await?;
    if pending.len() >= MAX_PENDING {
        pending.remove(0);
    }
    pending.push(PendingSignIn {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        provider: provider.name.clone(),
        return_to: return_to.as_str().to_owned(),
        at: now,
    });
    session.insert(PENDING_KEY, pending).await?;
    expire_soon(session);
    Ok(address)
}

async fn pending_sign_ins(session: &Session, now: Timestamp) -> Result<Vec<PendingSignIn>, SignInError> {
    let pending: Vec<PendingSignIn> = session.get(PENDING_KEY).await.ok().flatten().unwrap_or_default();
    Ok(pending
        .into_iter()
        .filter(|pending| now.as_second() - pending.at.as_second() <= MAX_SECONDS)
        .collect())
}

/// A completed sign-in.
#[derive(Debug)]
pub struct Completed {
    /// The data of the new session.
    pub signed_in: SignedIn,
    /// The person and groups, as the provider sent them.
    pub known: KnownPerson,
    /// Where the person wanted to go.
    pub return_to: ReturnTo,
}

/// Completes a sign-in. Only removes the sign-in in progress from the session; [`super::begin_session`] signs the
/// person in.
///
/// # Errors
/// When the callback or the provider's response is invalid.
pub async fn complete(
    providers: &Providers,
    configuration: &Configuration,
    redirect: &str,
    callback: Callback,
    session: &Session,
    now: Timestamp,
) -> Result<Completed, SignInError> {
    let mut all = pending_sign_ins(session, now).await?;
    let state = callback.state.as_deref().unwrap_or_default();
    let position = all
        .iter()
        .position(|pending| pending.state == state)
        .ok_or(SignInError::Unknown)?;
    let pending = all.remove(position);
    session.insert(PENDING_KEY, all).await?;
    let provider = configuration
        .portal
        .spec
        .sign_in
        .providers
        .iter()
        .find(|one| one.name == pending.provider)
        .ok_or(SignInError::Unknown)?;
    let metadata = providers.metadata(&provider.issuer).await?;
    let answer = check_issuer(provider, &metadata, &callback).and_then(|()| code(provider, callback));
    let completed = match answer {
        Ok(code) => {
            redeem(
                providers,
                provider,
                configuration,
                metadata,
                redirect,
                &pending,
                code,
                now,
            )
            .await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &completed {
        // Wrong scopes are the most frequent cause, and few providers say which.
        tracing::warn!(provider = provider.name, scopes = ?provider.scopes, %error, "a sign-in was refused");
    }
    completed
}

/// Checks that the provider that was asked answers: the code of another must not be sent to this one (RFC 9207).
fn check_issuer(provider: &Provider, metadata: &Metadata, callback: &Callback) -> Result<(), SignInError> {
    match &callback.iss {
        Some(issuer) if *issuer == provider.issuer => Ok(()),
        None if !identifies_itself(metadata) => Ok(()),
        _ => Err(SignInError::MixedUp),
    }
}

fn code(provider: &Provider, callback: Callback) -> Result<AuthorizationCode, SignInError> {
    if let Some(error) = callback.error {
        return Err(refusal(provider, &error, callback.error_description.as_deref()));
    }
    let code = callback
        .code
        .ok_or_else(|| InvalidClaim::new("code", "is missing in what the sign-in service sent"))?;
    Ok(AuthorizationCode::new(code))
}

fn refusal(provider: &Provider, error: &str, description: Option<&str>) -> SignInError {
    let message = description
        .and_then(line)
        .or_else(|| line(error))
        .unwrap_or_else(|| "it gave no reason".to_owned());
    let hint = (error == "invalid_scope").then(|| {
        format!(
            "Portico asked for the scopes {}: see `scopes` of its provider {:?}. Every one must be known there.",
            provider.scopes.join(", "),
            provider.name
        )
    });
    SignInError::Refused { message, hint }
}

/// Exchanges the code and validates the response.
#[expect(
    clippy::too_many_arguments,
    reason = "each is another thing that the answer is held against"
)]
async fn redeem(
    providers: &Providers,
    provider: &Provider,
    configuration: &Configuration,
    metadata: Arc<Metadata>,
    redirect: &str,
    pending: &PendingSignIn,
    code: AuthorizationCode,
    now: Timestamp,
) -> Result<Completed, SignInError> {
    let client = Providers::client(provider, &metadata, redirect).await?;
    let http = |request| providers.call(request);
    let tokens = client
        .exchange_code(code)
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
        .request_async(&http)
        .await
        .map_err(|error| exchange_error(provider, error))?;
    let id_token = tokens
        .id_token()
        .ok_or_else(|| InvalidClaim::new("id_token", "is missing in the answer of the token endpoint"))?;
    let token = Jwt::parse(id_token, MAX_RESPONSE_BYTES, &["jose"]).map_err(|error| invalid_token(&error))?;
    let (signed_with, metadata) = verify_signature(providers, provider, metadata, &token).await?;
    let access_token = tokens.access_token();
    let subject = id_token::validate(
        &token.claims,
        &Expected {
            provider,
            nonce: &pending.nonce,
            access_token,
            signed_with: &signed_with,
            now,
        },
    )?;
    let more = userinfo_if_needed(
        providers,
        provider,
        &metadata,
        access_token,
        subject,
        &token.claims,
    )
    .await?;
    let claims = &token.claims;
    let group_claims = match provider.groups_from {
        GroupsFrom::IdToken => claims,
        GroupsFrom::Userinfo => &more,
    };
    let groups = groups::read(group_claims, provider, configuration);
    if let Some(remark) = &groups.remark {
        let remark = remark.in_words(&provider.name);
        tracing::warn!(
            provider = provider.name,
            claim = provider.groups_claim,
            remark,
            "some groups of a person may be missing"
        );
    }
    let email = id_token::email(claims, provider).or_else(|| id_token::email(&more, provider));
    let name = id_token::name(claims)
        .or_else(|| id_token::name(&more))
        .or_else(|| line(subject))
        .unwrap_or_else(|| "somebody".to_owned());
    let person = Person {
        subject: format!("{}#{subject}", provider.issuer),
        name,
        email,
    };
    let sign_out_hint = ["login_hint", "sid", "preferred_username"]
        .into_iter()
        .find_map(|claim| claims.text(claim).and_then(line));
    Ok(Completed {
        signed_in: SignedIn {
            person: person.clone(),
            provider: provider.name.clone(),
            provider_session: claims.text("sid").map(str::to_owned),
            sign_out_hint,
            groups_remark: groups.remark,
            address: None,
            browser: None,
            started_at: now,
            seen_at: now,
            csrf: csrf::new_token(),
        },
        known: KnownPerson {
            id: Uuid::now_v7(),
            person,
            groups: groups.names,
            signed_in_at: now,
            suspended_at: None,
        },
        return_to: ReturnTo::parse(&pending.return_to),
    })
}

/// Explains why the exchange failed. Contains nothing of the response: it may hold tokens.
fn exchange_error<E: std::error::Error>(
    provider: &Provider,
    error: RequestTokenError<E, oauth2::basic::BasicErrorResponse>,
) -> SignInError {
    let invalid = |why: String| SignInError::Invalid(InvalidClaim::new("token endpoint", why));
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let error = answer.error().to_string();
            let description = answer.error_description().map(String::as_str);
            refusal(provider, &error, description)
        }
        RequestTokenError::Request(error) => invalid(format!("did not answer: {}", with_causes(&error))),
        RequestTokenError::Parse(error, _) => {
            let path = error.path().to_string();
            invalid(format!(
                "its answer is not as it should be at `{}`",
                line(&path).unwrap_or_default()
            ))
        }
        RequestTokenError::Other(why) => invalid(line(&why).unwrap_or_default()),
    }
}

fn invalid_token(error: &JwtError) -> InvalidClaim {
    InvalidClaim::new("ID token", error.to_string())
}

/// Verifies the ID token's signature. Fetches the provider's metadata again if it may have rotated its keys.
async fn verify_signature(
    providers: &Providers,
    provider: &Provider,
    metadata: Arc<Metadata>,
    token: &Jwt<'_>,
) -> Result<((CoreJsonWebKey, CoreJwsSigningAlgorithm), Arc<Metadata>), SignInError> {
    let secret = client_secret(provider).await?;
    let verify = |metadata: &Metadata| {
        token.verify(&Keys {
            published: metadata.jwks().keys(),
            algorithms: Some(metadata.id_token_signing_alg_values_supported()),
            secret: secret.as_deref(),
        })
    };
    match verify(&metadata) {
        Ok(key) => Ok((key, metadata)),
        Err(JwtError::UnknownKey | JwtError::Signature) => {
            let metadata = providers.refreshed(&provider.issuer).await?;
            let key = verify(&metadata).map_err(|error| invalid_token(&error))?;
            Ok((key, metadata))
        }
        Err(error) => Err(invalid_token(&error).into()),
    }
}

/// Fetches userinfo if the groups are there, or if the ID token has no display name. Otherwise returns no claims.
async fn userinfo_if_needed(
    providers: &Providers,
    provider: &Provider,
    metadata: &Metadata,
    access_token: &AccessToken,
    subject: &str,
    claims: &Claims,
) -> Result<Claims, SignInError> {
    let fetch = || userinfo::fetch(providers, provider, metadata, access_token, subject);
    match provider.groups_from {
        GroupsFrom::Userinfo => fetch().await,
        GroupsFrom::IdToken if id_token::name(claims).is_none() && metadata.userinfo_endpoint().is_some() => {
            // Only the name depends on it.
            Ok(fetch().await.unwrap_or_else(|error| {
                tracing::warn!(provider = provider.name, %error, "userinfo cannot be read; the person has no display name");
                Claims::default()
            }))
        }
        GroupsFrom::IdToken => Ok(Claims::default()),
    }
}

/// Returns the provider's address for sign-out; `None` if it has none. Sends no ID token, since none is stored, so
/// the provider asks the person to confirm.
/// <https://openid.net/specs/openid-connect-rpinitiated-1_0.html>
pub async fn sign_out_address(
    providers: &Providers,
    provider: &Provider,
    signed_in: &SignedIn,
    back_to: &str,
) -> Option<Url> {
    let metadata = providers.metadata(&provider.issuer).await.ok()?;
    let end = metadata.additional_metadata().end_session_endpoint.as_ref()?;
    let mut address = end.url().clone();
    let mut query = address.query_pairs_mut();
    query
        .append_pair("client_id", &provider.client_id)
        .append_pair("post_logout_redirect_uri", back_to);
    if let Some(hint) = &signed_in.sign_out_hint {
        query.append_pair("logout_hint", hint);
    }
    drop(query);
    Some(address)
}
