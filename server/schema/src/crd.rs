//! Parses a `CustomResourceDefinition`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Limits, ParseError};
use super::schema::Schema;

/// Whether objects of a kind live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// Cluster-wide.
    Cluster,
}

/// A parsed `CustomResourceDefinition`. See [the crate's root](crate) for an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Definition {
    /// `metadata.name`: `<plural>.<group>`.
    pub name: String,
    /// `spec.group`
    pub group: String,
    /// `spec.names.kind`
    pub kind: String,
    /// `spec.names.listKind`, by default the kind with `List` appended.
    pub list_kind: String,
    /// `spec.names.plural`, as used in URLs.
    pub plural: String,
    /// `spec.names.singular`, by default the kind in lower case.
    pub singular: String,
    /// `spec.names.shortNames`
    pub short_names: Vec<String>,
    /// `spec.names.categories`
    pub categories: Vec<String>,
    /// `spec.scope`
    pub scope: Scope,
    /// `spec.versions`, in the order of the document.
    pub versions: Vec<Version>,
    /// `metadata.labels`
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
}

/// One version of a custom resource.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as the document has them, each on its own"
)]
#[non_exhaustive]
pub struct Version {
    /// The version's name: `v1`.
    pub name: String,
    /// Whether the API server serves it.
    pub served: bool,
    /// Whether objects are stored in this version.
    pub storage: bool,
    /// Whether the version is deprecated.
    pub deprecated: bool,
    /// The warning for users of a deprecated version; `None` for the API server's default.
    pub deprecation_warning: Option<String>,
    /// The schema, or the reason why it cannot be used. An error in one version does not affect the others.
    pub schema: Result<Arc<Schema>, ParseError>,
    /// The columns of `kubectl get`.
    pub printer_columns: Vec<PrinterColumn>,
    /// Whether the `status` subresource is enabled.
    pub has_status: bool,
    /// The `scale` subresource, if it is enabled.
    pub scale: Option<Scale>,
}

/// Field paths of the `scale` subresource, as JSON paths without filters: `.spec.replicas`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scale {
    /// `specReplicasPath`: the desired number of replicas.
    pub spec_replicas: String,
    /// `statusReplicasPath`: the actual number of replicas.
    pub status_replicas: String,
    /// `labelSelectorPath`: the selector of the pods.
    pub label_selector: Option<String>,
}

/// A column of `kubectl get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PrinterColumn {
    /// The heading.
    pub name: String,
    /// The value's JSON path: `.status.phase`.
    pub json_path: String,
    /// The type: `string`, `integer`, `date` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The format, such as `date-time`; empty if unset.
    #[serde(default)]
    pub format: String,
    /// The description; empty if unset.
    #[serde(default)]
    pub description: String,
    /// 0 is always shown, higher values only in wide output.
    #[serde(default)]
    pub priority: i64,
}

impl Definition {
    /// Parses a `CustomResourceDefinition` of `apiextensions.k8s.io/v1` with the default [`Limits`].
    ///
    /// # Errors
    /// If the document is not a `CustomResourceDefinition`, or its names or versions are malformed. An invalid schema
    /// is not an error here but in its version: [`Version::schema`].
    pub fn parse(document: &Value) -> Result<Self, ParseError> {
        Self::parse_with_limits(document, Limits::default())
    }

    /// Like [`Definition::parse`], with other limits.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub fn parse_with_limits(document: &Value, limits: Limits) -> Result<Self, ParseError> {
        let api_version = document["apiVersion"].as_str().unwrap_or_default();
        let kind = document["kind"].as_str().unwrap_or_default();
        if kind != "CustomResourceDefinition" || api_version != "apiextensions.k8s.io/v1" {
            return Err(ParseError::NotADefinition {
                found: format!("{api_version} {kind}"),
            });
        }
        let spec = &document["spec"];
        let names = &spec["names"];
        let group = required(spec, "group", "spec.group")?;
        let kind = required(names, "kind", "spec.names.kind")?;
        let plural = required(names, "plural", "spec.names.plural")?;
        let scope = match spec["scope"].as_str() {
            Some("Namespaced") => Scope::Namespaced,
            Some("Cluster") => Scope::Cluster,
            _ => return Err(malformed("spec.scope", "must be Namespaced or Cluster")),
        };
        let versions = spec["versions"]
            .as_array()
            .filter(|versions| !versions.is_empty())
            .ok_or_else(|| malformed("spec.versions", "must be a list with one version at least"))?
            .iter()
            .enumerate()
            .map(|(index, version)| read_version(version, index, limits))
            .collect::<Result<Vec<_>, _>>()?;
        let metadata = &document["metadata"];
        Ok(Self {
            name: metadata["name"]
                .as_str()
                .map_or_else(|| format!("{plural}.{group}"), str::to_owned),
            list_kind: names["listKind"]
                .as_str()
                .map_or_else(|| format!("{kind}List"), str::to_owned),
            singular: names["singular"]
                .as_str()
                .filter(|singular| !singular.is_empty())
                .map_or_else(|| kind.to_lowercase(), str::to_owned),
            short_names: strings(&names["shortNames"]),
            categories: strings(&names["categories"]),
            labels: string_map(&metadata["labels"]),
            annotations: string_map(&metadata["annotations"]),
            group,
            kind,
            plural,
            scope,
            versions,
        })
    }

    /// Returns the version called `name`.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// Returns the storage version, or the first served version if none is marked as storage.
    #[must_use]
    pub fn storage_version(&self) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.storage)
            .or_else(|| self.versions.iter().find(|version| version.served))
    }

    /// Returns the version called `name`.
    ///
    /// # Errors
    /// [`ParseError::NoSuchVersion`] if there is none.
    pub fn require_version(&self, name: &str) -> Result<&Version, ParseError> {
        self.version(name).ok_or_else(|| ParseError::NoSuchVersion {
            definition: self.name.clone(),
            version: name.to_owned(),
            known: self
                .versions
                .iter()
                .map(|version| version.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}

impl Version {
    /// Returns the schema.
    ///
    /// # Errors
    /// The reason why the schema cannot be used.
    pub fn schema(&self) -> Result<&Arc<Schema>, ParseError> {
        self.schema.as_ref().map_err(Clone::clone)
    }
}

fn read_version(version: &Value, index: usize, limits: Limits) -> Result<Version, ParseError> {
    let name = required(version, "name", &format!("spec.versions[{index}].name"))?;
    let schema = match &version["schema"]["openAPIV3Schema"] {
        Value::Null => Err(ParseError::NoSchema {
            version: name.clone(),
        }),
        schema => Schema::parse_with_limits(schema, limits).map(Arc::new),
    };
    let printer_columns = version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|column| serde_json::from_value(column.clone()).ok())
        .collect();
    Ok(Version {
        served: version["served"].as_bool().unwrap_or_default(),
        storage: version["storage"].as_bool().unwrap_or_default(),
        deprecated: version["deprecated"].as_bool().unwrap_or_default(),
        deprecation_warning: version["deprecationWarning"].as_str().map(str::to_owned),
        has_status: version["subresources"]["status"].is_object(),
        scale: read_scale(&version["subresources"]["scale"]),
        name,
        schema,
        printer_columns,
    })
}

fn read_scale(scale: &Value) -> Option<Scale> {
    let path = |name: &str| scale[name].as_str().filter(|path| !path.is_empty());
    scale.is_object().then(|| Scale {
        spec_replicas: path("specReplicasPath").unwrap_or_default().to_owned(),
        status_replicas: path("statusReplicasPath").unwrap_or_default().to_owned(),
        label_selector: path("labelSelectorPath").map(str::to_owned),
    })
}

fn malformed(path: &str, problem: &str) -> ParseError {
    ParseError::Malformed {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn required(document: &Value, key: &str, path: &str) -> Result<String, ParseError> {
    document[key]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| malformed(path, "must be a string that is not empty"))
}

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn string_map(value: &Value) -> BTreeMap<String, String> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
