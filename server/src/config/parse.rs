//! Parses the documents of a file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use portico_app::configuration::{Problem, Severity};
use portico_domain::claimed_tenant;
use portico_domain::documents::{
    API_VERSION, Agent, AgentSpec, ApprovalPolicy, ApprovalPolicySpec, ControlPlane, ControlPlaneSpec,
    NamespaceTemplate, NamespaceTemplateSpec, Offering, OfferingSpec, Portal, PortalSpec, Publication,
    PublicationSpec, Tenant, TenantSpec,
};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::locate;
use super::message::{is_word, message, nearest, without_values};
use super::yaml_limits::options;

/// A document before checks against others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Document {
    Portal(Portal),
    ControlPlane(ControlPlane),
    Offering(Box<Offering>),
    Tenant(Tenant),
    ApprovalPolicy(ApprovalPolicy),
    NamespaceTemplate(Box<NamespaceTemplate>),
    /// Only `portico agent` reads it.
    Agent(Agent),
    Publication(Publication),
}

impl Document {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Portal(_) => "Portal",
            Self::ControlPlane(_) => "ControlPlane",
            Self::Offering(_) => "Offering",
            Self::Tenant(_) => "Tenant",
            Self::ApprovalPolicy(_) => "ApprovalPolicy",
            Self::NamespaceTemplate(_) => "NamespaceTemplate",
            Self::Agent(_) => "Agent",
            Self::Publication(_) => "Publication",
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Portal(portal) => &portal.name,
            Self::ControlPlane(plane) => plane.name.as_str(),
            Self::Offering(offering) => offering.name.as_str(),
            Self::Tenant(tenant) => tenant.name.as_str(),
            Self::ApprovalPolicy(policy) => &policy.name,
            Self::NamespaceTemplate(template) => &template.name,
            Self::Agent(agent) => agent.name.as_str(),
            Self::Publication(publication) => publication.name.as_str(),
        }
    }
}

/// Parses the documents of `text`. A broken one does not affect the others. Each comes with its index in the file.
pub(super) fn parse(file: &Path, text: &str) -> (Vec<(usize, Document)>, Vec<Problem>) {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    let mut outline = None;
    let mut bytes = text.as_bytes();
    for (index, read) in serde_saphyr::read_with_options::<_, FileDocument>(&mut bytes, options()).enumerate()
    {
        match read {
            Ok(FileDocument(None)) => {}
            Ok(FileDocument(Some(raw))) => match raw.into_document() {
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
                        message: without_values(&message),
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
                // The name of an unknown field may be anything, so do not show it.
                let field = field.and_then(|path| match error.without_snippet() {
                    serde_saphyr::Error::SerdeUnknownField { field, expected, .. }
                        if nearest(field, expected).is_none() && !is_word(field) =>
                    {
                        path.strip_suffix(field.as_str())
                            .map(|above| above.trim_end_matches('.').to_owned())
                            .filter(|above| !above.is_empty())
                    }
                    _ => Some(path),
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

/// A document of a file, or an object for Kubernetes that Portico ignores, such as RBAC rules next to the
/// configuration.
struct FileDocument(Option<RawDocument>);

/// True if objects of this API version are for Kubernetes, whatever their kind.
fn is_for_kubernetes(version: &str) -> bool {
    version.starts_with("rbac.authorization.k8s.io/")
}

/// Kinds of `v1` that are for Kubernetes. A kubeconfig is `v1`, too, but does not belong here.
const FOR_KUBERNETES: &[&str] = &["Namespace", "ServiceAccount"];

/// A document as written.
struct RawDocument {
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
    NamespaceTemplate(Box<NamespaceTemplateSpec>),
    Agent(AgentSpec),
    Publication(PublicationSpec),
}

impl RawDocument {
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
            Spec::Offering(spec) => {
                let mut offering = Offering {
                    name: name.parse().map_err(bad)?,
                    spec: *spec,
                };
                claimed_tenant::complete(&mut offering);
                Document::Offering(Box::new(offering))
            }
            Spec::Tenant(spec) => {
                let mut tenant = Tenant {
                    name: name.parse().map_err(bad)?,
                    spec,
                };
                tenant.complete();
                Document::Tenant(tenant)
            }
            Spec::Agent(spec) => Document::Agent(Agent {
                name: name.parse().map_err(bad)?,
                spec,
            }),
            Spec::ApprovalPolicy(spec) => {
                let name = subdomain(name)?;
                Document::ApprovalPolicy(ApprovalPolicy { name, spec })
            }
            Spec::NamespaceTemplate(spec) => {
                // It is the value of a label, too.
                let name = subdomain(name)?;
                if name.len() > 63 {
                    return Err(("metadata.name", "is longer than 63 characters".to_owned()));
                }
                Document::NamespaceTemplate(Box::new(NamespaceTemplate { name, spec: *spec }))
            }
            Spec::Publication(spec) => Document::Publication(Publication {
                name: name.parse().map_err(bad)?,
                spec,
            }),
        })
    }
}

fn subdomain(name: String) -> Result<String, (&'static str, String)> {
    if portico_domain::names::is_dns_subdomain(&name) {
        return Ok(name);
    }
    Err((
        "metadata.name",
        format!("{name:?} is not a name: use a-z, 0-9, '-' and '.'"),
    ))
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

/// Implemented by hand, so that `spec` is read directly and its errors keep their positions; serde's derived enums
/// would buffer it first.
impl<'de> Deserialize<'de> for FileDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Envelope;

        impl<'de> Visitor<'de> for Envelope {
            type Value = FileDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document with apiVersion, kind, metadata and spec")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileDocument, A::Error> {
                const FIELDS: &[&str] = &["apiVersion", "kind", "metadata", "spec"];
                let mut version: Option<String> = None;
                let mut kind: Option<String> = None;
                let mut metadata: Option<Metadata> = None;
                let mut spec = None;
                let mut for_kubernetes = false;
                let wrong_version = |given: &str| {
                    A::Error::custom(format!("apiVersion is {given:?}, must be {API_VERSION:?}"))
                };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "apiVersion" => {
                            let given: String = map.next_value()?;
                            for_kubernetes = is_for_kubernetes(&given);
                            if given != API_VERSION && given != "v1" && !for_kubernetes {
                                return Err(wrong_version(&given));
                            }
                            version = Some(given);
                        }
                        "kind" => {
                            let given: String = map.next_value()?;
                            if version.as_deref() == Some("v1") {
                                for_kubernetes = FOR_KUBERNETES.contains(&given.as_str());
                                if !for_kubernetes {
                                    return Err(wrong_version("v1"));
                                }
                            }
                            kind = Some(given);
                        }
                        _ if for_kubernetes => {
                            map.next_value::<IgnoredAny>()?;
                        }
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
                let version = version.ok_or_else(|| A::Error::missing_field("apiVersion"))?;
                kind.ok_or_else(|| A::Error::missing_field("kind"))?;
                if for_kubernetes {
                    return Ok(FileDocument(None));
                }
                if version != API_VERSION {
                    return Err(wrong_version(&version));
                }
                let metadata = metadata.ok_or_else(|| A::Error::missing_field("metadata"))?;
                let spec = spec.ok_or_else(|| A::Error::missing_field("spec"))?;
                Ok(FileDocument(Some(RawDocument {
                    name: metadata.name,
                    labels: metadata.labels,
                    spec,
                })))
            }
        }

        deserializer.deserialize_map(Envelope)
    }
}

fn read_spec<'de, A: MapAccess<'de>>(kind: &str, map: &mut A) -> Result<Spec, A::Error> {
    const KINDS: &[&str] = &[
        "Portal",
        "ControlPlane",
        "Offering",
        "Tenant",
        "ApprovalPolicy",
        "NamespaceTemplate",
        "Agent",
        "Publication",
    ];
    Ok(match kind {
        "Portal" => Spec::Portal(map.next_value()?),
        "ControlPlane" => Spec::ControlPlane(map.next_value()?),
        "Offering" => Spec::Offering(map.next_value()?),
        "Tenant" => Spec::Tenant(map.next_value()?),
        "ApprovalPolicy" => Spec::ApprovalPolicy(map.next_value()?),
        "NamespaceTemplate" => Spec::NamespaceTemplate(map.next_value()?),
        "Agent" => Spec::Agent(map.next_value()?),
        "Publication" => Spec::Publication(map.next_value()?),
        other => {
            return Err(A::Error::custom(format!(
                "unknown kind {other:?}; known are {}",
                KINDS.join(", ")
            )));
        }
    })
}
