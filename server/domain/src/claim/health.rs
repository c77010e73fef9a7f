//! From an object to its health: one pure function over the object and the adapter of its kind.

use serde_json::Value;

use super::adapter::{Adapter, Test};
use super::{Condition, Health, Verdict, path};
use crate::documents::Access;

/// Texts from control planes are cut to this many characters before they reach a screen.
const LONGEST_REASON: usize = 400;
/// Conditions beyond this many are left out; the worst are kept.
const MOST_CONDITIONS: usize = 32;

/// How the claim is, by what its object says. A condition or status that was written for an older
/// generation of the object does not count as ready.
#[must_use]
pub fn judge(object: &Value, adapter: &Adapter, access: &Access) -> Verdict {
    let facts = Facts::read(object);
    let (health, reason) = facts.weigh(adapter);
    let reason = if health == Health::Ready {
        String::new()
    } else {
        plain(&reason)
    };
    let mut conditions: Vec<Condition> = facts
        .conditions
        .iter()
        .map(|seen| seen.condition.clone())
        .collect();
    conditions.sort_by_key(severity);
    conditions.truncate(MOST_CONDITIONS);
    Verdict {
        health,
        reason,
        conditions,
        secret: adapter.secret_of(object, access),
    }
}

/// The verdict on a claim whose control plane does not answer: what was last known, and that it
/// is no more than that.
#[must_use]
pub fn out_of_reach(known: &Verdict, plane_title: &str) -> Verdict {
    last_known(known, &format!("{plane_title} does not answer"))
}

/// The verdict on a claim whose control plane Portico cannot use, though it may answer: its kubeconfig is wrong, or what
/// Portico signs in with is not accepted.
#[must_use]
pub fn out_of_use(known: &Verdict, plane_title: &str) -> Verdict {
    last_known(
        known,
        &format!("Portico cannot read {plane_title}: it is not set up correctly"),
    )
}

fn last_known(known: &Verdict, now: &str) -> Verdict {
    let was = match known.health {
        Health::Unreachable => return known.clone(),
        health if known.reason.is_empty() => health.title().to_lowercase(),
        health => format!("{}: {}", health.title().to_lowercase(), known.reason),
    };
    Verdict {
        health: Health::Unreachable,
        reason: format!("{now}. When it last could be read, this claim was {was}"),
        conditions: known.conditions.clone(),
        secret: known.secret.clone(),
    }
}

/// A text from outside, fit for a line on a screen: without control characters, without runs of
/// blanks, and not endless.
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

/// Characters that turn the direction of text around (Unicode TR 9), with which a text can be
/// made to read as another.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

struct Seen {
    condition: Condition,
    observed_generation: Option<i64>,
}

struct Facts<'o> {
    object: &'o Value,
    conditions: Vec<Seen>,
    generation: Option<i64>,
    observed_generation: Option<i64>,
}

impl<'o> Facts<'o> {
    fn read(object: &'o Value) -> Self {
        let conditions = object
            .pointer("/status/conditions")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(seen).collect())
            .unwrap_or_default();
        Self {
            object,
            conditions,
            generation: object.pointer("/metadata/generation").and_then(Value::as_i64),
            observed_generation: object
                .pointer("/status/observedGeneration")
                .and_then(Value::as_i64),
        }
    }

    fn weigh(&self, adapter: &Adapter) -> (Health, String) {
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
        let missed = self.behind(self.observed_generation);
        if let Some(test) = adapter
            .failed
            .iter()
            .find(|test| self.holds(test) && !self.stale(test))
        {
            return (Health::Degraded, self.why(adapter, test.condition.as_deref()));
        }
        let mut stale = missed;
        for alternative in &adapter.ready {
            if alternative.iter().all(|test| self.holds(test)) {
                if missed || alternative.iter().any(|test| self.stale(test)) {
                    stale = true;
                } else {
                    return (Health::Ready, String::new());
                }
            }
        }
        if stale {
            return (
                Health::Pending,
                "Its provisioner has not taken up the last change yet".to_owned(),
            );
        }
        let asked = adapter
            .ready
            .iter()
            .flatten()
            .filter_map(|test| test.condition.as_deref());
        let unmet = asked
            .filter_map(|kind| self.condition(kind))
            .find(|seen| seen.condition.status != "True");
        let reports_failure = unmet.is_some_and(|seen| {
            seen.condition.status == "False"
                && seen.condition.reason.as_deref().is_some_and(sounds_like_failure)
        });
        let reason = self.why(adapter, unmet.map(|seen| seen.condition.kind.as_str()));
        (
            if reports_failure {
                Health::Degraded
            } else {
                Health::Pending
            },
            reason,
        )
    }

    fn condition(&self, kind: &str) -> Option<&Seen> {
        self.conditions.iter().find(|seen| seen.condition.kind == kind)
    }

    fn behind(&self, observed: Option<i64>) -> bool {
        matches!((observed, self.generation), (Some(observed), Some(generation)) if observed < generation)
    }

    fn stale(&self, test: &Test) -> bool {
        let seen = test.condition.as_deref().and_then(|kind| self.condition(kind));
        seen.is_some_and(|seen| self.behind(seen.observed_generation))
    }

    fn holds(&self, test: &Test) -> bool {
        if let Some(kind) = &test.condition {
            let Some(seen) = self.condition(kind) else {
                return test.missing || test.absent;
            };
            let reason = seen.condition.reason.as_deref().unwrap_or_default();
            return !test.absent
                && seen.condition.status == test.status.as_deref().unwrap_or("True")
                && test.reason.as_deref().is_none_or(|wanted| wanted == reason)
                && !test.reason_unlike.iter().any(|unwanted| unwanted == reason);
        }
        let found = if let Some(at) = &test.path {
            path::text(self.object, at)
        } else if let Some(key) = &test.annotation {
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

    /// Why it is not ready: by the condition that decided, or the worst one that says something,
    /// or the adapter's paths.
    fn why(&self, adapter: &Adapter, decided: Option<&str>) -> String {
        let decided = decided
            .and_then(|kind| self.condition(kind))
            .map(|seen| explain(&seen.condition, adapter));
        if let Some(Some(text)) = decided {
            return text;
        }
        let mut others: Vec<&Condition> = self.conditions.iter().map(|seen| &seen.condition).collect();
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

fn seen(value: &Value) -> Option<Seen> {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    Some(Seen {
        condition: Condition {
            kind: text("type")?,
            status: text("status").unwrap_or_else(|| "Unknown".to_owned()),
            reason: text("reason"),
            message: text("message").map(|message| plain(&message)),
            since: text("lastTransitionTime").and_then(|at| at.parse().ok()),
        },
        observed_generation: value.get("observedGeneration").and_then(Value::as_i64),
    })
}

/// A condition's message, or else its reason in words; nothing when it says neither.
fn explain(condition: &Condition, adapter: &Adapter) -> Option<String> {
    condition.message.clone().or_else(|| {
        condition
            .reason
            .as_deref()
            .map(|reason| words_of(reason, adapter))
    })
}

/// `WaitingForVolume` in plain words: by the adapter's dictionary, then by the common one, then
/// taken apart at its capitals.
fn words_of(reason: &str, adapter: &Adapter) -> String {
    if let Some(words) = adapter.words.get(reason) {
        return words.clone();
    }
    match reason {
        "Creating" | "Provisioning" => return "Being created".to_owned(),
        "Unavailable" => return "Not available at the moment".to_owned(),
        "Pending" | "Progressing" | "InProgress" | "Reconciling" => return "Being worked on".to_owned(),
        "Deleting" | "Terminating" => return "Being deleted".to_owned(),
        _ => {}
    }
    if reason.contains(char::is_whitespace) {
        return reason.to_owned();
    }
    let mut words = String::new();
    let mut before_was_lower = false;
    for letter in reason.chars() {
        if letter.is_uppercase() && before_was_lower {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(if letter == '_' || letter == '-' {
                ' '
            } else {
                letter
            });
        }
        before_was_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words
}

/// 0 for what is wrong, 1 for what is not known, 2 for what is well. Some conditions report
/// trouble by being true.
fn severity(condition: &Condition) -> u8 {
    let reports_trouble = [
        "Stalled", "Degraded", "Failed", "Failing", "Failure", "Error", "NotReady", "Paused",
    ]
    .iter()
    .any(|kind| condition.kind.ends_with(kind));
    let neutral = ["Progressing", "Reconciling"]
        .iter()
        .any(|kind| condition.kind.ends_with(kind));
    match condition.status.as_str() {
        _ if neutral => 2,
        "True" if reports_trouble => 0,
        "False" if reports_trouble => 2,
        "True" => 2,
        "False" => 0,
        _ => 1,
    }
}

fn sounds_like_failure(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    [
        "error",
        "fail",
        "unavailable",
        "invalid",
        "denied",
        "forbidden",
        "exceeded",
        "backoff",
        "unhealthy",
        "unschedulable",
        "degraded",
        "timeout",
        "timedout",
        "lost",
        "crash",
        "reject",
        "conflict",
    ]
    .iter()
    .any(|sound| reason.contains(sound))
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
