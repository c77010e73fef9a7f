//! Derives the health of an object from its conditions and status: a pure function of the object, the adapter of its
//! kind and the offering's health expressions.

use std::borrow::Cow;

use serde_json::Value;

use super::adapter::{Adapter, Test};
use super::health_rules::{HealthRules, Ruled};
use super::signals::{Signal, error_of, signals};
use super::words::{Meaning, in_words, meaning, sounds_like_failure, sounds_like_waiting};
use super::{ClaimStatus, Condition, Health, path};
use crate::documents::Access;

/// Longest text from a control plane that is shown, in characters.
const LONGEST_REASON: usize = 400;
/// Conditions kept at most; the worst are kept.
const MOST_CONDITIONS: usize = 32;
/// Condition types that mean "works" when true. Used where there is neither `Ready` nor `Available`.
const SAY_THAT_IT_WORKS: &[&str] = &[
    "Healthy",
    "Running",
    "Active",
    "Online",
    "Operational",
    "Succeeded",
    "Complete",
    "Completed",
    "Reconciled",
    "Synced",
    "Synchronized",
    "Applied",
    "Accepted",
    "Programmed",
    "Established",
    "Bound",
    "Provisioned",
    "Deployed",
    "Installed",
    "Created",
    "Configured",
    "Registered",
    "ReconcileSuccess",
    "UpToDate",
];
/// Suffixes of condition types that mean "broken" when true.
const SAY_THAT_IT_FAILS: &[&str] = &[
    "Stalled",
    "Degraded",
    "Failed",
    "Failing",
    "Failure",
    "Error",
    "Unhealthy",
    "Terminal",
];

/// What an object's health is derived from, besides the object.
#[derive(Debug, Clone, Copy)]
pub struct HealthInput<'a> {
    /// The adapter of its kind.
    pub adapter: &'a Adapter,
    /// What the offering says about access.
    pub access: &'a Access,
    /// The offering's health expressions, compiled.
    pub rules: Option<&'a HealthRules>,
    /// The kind has no status, so there is nothing to wait for.
    pub has_no_status: bool,
}

/// Derives the status of an object by its kind's adapter alone. Conditions and a status that were written for an
/// older generation of the object are ignored.
#[must_use]
pub fn assess(object: &Value, adapter: &Adapter, access: &Access) -> ClaimStatus {
    let input = HealthInput {
        adapter,
        access,
        rules: None,
        has_no_status: false,
    };
    assess_with(object, &input)
}

/// Like [`assess`], with the offering's health expressions.
#[must_use]
pub fn assess_with(object: &Value, input: &HealthInput<'_>) -> ClaimStatus {
    let assessment = Assessment::read(object, input.adapter);
    let (health, reason) = assessment.weigh(input);
    let mut conditions: Vec<Condition> = assessment
        .conditions
        .iter()
        .map(|seen| seen.condition.clone())
        .collect();
    conditions.sort_by_key(severity);
    conditions.truncate(MOST_CONDITIONS);
    ClaimStatus {
        health,
        reason: plain(&reason),
        conditions,
        secret: input.adapter.secret_of(object, input.access),
    }
}

/// The status of a claim whose control plane does not answer: unreachable, with the last known health in the reason.
#[must_use]
pub fn unreachable_status(known: &ClaimStatus, plane_title: &str) -> ClaimStatus {
    last_known(known, &format!("{plane_title} does not answer. When it last did"))
}

/// The status of a claim whose control plane Portico cannot use because of a wrong kubeconfig or rejected
/// credentials.
#[must_use]
pub fn misconfigured_status(known: &ClaimStatus, plane_title: &str) -> ClaimStatus {
    last_known(
        known,
        &format!("Portico cannot read {plane_title}: it is not set up correctly. When it last could be read"),
    )
}

/// The status of a claim that cannot be read although its control plane answers.
#[must_use]
pub fn unreadable_status(known: &ClaimStatus, why: &str) -> ClaimStatus {
    let why = plain(why);
    last_known(
        known,
        &format!(
            "It cannot be read just now: {}. When it last could be read",
            why.trim_end_matches('.')
        ),
    )
}

/// `when` is the sentence up to the point in time: "… When it last did".
fn last_known(known: &ClaimStatus, when: &str) -> ClaimStatus {
    let was = match known.health {
        Health::Unreachable => return known.clone(),
        health if known.reason.is_empty() => health.title().to_lowercase(),
        health => format!("{}: {}", health.title().to_lowercase(), known.reason),
    };
    ClaimStatus {
        health: Health::Unreachable,
        reason: format!("{when}, this claim was {was}"),
        conditions: known.conditions.clone(),
        secret: known.secret.clone(),
    }
}

/// Sanitizes a text from outside for one line on a screen: no control or bidi characters, no runs of white space, at
/// most 400 characters.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_bidi_control(c));
    for word in words.filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if let Some((cut, _)) = out.char_indices().nth(LONGEST_REASON) {
            out.truncate(cut);
            out.push('…');
            break;
        }
    }
    out
}

/// Characters that reverse the direction of text (Unicode TR 9): they can make a text read as another one.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

struct Seen {
    condition: Condition,
    /// The condition was written for an older generation of the object.
    is_stale: bool,
}

struct Assessment<'o> {
    object: &'o Value,
    conditions: Vec<Seen>,
    /// The whole status was written for an older generation.
    missed: bool,
}

impl<'o> Assessment<'o> {
    fn read(object: &'o Value, adapter: &Adapter) -> Self {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        let is_behind =
            |observed: Option<i64>| matches!((observed, generation), (Some(seen), Some(now)) if seen < now);
        let observed = object
            .pointer("/status/observedGeneration")
            .and_then(Value::as_i64);
        let missed = is_behind(observed);
        let listed = path::all(
            object,
            adapter.conditions.as_deref().unwrap_or("status.conditions[]"),
        );
        let conditions = listed.into_iter().filter_map(|value| {
            let own = value.get("observedGeneration").and_then(Value::as_i64);
            Some(Seen {
                condition: read_condition(value)?,
                is_stale: if own.is_some() { is_behind(own) } else { missed },
            })
        });
        Self {
            object,
            conditions: conditions.collect(),
            missed,
        }
    }

    fn weigh(&self, input: &HealthInput<'_>) -> (Health, String) {
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
        let signals = if adapter.guess && !self.missed {
            signals(self.object)
        } else {
            Vec::new()
        };
        if let Some(trouble) = self.trouble(adapter, &signals) {
            return (Health::Degraded, trouble);
        }
        if adapter.ready.iter().any(|alternative| self.all_hold(alternative)) {
            return (Health::Ready, self.remark(adapter, &signals).unwrap_or_default());
        }
        let asked = adapter
            .ready
            .iter()
            .flatten()
            .filter_map(|test| test.condition.as_deref());
        let unmet = asked
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
        if self.missed || self.conditions.iter().any(|seen| seen.is_stale) {
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

    /// The operator's own word for the state, from the adapter's paths.
    fn own_word(&self, adapter: &Adapter) -> Option<String> {
        let current = |at: &&String| !(self.missed && at.starts_with("status"));
        adapter
            .word
            .iter()
            .filter(current)
            .filter_map(|at| path::text(self.object, at))
            .find(|word| word.chars().any(char::is_alphabetic))
    }

    /// Evaluates the offering's health expressions. `None` if the status is for an older generation, or the
    /// expressions leave the decision to the adapter.
    fn by_rules(&self, rules: &HealthRules, adapter: &Adapter) -> Option<(Health, String)> {
        if self.missed || rules.is_empty() {
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

    fn without_stale_conditions(&self) -> Cow<'o, Value> {
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

    /// A failure, whatever else the object reports.
    fn trouble(&self, adapter: &Adapter, signals: &[Signal]) -> Option<String> {
        if let Some(test) = adapter.failed.iter().find(|test| self.holds(test)) {
            return Some(self.why(adapter, test.condition.as_deref()));
        }
        if !adapter.guess {
            return None;
        }
        let fails = self.current().find(|condition| {
            let is_now = !condition.kind.starts_with("Last") && !condition.kind.starts_with("Previous");
            let fails = condition.status == "True"
                && is_now
                && ends_with_any(&condition.kind, SAY_THAT_IT_FAILS)
                && !is_turned(&condition.kind);
            fails || works(&condition.kind, false) && reports_failure(condition)
        });
        if let Some(condition) = fails {
            let title = in_words(&condition.kind);
            return Some(explain(condition, adapter).unwrap_or(title));
        }
        // If a condition covers the whole object, a status word counts only where it describes the whole, too.
        let mut asked = adapter
            .ready
            .iter()
            .flatten()
            .filter_map(|test| test.condition.as_deref());
        let decided = asked.any(|kind| self.condition(kind).is_some());
        let said = signals.iter().find(|signal| signal.is_main)?;
        (said.meaning == Meaning::Failed && (said.is_whole || !decided)).then(|| said.words.clone())
    }

    /// A remark about an object that works.
    fn remark(&self, adapter: &Adapter, signals: &[Signal]) -> Option<String> {
        let of = |condition: &Condition| {
            let title = in_words(&condition.kind);
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

    /// Guesses by the conditions and status words that many operators write, where there is neither `Ready` nor
    /// `Available`.
    fn guess(&self, adapter: &Adapter, signals: &[Signal]) -> Option<(Health, String)> {
        let mut said: Vec<(Meaning, String)> = Vec::new();
        let exact = self.current().any(|condition| works(&condition.kind, false));
        for condition in self.current().filter(|condition| works(&condition.kind, !exact)) {
            let reason = condition.reason.as_deref().unwrap_or_default();
            let meaning = match condition.status.as_str() {
                "True" => Meaning::Ready,
                _ if reports_failure(condition) => Meaning::Failed,
                // A `Succeeded` condition belongs to something that runs once: false means failed.
                "False" if condition.kind == "Succeeded" && !sounds_like_waiting(reason) => Meaning::Failed,
                _ => Meaning::Working,
            };
            let words = explain(condition, adapter).unwrap_or_else(|| in_words(&condition.kind));
            said.push((meaning, words));
        }
        let main = signals.iter().filter(|signal| signal.is_main);
        said.extend(main.map(|signal| (signal.meaning, signal.words.clone())));
        // Known words take precedence over unknown ones.
        if said.iter().any(|(meaning, _)| *meaning != Meaning::Unknown) {
            said.retain(|(meaning, _)| *meaning != Meaning::Unknown);
        }
        let (meaning, words) = said.into_iter().min_by_key(|(meaning, _)| *meaning)?;
        Some(match meaning {
            Meaning::Failed => (Health::Degraded, words),
            Meaning::Paused => (Health::Paused, format!("Its operator says “{words}”")),
            Meaning::Working => (Health::Pending, words),
            Meaning::Unknown => (Health::Unknown, format!("Its operator says “{words}”")),
            Meaning::Ready => (Health::Ready, self.remark(adapter, signals).unwrap_or_default()),
        })
    }

    /// Nothing decided. If the operator reported anything at all, the health is unknown rather than pending.
    fn undecided(&self, input: &HealthInput<'_>) -> (Health, String) {
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
                format!("Its operator says “{}”", in_words(&condition.kind)),
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

    /// Conditions written for the current generation.
    fn current(&self) -> impl Iterator<Item = &Condition> {
        self.conditions
            .iter()
            .filter(|seen| !seen.is_stale)
            .map(|seen| &seen.condition)
    }

    /// The condition of that type, ignoring case; the worst if there are several.
    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.current()
            .filter(|condition| condition.kind.eq_ignore_ascii_case(kind))
            .min_by_key(|condition| severity(condition))
    }

    fn worst(&self) -> Option<&Condition> {
        self.current().min_by_key(|condition| severity(condition))
    }

    fn all_hold(&self, tests: &[Test]) -> bool {
        tests.iter().all(|test| self.holds(test))
    }

    fn holds(&self, test: &Test) -> bool {
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
            if self.missed && at.starts_with("status") {
                return false;
            }
            let found = path::text(self.object, at);
            let is_meant = |text: &String| test.equals.iter().any(|meant| meant.eq_ignore_ascii_case(text));
            return found.is_some_and(|text| test.equals.is_empty() || is_meant(&text));
        }
        let found = if let Some(key) = &test.annotation {
            self.mark("annotations", key)
        } else if let Some(key) = &test.label {
            self.mark("labels", key)
        } else {
            None
        };
        found.is_some_and(|text| test.equals.is_empty() || test.equals.contains(&text))
    }

    fn mark(&self, map: &str, key: &str) -> Option<String> {
        self.object
            .get("metadata")?
            .get(map)?
            .get(key)
            .map(|value| path::scalar(value).unwrap_or_default())
    }

    fn why_deleting(&self) -> String {
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

    /// Why it is not ready: the operator's own word, else the condition that decided, else the worst condition with a
    /// text, else the adapter's paths.
    fn why(&self, adapter: &Adapter, decided: Option<&str>) -> String {
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

fn read_condition(value: &Value) -> Option<Condition> {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    Some(Condition {
        kind: text("type")?,
        status: text("status").unwrap_or_else(|| "Unknown".to_owned()),
        reason: text("reason"),
        message: text("message").map(|message| plain(&message)),
        since: text("lastTransitionTime").and_then(|at| at.parse().ok()),
    })
}

/// A condition's message, or its reason in words.
fn explain(condition: &Condition, adapter: &Adapter) -> Option<String> {
    condition.message.clone().or_else(|| {
        condition
            .reason
            .as_deref()
            .map(|reason| words_of(reason, adapter))
    })
}

/// A reason in plain words: from the adapter's dictionary, else from the common one.
fn words_of(reason: &str, adapter: &Adapter) -> String {
    adapter
        .words
        .get(reason)
        .cloned()
        .unwrap_or_else(|| in_words(reason))
}

/// True if a false condition reports a failure, judged by its reason or, without one, its message.
fn reports_failure(condition: &Condition) -> bool {
    let said = condition.reason.as_deref().or(condition.message.as_deref());
    condition.status == "False" && said.is_some_and(sounds_like_failure)
}

/// True if a true condition of that type means that the object works. `loosely` also accepts suffixes.
fn works(kind: &str, loosely: bool) -> bool {
    let is = |known: &&str| kind.eq_ignore_ascii_case(known);
    SAY_THAT_IT_WORKS.iter().any(is)
        || loosely
            && !is_turned(kind)
            && (ends_with_any(kind, SAY_THAT_IT_WORKS)
                || ends_with_any(kind, &["Ready", "Available", "Valid", "Satisfied"]))
}

fn ends_with_any(kind: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| kind.ends_with(end))
}

/// True for negated types such as `NotSynced` and `NoFailure`.
fn is_turned(kind: &str) -> bool {
    let starts = |with: &str| {
        kind.strip_prefix(with)
            .is_some_and(|rest| rest.starts_with(char::is_uppercase))
    };
    kind.contains("Not") || starts("No") || starts("Non")
}

/// Orders conditions: 0 is bad, 1 unknown, 2 good. Some types report trouble when true, and some only progress.
fn severity(condition: &Condition) -> u8 {
    let kind = condition.kind.as_str();
    let reports_trouble = (ends_with_any(kind, SAY_THAT_IT_FAILS)
        || ends_with_any(kind, &["NotReady", "Paused", "Warning"]))
        && (!is_turned(kind) || kind.ends_with("NotReady"));
    let is_course = ends_with_any(kind, &["Progressing", "Reconciling"]);
    match condition.status.as_str() {
        _ if is_course => 2,
        "True" if reports_trouble => 0,
        "False" if reports_trouble => 2,
        "True" => 2,
        // `Upgrading`, `ScalingUp`: false means that nothing of the kind is going on.
        "False" if kind.contains("ing") && !reports_failure(condition) => 2,
        "False" => 0,
        _ => 1,
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
