//! An object of the home plane as a document.

use std::path::PathBuf;

use portico_domain::documents::{API_VERSION, Connection};
use portico_planes::HomeObject;
use serde_json::{Value, json};

use super::super::documents::LocatedDocument;
use super::super::parse::{self, Document};
use super::verdict::Reason;

/// A version of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    pub(super) generation: i64,
    pub(super) labels: Value,
    pub(super) spec: Value,
}

/// Which version of an object is in force, as its status says.
pub(super) enum SaidInForce {
    /// Nobody has judged it.
    Unknown,
    /// None, as of this generation.
    Nothing {
        /// The generation.
        observed: i64,
    },
    /// That of this generation.
    Generation(i64),
    /// This one.
    Version(Version),
}

/// An object of the home plane.
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) created: String,
    pub(super) version: Version,
    pub(super) status: Value,
}

/// Why a version is not valid.
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// `field: message`, or only a message.
    pub(super) said: Vec<(Option<String>, String)>,
}

impl Object {
    pub(super) fn read(object: &Value) -> Option<Self> {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            kind: text("/kind")?,
            name: text("/metadata/name")?,
            uid: text("/metadata/uid").unwrap_or_default(),
            resource_version: text("/metadata/resourceVersion").unwrap_or_default(),
            created: text("/metadata/creationTimestamp").unwrap_or_default(),
            version: Version {
                generation: generation(object.pointer("/metadata/generation")),
                labels: object
                    .pointer("/metadata/labels")
                    .cloned()
                    .unwrap_or_else(|| json!({})),
                spec: object.get("spec").cloned().unwrap_or_else(|| json!({})),
            },
            status: object.get("status").cloned().unwrap_or_default(),
        })
    }

    /// What stands in place of a file's name in messages.
    pub(super) fn place(&self) -> PathBuf {
        PathBuf::from(format!("{} {} of the home control plane", self.kind, self.name))
    }

    /// Which version is in force, by the status that some replica wrote.
    pub(super) fn said_in_force(&self) -> SaidInForce {
        let in_force = &self.status["inForce"];
        if in_force["spec"].is_object() {
            return SaidInForce::Version(Version {
                generation: generation(in_force.get("generation")),
                labels: in_force.get("labels").cloned().unwrap_or_else(|| json!({})),
                spec: in_force["spec"].clone(),
            });
        }
        let accepted = self.accepted();
        if accepted["status"] == "True" {
            return SaidInForce::Generation(generation(accepted.get("observedGeneration")));
        }
        match (in_force.get("generation"), accepted.get("observedGeneration")) {
            (Some(last), _) => SaidInForce::Generation(generation(Some(last))),
            (None, Some(observed)) => SaidInForce::Nothing {
                observed: generation(Some(observed)),
            },
            (None, None) => SaidInForce::Unknown,
        }
    }

    /// What a status is written to.
    pub(super) fn reference(&self) -> HomeObject {
        HomeObject {
            kind: self.kind.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            resource_version: self.resource_version.clone(),
        }
    }

    /// The generation that was in force last, by the status that some replica wrote.
    pub(super) fn last_in_force(&self) -> Option<i64> {
        match self.said_in_force() {
            SaidInForce::Generation(generation) => Some(generation),
            SaidInForce::Version(version) => Some(version.generation),
            SaidInForce::Nothing { .. } | SaidInForce::Unknown => None,
        }
    }

    /// The condition `Accepted`.
    pub(super) fn accepted(&self) -> &Value {
        let conditions = self.status["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        conditions
            .find(|condition| condition["type"] == "Accepted")
            .unwrap_or(&Value::Null)
    }

    /// Reads a version as strictly as a file.
    pub(super) fn document(&self, version: &Version) -> Result<LocatedDocument, Refusal> {
        let text = json!({
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": { "name": self.name, "labels": version.labels },
            "spec": version.spec,
        });
        let place = self.place();
        // JSON is YAML.
        let (documents, problems) = parse::parse(&place, &format!("{text:#}"));
        let invalid = |said| Refusal {
            reason: Reason::Invalid,
            said,
        };
        if !problems.is_empty() {
            let said = problems
                .into_iter()
                .map(|problem| (problem.field, problem.message));
            return Err(invalid(said.collect()));
        }
        let Some((index, document)) = documents.into_iter().next() else {
            return Err(invalid(vec![(None, "is no document".to_owned())]));
        };
        if let Some((field, message)) = names_a_file(&document) {
            return Err(Refusal {
                reason: Reason::NotAllowed,
                said: vec![(Some(field.to_owned()), message.to_owned())],
            });
        }
        Ok(LocatedDocument {
            file: place,
            index,
            document,
        })
    }
}

fn generation(value: Option<&Value>) -> i64 {
    value.and_then(Value::as_i64).unwrap_or_default()
}

/// What only a file may say: whoever can write objects shall not choose files of Portico's machine, or programs that a
/// kubeconfig there runs.
fn names_a_file(document: &Document) -> Option<(&'static str, &'static str)> {
    match document {
        Document::ControlPlane(plane) => match plane.spec.connection {
            Connection::Kubeconfig { .. } => Some((
                "spec.connection.kubeconfig",
                "is a file of Portico's machine, which an object may not name: put the kubeconfig into a Secret and use \
                 spec.connection.secret, or write this control plane as a file of Portico's configuration folder",
            )),
            _ => None,
        },
        Document::Offering(offering) => {
            let declared = offering.spec.control_plane.as_ref();
            declared.filter(|declared| !declared.definitions.is_empty()).map(|_| {
                (
                    "spec.controlPlane.definitions",
                    "are files of Portico's machine, which an object may not name: write this offering as a file of \
                     Portico's configuration folder",
                )
            })
        }
        Document::Portal(_) => Some(("kind", "a Portal is a file of Portico's configuration folder")),
        _ => None,
    }
}
