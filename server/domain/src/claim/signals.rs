//! Reads the health of kinds without an adapter: the words, flags and counts that operators commonly write into a
//! status. Not used where a `Ready` or `Available` condition decides.

use serde_json::{Map, Value};

use super::path::scalar;
use super::words::{Meaning, humanize, meaning, sounds_like_failure, sounds_like_waiting};

/// Fields that hold a word for the state.
const WORDS: &[&str] = &["phase", "state", "status", "health", "condition"];
/// Boolean fields that say whether the object is ready.
const FLAGS: &[&str] = &[
    "ready",
    "isready",
    "readytouse",
    "applied",
    "available",
    "healthy",
    "provisioned",
    "synced",
    "bound",
    "status",
    "success",
    "succeeded",
];
/// Pairs of fields: the wanted number, and the number that is ready.
const COUNTS: &[(&str, &str)] = &[
    ("replicas", "readyReplicas"),
    ("desiredReplicas", "readyReplicas"),
    ("instances", "readyInstances"),
    ("members", "readyMembers"),
    ("nodes", "readyNodes"),
    ("shards", "readyShards"),
    ("size", "ready"),
    ("desired", "ready"),
    ("total", "ready"),
    ("desiredNumberScheduled", "numberReady"),
];
/// Fields with an explanation.
const MESSAGES: &[&str] = &["message", "reason", "description", "details"];
/// Fields that exist only after an error.
const ERRORS: &[&str] = &[
    "error",
    "errorMessage",
    "lastError",
    "failureMessage",
    "failureReason",
];
/// Fields of a status that are examined, and of each object in it.
const MAX_FIELDS: usize = 100;

/// A statement of a status about the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signal {
    pub(super) meaning: Meaning,
    /// The operator's words; for a part, prefixed with its name.
    pub(super) words: String,
    /// No other signal describes the object more directly.
    pub(super) is_main: bool,
    /// It describes the whole object, not a part.
    pub(super) is_whole: bool,
}

/// Returns all signals of an object: those about the whole object first, the worst first among them.
pub(super) fn signals(object: &Value) -> Vec<Signal> {
    let found = match object.get("status") {
        Some(Value::String(word)) if !word.is_empty() => vec![Found::word("status", word, Scope::Whole)],
        Some(Value::Bool(flag)) => vec![Found::flag("status", *flag, None, false)],
        Some(Value::Object(status)) => of_status(status, object.get("spec")),
        _ => Vec::new(),
    };
    // Without a state of the whole, use the fields beside it (`PostgresClusterStatus`), else those of its parts.
    let main = found.iter().map(|found| found.scope).min();
    let mut signals: Vec<Signal> = found
        .into_iter()
        .map(|found| {
            let is_main = Some(found.scope) == main;
            Signal {
                meaning: found.meaning,
                words: if is_main {
                    found.words
                } else {
                    format!("{}: {}", found.name, found.words)
                },
                is_main,
                is_whole: found.scope == Scope::Whole,
            }
        })
        .collect();
    signals.sort_by_key(|signal| (!signal.is_main, signal.meaning));
    signals
}

/// Returns an error that the status reports beside its state: `status.error`.
pub(super) fn error_of(object: &Value) -> Option<String> {
    error_in(object.get("status")?.as_object()?)
}

/// Where a signal was found, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// The usual field for the state: `status.phase`.
    Whole,
    /// A field with a similar name: `status.updateStatus`.
    Beside,
    /// Inside a part: `status.proxy.state`.
    Part,
}

struct Found {
    name: String,
    scope: Scope,
    meaning: Meaning,
    words: String,
}

impl Found {
    fn word(name: &str, text: &str, scope: Scope) -> Self {
        Self {
            name: name.to_owned(),
            scope,
            meaning: meaning(text),
            words: humanize(text),
        }
    }

    /// Reads a boolean field. `is_error`: the message comes from a field that holds only errors.
    fn flag(name: &str, flag: bool, message: Option<&str>, is_error: bool) -> Self {
        let small = name.to_ascii_lowercase();
        let (meaning, words) = match (flag, message) {
            (true, _) => (Meaning::Ready, "Ready".to_owned()),
            (false, Some(message)) => {
                // "Not applied" with a message is a failure unless the message says that it waits; "not ready" waits
                // unless the message reports a failure.
                let is_act = matches!(
                    small.as_str(),
                    "applied" | "success" | "succeeded" | "synced" | "healthy"
                );
                let failed =
                    is_error || sounds_like_failure(message) || is_act && !sounds_like_waiting(message);
                let meaning = if failed { Meaning::Failed } else { Meaning::Working };
                (meaning, message.to_owned())
            }
            (false, None) if small == "healthy" => (Meaning::Failed, "Not healthy".to_owned()),
            (false, None) if small == "status" => (Meaning::Working, "Not ready yet".to_owned()),
            (false, None) => (
                Meaning::Working,
                format!("Not {} yet", humanize(name).to_lowercase()),
            ),
        };
        Self {
            name: name.to_owned(),
            scope: Scope::Whole,
            meaning,
            words,
        }
    }
}

fn of_status(status: &Map<String, Value>, spec: Option<&Value>) -> Vec<Found> {
    let error = error_in(status);
    let is_error = error.is_some();
    let message = error.or_else(|| message_of(status));
    let mut found = Vec::new();
    for (name, value) in status.iter().take(MAX_FIELDS) {
        let small = name.to_ascii_lowercase();
        let (is_word, is_flag) = (WORDS.contains(&small.as_str()), FLAGS.contains(&small.as_str()));
        match value {
            Value::String(text) if !text.is_empty() => match truth(text) {
                Some(flag) if is_flag => found.push(Found::flag(name, flag, message.as_deref(), is_error)),
                _ if is_word => {
                    let mut word = Found::word(name, text, Scope::Whole);
                    word.explain(message.as_deref());
                    found.push(word);
                }
                _ if ends_in_a_word(&small) => found.push(Found::word(name, text, Scope::Beside)),
                _ => {}
            },
            Value::Bool(flag) if is_flag => {
                found.push(Found::flag(name, *flag, message.as_deref(), is_error));
            }
            Value::Object(part) => found.extend(of_part(name, part, is_word)),
            _ => {}
        }
    }
    found.extend(counts(status, spec));
    found
}

/// Reads words inside a part of the status. Those inside `status.health` describe the whole object, those inside
/// `status.proxy` a part.
fn of_part(name: &str, part: &Map<String, Value>, is_whole: bool) -> Vec<Found> {
    let message = message_of(part);
    let scope = if is_whole { Scope::Whole } else { Scope::Part };
    part.iter()
        .take(MAX_FIELDS)
        .filter(|(field, _)| WORDS.contains(&field.to_ascii_lowercase().as_str()))
        .filter_map(|(_, value)| {
            let text = value.as_str().filter(|text| !text.is_empty())?;
            let mut word = Found::word(name, text, scope);
            word.explain(message.as_deref());
            Some(word)
        })
        .collect()
}

impl Found {
    /// Appends the message unless it repeats the word.
    fn explain(&mut self, message: Option<&str>) {
        if let Some(message) = message.filter(|message| *message != self.words)
            && self.meaning != Meaning::Ready
        {
            self.words = format!("{}: {message}", self.words);
        }
    }
}

/// Reads "2 of 3 are ready", from the status or, for the wanted number, the spec.
fn counts(status: &Map<String, Value>, spec: Option<&Value>) -> Option<Found> {
    let number = |map: &Map<String, Value>, name: &str| map.get(name).and_then(Value::as_u64);
    COUNTS.iter().find_map(|(wanted, ready)| {
        let is_ready = number(status, ready)?;
        let wanted = spec
            .and_then(Value::as_object)
            .and_then(|spec| number(spec, wanted))
            .or_else(|| number(status, wanted))?;
        Some(Found {
            name: (*ready).to_owned(),
            scope: Scope::Whole,
            meaning: if is_ready >= wanted {
                Meaning::Ready
            } else {
                Meaning::Working
            },
            words: format!("{is_ready} of {wanted} are ready"),
        })
    })
}

fn message_of(map: &Map<String, Value>) -> Option<String> {
    let text = MESSAGES.iter().find_map(|name| map.get(*name).and_then(scalar));
    text.or_else(|| error_in(map))
}

fn error_in(map: &Map<String, Value>) -> Option<String> {
    ERRORS.iter().find_map(|name| match map.get(*name)? {
        Value::Object(error) => error.get("message").and_then(scalar),
        value => scalar(value).filter(|text| !matches!(text.as_str(), "false" | "0")),
    })
}

fn ends_in_a_word(small: &str) -> bool {
    // `lastBackupStatus` and `previousState` describe something else.
    let tells_of_now = !["last", "previous", "old", "desired", "target"]
        .iter()
        .any(|beginning| small.starts_with(beginning));
    tells_of_now
        && ["phase", "state", "status", "health"]
            .iter()
            .any(|end| small.ends_with(end))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(status: Value) -> Option<(Meaning, String)> {
        let mut object = json!({ "spec": { "replicas": 3 } });
        object["status"] = status;
        let found = signals(&object);
        found.first().map(|signal| (signal.meaning, signal.words.clone()))
    }

    #[test]
    fn finds_the_state_wherever_operators_write_it() {
        for status in [
            json!({ "phase": "Running" }),
            json!({ "state": "running" }),
            json!({ "PostgresClusterStatus": "Running" }),
            json!({ "updateStatus": "operational" }),
            json!({ "health": { "status": "Healthy" } }),
            json!({ "health": "Healthy" }),
            json!({ "cluster": { "phase": "Running" } }),
            json!({ "applied": true }),
            json!({ "ready": true }),
            json!({ "ready": "True" }),
            json!({ "status": true }),
            json!({ "replicas": 3, "readyReplicas": 3 }),
            json!({ "readyReplicas": 3 }),
            json!("Running"),
        ] {
            assert_eq!(
                first(status.clone()).map(|(meaning, _)| meaning),
                Some(Meaning::Ready),
                "{status}"
            );
        }
    }

    #[test]
    fn the_worst_signal_about_the_whole_object_counts() {
        assert_eq!(
            first(json!({ "phase": "Running", "ready": false })).map(|(meaning, _)| meaning),
            Some(Meaning::Working)
        );
        assert_eq!(
            first(json!({ "state": "ready", "replicas": 3, "readyReplicas": 1 })),
            Some((Meaning::Working, "1 of 3 are ready".to_owned()))
        );
        // The state of the whole wins over that of a part.
        assert_eq!(
            first(json!({ "state": "ready", "backup": { "status": "failed" } })),
            Some((Meaning::Ready, "Ready".to_owned()))
        );
        assert_eq!(
            first(json!({ "pxc": { "status": "ready" }, "haproxy": { "status": "initializing" } })),
            Some((Meaning::Working, "Initializing".to_owned()))
        );
    }

    #[test]
    fn a_failed_apply_is_reported_with_its_message() {
        assert_eq!(
            first(json!({ "applied": false, "message": "role app does not exist" })),
            Some((Meaning::Failed, "role app does not exist".to_owned()))
        );
        assert_eq!(
            first(json!({ "applied": false, "message": "waiting for the cluster" })),
            Some((Meaning::Working, "waiting for the cluster".to_owned()))
        );
        assert_eq!(
            first(json!({ "ready": false, "message": "2 pods to go" })).map(|(meaning, _)| meaning),
            Some(Meaning::Working)
        );
    }

    #[test]
    fn an_unknown_word_is_shown_as_written() {
        assert_eq!(
            first(json!({ "phase": "Quiescent" })),
            Some((Meaning::Unknown, "Quiescent".to_owned()))
        );
        assert_eq!(first(json!({ "endpoint": "db.example.org" })), None);
    }
}
