//! How to connect to a claim: public details, keys to reveal, and code snippets, which refer to the secret and never
//! hold it.

use std::time::Duration;

use portico_api::words::ConnectionWait;
use portico_api::{ConnectionDetails, names};
use portico_domain::authz;
use portico_domain::claim::{Claim, Health};
use portico_domain::connection::{self, DOTS};
use portico_domain::documents::{Configuration, Permission};
use portico_domain::tenancy::Viewer;
use portico_planes::{Actor, Offered, SecretError};

use super::Portal;
use super::permissions::Attempt;
use super::snippets::snippets;

/// How long the page waits for the names of the secret's keys.
const KEY_NAMES_TIMEOUT: Duration = Duration::from_millis(700);

/// Returns the publisher of the claim's service, by title, if it may not have connection secrets handed out.
fn withheld(configuration: &Configuration, claim: &Claim) -> Option<String> {
    let service = configuration.service_of(&claim.reference)?;
    let tenant = claim.tenant.as_ref()?;
    (!service.holds(Permission::HandOutSecrets, tenant)).then(|| service.publisher.title().to_owned())
}

impl Portal {
    /// Returns how to connect to the claim; `None` if there is nothing to connect to.
    pub(super) async fn connect(
        &self,
        viewer: &Viewer,
        claim: &Claim,
        offered: Option<&Offered>,
    ) -> Option<ConnectionDetails> {
        let offered = offered?;
        let adapter = offered.adapter();
        let endpoints = adapter.endpoints_of(&claim.object, &offered.access);
        let configuration = self.configuration();
        let may_reveal = Attempt::Reveal.allowed(authz::may_reveal(viewer, &configuration, claim));
        let withheld = withheld(&configuration, claim);
        let secret = claim.status.secret.clone();
        let namespace = claim.reference.namespace.clone();
        let expects = offered.access.secret.is_some() || !offered.access.keys.is_empty() || secret.is_some();
        if !expects && endpoints.is_empty() {
            return None;
        }
        let mut waiting = None;
        let mut keys = Vec::new();
        if let Some(publisher) = withheld.filter(|_| expects) {
            waiting = Some(ConnectionWait::NotHandedOut { publisher });
        } else if let (Some(secret), Some(_)) = (&secret, &namespace) {
            let actor = Actor::from(viewer);
            let asked = self.planes().connection_keys(&actor, claim, &offered.access);
            match tokio::time::timeout(KEY_NAMES_TIMEOUT, asked).await {
                Ok(Ok(found)) => keys = found,
                // The same words, or whoever chooses a name could find out which secrets there are.
                Ok(Err(error @ SecretError::NotProven { .. })) if viewer.is_platform_admin() => {
                    waiting = Some(ConnectionWait::NotProven {
                        error: error.to_string(),
                    });
                }
                Ok(Err(SecretError::NotThere | SecretError::NotProven { .. })) => {
                    let secret = secret.clone();
                    waiting = Some(ConnectionWait::NotThere { secret });
                }
                Ok(Err(SecretError::Plane(error))) => {
                    let error = error.to_string();
                    waiting = Some(ConnectionWait::Plane { error });
                }
                Err(_) => waiting = Some(ConnectionWait::Slow),
            }
        } else if expects {
            waiting = Some(match claim.status.health {
                Health::Ready => ConnectionWait::NoSecret,
                _ => ConnectionWait::NotReady,
            });
        }
        let snippets = match &secret {
            Some(secret) if !keys.is_empty() => snippets(&offered.access, secret, &keys),
            _ => Vec::new(),
        };
        let address = connection::address(&offered.access, &keys, DOTS);
        // The secret's own address knows best, if it has one.
        let own = keys
            .iter()
            .find(|key| key.title == "uri")
            .map(|key| key.key.clone());
        let address_key = address
            .as_ref()
            .map(|_| own.unwrap_or_else(|| names::ADDRESS_KEY.to_owned()));
        Some(ConnectionDetails {
            address,
            address_key,
            endpoints,
            secret,
            namespace,
            keys,
            snippets,
            may_reveal,
            waiting: waiting.map(|wait| wait.to_string()),
        })
    }
}
