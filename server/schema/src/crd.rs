//! Reading a `CustomResourceDefinition`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Schema;
use super::error::{Limits, ParseError};
use super::faults::{self, Fault};

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// In namespaces.
    Namespaced,
    /// In none.
    Cluster,
}

/// A kind, as a `CustomResourceDefinition` defines it: the example is at [the crate's root](crate).
#[derive(Debug, Clone)]
pub struct Definition {
    /// `metadata.name`: `<plural>.<group>`.
    pub name: String,
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The kind of a list of its objects.
    pub list_kind: String,
    /// The plural, as in URLs.
    pub plural: String,
    /// The singular.
    pub singular: String,
    /// Short names for `kubectl`.
    pub short_names: Vec<String>,
    /// Categories for `kubectl`.
    pub categories: Vec<String>,
    /// Where its objects live.
    pub scope: Scope,
    /// Its versions, in the order of the document.
    pub versions: Vec<Version>,
    /// `metadata.labels`
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
}

/// One version of a kind.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as the document has them, each on its own"
)]
pub struct Version {
    /// Its name: `v1`.
    pub name: String,
    /// Whether the API server serves it.
    pub served: bool,
    /// Whether objects are stored in it.
    pub storage: bool,
    /// Whether one should no longer use it.
    pub deprecated: bool,
    /// What to say of that.
    pub deprecation_warning: Option<String>,
    /// Its schema, or why it cannot be worked with. One version that is beyond the limits spoils no other.
    pub schema: Result<Arc<Schema>, ParseError>,
    /// What `kubectl get` shows.
    pub printer_columns: Vec<PrinterColumn>,
    /// Whether `status` is a subresource.
    pub has_status: bool,
    /// Where its numbers are, if `scale` is a subresource.
    pub scale: Option<Scale>,
}

/// Where the subresource `scale` finds its numbers, as JSON paths without filters: `.spec.replicas`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// How many are wanted.
    pub spec_replicas: String,
    /// How many there are.
    pub status_replicas: String,
    /// Which they are.
    pub label_selector: Option<String>,
}

/// A column that `kubectl get` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrinterColumn {
    /// The heading.
    pub name: String,
    /// Where the value is, as a JSON path: `.status.phase`.
    pub json_path: String,
    /// Its type: `string`, `integer`, `date` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `date-time` and the like; empty for none.
    #[serde(default)]
    pub format: String,
    /// What it means; empty for nothing said.
    #[serde(default)]
    pub description: String,
    /// 0 is shown always, more only on request.
    #[serde(default)]
    pub priority: i64,
}

impl Definition {
    /// Reads a `CustomResourceDefinition` of `apiextensions.k8s.io/v1`, within the usual limits for schemas.
    ///
    /// # Errors
    /// When it is none, or its names or versions cannot be read. A version's schema that cannot be read is an error
    /// of that version only: [`Version::schema`].
    pub fn parse(document: &Value) -> Result<Self, ParseError> {
        Self::parse_within(document, Limits::default())
    }

    /// As [`Definition::parse`], within other limits.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub fn parse_within(document: &Value, limits: Limits) -> Result<Self, ParseError> {
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
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            labels: text_map(&metadata["labels"]),
            annotations: text_map(&metadata["annotations"]),
            group,
            kind,
            plural,
            scope,
            versions,
        })
    }

    /// Why the API server would refuse a new definition, the types and costs of its rules included; nothing where it
    /// would take it. A rule that is too large to be judged is let pass. A hundred faults at most are told.
    #[must_use]
    pub fn faults(document: &Value) -> Vec<Fault> {
        faults::of(document, Limits::default())
    }

    /// The version of that name.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// The version that objects are stored in; failing that the first that is served.
    #[must_use]
    pub fn storage_version(&self) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.storage)
            .or_else(|| self.versions.iter().find(|version| version.served))
    }

    /// The version of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn version_or_error(&self, name: &str) -> Result<&Version, ParseError> {
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
    /// Its schema.
    ///
    /// # Errors
    /// Why it cannot be worked with.
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
        schema => Schema::parse_within(schema, limits).map(Arc::new),
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

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
