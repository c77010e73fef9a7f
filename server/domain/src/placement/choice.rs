//! Which control plane takes a claim: the problem in numbers.
//!
//! # The problem
//!
//! Given are control planes. Each has a unique name and
//! - is *open* if it may take the claim now;
//! - is of the *domain* if it satisfies what offering, tenant and environment require, whatever its state;
//! - has a *class*, *points* (its weight and those of the preferences that it satisfies), and a *load*;
//! - *holds* some of the group's claims: those of the same offering in the same environment;
//! - has for each *spread* a value, or none.
//!
//! Given are spreads, each required or weighed, and the control plane that was *shown* before, if any.
//!
//! A required spread bars control planes without a value, and those whose value holds more of the group than another value
//! of the domain. A control plane that is open and not barred is *eligible*. The *excess* of a value is how many more of the
//! group it holds than the value with the fewest among the eligible ones of the best class. The *score* is the points without
//! the weight of each weighed spread times the excess. Of those with the best class and, of these, the best score, one is
//! *light* if no other of them is less loaded by more than the [margin](margin). Chosen is the first light one by name,
//! or the shown one, if no other of them is less loaded by more than twice the margin.
//!
//! # Properties
//!
//! - **P1** Only an eligible control plane is chosen, and one is if there is one.
//! - **P2** The order of the input does not matter.
//! - **P3** Adding a control plane that is not open, not of the domain and holds none of the group changes nothing.
//! - **P4** None of a worse class is chosen while one of a better class is eligible.
//! - **P5** More points never make the chosen one lose, and never make any but the one that gets them win.
//! - **P6** The chosen one is not more loaded by more than the margin than one of its class and score; twice the margin if it
//!   was shown. Less load never makes the chosen one lose, and more load never makes one win.
//! - **P7** What was chosen and is shown is chosen again after each load moves by at most half the margin.
//! - **P8** Of those alike in all but the name, the first by name is chosen.
//! - **P9** With a required spread, the chosen one's value holds the fewest of the group in the domain: claims placed one
//!   after the other differ by at most one.
//! - **P10** With a weighed spread and equal points, too, as long as every value has an eligible control plane.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A control plane, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plane<'a> {
    pub(super) name: &'a str,
    pub(super) open: bool,
    pub(super) in_domain: bool,
    pub(super) class: Class,
    pub(super) points: u32,
    pub(super) load: Load,
    /// Number of the group's claims there.
    pub(super) held: u32,
    /// The value for each spread, in the same order.
    pub(super) values: Vec<Option<&'a str>>,
}

/// Whom a control plane is for. The first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Dedicated to the tenant.
    Own,
    /// Shared.
    Shared,
    /// Itself a claim: somebody asked for it for a purpose.
    Claimed,
    /// The service of another tenant.
    Service,
}

/// A spread, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) required: bool,
    pub(super) weight: u32,
}

/// How full a control plane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    /// Number of claims of everybody.
    pub(super) claims: u64,
    /// Number of claims that it should hold.
    pub(super) capacity: Option<u32>,
}

const MILLION: u64 = 1_000_000;
/// The margin in millionths of a capacity: 5 %.
const MARGIN: u64 = MILLION / 20;
/// The margin in claims between two control planes without a capacity.
const MARGIN_CLAIMS: u64 = 10;

impl Load {
    /// Returns the fullness in millionths of the capacity. Without a capacity, one of 1,000,000 claims is assumed.
    pub(super) fn fullness(self) -> u64 {
        self.capacity.map_or(self.claims, |capacity| {
            self.claims.saturating_mul(MILLION) / u64::from(capacity.max(1))
        })
    }

    /// True if the other is less loaded by more than some margins.
    fn exceeds(self, other: Self, margins: u64) -> bool {
        self.fullness() > other.fullness().saturating_add(margins * margin(self, other))
    }
}

/// Returns how much two fullnesses may differ without a consequence: 5 % of the capacity, or 10 claims if neither has one.
pub(super) fn margin(one: Load, other: Load) -> u64 {
    if one.capacity.is_none() && other.capacity.is_none() {
        MARGIN_CLAIMS
    } else {
        MARGIN
    }
}

/// What was chosen, and what of it explains the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    /// The index of the chosen one.
    pub(super) chosen: Option<usize>,
    /// For each control plane: the spreads that bar it, if it is open.
    pub(super) barred: Vec<Vec<usize>>,
    /// For each control plane: its score. Only those of one class compare.
    pub(super) scores: Vec<i64>,
    /// For each spread: the number of the group's claims by value.
    pub(super) held: Vec<BTreeMap<Option<&'a str>, u32>>,
    /// Number of those with the best class and score that are light.
    pub(super) light: usize,
    /// True if it is chosen because it was shown.
    pub(super) kept: bool,
}

/// Chooses. `shown` is the index of the one that was shown before.
pub(super) fn choose<'a>(planes: &[Plane<'a>], spreads: &[Spread], shown: Option<usize>) -> Choice<'a> {
    let held: Vec<_> = (0..spreads.len())
        .map(|spread| held_by_value(planes, spread))
        .collect();
    let barred: Vec<Vec<usize>> = planes
        .iter()
        .map(|plane| barred_by(plane, planes, spreads, &held))
        .collect();
    let eligible = || (0..planes.len()).filter(|&index| planes[index].open && barred[index].is_empty());
    let class = eligible().map(|index| planes[index].class).min();
    let contenders: Vec<usize> = eligible()
        .filter(|&index| Some(planes[index].class) == class)
        .collect();
    let fewest: Vec<u32> = (0..spreads.len())
        .map(|spread| {
            let values = contenders
                .iter()
                .map(|&index| held[spread][&planes[index].values[spread]]);
            values.min().unwrap_or(0)
        })
        .collect();
    let scores: Vec<i64> = planes
        .iter()
        .map(|plane| {
            let excess = |spread: usize| held[spread][&plane.values[spread]].saturating_sub(fewest[spread]);
            let lost = (0..spreads.len()).filter(|&spread| !spreads[spread].required);
            let lost = lost.map(|spread| i64::from(spreads[spread].weight) * i64::from(excess(spread)));
            i64::from(plane.points) - lost.sum::<i64>()
        })
        .collect();
    let most = contenders.iter().map(|&index| scores[index]).max();
    let best: Vec<usize> = contenders
        .into_iter()
        .filter(|&index| Some(scores[index]) == most)
        .collect();
    let within = |index: usize, margins: u64| {
        let mut others = best.iter();
        others.all(|&other| !planes[index].load.exceeds(planes[other].load, margins))
    };
    let light: Vec<usize> = best.iter().copied().filter(|&index| within(index, 1)).collect();
    let first = light.iter().copied().min_by_key(|&index| planes[index].name);
    let shown = shown.filter(|shown| best.contains(shown) && within(*shown, 2));
    Choice {
        chosen: shown.or(first),
        barred,
        scores,
        held,
        light: light.len(),
        kept: shown.is_some() && shown != first,
    }
}

fn held_by_value<'a>(planes: &[Plane<'a>], spread: usize) -> BTreeMap<Option<&'a str>, u32> {
    let mut held = BTreeMap::new();
    for plane in planes {
        let here = held.entry(plane.values[spread]).or_insert(0_u32);
        *here = here.saturating_add(plane.held);
    }
    held
}

/// Returns the required spreads that bar an open control plane.
fn barred_by(
    plane: &Plane<'_>,
    planes: &[Plane<'_>],
    spreads: &[Spread],
    held: &[BTreeMap<Option<&str>, u32>],
) -> Vec<usize> {
    let bars = |&spread: &usize| {
        let Some(value) = plane.values[spread] else {
            return true;
        };
        let domain = planes
            .iter()
            .filter(|plane| plane.in_domain && plane.values[spread].is_some());
        let fewest = domain.map(|plane| held[spread][&plane.values[spread]]).min();
        fewest.is_some_and(|fewest| held[spread][&Some(value)] > fewest)
    };
    (0..spreads.len())
        .filter(|&spread| plane.open && spreads[spread].required)
        .filter(bars)
        .collect()
}

/// Sorts the indices: the chosen one, the open ones by class and score, then the others, each by name.
pub(super) fn order(planes: &[Plane<'_>], choice: &Choice<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..planes.len()).collect();
    order.sort_by_key(|&index| {
        let is_eligible = planes[index].open && choice.barred[index].is_empty();
        (
            Some(index) != choice.chosen,
            !is_eligible,
            is_eligible.then(|| (planes[index].class, Reverse(choice.scores[index]))),
            planes[index].name,
        )
    });
    order
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
