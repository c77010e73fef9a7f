//! What Portico says of an object, and the status that says it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::object::{Object, Version};

/// Longest message of a condition, in characters. The API server's limit for conditions is 32768 bytes.
const MAX_MESSAGE: usize = 4_000;

/// Why an object is accepted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is in force.
    Accepted,
    /// It is not valid.
    Invalid,
    /// It says what only a file may say.
    NotAllowed,
    /// It refers to a document that does not exist.
    ReferenceNotFound,
    /// The folder has a document of this name.
    NameTaken,
}

/// What Portico says of an object.
pub(super) struct Verdict {
    pub(super) reason: Reason,
    /// `field: message`, or only a message.
    pub(super) said: Vec<(Option<String>, String)>,
    /// The version in force, if it is not that of the object.
    pub(super) in_force: Option<Version>,
    /// The object's version is in force, although it refers to what is gone.
    pub(super) stays: bool,
    /// The generation that was in force, if that version is not known any more and its place must not be empty.
    pub(super) lost_generation: Option<i64>,
}

impl Verdict {
    /// In words, for the condition.
    pub(super) fn message(&self) -> String {
        let mut message = if self.reason == Reason::Accepted {
            "In force.".to_owned()
        } else {
            String::new()
        };
        for (field, said) in &self.said {
            if !message.is_empty() {
                message.push(' ');
            }
            if self.reason == Reason::Accepted {
                message.push_str("Warning: ");
            }
            if let Some(field) = field {
                let _ = write!(message, "{field}: ");
            }
            let _ = write!(message, "{said}.");
        }
        let shortened: String = message.chars().take(MAX_MESSAGE).collect();
        match (&self.in_force, self.reason) {
            (_, Reason::Accepted) => shortened,
            (Some(version), _) => format!(
                "{shortened} The version that was accepted before, generation {}, stays in force.",
                version.generation
            ),
            (None, _) if self.stays => format!("{shortened} It was accepted before and stays in force."),
            (None, Reason::NameTaken) => shortened,
            (None, _) => format!("{shortened} It is not in force."),
        }
    }

    /// The status that the object should have.
    pub(super) fn status(&self, object: &Object, now: Timestamp) -> Value {
        let holds = if self.reason == Reason::Accepted {
            "True"
        } else {
            "False"
        };
        let before = object.accepted();
        let since = match before["lastTransitionTime"].as_str() {
            Some(since) if before["status"] == holds => since.to_owned(),
            _ => now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let generation = object.version.generation;
        let mut status = json!({
            "observedGeneration": generation,
            "conditions": [{
                "type": "Accepted",
                "status": holds,
                "reason": format!("{:?}", self.reason),
                "message": self.message(),
                "observedGeneration": generation,
                "lastTransitionTime": since,
            }],
        });
        if let Some(version) = &self.in_force {
            status["inForce"] = json!({
                "generation": version.generation,
                "labels": version.labels,
                "spec": version.spec,
            });
        }
        if self.stays {
            status["inForce"] = json!({ "generation": generation });
        }
        // It outlasts this status: the next replica must know of it, too.
        if let Some(lost) = self.lost_generation {
            status["inForce"] = json!({ "generation": lost });
        }
        status
    }
}
