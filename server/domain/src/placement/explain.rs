//! Explains a choice: what speaks for the chosen control plane, and why not another that would do.

use super::choice::{Choice, Class, Plane};
use super::reason::{Comparison, Exclusion, PlacementFactor, Point};
use super::rules::Rules;
use super::{PlacementRequest, PlaneFacts, is_candidate};

/// A placement with its numbers. `facts` and `planes` have the same order.
pub(super) struct Explained<'e, 'a> {
    pub(super) request: &'e PlacementRequest<'a>,
    pub(super) rules: &'e Rules<'a>,
    pub(super) facts: &'e [&'e PlaneFacts<'a>],
    pub(super) planes: &'e [Plane<'a>],
    pub(super) choice: &'e Choice<'a>,
}

impl Explained<'_, '_> {
    fn is_eligible(&self, index: usize) -> bool {
        self.planes[index].open && self.choice.barred[index].is_empty()
    }

    /// Returns the spreads that bar it.
    pub(super) fn barred(&self, index: usize) -> impl Iterator<Item = Exclusion> {
        self.choice.barred[index].iter().map(move |&spread| {
            let over = self.rules.spreads[spread].over.to_owned();
            let offering = self.request.offering_title.to_owned();
            match self.planes[index].values[spread] {
                None => Exclusion::NotSpread { over, offering },
                Some(value) => Exclusion::Spread {
                    over,
                    offering,
                    value: Some(value.to_owned()),
                    claims: self.held(index, spread),
                    of: self.held_in_all(),
                },
            }
        })
    }

    /// Number of the group's claims with the value of this control plane.
    fn held(&self, index: usize, spread: usize) -> u32 {
        self.choice.held[spread][&self.planes[index].values[spread]]
    }

    fn held_in_all(&self) -> u32 {
        let held = self.planes.iter().map(|plane| plane.held);
        held.fold(0, u32::saturating_add)
    }

    /// Returns why it was not chosen although it would do; `None` if it is chosen or would not do.
    pub(super) fn comparison(&self, index: usize) -> Option<Comparison> {
        let chosen = self.choice.chosen.filter(|&chosen| chosen != index)?;
        if !self.is_eligible(index) {
            return None;
        }
        let (this, best) = (&self.planes[index], &self.planes[chosen]);
        Some(match this.class {
            class if class != best.class => match class {
                Class::Own | Class::Shared => Comparison::Shared {
                    tenant: self.request.tenant.title().to_owned(),
                },
                Class::Claimed => Comparison::Claimed,
                Class::Service => Comparison::Service,
            },
            Class::Service => Comparison::Later,
            _ if self.choice.scores[index] != self.choice.scores[chosen] => Comparison::Behind {
                ahead: self.points(index, chosen),
                behind: self.points(chosen, index),
            },
            _ if this.load.fullness() > best.load.fullness() && !self.choice.kept => Comparison::Fuller {
                claims: self.facts[index].claims,
                capacity: this.load.capacity,
            },
            _ if self.choice.kept => Comparison::ShownStays,
            _ => Comparison::Later,
        })
    }

    /// Returns what `one` has that counts more than what `other` has.
    fn points(&self, one: usize, other: usize) -> Vec<Point> {
        let (own, others) = (self.facts[one].document, self.facts[other].document);
        let mut points = Vec::new();
        let labels = self.rules.labels_ahead(own, others);
        if !labels.is_empty() {
            points.push(Point::Labels { labels });
        }
        if own.spec.weight > others.spec.weight {
            points.push(Point::Weight);
        }
        for (spread, rule) in self.rules.spreads.iter().enumerate() {
            let claims = self.held(other, spread);
            if self.held(one, spread) < claims {
                points.push(Point::Spread {
                    over: rule.over.to_owned(),
                    value: self.planes[other].values[spread].map(str::to_owned),
                    offering: self.request.offering_title.to_owned(),
                    claims,
                    of: self.held_in_all(),
                });
            }
        }
        points
    }

    /// Returns what speaks for the chosen one, at least one factor.
    pub(super) fn factors(&self, chosen: usize) -> Vec<PlacementFactor> {
        let (facts, own) = (self.facts[chosen], &self.planes[chosen]);
        let plane = facts.document;
        if let Some(service) = &facts.service {
            return vec![PlacementFactor::Service {
                publisher: service.publisher.title().to_owned(),
            }];
        }
        let mut factors = Vec::new();
        if !plane.spec.dedicated_to.is_empty() {
            factors.push(PlacementFactor::Dedicated {
                tenant: self.request.tenant.title().to_owned(),
            });
        }
        if self.request.preferences.plane.is_some() {
            factors.push(PlacementFactor::Requested);
        } else if let (Some(_), Some(region)) = (&self.request.preferences.region, &plane.spec.region) {
            factors.push(PlacementFactor::InRegion {
                region: region.clone(),
            });
        }
        let others = || (0..self.planes.len()).filter(|&index| index != chosen && self.is_eligible(index));
        let alike = || others().filter(|&index| self.planes[index].class == own.class);
        factors.extend(self.points_for(chosen, alike()));
        let equal = || alike().filter(|&index| self.choice.scores[index] == self.choice.scores[chosen]);
        let (among, has_others) = (equal().count() + 1, others().next().is_some());
        if !has_others && factors.is_empty() {
            factors.push(self.only_one(chosen));
        } else if self.choice.kept {
            factors.push(PlacementFactor::Shown);
        } else if among > 1 {
            let lightest = equal().all(|index| own.load.fullness() < self.planes[index].load.fullness());
            factors.push(if lightest {
                PlacementFactor::LeastFull {
                    among,
                    claims: facts.claims,
                    capacity: own.load.capacity,
                }
            } else {
                PlacementFactor::FirstOfLight {
                    among: self.choice.light,
                }
            });
        } else if has_others && factors.is_empty() {
            factors.push(PlacementFactor::First);
        }
        if factors.is_empty() {
            factors.push(PlacementFactor::Serves {
                offering: self.request.offering_title.to_owned(),
            });
        }
        factors
    }

    /// Returns the points in which it is ahead of one of the others.
    fn points_for(&self, chosen: usize, others: impl Iterator<Item = usize>) -> Vec<PlacementFactor> {
        let ahead: Vec<Point> = others.flat_map(|other| self.points(chosen, other)).collect();
        let mut labels: Vec<String> = ahead
            .iter()
            .flat_map(|point| match point {
                Point::Labels { labels } => labels.as_slice(),
                _ => &[],
            })
            .cloned()
            .collect();
        labels.sort();
        labels.dedup();
        let mut factors = Vec::new();
        if !labels.is_empty() {
            factors.push(PlacementFactor::Preferred { labels });
        }
        if ahead.contains(&Point::Weight) {
            factors.push(PlacementFactor::Weight);
        }
        for (spread, rule) in self.rules.spreads.iter().enumerate() {
            let is_over = |point: &Point| matches!(point, Point::Spread { over, .. } if over == rule.over);
            if ahead.iter().any(is_over) {
                factors.push(PlacementFactor::Spread {
                    over: rule.over.to_owned(),
                    value: self.planes[chosen].values[spread].map(str::to_owned),
                    offering: self.request.offering_title.to_owned(),
                    claims: self.held(chosen, spread),
                    of: self.held_in_all(),
                });
            }
        }
        factors
    }

    /// Returns why it is the only one left.
    fn only_one(&self, chosen: usize) -> PlacementFactor {
        let mut others = self
            .facts
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != chosen)
            .peekable();
        debug_assert!(self.facts.iter().all(|facts| is_candidate(self.request, facts)));
        if others.peek().is_none() {
            PlacementFactor::OnlyGranted {
                tenant: self.request.tenant.title().to_owned(),
            }
        } else if others.any(|(_, facts)| facts.serves) {
            PlacementFactor::OnlyAvailable
        } else {
            PlacementFactor::OnlyServing {
                offering: self.request.offering_title.to_owned(),
            }
        }
    }
}
