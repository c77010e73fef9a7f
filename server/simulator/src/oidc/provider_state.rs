//! The state that all handlers of the provider share.

use parking_lot::Mutex;

use super::key::SigningKey;
use super::misbehaviour::{Forgery, Misbehaviour};
use super::oidc_state::OidcState;
use super::people::{Client, Person};
use crate::clock_rng::{Clock, Rng};

/// The state that all handlers share.
#[derive(Debug)]
pub(super) struct ProviderState {
    pub(super) issuer: String,
    pub(super) key: SigningKey,
    pub(super) people: Vec<Person>,
    pub(super) clients: Mutex<Vec<Client>>,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) oidc_state: Mutex<OidcState>,
    pub(super) misbehaviour: Mutex<Misbehaviour>,
    pub(super) forgery: Mutex<Forgery>,
}

impl ProviderState {
    pub(super) fn client(&self, id: &str) -> Option<Client> {
        self.clients.lock().iter().find(|client| client.id == id).cloned()
    }

    pub(super) fn person(&self, username: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.username == username)
    }
}
