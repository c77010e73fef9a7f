//! Reads the document of a changed definition.

use std::sync::Arc;

use kube_schema::yaml::{self, YamlError};
use kube_schema::{Definition, ParseError, validate_crd};
use serde_json::Value;

use crate::xrd;

/// Longest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// A definition that somebody wants to try.
#[derive(Debug, Clone)]
pub struct ChangedDefinition {
    /// The definition. Of a composite resource definition: that of its claims, or of its composites if it has none.
    pub definition: Arc<Definition>,
    /// The errors for which the API server would refuse the definition, as it words them.
    pub faults: Vec<String>,
    /// True if a webhook converts between its versions.
    pub converts_by_webhook: bool,
    /// True if it was derived from a composite resource definition.
    pub derived: bool,
}

/// Why a document is not a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    /// There is no document.
    Empty,
    /// It is longer than [`MAX_DOCUMENT_BYTES`].
    TooLong,
    /// It is not YAML.
    NotYaml(YamlError),
    /// There is more than one document.
    SeveralDocuments,
    /// It is of another kind.
    WrongKind {
        /// Its `apiVersion` and `kind`; empty if it has none.
        found: String,
    },
    /// A field that every definition needs is missing or malformed.
    Malformed(ParseError),
}

impl ChangedDefinition {
    /// Reads a `CustomResourceDefinition` of `apiextensions.k8s.io/v1`, or a `CompositeResourceDefinition` of
    /// `apiextensions.crossplane.io`, v1 or v2, in YAML or JSON. Takes time: parses and checks schemas and rules.
    ///
    /// # Errors
    /// [`DocumentError`]. Definitions that the API server would refuse have [`ChangedDefinition::faults`] instead,
    /// unless no definition can be made of them.
    pub fn read(text: &str) -> Result<Self, DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLong);
        }
        let mut documents = yaml::parse_all(text).map_err(DocumentError::NotYaml)?;
        documents.retain(|document| !document.is_null());
        let document = match (documents.pop(), documents.is_empty()) {
            (None, _) => return Err(DocumentError::Empty),
            (Some(_), false) => return Err(DocumentError::SeveralDocuments),
            (Some(document), true) => document,
        };
        let text_of = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text_of("apiVersion"), text_of("kind"));
        let derived = kind == "CompositeResourceDefinition"
            && matches!(
                api_version,
                "apiextensions.crossplane.io/v1" | "apiextensions.crossplane.io/v2"
            );
        let crd = if derived {
            // The last one is the claim's, if there is one.
            xrd::definitions(&document).pop().unwrap_or_default()
        } else if kind == "CustomResourceDefinition" && api_version == "apiextensions.k8s.io/v1" {
            document
        } else {
            return Err(DocumentError::WrongKind {
                found: format!("{api_version} {kind}").trim().to_owned(),
            });
        };
        let definition = Definition::parse(&crd).map_err(DocumentError::Malformed)?;
        Ok(Self {
            definition: Arc::new(definition),
            faults: validate_crd(&crd).iter().map(ToString::to_string).collect(),
            converts_by_webhook: crd.pointer("/spec/conversion/strategy").and_then(Value::as_str)
                == Some("Webhook"),
            derived,
        })
    }
}
