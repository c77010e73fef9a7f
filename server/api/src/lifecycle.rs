//! Where an offering is in its life, as people see it.

use jiff::civil::Date;
use portico_domain::documents::{Lifecycle, NewClaims, Phase, Stage};
use portico_domain::names::OfferingName;
use serde::Serialize;

use super::Link;

/// Where an offering is in its life.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferingLifecycle {
    /// The stage.
    pub stage: Stage,
    /// The stage, and for a deprecated offering how near its sunset date is.
    pub phase: Phase,
    /// The date on which a deprecated offering ends, at 00:00 UTC; `None` if there is no date yet.
    pub sunset: Option<Date>,
    /// What people should know about a draft or a deprecated offering, as plain text.
    pub note: Option<String>,
    /// The offering that replaces it; `None` also if the viewer's catalog does not have that one.
    pub replacement: Option<Replacement>,
    /// Whether it takes new claims now.
    pub new_claims: NewClaims,
}

/// The offering that replaces another one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// Its name.
    pub name: OfferingName,
    /// The name to show.
    pub title: String,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
}

impl OfferingLifecycle {
    /// Returns the life of an offering at `now`, with its replacement if the viewer's catalog has that one.
    #[must_use]
    pub fn new(lifecycle: &Lifecycle, replacement: Option<Replacement>, now: jiff::Timestamp) -> Self {
        Self {
            stage: lifecycle.stage,
            phase: lifecycle.phase(now),
            sunset: lifecycle.sunset,
            note: lifecycle.note.clone(),
            replacement,
            new_claims: lifecycle.new_claims(now),
        }
    }
}

/// A published offering.
impl Default for OfferingLifecycle {
    fn default() -> Self {
        Self {
            stage: Stage::Published,
            phase: Phase::Published,
            sunset: None,
            note: None,
            replacement: None,
            new_claims: NewClaims::Allowed,
        }
    }
}
