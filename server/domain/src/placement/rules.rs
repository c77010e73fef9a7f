//! The rules of the documents that a placement heeds, together.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::{self, Class, Load, Plane};
use super::{PlacementRequest, PlaneFacts, may_use};
use crate::documents::{ControlPlane, PREFERRED_LABEL_WEIGHT, PlacementPreference, PlacementRules};

/// Preferences and spreads of offering, tenant and environment, and of the tenants above. A tenant above prefers by labels
/// only what no tenant below it, nor the environment, prefers by the same labels; its spreads always count.
pub(super) struct Rules<'r> {
    preferences: Vec<Preference<'r>>,
    /// At most one for each label.
    pub(super) spreads: Vec<SpreadRule<'r>>,
}

struct Preference<'r> {
    labels: BTreeMap<&'r str, &'r str>,
    weight: u32,
}

pub(super) struct SpreadRule<'r> {
    pub(super) over: &'r str,
    required: bool,
    weight: u32,
}

impl<'r> Rules<'r> {
    pub(super) fn of(request: &PlacementRequest<'r>) -> Self {
        let of_environment = &request.environment.preferred_control_plane_labels;
        let labels: BTreeSet<_> = of_environment.iter().chain(request.offering_preferred).collect();
        let short = labels.into_iter().map(|(key, value)| Preference {
            labels: BTreeMap::from([(key.as_str(), value.as_str())]),
            weight: u32::from(PREFERRED_LABEL_WEIGHT),
        });
        let mut rules = Self {
            preferences: short.collect(),
            spreads: Vec::new(),
        };
        let documents = [
            request.offering_rules,
            Some(&request.tenant.spec.placement),
            Some(&request.environment.placement),
        ];
        for document in documents.into_iter().flatten() {
            rules.add(document, &BTreeSet::new());
        }
        let mut nearer: BTreeSet<_> = of_environment
            .keys()
            .map(|key| BTreeSet::from([key.as_str()]))
            .collect();
        nearer.extend(preferred_by(&request.environment.placement));
        nearer.extend(preferred_by(&request.tenant.spec.placement));
        for above in request.rules_above {
            rules.add(above, &nearer);
            nearer.extend(preferred_by(above));
        }
        rules
    }

    /// Adds the rules of a document, without preferences by labels that are `overruled`.
    fn add(&mut self, rules: &'r PlacementRules, overruled: &BTreeSet<BTreeSet<&str>>) {
        let preferences = rules.prefer.iter().filter(|it| !overruled.contains(&keys(it)));
        let preferences = preferences.map(|preference| Preference {
            labels: preference
                .labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            weight: u32::from(preference.weight),
        });
        self.preferences.extend(preferences);
        let Some(spread) = &rules.spread else { return };
        let weight = u32::from(spread.weight);
        if let Some(known) = self.spreads.iter_mut().find(|known| known.over == spread.over) {
            known.required |= spread.required;
            known.weight = known.weight.max(weight);
        } else {
            self.spreads.push(SpreadRule {
                over: &spread.over,
                required: spread.required,
                weight,
            });
        }
    }

    /// Returns the spreads in numbers.
    pub(super) fn spreads(&self) -> Vec<choice::Spread> {
        let spreads = self.spreads.iter();
        spreads
            .map(|spread| choice::Spread {
                required: spread.required,
                weight: spread.weight,
            })
            .collect()
    }

    /// Returns the control plane in numbers.
    pub(super) fn plane<'a>(
        &self,
        request: &PlacementRequest<'_>,
        facts: &PlaneFacts<'a>,
        open: bool,
    ) -> Plane<'a> {
        let document = facts.document;
        let class = match (&facts.service, document.claim()) {
            (Some(_), _) => Class::Service,
            (None, Some(_)) => Class::Claimed,
            (None, None) if document.spec.dedicated_to.is_empty() => Class::Shared,
            (None, None) => Class::Own,
        };
        let points = self
            .preferences
            .iter()
            .filter(|preference| preference.is_met(document));
        Plane {
            name: document.name.as_str(),
            open,
            in_domain: class <= Class::Shared && is_of_domain(request, facts),
            class,
            points: u32::from(document.spec.weight) + points.map(|preference| preference.weight).sum::<u32>(),
            load: Load {
                claims: facts.claims as u64,
                capacity: document.spec.capacity,
            },
            held: u32::try_from(facts.held).unwrap_or(u32::MAX),
            values: self
                .spreads
                .iter()
                .map(|spread| document.property(spread.over))
                .collect(),
        }
    }

    /// Returns the preferred labels of the preferences that `one` satisfies and `other` does not, as `key=value`.
    pub(super) fn labels_ahead(&self, one: &ControlPlane, other: &ControlPlane) -> Vec<String> {
        let ahead = self
            .preferences
            .iter()
            .filter(|preference| preference.is_met(one) && !preference.is_met(other));
        let labels: BTreeSet<_> = ahead.flat_map(|preference| &preference.labels).collect();
        let labels = labels
            .into_iter()
            .filter(|(key, value)| other.property(key) != Some(**value));
        labels.map(|(key, value)| format!("{key}={value}")).collect()
    }
}

/// The labels by which it prefers.
fn keys(preference: &PlacementPreference) -> BTreeSet<&str> {
    preference.labels.keys().map(String::as_str).collect()
}

fn preferred_by(rules: &PlacementRules) -> impl Iterator<Item = BTreeSet<&str>> {
    rules.prefer.iter().map(keys)
}

impl Preference<'_> {
    fn is_met(&self, plane: &ControlPlane) -> bool {
        let mut labels = self.labels.iter();
        labels.all(|(key, value)| plane.property(key) == Some(*value))
    }
}

/// True if offering, tenant and environment admit it, whatever its state and whatever the requester asks for.
fn is_of_domain(request: &PlacementRequest<'_>, facts: &PlaneFacts<'_>) -> bool {
    let plane = facts.document;
    facts.serves
        && may_use(request.tenant, plane)
        && plane.may_serve(request.environment)
        && plane.has_labels(request.offering_labels)
}
