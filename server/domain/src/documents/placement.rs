use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What placement should heed besides what a control plane must have. The rules of offering, tenant and environment
/// count together, and those of the tenants above.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlacementRules {
    /// What a control plane should have. The weights of those that it has are summed.
    pub prefer: Vec<PlacementPreference>,
    /// Spreads the claims of an offering in an environment over control planes.
    pub spread: Option<Spread>,
}

/// Labels that a control plane should have.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlacementPreference {
    /// The labels, all of which it must have for the weight to count. `region` is its region, unless it has a label of that
    /// name.
    pub labels: BTreeMap<String, String>,
    /// How much it counts: 1 to 100.
    pub weight: u8,
}

/// Spreads the claims of an offering in an environment over the values of a label.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// The label, such as `zone`. `region` is the region, unless the control plane has a label of that name.
    pub over: String,
    /// True: a claim lands only where the fewest are, and waits while no control plane there takes it. False: it is weighed
    /// against the preferences.
    #[serde(default)]
    pub required: bool,
    /// How much each claim counts that a value has more than the value with the fewest: 1 to 100.
    #[serde(default = "default_spread_weight")]
    pub weight: u8,
}

/// What a label of `preferredControlPlaneLabels` counts.
pub const PREFERRED_LABEL_WEIGHT: u8 = 10;

fn default_spread_weight() -> u8 {
    10
}

impl PlacementRules {
    /// True if they ask for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prefer.is_empty() && self.spread.is_none()
    }
}
