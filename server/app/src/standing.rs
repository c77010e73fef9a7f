//! What a person may do now, who is not here: by the groups that they were in when they signed in last.

use portico_domain::documents::Configuration;
use portico_domain::tenancy::{KnownPerson, Person, Via, Viewer};

use super::{Portal, Result};

impl Portal {
    /// What is known of the person, and what they may do as the configuration has it now; `None` for who never signed
    /// in, and for whose provider is no longer configured.
    pub(super) async fn as_last_known(
        &self,
        configuration: &Configuration,
        person: &Person,
    ) -> Result<Option<(KnownPerson, Viewer)>> {
        let known = self.store().known_person(&person.subject).await?;
        Ok(known.and_then(|known| {
            let viewer = known.viewer(configuration, Via::System)?;
            Some((known, viewer))
        }))
    }
}
