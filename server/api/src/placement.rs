use portico_domain::names::PlaneName;
use portico_domain::placement;
use serde::Serialize;

use super::words;

/// The result of placement.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Placement))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementView {
    /// The chosen control plane; `None` if all candidates are ruled out.
    pub chosen: Option<PlaneName>,
    /// Why it was chosen, as a sentence.
    pub reason: String,
    /// All candidates that the tenant may know of, the chosen one first.
    pub candidates: Vec<CandidateView>,
}

/// A candidate of placement.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Candidate))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CandidateView {
    /// The control plane.
    pub plane: PlaneName,
    /// The name to show.
    pub title: String,
    /// Its region.
    pub region: Option<String>,
    /// Why it is ruled out, one sentence each; empty if it could serve the claim.
    pub ruled_out: Vec<String>,
    /// Why another was chosen although it could serve the claim, as a sentence; `None` if it is chosen or ruled out.
    pub not_chosen: Option<String>,
}

impl From<&placement::Placement> for PlacementView {
    fn from(placement: &placement::Placement) -> Self {
        let candidates = placement.candidates.iter().map(|candidate| CandidateView {
            plane: candidate.plane.clone(),
            title: candidate.title.clone(),
            region: candidate.region.clone(),
            ruled_out: candidate.ruled_out.iter().map(words::exclusion).collect(),
            not_chosen: candidate.compared.as_ref().map(words::comparison),
        });
        Self {
            chosen: placement.chosen.clone(),
            reason: words::placement_reason(&placement.reason),
            candidates: candidates.collect(),
        }
    }
}
