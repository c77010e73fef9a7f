//! Derives the health of one object by its kind's adapter and the offering's expressions.

use std::borrow::Cow;

use serde_json::Value;

use super::HealthInput;
use super::conditions::{ObservedCondition, explain, read_condition, reports_failure, severity, words_of};
use crate::claim::adapter::{Adapter, Test};
use crate::claim::health_rules::{HealthRules, Ruled};
use crate::claim::signals::signals;
use crate::claim::words::{Meaning, meaning};
use crate::claim::{Condition, Health, path};

/// An object with its conditions, ready to derive its health.
pub(super) struct Assessment<'o> {
    pub(super) object: &'o Value,
    pub(super) conditions: Vec<ObservedCondition>,
    /// The whole status was written for an older generation.
    pub(super) is_stale: bool,
}

impl<'o> Assessment<'o> {
    pub(super) fn read(object: &'o Value, adapter: &Adapter) -> Self {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        let is_behind =
            |observed: Option<i64>| matches!((observed, generation), (Some(seen), Some(now)) if seen < now);
        let observed = object
            .pointer("/status/observedGeneration")
            .and_then(Value::as_i64);
        let is_stale = is_behind(observed);
        let listed = path::all(
            object,
            adapter.conditions.as_deref().unwrap_or("status.conditions[]"),
        );
        let conditions = listed.into_iter().filter_map(|value| {
            let own = value.get("observedGeneration").and_then(Value::as_i64);
            Some(ObservedCondition {
                condition: read_condition(value)?,
                is_stale: if own.is_some() { is_behind(own) } else { is_stale },
            })
        });
        Self {
            object,
            conditions: conditions.collect(),
            is_stale,
        }
    }

    pub(super) fn health(&self, input: &HealthInput<'_>) -> (Health, String) {
        let adapter = input.adapter;
        if self
            .object
            .pointer("/metadata/deletionTimestamp")
            .is_some_and(|at| !at.is_null())
        {
            return (Health::Deleting, self.why_deleting());
        }
        if adapter.paused.iter().any(|test| self.holds(test)) {
            return (
                Health::Paused,
                "Its provisioner has been told to leave it alone".to_owned(),
            );
        }
        if let Some(ruled) = input.rules.and_then(|rules| self.by_rules(rules, adapter)) {
            return ruled;
        }
        let signals = if adapter.guess && !self.is_stale {
            signals(self.object)
        } else {
            Vec::new()
        };
        if let Some(failure) = self.failure(adapter, &signals) {
            return (Health::Degraded, failure);
        }
        if adapter.ready.iter().any(|alternative| self.all_hold(alternative)) {
            return (Health::Ready, self.remark(adapter, &signals).unwrap_or_default());
        }
        let tested = adapter
            .ready
            .iter()
            .flatten()
            .filter_map(|test| test.condition.as_deref());
        let unmet = tested
            .filter_map(|kind| self.condition(kind))
            .find(|condition| condition.status != "True");
        if let Some(unmet) = unmet {
            let word = self.own_word(adapter).map(|word| meaning(&word));
            let health = if reports_failure(unmet) || word == Some(Meaning::Failed) {
                Health::Degraded
            } else {
                Health::Pending
            };
            return (health, self.why(adapter, Some(&unmet.kind)));
        }
        if adapter.guess
            && let Some(guessed) = self.guess(adapter, &signals)
        {
            return guessed;
        }
        if self.is_stale || self.conditions.iter().any(|seen| seen.is_stale) {
            return (
                Health::Pending,
                "Its provisioner has not taken up the last change yet".to_owned(),
            );
        }
        if let Some(word) = self.own_word(adapter) {
            return match meaning(&word) {
                Meaning::Failed => (Health::Degraded, self.why(adapter, None)),
                Meaning::Paused => (Health::Paused, self.why(adapter, None)),
                Meaning::Working | Meaning::Ready => (Health::Pending, self.why(adapter, None)),
                Meaning::Unknown => {
                    let why = self.why(adapter, None);
                    (Health::Unknown, format!("Its operator says “{why}”"))
                }
            };
        }
        self.undecided(input)
    }

    /// Returns the operator's own word for the state, from the adapter's paths.
    pub(super) fn own_word(&self, adapter: &Adapter) -> Option<String> {
        let current = |at: &&String| !(self.is_stale && at.starts_with("status"));
        adapter
            .word
            .iter()
            .filter(current)
            .filter_map(|at| path::text(self.object, at))
            .find(|word| word.chars().any(char::is_alphabetic))
    }

    /// Evaluates the offering's health expressions. `None` if the status is for an older generation, or the
    /// expressions leave the decision to the adapter.
    pub(super) fn by_rules(&self, rules: &HealthRules, adapter: &Adapter) -> Option<(Health, String)> {
        if self.is_stale || rules.is_empty() {
            return None;
        }
        let object = self.without_stale_conditions();
        let why = |otherwise: &dyn Fn() -> String| rules.message(&object).unwrap_or_else(otherwise);
        Some(match rules.rule(&object) {
            Ruled::Failed => (Health::Degraded, why(&|| self.why(adapter, None))),
            Ruled::Ready => (Health::Ready, String::new()),
            Ruled::NotReady => (Health::Pending, why(&|| self.why(adapter, None))),
            Ruled::Doubtful(doubt) => (Health::Unknown, doubt),
            Ruled::Silent => return None,
        })
    }

    pub(super) fn without_stale_conditions(&self) -> Cow<'o, Value> {
        if !self.conditions.iter().any(|seen| seen.is_stale) {
            return Cow::Borrowed(self.object);
        }
        let mut object = self.object.clone();
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        if let Some(conditions) = object
            .pointer_mut("/status/conditions")
            .and_then(Value::as_array_mut)
        {
            conditions.retain(|condition| {
                let observed = condition.get("observedGeneration").and_then(Value::as_i64);
                !matches!((observed, generation), (Some(seen), Some(now)) if seen < now)
            });
        }
        Cow::Owned(object)
    }

    /// Returns the conditions written for the current generation.
    pub(super) fn current(&self) -> impl Iterator<Item = &Condition> {
        self.conditions
            .iter()
            .filter(|seen| !seen.is_stale)
            .map(|seen| &seen.condition)
    }

    /// Returns the condition of that type, ignoring case; the worst if there are several.
    pub(super) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.current()
            .filter(|condition| condition.kind.eq_ignore_ascii_case(kind))
            .min_by_key(|condition| severity(condition))
    }

    pub(super) fn worst(&self) -> Option<&Condition> {
        self.current().min_by_key(|condition| severity(condition))
    }

    pub(super) fn all_hold(&self, tests: &[Test]) -> bool {
        tests.iter().all(|test| self.holds(test))
    }

    pub(super) fn holds(&self, test: &Test) -> bool {
        if let Some(kind) = &test.condition {
            let Some(condition) = self.condition(kind) else {
                return test.missing || test.absent;
            };
            let reason = condition.reason.as_deref().unwrap_or_default();
            return !test.absent
                && condition.status == test.status.as_deref().unwrap_or("True")
                && test.reason.as_deref().is_none_or(|wanted| wanted == reason)
                && !test.reason_unlike.iter().any(|unwanted| unwanted == reason);
        }
        if let Some(at) = &test.path {
            if self.is_stale && at.starts_with("status") {
                return false;
            }
            let found = path::text(self.object, at);
            let is_meant = |text: &String| test.equals.iter().any(|meant| meant.eq_ignore_ascii_case(text));
            return found.is_some_and(|text| test.equals.is_empty() || is_meant(&text));
        }
        let found = if let Some(key) = &test.annotation {
            self.metadata_value("annotations", key)
        } else if let Some(key) = &test.label {
            self.metadata_value("labels", key)
        } else {
            None
        };
        found.is_some_and(|text| test.equals.is_empty() || test.equals.contains(&text))
    }

    pub(super) fn metadata_value(&self, map: &str, key: &str) -> Option<String> {
        self.object
            .get("metadata")?
            .get(map)?
            .get(key)
            .map(|value| path::scalar(value).unwrap_or_default())
    }

    pub(super) fn why_deleting(&self) -> String {
        let finalizers = self
            .object
            .pointer("/metadata/finalizers")
            .and_then(Value::as_array);
        let waiting: Vec<&str> = finalizers
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .take(3)
            .collect();
        if waiting.is_empty() {
            "Being deleted".to_owned()
        } else {
            format!("Being deleted; waiting for {}", waiting.join(", "))
        }
    }

    /// Explains why it is not ready: by the operator's own word, else the condition that decided, else the worst
    /// condition with a text, else the adapter's paths.
    pub(super) fn why(&self, adapter: &Adapter, decided: Option<&str>) -> String {
        let own = self.own_word(adapter);
        if let Some(own) = own.filter(|own| meaning(own) != Meaning::Ready) {
            let more = adapter.reasons.iter().find_map(|at| path::text(self.object, at));
            let word = words_of(&own, adapter);
            return match more.filter(|more| *more != own) {
                Some(more) => format!("{word}: {more}"),
                None => word,
            };
        }
        let decided = decided
            .and_then(|kind| self.condition(kind))
            .and_then(|condition| explain(condition, adapter));
        if let Some(text) = decided {
            return text;
        }
        let mut others: Vec<&Condition> = self.current().collect();
        others.sort_by_key(|condition| severity(condition));
        let worst = others
            .into_iter()
            .filter(|condition| severity(condition) < 2)
            .find_map(|it| explain(it, adapter));
        if let Some(text) = worst {
            return text;
        }
        if let Some(text) = adapter.reasons.iter().find_map(|at| path::text(self.object, at)) {
            return words_of(&text, adapter);
        }
        match self.object.get("status").and_then(Value::as_object) {
            Some(status) if !status.is_empty() => "Not ready yet".to_owned(),
            _ => "Waiting for its provisioner to begin".to_owned(),
        }
    }
}
