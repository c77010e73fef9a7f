//! OpenID Connect providers: what they publish about themselves, kept for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    Client, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdToken, IdTokenFields, IssuerUrl, ProviderMetadataWithLogout, RedirectUrl,
    StandardErrorResponse, StandardTokenResponse,
};
use parking_lot::Mutex;
use portico_domain::documents::Provider;

use super::claims::OtherClaims;

/// How long what a provider publishes is believed. A key that is not among the known ones has it fetched anew.
const FRESH: Duration = Duration::from_hours(1);
/// How long a provider that did not answer is left alone.
const REST: Duration = Duration::from_secs(2);
/// The most that is read of one answer, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

pub(super) type PorticoIdToken =
    IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

type TokenFields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(super) type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<TokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a provider cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or not as a provider should.
    #[error("the sign-in service {issuer} does not answer as it should: {why}")]
    Unavailable {
        /// The provider.
        issuer: String,
        /// What happened.
        why: String,
    },
    /// Its settings here are wrong.
    #[error("the settings of the sign-in service {provider} are wrong: {why}")]
    Misconfigured {
        /// The provider's name.
        provider: String,
        /// What is wrong.
        why: String,
    },
}

/// All providers, by issuer.
pub struct Providers {
    http: reqwest::Client,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

#[derive(Default)]
struct Known {
    metadata: Mutex<Option<(Arc<ProviderMetadataWithLogout>, Instant)>>,
    failure: Mutex<Option<(ProviderError, Instant)>>,
    /// One discovery at a time.
    gate: tokio::sync::Mutex<()>,
}

impl Providers {
    /// # Errors
    /// When there can be no HTTP client: its TLS is broken.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            // A provider that could redirect us could make us fetch what only we may see.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .user_agent(concat!("portico/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            known: Mutex::default(),
        })
    }

    /// What the provider publishes; from memory while that is fresh.
    ///
    /// # Errors
    /// When it does not answer and nothing is remembered.
    pub(super) async fn metadata(
        &self,
        issuer: &str,
    ) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        self.metadata_newer_than(issuer, Instant::now().checked_sub(FRESH))
            .await
    }

    /// What the provider publishes now, for when a key is not among those remembered.
    pub(super) async fn refreshed(
        &self,
        issuer: &str,
    ) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        self.metadata_newer_than(issuer, Instant::now().checked_sub(REST))
            .await
    }

    async fn metadata_newer_than(
        &self,
        issuer: &str,
        oldest: Option<Instant>,
    ) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        let known = self.known.lock().entry(issuer.to_owned()).or_default().clone();
        let remembered = || known.metadata.lock().clone();
        let fresh = || remembered().filter(|(_, at)| oldest.is_none_or(|oldest| *at > oldest));
        if let Some((metadata, _)) = fresh() {
            return Ok(metadata);
        }
        let _alone = known.gate.lock().await;
        if let Some((metadata, _)) = fresh() {
            return Ok(metadata);
        }
        let resting = known.failure.lock().clone().filter(|(_, at)| at.elapsed() < REST);
        let failure = match resting {
            Some((failure, _)) => failure,
            None => match self.discover(issuer).await {
                Ok(metadata) => {
                    let metadata = Arc::new(metadata);
                    *known.metadata.lock() = Some((metadata.clone(), Instant::now()));
                    *known.failure.lock() = None;
                    return Ok(metadata);
                }
                Err(failure) => {
                    tracing::warn!(issuer, %failure, "the sign-in service's discovery failed");
                    *known.failure.lock() = Some((failure.clone(), Instant::now()));
                    failure
                }
            },
        };
        // What was true an hour ago is likelier to work than nothing.
        remembered().map(|(metadata, _)| metadata).ok_or(failure)
    }

    async fn discover(&self, issuer: &str) -> Result<ProviderMetadataWithLogout, ProviderError> {
        let unavailable = |why: String| ProviderError::Unavailable {
            issuer: issuer.to_owned(),
            why,
        };
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| unavailable(error.to_string()))?;
        let http = |request| self.call(request);
        ProviderMetadataWithLogout::discover_async(url, &http)
            .await
            .map_err(|error| unavailable(with_causes(&error)))
    }

    /// A client for the provider, and what that is made from.
    pub(super) fn client(
        provider: &Provider,
        metadata: &ProviderMetadataWithLogout,
        redirect: &str,
    ) -> Result<OidcClient, ProviderError> {
        let misconfigured = |why: String| ProviderError::Misconfigured {
            provider: provider.name.clone(),
            why,
        };
        let secret = client_secret(provider).map_err(misconfigured)?;
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| misconfigured(format!("publicUrl: {error}")))?;
        let id = ClientId::new(provider.client_id.clone());
        Ok(OidcClient::from_provider_metadata(metadata.clone(), id, secret).set_redirect_uri(redirect))
    }

    /// Sends a request of openidconnect's.
    pub(super) fn call(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send + 'static {
        let http = self.http.clone();
        async move {
            let mut answer = http.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > ANSWER_BYTES {
                    return Err(HttpError::TooLong);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(response.body(body)?)
        }
    }
}

/// Why a request to a provider came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer is no HTTP")]
    Response(#[from] http::Error),
    #[error("the answer is longer than {ANSWER_BYTES} bytes")]
    TooLong,
}

/// The secret is read each time, so that a new one needs no restart.
fn client_secret(provider: &Provider) -> Result<Option<ClientSecret>, String> {
    let secret = match (&provider.client_secret_file, &provider.client_secret_env) {
        (Some(file), _) => std::fs::read_to_string(file)
            .map_err(|error| format!("the file of clientSecretFile cannot be read: {}", error.kind()))?,
        (None, Some(name)) => std::env::var(name)
            .map_err(|_| "the environment has no variable of the name in clientSecretEnv".to_owned())?,
        (None, None) => return Ok(None),
    };
    Ok(Some(ClientSecret::new(secret.trim().to_owned())))
}

/// An error with all its causes, on one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
