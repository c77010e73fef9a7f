//! An OpenID provider on its own loopback port, as any provider would be: discovery, keys, the
//! authorization code flow with PKCE, userinfo and sign-out (OpenID Connect Core 1.0, Discovery
//! 1.0, RP-Initiated Logout 1.0; RFC 6749, 7636, 9207).
//!
//! It asks for no password: its sign-in page lists its people as buttons. It keeps codes, tokens
//! and sessions in memory; its signing key may be kept by whoever starts it.

mod authorize;
mod claims;
mod discovery;
mod key;
mod ledger;
mod logout;
mod misbehaviour;
mod pages;
mod people;
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

use crate::chance::{Clock, Dice};
use ledger::Ledger;

/// How the provider is set up.
#[derive(Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// What it signs ID tokens with.
    pub key: SigningKey,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// Who may ask it to sign people in.
    pub clients: Vec<Client>,
    /// Its clock.
    pub clock: Clock,
    /// Its dice.
    pub dice: Dice,
}

/// A running provider. It stops when dropped, or by [`Provider::shutdown`].
#[derive(Debug)]
pub struct Provider {
    house: Arc<House>,
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// What every handler works with.
#[derive(Debug)]
struct House {
    issuer: String,
    key: SigningKey,
    people: Vec<Person>,
    clients: Mutex<Vec<Client>>,
    clock: Clock,
    dice: Dice,
    ledger: Mutex<Ledger>,
    misbehaviour: Mutex<Misbehaviour>,
    forgery: Mutex<Forgery>,
}

impl House {
    fn client(&self, id: &str) -> Option<Client> {
        self.clients.lock().iter().find(|client| client.id == id).cloned()
    }

    fn person(&self, username: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.username == username)
    }
}

impl Provider {
    /// Begins to listen. It answers when this returns.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
        Self::serve(listener, settings)
    }

    /// The same on a listener that is there already, whatever port the settings name. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its own address.
    pub fn serve(listener: TcpListener, settings: Settings) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let house = Arc::new(House {
            issuer: format!("http://{address}"),
            key: settings.key,
            people: settings.people,
            clients: Mutex::new(settings.clients),
            clock: settings.clock,
            dice: settings.dice,
            ledger: Mutex::default(),
            misbehaviour: Mutex::default(),
            forgery: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let router = router(Arc::clone(&house));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the OpenID provider stopped");
            }
        });
        Ok(Self {
            house,
            address,
            stop,
            task: Some(task),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its issuer URL, without a slash at the end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.house.issuer
    }

    /// Who can sign in.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.house.people
    }

    /// Lets one more client ask, or replaces the one of the same id.
    pub fn register(&self, client: Client) {
        let mut clients = self.house.clients.lock();
        clients.retain(|other| other.id != client.id);
        clients.push(client);
    }

    /// For tests of a relying party: from now on ID tokens are wrong in this way.
    pub fn misbehave(&self, how: Misbehaviour) {
        *self.house.misbehaviour.lock() = how;
    }

    /// For tests of a relying party: from now on it says this, [`Misbehaviour::None`] allowing.
    pub fn forge(&self, forgery: Forgery) {
        *self.house.forgery.lock() = forgery;
    }

    /// For tests of a relying party: a token with these claims, signed with its key.
    ///
    /// # Errors
    /// When the library refuses to sign.
    pub fn sign(&self, claims: &serde_json::Value) -> Result<String, KeyError> {
        self.house.key.sign(claims)
    }

    /// The names, in tokens called `sid`, of the sessions in which this person is signed in here.
    #[must_use]
    pub fn sessions_of(&self, username: &str) -> Vec<String> {
        self.house.ledger.lock().sessions_of(username)
    }

    /// Stops listening and waits until what is being answered is answered, two seconds at most:
    /// a browser that holds its connection open delays nobody.
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

fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/jwks", get(discovery::keys))
        .route("/authorize", get(authorize::by_query).post(authorize::by_form))
        .route("/sign-in", post(authorize::choose))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(userinfo::tell).post(userinfo::tell))
        .route("/end-session", get(logout::by_query).post(logout::by_form))
        .route("/signed-out", post(logout::confirm))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(house)
}
