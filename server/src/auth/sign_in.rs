//! Sign-in by OpenID Connect: the code flow with PKCE, state and nonce.
//! <https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth>

use std::collections::BTreeSet;

use jiff::Timestamp;
use openidconnect::core::{CoreGenderClaim, CoreResponseType};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, CsrfToken,
    IdTokenClaims, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, Scope,
    SignatureVerificationError, TokenResponse, UserInfoClaims,
};
use portico_domain::documents::{GroupsFrom, Provider};
use portico_domain::tenancy::Person;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use url::Url;

use super::claims::{OtherClaims, line};
use super::csrf;
use super::provider::{OidcClient, PorticoIdToken, ProviderError, Providers, with_causes};
use super::return_to::ReturnTo;
use super::session::{SignedIn, expire_soon};

/// The key of a session's data for sign-ins that have begun.
const BEGUN_KEY: &str = "sign-ins";
/// How many windows may be signing in at once.
const BEGUN: usize = 5;
/// How long one may take over it, in seconds.
const PATIENCE: i64 = 15 * 60;

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The provider cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// What came back belongs to no sign-in of this browser.
    #[error("this sign-in was begun in another browser, or too long ago")]
    Unknown,
    /// The provider said no.
    #[error("the sign-in service refused: {0}")]
    Refused(String),
    /// What the provider sent does not hold.
    #[error("what the sign-in service sent does not hold: {0}")]
    Untrue(String),
    /// The session could not be stored.
    #[error("the session could not be stored")]
    Session(#[from] tower_sessions::session::Error),
}

/// A sign-in that has begun.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    state: String,
    nonce: String,
    verifier: String,
    provider: String,
    return_to: String,
    at: Timestamp,
}

/// What the provider sends back by way of the browser.
#[derive(Debug, Default, Deserialize)]
pub struct Callback {
    /// The code to exchange.
    pub code: Option<String>,
    /// The state that this began with.
    pub state: Option<String>,
    /// What went wrong, by RFC 6749.
    pub error: Option<String>,
    /// The same in words.
    pub error_description: Option<String>,
}

/// Begins a sign-in: the address to send the browser to.
///
/// # Errors
/// When the provider cannot be used, or the session not be stored.
pub async fn begin(
    providers: &Providers,
    provider: &Provider,
    redirect: &str,
    return_to: &ReturnTo,
    session: &Session,
    now: Timestamp,
) -> Result<Url, SignInError> {
    let metadata = providers.metadata(&provider.issuer).await?;
    let client = Providers::client(provider, &metadata, redirect)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(
            provider
                .scopes
                .iter()
                .filter(|scope| *scope != "openid")
                .cloned()
                .map(Scope::new),
        )
        .set_pkce_challenge(challenge)
        .url();
    let mut begun = still_going(session, now).await?;
    if begun.len() >= BEGUN {
        begun.remove(0);
    }
    begun.push(Begun {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        provider: provider.name.clone(),
        return_to: return_to.as_str().to_owned(),
        at: now,
    });
    session.insert(BEGUN_KEY, begun).await?;
    expire_soon(session);
    Ok(address)
}

async fn still_going(session: &Session, now: Timestamp) -> Result<Vec<Begun>, SignInError> {
    let begun: Vec<Begun> = session.get(BEGUN_KEY).await.ok().flatten().unwrap_or_default();
    Ok(begun
        .into_iter()
        .filter(|begun| now.as_second() - begun.at.as_second() <= PATIENCE)
        .collect())
}

/// Ends a sign-in: who it is, and where they wanted to go. The session is not changed but for forgetting
/// what had begun; [`super::begin_session`] makes it theirs.
///
/// # Errors
/// When anything about it does not hold.
pub async fn complete(
    providers: &Providers,
    configured: &[Provider],
    redirect: &str,
    callback: Callback,
    session: &Session,
    now: Timestamp,
) -> Result<(SignedIn, ReturnTo), SignInError> {
    let mut going = still_going(session, now).await?;
    let state = callback.state.unwrap_or_default();
    let position = going
        .iter()
        .position(|begun| begun.state == state)
        .ok_or(SignInError::Unknown)?;
    let begun = going.remove(position);
    session.insert(BEGUN_KEY, going).await?;
    let return_to = ReturnTo::parse(&begun.return_to);
    if let Some(error) = callback.error {
        let said = callback
            .error_description
            .as_deref()
            .and_then(line)
            .or_else(|| line(&error));
        return Err(SignInError::Refused(
            said.unwrap_or_else(|| "it gave no reason".to_owned()),
        ));
    }
    let provider = configured
        .iter()
        .find(|one| one.name == begun.provider)
        .ok_or(SignInError::Unknown)?;
    let code = callback
        .code
        .ok_or_else(|| SignInError::Untrue("there is no code".to_owned()))?;

    let metadata = providers.metadata(&provider.issuer).await?;
    let client = Providers::client(provider, &metadata, redirect)?;
    let http = |request| providers.call(request);
    let tokens = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| untrue(&error))?
        .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
        .request_async(&http)
        .await
        .map_err(|error| untrue(&error))?;
    let id_token = tokens
        .id_token()
        .ok_or_else(|| SignInError::Untrue("there is no ID token".to_owned()))?;
    let nonce = Nonce::new(begun.nonce);
    let claims = match verified(&client, id_token, &nonce, tokens.access_token()) {
        Err(Flaw::UnknownKey) => {
            // The provider has changed its keys since they were fetched.
            let metadata = providers.refreshed(&provider.issuer).await?;
            let client = Providers::client(provider, &metadata, redirect)?;
            verified(&client, id_token, &nonce, tokens.access_token())
        }
        other => other,
    }
    .map_err(|flaw| SignInError::Untrue(flaw.to_string()))?;
    let groups = groups(
        provider,
        &claims,
        &client,
        tokens.access_token().clone(),
        providers,
    )
    .await?;
    if groups.is_empty() {
        tracing::warn!(
            provider = provider.name,
            claim = provider.groups_claim,
            "a person without groups signed in"
        );
    }
    let signed_in = SignedIn {
        person: person(&provider.issuer, &claims),
        groups,
        provider: provider.name.clone(),
        provider_session: claims.additional_claims().text("sid").map(str::to_owned),
        id_token: Some(id_token.to_string()),
        started_at: now,
        seen_at: now,
        csrf: csrf::new_token(),
    };
    Ok((signed_in, return_to))
}

/// What is wrong with an ID token.
#[derive(Debug, thiserror::Error)]
enum Flaw {
    #[error("its key is unknown")]
    UnknownKey,
    #[error("{0}")]
    Other(String),
}

type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;

fn verified(
    client: &OidcClient,
    id_token: &PorticoIdToken,
    nonce: &Nonce,
    access_token: &AccessToken,
) -> Result<Claims, Flaw> {
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Flaw::UnknownKey
        }
        other => Flaw::Other(with_causes(&other)),
    })?;
    if let Some(expected) = claims.access_token_hash() {
        let other = |error: &dyn std::error::Error| Flaw::Other(with_causes(error));
        let algorithm = id_token.signing_alg().map_err(|error| other(&error))?;
        let key = id_token.signing_key(&verifier).map_err(|error| other(&error))?;
        let found =
            AccessTokenHash::from_token(access_token, algorithm, key).map_err(|error| other(&error))?;
        if found != *expected {
            return Err(Flaw::Other(
                "its access token was exchanged for another".to_owned(),
            ));
        }
    }
    Ok(claims.clone())
}

async fn groups(
    provider: &Provider,
    claims: &Claims,
    client: &OidcClient,
    access_token: AccessToken,
    providers: &Providers,
) -> Result<BTreeSet<String>, SignInError> {
    match provider.groups_from {
        GroupsFrom::IdToken => Ok(claims.additional_claims().groups(&provider.groups_claim)),
        GroupsFrom::Userinfo => {
            let http = |request| providers.call(request);
            let answer: UserInfoClaims<OtherClaims, CoreGenderClaim> = client
                .user_info(access_token, Some(claims.subject().clone()))
                .map_err(|error| untrue(&error))?
                .request_async(&http)
                .await
                .map_err(|error| untrue(&error))?;
            Ok(answer.additional_claims().groups(&provider.groups_claim))
        }
    }
}

fn person(issuer: &str, claims: &Claims) -> Person {
    let subject = claims.subject().as_str();
    let email = claims.email().and_then(|email| line(email));
    let name = claims
        .name()
        .and_then(|name| name.get(None))
        .and_then(|name| line(name))
        .or_else(|| claims.preferred_username().and_then(|name| line(name)))
        .or_else(|| email.clone())
        .or_else(|| line(subject))
        .unwrap_or_else(|| "somebody".to_owned());
    Person {
        subject: format!("{issuer}#{subject}"),
        name,
        email,
    }
}

fn untrue(error: &dyn std::error::Error) -> SignInError {
    SignInError::Untrue(with_causes(error))
}

/// The address at the provider that ends its session too; `None` when it has none.
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
    if let Some(id_token) = &signed_in.id_token {
        query.append_pair("id_token_hint", id_token);
    }
    query
        .append_pair("client_id", &provider.client_id)
        .append_pair("post_logout_redirect_uri", back_to);
    drop(query);
    Some(address)
}
