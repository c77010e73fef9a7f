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
    /// It has labels that the environment or the offering prefers, and others that would do have fewer of them.
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
    /// It sorts before the others that fit.
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
    /// A sentence stored before reasons had codes.
    Other {
        /// The sentence.
        text: String,
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
pub(crate) fn stored_reason<'de, D: Deserializer<'de>>(from: D) -> Result<PlacementReason, D::Error> {
    Ok(match Stored::deserialize(from)? {
        Stored::Code(reason) => reason,
        Stored::Text(text) => PlacementReason::Other { text },
    })
}

/// Reads exclusions; a text is [`Exclusion::Other`].
pub(crate) fn stored_exclusions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Exclusion>, D::Error> {
    let stored = Vec::<Stored<Exclusion>>::deserialize(from)?;
    let exclusion = |stored| match stored {
        Stored::Code(exclusion) => exclusion,
        Stored::Text(text) => Exclusion::Other { text },
    };
    Ok(stored.into_iter().map(exclusion).collect())
}
