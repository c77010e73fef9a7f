//! Reveals connection details: one key, all secret keys, or the whole address.

use portico_api::{ConnectionDetails, RevealedKey, names};
use portico_domain::claim::ClaimRef;
use portico_domain::connection::{DOTS, in_address};
use portico_domain::tenancy::Viewer;

use super::{Portal, PortalError, Result};

impl Portal {
    /// Reveals what was asked for of what `connect` says there is: a key, [`names::ALL_KEYS`] or [`names::ADDRESS_KEY`]. Each
    /// key is recorded by itself.
    ///
    /// # Errors
    /// As [`Portal::reveal`].
    pub async fn reveal_of(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        reference: &ClaimRef,
        connect: &ConnectionDetails,
        asked: &str,
    ) -> Result<Vec<RevealedKey>> {
        match asked {
            names::ALL_KEYS => {
                let mut revealed = Vec::new();
                for key in connect.keys.iter().filter(|key| key.value.is_none()) {
                    revealed.push(self.reveal(viewer, remote, reference, &key.key).await?);
                }
                Ok(revealed)
            }
            names::ADDRESS_KEY => {
                let password = connect.keys.iter().find(|key| key.title == "password");
                let password = password.ok_or(PortalError::NotFound)?;
                let revealed = self.reveal(viewer, remote, reference, &password.key).await?;
                let address = connect.address.as_deref().ok_or(PortalError::NotFound)?;
                Ok(vec![RevealedKey {
                    key: names::ADDRESS_KEY.to_owned(),
                    value: address.replacen(DOTS, &in_address(&revealed.value), 1),
                    base64: false,
                }])
            }
            key => Ok(vec![self.reveal(viewer, remote, reference, key).await?]),
        }
    }
}
