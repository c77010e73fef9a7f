//! Placement: which control plane serves a claim, with its reasons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::PlaneName;

/// What the requester asked of placement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wish {
    /// This control plane and no other.
    pub plane: Option<PlaneName>,
    /// This region.
    pub region: Option<String>,
    /// Labels the control plane must have.
    pub labels: BTreeMap<String, String>,
}

/// Which control plane serves the claim, and why it and not another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The choice; `None` when every candidate is ruled out.
    pub chosen: Option<PlaneName>,
    /// Why it was preferred, in a sentence.
    pub reason: String,
    /// All candidates the tenant may know of, the chosen one first.
    pub candidates: Vec<Candidate>,
}

/// One control plane, considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The control plane.
    pub plane: PlaneName,
    /// The name to show.
    pub title: String,
    /// Its region.
    pub region: Option<String>,
    /// What rules it out, each in a sentence; empty when it would do.
    pub ruled_out: Vec<String>,
}
