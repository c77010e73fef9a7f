//! Rules for what many operators write, in addition to the kind's adapter.

use serde_json::Value;

use super::HealthInput;
use super::assessment::Assessment;
use super::conditions::{
    MEANS_BROKEN, ends_with_any, explain, is_negated, means_working, reports_failure, severity, words_of,
};
use crate::claim::adapter::Adapter;
use crate::claim::signals::{Signal, error_of};
use crate::claim::words::{Meaning, humanize, sounds_like_waiting};
use crate::claim::{Condition, Health, path};

impl Assessment<'_> {
    /// Returns a failure, whatever else the object reports.
    pub(super) fn failure(&self, adapter: &Adapter, signals: &[Signal]) -> Option<String> {
        if let Some(test) = adapter.failed.iter().find(|test| self.holds(test)) {
            let found = test.path.as_deref().and_then(|at| path::text(self.object, at));
            let in_words = found.and_then(|text| adapter.words.get(&text).cloned());
            return in_words.or_else(|| Some(self.why(adapter, test.condition.as_deref())));
        }
        if !adapter.guess {
            return None;
        }
        let fails = self.current().find(|condition| {
            let is_now = !condition.kind.starts_with("Last") && !condition.kind.starts_with("Previous");
            let fails = condition.status == "True"
                && is_now
                && ends_with_any(&condition.kind, MEANS_BROKEN)
                && !is_negated(&condition.kind);
            fails || means_working(&condition.kind, false) && reports_failure(condition)
        });
        if let Some(condition) = fails {
            let title = humanize(&condition.kind);
            return Some(explain(condition, adapter).unwrap_or(title));
        }
        // If a condition covers the whole object, a status word counts only where it describes the whole, too.
        let mut tested = adapter
            .ready
            .iter()
            .flatten()
            .filter_map(|test| test.condition.as_deref());
        let decided = tested.any(|kind| self.condition(kind).is_some());
        let main = signals.iter().find(|signal| signal.is_main)?;
        (main.meaning == Meaning::Failed && (main.is_whole || !decided)).then(|| main.words.clone())
    }

    /// Returns a remark about an object that works.
    pub(super) fn remark(&self, adapter: &Adapter, signals: &[Signal]) -> Option<String> {
        let of = |condition: &Condition| {
            let title = humanize(&condition.kind);
            match explain(condition, adapter) {
                Some(why) => format!("{title}: {why}"),
                None => title,
            }
        };
        let by_adapter = adapter
            .remarks
            .iter()
            .find(|test| self.holds(test))
            .and_then(|test| {
                if let Some(at) = &test.path {
                    return path::text(self.object, at).map(|text| words_of(&text, adapter));
                }
                explain(self.condition(test.condition.as_deref()?)?, adapter)
            });
        let by_condition = || {
            self.current()
                .find(|condition| match condition.status.as_str() {
                    "True" => severity(condition) == 0,
                    "False" => reports_failure(condition) && severity(condition) == 0,
                    _ => false,
                })
                .map(of)
        };
        let by_part = || {
            let part = signals.iter().find(|signal| signal.meaning == Meaning::Failed);
            part.map(|signal| signal.words.clone())
        };
        let by_error = || adapter.guess.then(|| error_of(self.object)).flatten();
        by_adapter
            .or_else(by_condition)
            .or_else(by_part)
            .or_else(by_error)
    }

    /// Guesses by the conditions and status words that many operators write, if there is neither `Ready` nor
    /// `Available`.
    pub(super) fn guess(&self, adapter: &Adapter, signals: &[Signal]) -> Option<(Health, String)> {
        let mut found: Vec<(Meaning, String)> = Vec::new();
        let exact = self
            .current()
            .any(|condition| means_working(&condition.kind, false));
        for condition in self
            .current()
            .filter(|condition| means_working(&condition.kind, !exact))
        {
            let reason = condition.reason.as_deref().unwrap_or_default();
            let meaning = match condition.status.as_str() {
                "True" => Meaning::Ready,
                _ if reports_failure(condition) => Meaning::Failed,
                // A `Succeeded` condition belongs to something that runs once: false means failed.
                "False" if condition.kind == "Succeeded" && !sounds_like_waiting(reason) => Meaning::Failed,
                _ => Meaning::Working,
            };
            let words = explain(condition, adapter).unwrap_or_else(|| humanize(&condition.kind));
            found.push((meaning, words));
        }
        let main = signals.iter().filter(|signal| signal.is_main);
        found.extend(main.map(|signal| (signal.meaning, signal.words.clone())));
        // Known words take precedence over unknown ones.
        if found.iter().any(|(meaning, _)| *meaning != Meaning::Unknown) {
            found.retain(|(meaning, _)| *meaning != Meaning::Unknown);
        }
        let (meaning, words) = found.into_iter().min_by_key(|(meaning, _)| *meaning)?;
        Some(match meaning {
            Meaning::Failed => (Health::Degraded, words),
            Meaning::Paused => (Health::Paused, format!("Its operator says “{words}”")),
            Meaning::Working => (Health::Pending, words),
            Meaning::Unknown => (Health::Unknown, format!("Its operator says “{words}”")),
            Meaning::Ready => (Health::Ready, self.remark(adapter, signals).unwrap_or_default()),
        })
    }

    /// Returns the health if nothing decides. If the operator reported anything at all, it is unknown rather than
    /// pending.
    pub(super) fn undecided(&self, input: &HealthInput<'_>) -> (Health, String) {
        let adapter = input.adapter;
        let worst = self.worst().filter(|condition| severity(condition) < 2);
        if let Some(condition) = worst {
            let health = if reports_failure(condition) {
                Health::Degraded
            } else if adapter.guess {
                Health::Unknown
            } else {
                Health::Pending
            };
            return (health, self.why(adapter, None));
        }
        if adapter.guess
            && let Some(error) = error_of(self.object)
        {
            return (Health::Degraded, error);
        }
        if !adapter.guess {
            return (Health::Pending, self.why(adapter, None));
        }
        if let Some(condition) = self.current().next() {
            return (
                Health::Unknown,
                format!("Its operator says “{}”", humanize(&condition.kind)),
            );
        }
        let has_status = match self.object.get("status") {
            Some(Value::Object(status)) => status.keys().any(|name| name != "conditions"),
            _ => false,
        };
        if has_status {
            (
                Health::Unknown,
                "Its operator reports no state that Portico knows".to_owned(),
            )
        } else if input.has_no_status {
            (
                Health::Unknown,
                "It is applied. Objects of this kind report no state".to_owned(),
            )
        } else {
            (Health::Pending, self.why(adapter, None))
        }
    }
}
