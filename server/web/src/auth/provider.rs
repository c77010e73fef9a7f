//! OpenID Connect providers and their cached metadata.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{AuthType, EndpointNotSet, EndpointSet, StandardRevocableToken};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, ClientId, ClientSecret, HttpRequest, HttpResponse, IssuerUrl,
    LogoutProviderMetadata, ProviderMetadata, RedirectUrl, RefreshToken, Scope,
};
use parking_lot::Mutex;
use portico_domain::documents::Provider;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long metadata is cached. An unknown key triggers a new fetch earlier.
const CACHE_TIME: Duration = Duration::from_hours(1);
/// How long a provider that failed is not called again.
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// Maximum size of a response, in bytes.
pub(super) const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// A provider's metadata.
pub(super) type Metadata = ProviderMetadata<
    LogoutProviderMetadata<MoreMetadata>,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Metadata that the library does not read.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(super) struct MoreMetadata {
    /// Whether the provider identifies itself in each authorization response (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: Value,
}

impl AdditionalProviderMetadata for MoreMetadata {}

/// True if the provider sends `iss` in each authorization response (RFC 9207).
pub(super) fn identifies_itself(metadata: &Metadata) -> bool {
    let more = &metadata.additional_metadata().additional_metadata;
    more.authorization_response_iss_parameter_supported == Value::Bool(true)
}

/// Response of the token endpoint. Only these two members are read.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct TokenEndpointResponse {
    access_token: AccessToken,
    #[serde(default)]
    id_token: Option<String>,
}

impl TokenEndpointResponse {
    /// Returns the ID token, not verified.
    pub(super) fn id_token(&self) -> Option<&str> {
        self.id_token.as_deref()
    }
}

impl std::fmt::Debug for TokenEndpointResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenAnswer { .. }")
    }
}

impl oauth2::TokenResponse for TokenEndpointResponse {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

pub(super) type OidcClient = oauth2::Client<
    BasicErrorResponse,
    TokenEndpointResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Why a provider cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or its answer is invalid.
    #[error("the sign-in service {issuer} does not answer as it should: {why}")]
    Unavailable {
        /// The provider.
        issuer: String,
        /// What happened.
        why: String,
    },
    /// Its configuration is wrong.
    #[error("the settings of the sign-in service {provider} are wrong: {why}")]
    Misconfigured {
        /// The provider's name.
        provider: String,
        /// What is wrong.
        why: String,
    },
}

/// Caches the metadata of all providers by issuer.
pub struct Providers {
    http: reqwest::Client,
    known: Mutex<HashMap<String, Arc<CachedProvider>>>,
}

#[derive(Default)]
struct CachedProvider {
    metadata: Mutex<Option<(Arc<Metadata>, Instant)>>,
    failure: Mutex<Option<(ProviderError, Instant)>>,
    /// Serializes discovery.
    discovery: tokio::sync::Mutex<()>,
}

impl Providers {
    /// Creates an empty cache.
    ///
    /// # Errors
    /// When the HTTP client cannot be created because TLS is broken.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            // A redirect could make Portico fetch addresses that only it can reach.
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

    /// Returns the provider's metadata, cached for [`CACHE_TIME`].
    ///
    /// # Errors
    /// When the provider does not answer and nothing is cached.
    pub(super) async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, ProviderError> {
        self.metadata_newer_than(issuer, Instant::now().checked_sub(CACHE_TIME))
            .await
    }

    /// Fetches the provider's metadata again, for a key that is not in the cached one.
    pub(super) async fn refreshed(&self, issuer: &str) -> Result<Arc<Metadata>, ProviderError> {
        self.metadata_newer_than(issuer, Instant::now().checked_sub(RETRY_DELAY))
            .await
    }

    async fn metadata_newer_than(
        &self,
        issuer: &str,
        oldest: Option<Instant>,
    ) -> Result<Arc<Metadata>, ProviderError> {
        let known = self.known.lock().entry(issuer.to_owned()).or_default().clone();
        let remembered = || known.metadata.lock().clone();
        let fresh = || remembered().filter(|(_, at)| oldest.is_none_or(|oldest| *at > oldest));
        if let Some((metadata, _)) = fresh() {
            return Ok(metadata);
        }
        let _guard = known.discovery.lock().await;
        if let Some((metadata, _)) = fresh() {
            return Ok(metadata);
        }
        let recent_failure = known
            .failure
            .lock()
            .clone()
            .filter(|(_, at)| at.elapsed() < RETRY_DELAY);
        let failure = match recent_failure {
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
        // Metadata that is an hour old likely still works.
        remembered().map(|(metadata, _)| metadata).ok_or(failure)
    }

    async fn discover(&self, issuer: &str) -> Result<Metadata, ProviderError> {
        let unavailable = |why: String| ProviderError::Unavailable {
            issuer: issuer.to_owned(),
            why,
        };
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| unavailable(error.to_string()))?;
        let http = |request| self.call(request);
        Metadata::discover_async(url, &http)
            .await
            .map_err(|error| unavailable(with_causes(&error)))
    }

    /// Creates an OAuth client for the provider.
    pub(super) async fn client(
        provider: &Provider,
        metadata: &Metadata,
        redirect: &str,
    ) -> Result<OidcClient, ProviderError> {
        let misconfigured = |why: String| ProviderError::Misconfigured {
            provider: provider.name.clone(),
            why,
        };
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| misconfigured(format!("publicUrl: {error}")))?;
        let exchange = metadata
            .token_endpoint()
            .ok_or_else(|| ProviderError::Unavailable {
                issuer: provider.issuer.clone(),
                why: "it publishes no token_endpoint".to_owned(),
            })?;
        let client = oauth2::Client::new(ClientId::new(provider.client_id.clone()))
            .set_auth_uri(metadata.authorization_endpoint().clone())
            .set_token_uri(exchange.clone())
            .set_redirect_uri(redirect)
            .set_auth_type(auth_type(metadata));
        Ok(match client_secret(provider).await? {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret)),
            None => client,
        })
    }

    /// Sends a request for openidconnect.
    pub(super) fn call(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send + 'static {
        let http = self.http.clone();
        async move {
            let mut received = http.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(received.status());
            for (name, value) in received.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = received.chunk().await? {
                if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                    return Err(HttpError::TooLong);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(response.body(body)?)
        }
    }
}

/// Why a request to a provider failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer is no HTTP")]
    Response(#[from] http::Error),
    #[error("the answer is longer than {MAX_RESPONSE_BYTES} bytes")]
    TooLong,
}

/// Returns how the provider expects the client secret: in the header, which is the default (OpenID Connect Discovery
/// 1.0, section 3), or in the form if it supports only that.
fn auth_type(metadata: &Metadata) -> AuthType {
    let form_only = metadata
        .token_endpoint_auth_methods_supported()
        .is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
    if form_only {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// Reads the client secret. It is read for each use, so that rotating it needs no restart.
pub(super) async fn client_secret(provider: &Provider) -> Result<Option<String>, ProviderError> {
    let misconfigured = |why: String| ProviderError::Misconfigured {
        provider: provider.name.clone(),
        why,
    };
    let secret = match (&provider.client_secret_file, &provider.client_secret_env) {
        (Some(file), _) => tokio::fs::read_to_string(file).await.map_err(|error| {
            misconfigured(format!(
                "the file of clientSecretFile cannot be read: {}",
                error.kind()
            ))
        })?,
        (None, Some(name)) => std::env::var(name).map_err(|_| {
            misconfigured("the environment has no variable of the name in clientSecretEnv".to_owned())
        })?,
        (None, None) => return Ok(None),
    };
    Ok(Some(secret.trim().to_owned()))
}

/// Joins an error and its causes on one line.
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

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;
    use std::time::Duration;

    use portico_domain::documents::Provider;
    use serde_json::json;

    use super::client_secret;

    #[tokio::test]
    async fn reading_a_secret_does_not_block_the_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        // Opening the FIFO blocks until somebody writes.
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        let provider: Provider = serde_json::from_value(json!({
            "name": "sso", "issuer": "https://sso.example.com", "clientId": "portico", "clientSecretFile": file,
        }))
        .unwrap();
        let (release, released) = mpsc::channel();
        let writer = std::thread::spawn(move || {
            let was_released = released.recv_timeout(Duration::from_secs(20)).is_ok();
            std::fs::write(file, "s3cret\n").unwrap();
            was_released
        });
        let reading = tokio::spawn(async move { client_secret(&provider).await });
        // This test has one thread: this runs after the read has started.
        tokio::time::sleep(Duration::from_millis(50)).await;
        release.send(()).ok();
        assert_eq!(reading.await.unwrap().unwrap().as_deref(), Some("s3cret"));
        assert!(writer.join().unwrap(), "nothing else ran while the file was read");
    }
}
