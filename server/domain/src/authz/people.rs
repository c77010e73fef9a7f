//! What may be read about people who have signed in.

use super::Denied;
use crate::tenancy::{KnownPerson, Viewer};

/// The right to read a person's sessions and API tokens: one's own, or for platform admins anybody's.
///
/// ```compile_fail,E0451
/// use portico_domain::authz::AccessScope;
///
/// let anybody = AccessScope { subject: String::new() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessScope {
    subject: String,
}

impl AccessScope {
    /// Whose: [`crate::tenancy::Person::subject`].
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The right to read somebody's, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
        }
    }
}

/// The right to read the viewer's own sessions and API tokens.
#[must_use]
pub fn own_access(viewer: &Viewer) -> AccessScope {
    AccessScope {
        subject: viewer.person().subject.clone(),
    }
}

/// The right to read who has signed in.
#[derive(Debug, Clone)]
pub struct PeopleScope(());

impl PeopleScope {
    /// The right to read this person's sessions and API tokens.
    #[must_use]
    pub fn access_of(&self, person: &KnownPerson) -> AccessScope {
        AccessScope {
            subject: person.person.subject.clone(),
        }
    }

    /// The right, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests() -> Self {
        Self(())
    }
}

/// The right to read who has signed in.
///
/// # Errors
/// [`Denied::NotVisible`] for everybody except platform admins.
pub fn read_people(viewer: &Viewer) -> Result<PeopleScope, Denied> {
    super::platform_admin(viewer)?;
    Ok(PeopleScope(()))
}
