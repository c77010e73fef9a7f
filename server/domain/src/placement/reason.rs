//! Codes with parameters for why placement chose a control plane or ruled one out. Requests store them;
//! `portico_api::words` puts them into words.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// Why placement chose a control plane, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PlacementReason {
    /// The claim exists on it already.
    Existing {
        /// The control plane's title.
        plane: String,
    },
    /// The tenant may use no control plane.
    NoneGranted {
        /// The tenant's title.
        tenant: String,
    },
    /// All candidates are ruled out.
    NoneFits {
        /// The offering's title.
        offering: String,
    },
    /// It was chosen among the candidates.
    Chosen {
        /// The control plane's title.
        plane: String,
        /// Why, at least one factor.
        factors: Vec<PlacementFactor>,
    },
    /// A sentence stored before reasons had codes.
    Other {
        /// The sentence.
        text: String,
    },
}

/// What speaks for the chosen control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PlacementFactor {
    /// It is dedicated to the tenant.
    Dedicated {
        /// The tenant's title.
        tenant: String,
    },
    /// The requester asked for it.
    Requested,
    /// It is in the region that the requester asked for.
    InRegion {
        /// The region.
        region: String,
    },
    /// The tenant may use no other.
    OnlyGranted {
        /// The tenant's title.
        tenant: String,
    },
    /// All others are ruled out.
    OnlyAvailable,
    /// No other that the tenant may use serves the offering.
    OnlyServing {
        /// The offering's title.
        offering: String,
    },
    /// It has preferred labels that another that would do does not have.
    Preferred {
        /// The labels, as `key=value`.
        labels: Vec<String>,
    },
    /// It is the service of another tenant.
    Service {
        /// The publisher's title.
        publisher: String,
    },
    /// It is the least full.
    LeastFull {
        /// Number of control planes compared, itself included.
        among: usize,
        /// Number of claims it holds.
        claims: usize,
        /// Its capacity in claims; `None` without a limit.
        capacity: Option<u32>,
    },
    /// Of those that are about as full, it is the first by name.
    FirstOfLight {
        /// Number of control planes that are about as full, itself included.
        among: usize,
    },
    /// It was shown to the requester, and no other is much less full.
    Shown,
    /// Its document gives it more weight.
    Weight,
    /// Fewer of the environment's claims of the offering are there than elsewhere.
    Spread {
        /// The label over which they are spread.
        over: String,
        /// Its value there.
        value: Option<String>,
        /// The offering's title.
        offering: String,
        /// Number of claims with that value.
        claims: u32,
        /// Number of claims in all.
        of: u32,
    },
    /// It comes before the others that fit.
    First,
    /// It serves the offering.
    Serves {
        /// The offering's title.
        offering: String,
    },
}

/// Why a control plane is ruled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Exclusion {
    /// The requester asked for another control plane.
    OtherPlaneRequested,
    /// The requester asked for another region.
    OtherRegion {
        /// Its region.
        region: Option<String>,
        /// The requested one.
        requested: String,
    },
    /// It serves other environments only.
    OtherEnvironment {
        /// The environment of the request.
        environment: String,
    },
    /// It lacks a required label.
    MissingLabel {
        /// What requires the label.
        required_by: LabelSource,
        /// The label's key.
        key: String,
        /// The required value.
        value: String,
    },
    /// It does not serve the offering's API.
    NotServed {
        /// The offering's title.
        offering: String,
    },
    /// The offering's API there cannot be used.
    Unusable {
        /// The offering's title.
        offering: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It is cordoned.
    Cordoned {
        /// The administrator's reason.
        reason: Option<String>,
    },
    /// It is being worked on.
    Maintenance {
        /// Until when.
        until: Timestamp,
        /// The reason of its document.
        reason: Option<String>,
    },
    /// It cannot take a claim now.
    NotUsable {
        /// Why.
        why: NotUsable,
    },
    /// It is full.
    Full {
        /// Number of claims it holds.
        claims: usize,
        /// Its capacity in claims.
        capacity: u32,
    },
    /// The environment's claims of the offering must be spread over a label, and it does not have the label.
    NotSpread {
        /// The label.
        over: String,
        /// The offering's title.
        offering: String,
    },
    /// The environment's claims of the offering must be spread over a label, and more have its value than another.
    Spread {
        /// The label.
        over: String,
        /// The offering's title.
        offering: String,
        /// Its value there; `None` if it is not to be known.
        value: Option<String>,
        /// Number of claims with that value.
        claims: u32,
        /// Number of claims in all.
        of: u32,
    },
    /// A sentence stored before reasons had codes.
    Other {
        /// The sentence.
        text: String,
    },
}

/// Why a control plane that could serve the claim was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Comparison {
    /// It is shared, and the tenant has one of its own.
    Shared {
        /// The tenant's title.
        tenant: String,
    },
    /// It is itself a claim.
    Claimed,
    /// It is the service of another tenant.
    Service,
    /// Preferences, weights and spreads speak for the chosen one.
    Behind {
        /// What speaks for it all the same.
        ahead: Vec<Point>,
        /// What speaks for the chosen one, seen from that one.
        behind: Vec<Point>,
    },
    /// It is fuller.
    Fuller {
        /// Number of claims it holds.
        claims: usize,
        /// Its capacity in claims; `None` without a limit.
        capacity: Option<u32>,
    },
    /// The chosen one was shown to the requester before, and it is not much less full.
    ShownStays,
    /// It is alike and comes later by name.
    Later,
}

/// What one control plane has ahead of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Point {
    /// It has preferred labels that the other does not have.
    Labels {
        /// The labels, as `key=value`.
        labels: Vec<String>,
    },
    /// Its document gives it more weight.
    Weight,
    /// The environment has more claims of the offering where the other is.
    Spread {
        /// The label over which they are spread.
        over: String,
        /// Its value where the other is.
        value: Option<String>,
        /// The offering's title.
        offering: String,
        /// Number of claims with that value.
        claims: u32,
        /// Number of claims in all.
        of: u32,
    },
}

/// What requires a label of control planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelSource {
    /// The requester's preferences.
    Request,
    /// The environment.
    Environment,
    /// The offering.
    Offering,
}

/// Why a control plane cannot take a claim now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum NotUsable {
    /// Its document or credentials are wrong.
    Misconfigured,
    /// The first connection is being made.
    Connecting,
    /// It does not answer.
    Unreachable {
        /// When it last answered.
        since: Option<Timestamp>,
    },
    /// Portico may not read the offering's objects in the namespace.
    MayNotRead,
    /// Portico may not create or patch the offering's objects in the namespace.
    MayNotCreate,
}

/// A code, or the sentence stored before there were codes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored<T> {
    Code(T),
    Text(String),
}

/// Reads a reason; a text is [`PlacementReason::Other`].
pub(super) fn stored_reason<'de, D: Deserializer<'de>>(from: D) -> Result<PlacementReason, D::Error> {
    Ok(match Stored::deserialize(from)? {
        Stored::Code(reason) => reason,
        Stored::Text(text) => PlacementReason::Other { text },
    })
}

/// Reads exclusions; a text is [`Exclusion::Other`].
pub(super) fn stored_exclusions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Exclusion>, D::Error> {
    let stored = Vec::<Stored<Exclusion>>::deserialize(from)?;
    let exclusion = |stored| match stored {
        Stored::Code(exclusion) => exclusion,
        Stored::Text(text) => Exclusion::Other { text },
    };
    Ok(stored.into_iter().map(exclusion).collect())
}
