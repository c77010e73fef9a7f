//! From the text of one file to documents.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use portico_domain::documents::{
    API_VERSION, ApprovalPolicy, ApprovalPolicySpec, ControlPlane, ControlPlaneSpec, Offering, OfferingSpec,
    Portal, PortalSpec, Tenant, TenantSpec,
};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::locate;
use super::problem::{Problem, Severity};

/// The most that one file may hold, in bytes.
pub(super) const FILE_BYTES: u64 = 1 << 20;

/// A document, before it is set against the others.
#[derive(Debug)]
pub(super) enum Document {
    Portal(Portal),
    ControlPlane(ControlPlane),
    Offering(Box<Offering>),
    Tenant(Tenant),
    ApprovalPolicy(ApprovalPolicy),
}

impl Document {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Portal(_) => "Portal",
            Self::ControlPlane(_) => "ControlPlane",
            Self::Offering(_) => "Offering",
            Self::Tenant(_) => "Tenant",
            Self::ApprovalPolicy(_) => "ApprovalPolicy",
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Portal(portal) => &portal.name,
            Self::ControlPlane(plane) => plane.name.as_str(),
            Self::Offering(offering) => offering.name.as_str(),
            Self::Tenant(tenant) => tenant.name.as_str(),
            Self::ApprovalPolicy(policy) => &policy.name,
        }
    }
}

/// How YAML is read: within bounds, so that a bomb is an error like any other.
pub(super) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(usize::try_from(FILE_BYTES).unwrap_or(usize::MAX)),
            max_events: 200_000,
            max_nodes: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 48,
            max_documents: 1_000,
        },
        alias_limits: alias_limits(),
        strict_booleans: true,
        with_snippet: false,
    }
}

fn alias_limits() -> serde_saphyr::options::AliasLimits {
    serde_saphyr::alias_limits! {
        max_total_replayed_events: 50_000,
        max_replay_stack_depth: 16,
    }
}

/// Reads the documents of `text`. One that cannot be read does not hide the others. Each comes with
/// its place among the documents of the file.
pub(super) fn parse(file: &Path, text: &str) -> (Vec<(usize, Document)>, Vec<Problem>) {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    let mut outline = None;
    let mut bytes = text.as_bytes();
    for (index, read) in serde_saphyr::read_with_options::<_, Raw>(&mut bytes, options()).enumerate() {
        match read {
            Ok(raw) => match raw.into_document() {
                Ok(document) => documents.push((index, document)),
                Err((field, message)) => {
                    let outline = outline.get_or_insert_with(|| locate::outline(text));
                    let line = outline
                        .get(index)
                        .and_then(Option::as_ref)
                        .and_then(|node| locate::line_of(node, field));
                    problems.push(Problem {
                        severity: Severity::Error,
                        file: file.to_owned(),
                        line,
                        field: Some(field.to_owned()),
                        message,
                    });
                }
            },
            Err(error) => {
                let outline = outline.get_or_insert_with(|| locate::outline(text));
                let place = error.location();
                let field = place.and_then(|place| {
                    outline
                        .get(index)
                        .and_then(Option::as_ref)
                        .and_then(|node| locate::path_at(node, place))
                });
                problems.push(Problem {
                    severity: Severity::Error,
                    file: file.to_owned(),
                    line: place.map(|place| place.line()).filter(|line| *line > 0),
                    field,
                    message: message(&error),
                });
            }
        }
    }
    (documents, problems)
}

/// The error in plain words, without its place.
fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error as E;
    match error.without_snippet() {
        E::SerdeUnknownField { field, expected, .. } => {
            let known = expected
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            match nearest(field, expected) {
                Some(near) => format!("unknown field `{field}`; did you mean `{near}`? Known here: {known}"),
                None => format!("unknown field `{field}`. Known here: {known}"),
            }
        }
        E::SerdeUnknownVariant {
            variant, expected, ..
        } => {
            let known = expected
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            format!("`{variant}` is none of {known}")
        }
        E::SerdeMissingField { field, .. } => format!("the field `{field}` is missing"),
        E::SerdeInvalidType {
            unexpected, expected, ..
        } => format!("expected {expected}, found {unexpected}"),
        E::DuplicateMappingKey { key: Some(key), .. } => format!("the field `{key}` stands here twice"),
        other => without_place(&other.to_string()),
    }
}

/// Takes "at line 3, column 5" off the end or the front of a message: the place is told apart.
fn without_place(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let cut = [" at line ", ": line ", " (line "]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    match cut {
        Some(0) | None => text.to_owned(),
        Some(at) => text[..at].to_owned(),
    }
}

/// The known name that `given` was most likely meant to be.
fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = given.to_lowercase();
    known
        .iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), *name))
        .min()
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

/// A document as it stands in the file.
struct Raw {
    name: String,
    labels: BTreeMap<String, String>,
    spec: Spec,
}

enum Spec {
    Portal(PortalSpec),
    ControlPlane(ControlPlaneSpec),
    Offering(Box<OfferingSpec>),
    Tenant(TenantSpec),
    ApprovalPolicy(ApprovalPolicySpec),
}

impl Raw {
    fn into_document(self) -> Result<Document, (&'static str, String)> {
        let bad = |error: portico_domain::names::InvalidName| ("metadata.name", error.to_string());
        let Self { name, labels, spec } = self;
        Ok(match spec {
            Spec::Portal(spec) => Document::Portal(Portal { name, spec }),
            Spec::ControlPlane(spec) => Document::ControlPlane(ControlPlane {
                name: name.parse().map_err(bad)?,
                labels,
                spec,
            }),
            Spec::Offering(spec) => Document::Offering(Box::new(Offering {
                name: name.parse().map_err(bad)?,
                spec: *spec,
            })),
            Spec::Tenant(spec) => Document::Tenant(Tenant {
                name: name.parse().map_err(bad)?,
                spec,
            }),
            Spec::ApprovalPolicy(spec) => {
                if !portico_domain::names::is_dns_subdomain(&name) {
                    return Err((
                        "metadata.name",
                        format!("{name:?} is not a name: use a-z, 0-9, '-' and '.'"),
                    ));
                }
                Document::ApprovalPolicy(ApprovalPolicy { name, spec })
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default, rename = "annotations")]
    _annotations: BTreeMap<String, String>,
}

/// By hand, so that `spec` is read straight from the text and its errors keep their places; what
/// serde derives for tagged enums would copy it first and lose them.
impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Envelope;

        impl<'de> Visitor<'de> for Envelope {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document with apiVersion, kind, metadata and spec")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                const FIELDS: &[&str] = &["apiVersion", "kind", "metadata", "spec"];
                let mut version: Option<String> = None;
                let mut kind: Option<String> = None;
                let mut metadata: Option<Metadata> = None;
                let mut spec = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "apiVersion" => {
                            let given: String = map.next_value()?;
                            if given != API_VERSION {
                                return Err(A::Error::custom(format!(
                                    "apiVersion is {given:?}, must be {API_VERSION:?}"
                                )));
                            }
                            version = Some(given);
                        }
                        "kind" => kind = Some(map.next_value()?),
                        "metadata" => metadata = Some(map.next_value()?),
                        "spec" => {
                            let Some(kind) = kind.as_deref() else {
                                return Err(A::Error::custom("`kind` must stand before `spec`"));
                            };
                            spec = Some(read_spec(kind, &mut map)?);
                        }
                        other => {
                            map.next_value::<IgnoredAny>()?;
                            return Err(A::Error::unknown_field(other, FIELDS));
                        }
                    }
                }
                version.ok_or_else(|| A::Error::missing_field("apiVersion"))?;
                kind.ok_or_else(|| A::Error::missing_field("kind"))?;
                let metadata = metadata.ok_or_else(|| A::Error::missing_field("metadata"))?;
                let spec = spec.ok_or_else(|| A::Error::missing_field("spec"))?;
                Ok(Raw {
                    name: metadata.name,
                    labels: metadata.labels,
                    spec,
                })
            }
        }

        deserializer.deserialize_map(Envelope)
    }
}

fn read_spec<'de, A: MapAccess<'de>>(kind: &str, map: &mut A) -> Result<Spec, A::Error> {
    const KINDS: &[&str] = &["Portal", "ControlPlane", "Offering", "Tenant", "ApprovalPolicy"];
    Ok(match kind {
        "Portal" => Spec::Portal(map.next_value()?),
        "ControlPlane" => Spec::ControlPlane(map.next_value()?),
        "Offering" => Spec::Offering(map.next_value()?),
        "Tenant" => Spec::Tenant(map.next_value()?),
        "ApprovalPolicy" => Spec::ApprovalPolicy(map.next_value()?),
        other => {
            return Err(A::Error::custom(format!(
                "unknown kind {other:?}; known are {}",
                KINDS.join(", ")
            )));
        }
    })
}
