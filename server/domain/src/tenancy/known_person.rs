use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::documents::TokenRules;
use crate::person::Person;

/// A person as their identity provider described them at their last sign-in. Sessions and tokens refer to it, so
/// losing a group takes effect in all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// Their id in addresses.
    pub id: Uuid,
    /// The person.
    pub person: Person,
    /// Their SSO groups, as the provider names them.
    pub groups: BTreeSet<String>,
    /// When they last signed in.
    pub signed_in_at: Timestamp,
    /// Since when their tokens are suspended, because the provider ended all of their sessions. The next sign-in
    /// clears it.
    pub suspended_at: Option<Timestamp>,
}

/// Why nothing may be done in a person's name until they sign in again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lapse {
    /// The identity provider ended all of their sessions.
    #[error("the sign-in service ended all sessions of the person at {0}, and they have not signed in since")]
    Suspended(Timestamp),
    /// They have not signed in for longer than the configuration allows.
    #[error("the person has not signed in for {0} days")]
    NotSignedIn(u32),
}

impl KnownPerson {
    /// Returns why nothing may be done in their name while they are away, by a token or for an earlier request;
    /// `None` if it may.
    #[must_use]
    pub fn lapse(&self, rules: &TokenRules, now: Timestamp) -> Option<Lapse> {
        if let Some(at) = self.suspended_at {
            return Some(Lapse::Suspended(at));
        }
        let days = rules.sign_in_within_days;
        let until = self
            .signed_in_at
            .saturating_add(SignedDuration::from_hours(i64::from(days) * 24))
            .unwrap_or(Timestamp::MAX);
        (now >= until).then_some(Lapse::NotSignedIn(days))
    }
}
