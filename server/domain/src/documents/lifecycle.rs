//! The life of an offering: draft, published, deprecated, and ended at its sunset date.
//!
//! Every rule is judged at the moment that it is used, so nothing has to run when a sunset date arrives.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::names::OfferingName;

/// A note has this many characters at most.
pub const MAX_NOTE_CHARACTERS: usize = 300;
/// How many days before its sunset date an offering is [`Phase::Ending`].
pub const ENDING_DAYS: i32 = 30;

/// Where an offering is in its life, as its document says.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lifecycle {
    /// The stage.
    pub stage: Stage,
    /// The date on which a deprecated offering ends, at 00:00 UTC: `2027-03-01`. Owners of claims are told, from 30 days
    /// before it more urgently. From that day on nobody can request a new claim, whatever `newClaims` says. Existing
    /// claims stay and can be changed.
    #[serde(deserialize_with = "date")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub sunset: Option<Date>,
    /// What people should know about a draft or a deprecated offering, as plain text of at most 300 characters.
    pub note: Option<String>,
    /// The offering that people should use instead of a deprecated one, by name. A link for those who see that offering in
    /// their catalog.
    pub replacement: Option<OfferingName>,
    /// Whether people can request new claims of a deprecated offering, until its sunset date. Without it: `refused`.
    pub new_claims: Option<NewClaims>,
}

/// A stage in the life of an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Only platform admins see it in the catalog and can request it, in tenants in which they are developers.
    Draft,
    /// In the catalog.
    #[default]
    Published,
    /// Last in the catalog, with a badge.
    Deprecated,
}

/// Whether an offering takes new claims.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NewClaims {
    /// It does.
    Allowed,
    /// It does not.
    Refused,
}

/// Where an offering is in its life at a moment.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// A draft.
    Draft,
    /// Published.
    Published,
    /// Deprecated, without a sunset date in the next 30 days.
    Deprecated,
    /// Deprecated, with a sunset date in the next 30 days.
    Ending,
    /// Its sunset date has come.
    Ended,
}

/// Whose catalog it is, as far as this decides which offerings it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everybody's.
    Everybody,
    /// That of platform admins.
    PlatformAdmins,
}

impl Lifecycle {
    /// True if the offering exists for the audience.
    #[must_use]
    pub fn is_visible_to(&self, audience: Audience) -> bool {
        self.stage != Stage::Draft || audience == Audience::PlatformAdmins
    }

    /// Returns the deprecation; `None` if it is a draft or published.
    #[must_use]
    pub fn deprecation(&self) -> Option<Deprecation> {
        (self.stage == Stage::Deprecated).then_some(Deprecation { sunset: self.sunset })
    }

    /// Returns the phase at `now`.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> Phase {
        match self.stage {
            Stage::Draft => Phase::Draft,
            Stage::Published => Phase::Published,
            Stage::Deprecated => Deprecation { sunset: self.sunset }.phase(now),
        }
    }

    /// Returns whether it takes new claims at `now`.
    #[must_use]
    pub fn new_claims(&self, now: Timestamp) -> NewClaims {
        match self.phase(now) {
            Phase::Draft | Phase::Published => NewClaims::Allowed,
            Phase::Deprecated | Phase::Ending => self.new_claims.unwrap_or(NewClaims::Refused),
            Phase::Ended => NewClaims::Refused,
        }
    }
}

/// That an offering is deprecated, and when it ends.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deprecation {
    /// The date on which it ends, at 00:00 UTC; `None` if there is no date yet.
    pub sunset: Option<Date>,
}

impl Deprecation {
    /// Returns [`Phase::Deprecated`], [`Phase::Ending`] or [`Phase::Ended`].
    #[must_use]
    pub fn phase(self, now: Timestamp) -> Phase {
        let Some(sunset) = self.sunset else {
            return Phase::Deprecated;
        };
        let today = now.to_zoned(TimeZone::UTC).date();
        let notice = today.saturating_add(Span::new().days(ENDING_DAYS));
        if today >= sunset {
            Phase::Ended
        } else if notice >= sunset {
            Phase::Ending
        } else {
            Phase::Deprecated
        }
    }
}

/// Reads a date. jiff alone would also accept a time after it, and ignore that.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    date.map(Some)
        .ok_or_else(|| D::Error::custom("must be a date, such as 2027-03-01"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    fn read(document: Value) -> Result<Lifecycle, String> {
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    fn deprecated(sunset: Option<&str>, new_claims: Option<&str>) -> Lifecycle {
        read(json!({"stage": "deprecated", "sunset": sunset, "newClaims": new_claims})).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_offering_that_says_nothing_is_published() {
        let published = read(json!({})).unwrap();
        assert_eq!(published.phase(at("2026-01-01T00:00:00Z")), Phase::Published);
        assert_eq!(
            published.new_claims(at("2026-01-01T00:00:00Z")),
            NewClaims::Allowed
        );
        assert_eq!(published.deprecation(), None);
    }

    #[test]
    fn only_platform_admins_see_a_draft() {
        let draft = read(json!({"stage": "draft"})).unwrap();
        assert!(draft.is_visible_to(Audience::PlatformAdmins));
        assert!(!draft.is_visible_to(Audience::Everybody));
        for stage in ["published", "deprecated"] {
            let other = read(json!({"stage": stage})).unwrap();
            assert!(other.is_visible_to(Audience::Everybody), "{stage}");
        }
    }

    #[test]
    fn a_sunset_date_begins_at_midnight_utc_and_is_near_for_thirty_days() {
        let sunset = deprecated(Some("2027-03-01"), None);
        for (now, phase) in [
            ("2026-01-01T00:00:00Z", Phase::Deprecated),
            ("2027-01-29T23:59:59Z", Phase::Deprecated),
            ("2027-01-30T00:00:00Z", Phase::Ending),
            ("2027-02-28T23:59:59.999Z", Phase::Ending),
            ("2027-03-01T00:00:00Z", Phase::Ended),
            ("2030-01-01T00:00:00Z", Phase::Ended),
        ] {
            assert_eq!(sunset.phase(at(now)), phase, "{now}");
        }
        let undated = deprecated(None, None);
        assert_eq!(undated.phase(Timestamp::MAX), Phase::Deprecated);
        let last = deprecated(Some("9999-12-31"), None);
        assert_eq!(last.phase(Timestamp::MIN), Phase::Deprecated);
        assert_eq!(last.phase(Timestamp::MAX), Phase::Ending);
    }

    #[test]
    fn new_claims_are_refused_unless_allowed_and_always_after_the_sunset_date() {
        let before = at("2027-02-01T00:00:00Z");
        let after = at("2027-03-01T00:00:00Z");
        for (written, then) in [
            (None, NewClaims::Refused),
            (Some("refused"), NewClaims::Refused),
            (Some("allowed"), NewClaims::Allowed),
        ] {
            let lifecycle = deprecated(Some("2027-03-01"), written);
            assert_eq!(lifecycle.new_claims(before), then, "{written:?}");
            assert_eq!(lifecycle.new_claims(after), NewClaims::Refused, "{written:?}");
        }
    }

    #[test]
    fn a_sunset_date_is_a_date_and_nothing_else() {
        let sunset = |text: &str| read(json!({"stage": "deprecated", "sunset": text}));
        assert_eq!(sunset("2027-03-01").unwrap().sunset, Some(date(2027, 3, 1)));
        for wrong in [
            "",
            "soon",
            "2027-02-29",
            "2027-3-1",
            "20270301",
            "2027-03-01T10:00",
            "2027-03-01T10:00:00Z",
            " 2027-03-01",
        ] {
            let said = sunset(wrong).unwrap_err();
            assert!(
                said.contains("must be a date, such as 2027-03-01"),
                "{wrong}: {said}"
            );
        }
    }
}
