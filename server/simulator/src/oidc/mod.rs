//! An OpenID provider on loopback: discovery, keys, the authorization code flow with PKCE, userinfo and logout
//! (OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0; RFC 6749, 7636, 9207).
//!
//! It asks for no password: the sign-in page lists people as buttons. Codes, tokens and sessions are in memory;
//! the caller may store the signing key.

mod authorize;
mod claims;
mod discovery;
mod expiring_map;
mod key;

mod logout;
mod misbehaviour;
mod oidc_state;
mod pages;
mod people;
mod provider_state;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use key::{KeyError, SigningKey};
pub use misbehaviour::{AnswersAs, Forgery, Misbehaviour, Signing};
pub use people::{Client, Person};

use crate::clock_rng::{Clock, Rng};
use provider_state::ProviderState;

/// The settings of the provider.
#[derive(Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The key that signs ID tokens.
    pub key: SigningKey,
    /// The people who can sign in.
    pub people: Vec<Person>,
    /// The registered clients.
    pub clients: Vec<Client>,
    /// The clock.
    pub clock: Clock,
    /// The random number generator.
    pub rng: Rng,
}

/// A running provider. It stops when dropped, or by [`Provider::shutdown`].
#[derive(Debug)]
pub struct Provider {
    state: Arc<ProviderState>,
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Provider {
    /// Starts to listen on `settings.port`. The provider answers when this returns.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
        Self::serve(listener, settings)
    }

    /// Serves on an existing listener and ignores `settings.port`. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its address.
    pub fn serve(listener: TcpListener, settings: Settings) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let state = Arc::new(ProviderState {
            issuer: format!("http://{address}"),
            key: settings.key,
            people: settings.people,
            clients: Mutex::new(settings.clients),
            clock: settings.clock,
            rng: settings.rng,
            oidc_state: Mutex::default(),
            misbehaviour: Mutex::default(),
            forgery: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let router = router(Arc::clone(&state));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the OpenID provider stopped");
            }
        });
        Ok(Self {
            state,
            address,
            stop,
            task: Some(task),
        })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The issuer URL, without a trailing slash.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// The people who can sign in.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.state.people
    }

    /// Registers a client, or replaces the one with the same id.
    pub fn register(&self, client: Client) {
        let mut clients = self.state.clients.lock();
        clients.retain(|other| other.id != client.id);
        clients.push(client);
    }

    /// Sets the defect of ID tokens from now on, for tests of a relying party.
    pub fn misbehave(&self, how: Misbehaviour) {
        *self.state.misbehaviour.lock() = how;
    }

    /// Sets the overrides from now on, for tests of a relying party. They need [`Misbehaviour::None`].
    pub fn forge(&self, forgery: Forgery) {
        *self.state.forgery.lock() = forgery;
    }

    /// Signs a token with these claims, for tests of a relying party.
    ///
    /// # Errors
    /// When the library fails to sign.
    pub fn sign(&self, claims: &serde_json::Value) -> Result<String, KeyError> {
        self.state.key.sign(claims)
    }

    /// The ids (`sid`) of this person's sessions.
    #[must_use]
    pub fn sessions_of(&self, username: &str) -> Vec<String> {
        self.state.oidc_state.lock().sessions_of(username)
    }

    /// Stops listening and waits up to two seconds for running requests.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(Duration::from_secs(2), &mut task)
                .await
                .is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn router(state: Arc<ProviderState>) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/jwks", get(discovery::keys))
        .route("/authorize", get(authorize::by_query).post(authorize::by_form))
        .route("/sign-in", post(authorize::choose))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/end-session", get(logout::by_query).post(logout::by_form))
        .route("/signed-out", post(logout::confirm))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(state)
}
