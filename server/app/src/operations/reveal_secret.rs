//! Reveals connection details: one key of the secret, all of them, or the whole address.

use portico_api::{RevealedKey, names};
use portico_domain::authz;
use portico_domain::claim::ClaimRef;
use portico_domain::connection::{DOTS, in_address};
use portico_planes::SecretError;
use serde_json::json;

use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result, Unavailable};

/// Reveals connection details of a claim.
#[derive(Debug)]
pub struct RevealSecret<'a> {
    /// The claim.
    pub claim: &'a ClaimRef,
    /// What to reveal.
    pub keys: SecretKeys,
}

/// What to reveal of a connection secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretKeys {
    /// One key.
    One(String),
    /// All keys whose values are secret.
    All,
    /// The address with the password in it.
    Address,
}

impl Portal {
    /// Reveals what was asked for. Each key is in the audit log.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when the claim does not exist for the caller, or has no such key;
    /// [`PortalError::Forbidden`] for those who may only look; [`PortalError::Unavailable`] while it has no secret that
    /// is provably its own; the control plane's errors.
    pub async fn reveal(&self, caller: Caller<'_>, command: RevealSecret<'_>) -> Result<Vec<RevealedKey>> {
        let reference = command.claim;
        if let SecretKeys::One(key) = &command.keys {
            return Ok(vec![self.reveal_key(caller, reference, key).await?]);
        }
        let claim = self.visible_claim(caller.viewer, reference)?.into_inner();
        let catalog = self.planes().catalog();
        let offered = catalog.get(&reference.offering).map(AsRef::as_ref);
        let connect = self.connect(caller.viewer, &claim, offered).await;
        let connect = connect.ok_or(PortalError::NotFound)?;
        if command.keys == SecretKeys::All {
            let mut revealed = Vec::new();
            for key in connect.keys.iter().filter(|key| key.value.is_none()) {
                revealed.push(self.reveal_key(caller, reference, &key.key).await?);
            }
            return Ok(revealed);
        }
        let password = connect.keys.iter().find(|key| key.title == "password");
        let password = password.ok_or(PortalError::NotFound)?;
        let revealed = self.reveal_key(caller, reference, &password.key).await?;
        let address = connect.address.as_deref().ok_or(PortalError::NotFound)?;
        Ok(vec![RevealedKey {
            key: names::ADDRESS_KEY.to_owned(),
            value: address.replacen(DOTS, &in_address(&revealed.value), 1),
            base64: false,
        }])
    }

    /// Reads one key from the control plane, now. It is kept nowhere.
    async fn reveal_key(&self, caller: Caller<'_>, reference: &ClaimRef, key: &str) -> Result<RevealedKey> {
        let configuration = self.configuration_now().await?;
        let claim = self.visible_claim(caller.viewer, reference)?;
        let grant =
            authz::reveal_secret(caller.viewer, &configuration, claim).map_err(Attempt::Reveal.error())?;
        let mut values = match self.planes().secret(&grant).await {
            Ok(values) => values,
            Err(SecretError::Plane(error)) => return Err(error.into()),
            Err(SecretError::NotThere | SecretError::NotProven { .. }) => {
                return Err(PortalError::Unavailable(Unavailable::SecretNotReady));
            }
        };
        let value = values.remove(key).ok_or(PortalError::NotFound)?;
        // Written before it is shown: what cannot be recorded is not revealed.
        let secret = &grant.target().status.secret;
        let details = json!({ "claim": reference.to_string(), "secret": secret, "key": key });
        self.store()
            .append(grant.audit(self.now(), caller.remote).with_details(details))
            .await?;
        Ok(match String::from_utf8(value) {
            Ok(value) => RevealedKey {
                key: key.to_owned(),
                value,
                base64: false,
            },
            Err(error) => {
                use base64::Engine as _;
                let value = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
                RevealedKey {
                    key: key.to_owned(),
                    value,
                    base64: true,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn developers_of_the_tenant_may_and_nobody_else() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        for (who, viewer) in everyone() {
            let command = RevealSecret {
                claim: &claim,
                keys: SecretKeys::One("password".to_owned()),
            };
            let revealed = app.portal.reveal(caller(&viewer), command).await;
            match who {
                // It has none.
                "developer" | "tenant admin" => assert!(
                    matches!(
                        revealed,
                        Err(PortalError::Unavailable(Unavailable::SecretNotReady))
                    ),
                    "{who}: {revealed:?}"
                ),
                _ => assert!(
                    matches!(revealed, Err(PortalError::Forbidden(_) | PortalError::NotFound)),
                    "{who}: {revealed:?}"
                ),
            }
        }
        let verbs = app.audited(None).await;
        assert!(
            verbs.iter().all(|(verb, _)| !verb.contains("secret")),
            "{verbs:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_there_is_not_found() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        for keys in [SecretKeys::All, SecretKeys::Address] {
            let command = RevealSecret { claim: &claim, keys };
            let revealed = app.portal.reveal(caller(&developer(0)), command).await;
            assert!(matches!(revealed, Err(PortalError::NotFound)), "{revealed:?}");
        }
    }
}
