//! Kinds: group, names, versions, columns.

use std::sync::Arc;

use serde_json::Value;

use super::object;
use super::schema::SchemaValidator;

/// A group and kind, such as `("databases.example.org", "Database")`; the core group is "".
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKind {
    /// The API group.
    pub group: String,
    /// The kind's name.
    pub kind: String,
}

impl GroupKind {
    /// Of a group and a kind.
    pub fn new(group: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
        }
    }

    /// The group and kind of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        Self::new(object::group(object), object["kind"].as_str().unwrap_or_default())
    }
}

impl From<(&str, &str)> for GroupKind {
    fn from((group, kind): (&str, &str)) -> Self {
        Self::new(group, kind)
    }
}

impl std::fmt::Display for GroupKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.kind, self.group)
    }
}

/// A column of `kubectl get`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// `format` of the column.
    pub format: String,
    /// The description.
    pub description: String,
    /// 0 is always shown; more only with `-o wide`.
    pub priority: i64,
    /// Where the value is, in Kubernetes' `JSONPath`.
    pub path: String,
}

/// A version of a kind.
#[derive(Debug, Clone)]
pub struct Version {
    /// As in `v1alpha1`.
    pub name: String,
    /// Whether the API serves it.
    pub served: bool,
    /// The deprecation warning of every request for it.
    pub deprecated: Option<String>,
    /// Whether there is a status subresource.
    pub status: bool,
    /// `openAPIV3Schema`, if the kind has one.
    pub schema: Option<Arc<Value>>,
    /// The columns of `kubectl get`, besides the name.
    pub columns: Vec<Column>,
    /// Fields, besides `metadata`, that field selectors support, such as `spec.engine`.
    pub selectable: Vec<String>,
}

/// A resource kind.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind's name.
    pub kind: String,
    /// The `kind` of lists.
    pub list_kind: String,
    /// The plural in URLs.
    pub plural: String,
    /// The singular on the command line.
    pub singular: String,
    /// Short names on the command line.
    pub short_names: Vec<String>,
    /// Categories on the command line, such as `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Best first, as discovery lists them.
    pub versions: Vec<Version>,
    /// The version in which objects are stored.
    pub storage: String,
    /// The validator of a custom kind; built-in kinds have none.
    pub(crate) validator: Option<Arc<SchemaValidator>>,
    /// Whether a `CustomResourceDefinition` defines it.
    pub custom: bool,
}

impl Kind {
    /// `<plural>.<group>`, or the plural alone for the core group.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Whether it has this group and kind.
    #[must_use]
    pub fn is(&self, other: &GroupKind) -> bool {
        self.kind == other.kind && self.group == other.group
    }

    /// Group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// The version of this name, if it is served.
    #[must_use]
    pub fn served(&self, version: &str) -> Option<&Version> {
        self.version(version).filter(|v| v.served)
    }

    /// The version of that name.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.name == version)
    }

    /// The `apiVersion` of objects in `version`.
    #[must_use]
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() {
            version.into()
        } else {
            format!("{}/{version}", self.group)
        }
    }
}

/// The sort key of versions as in Kubernetes, best first: stable, beta, alpha, each with the highest number
/// first; other names follow alphabetically.
#[must_use]
pub(crate) fn version_priority(name: &str) -> (u8, std::cmp::Reverse<u32>, std::cmp::Reverse<u32>, String) {
    use std::cmp::Reverse;
    let parse = |name: &str| -> Option<(u8, u32, u32)> {
        let rest = name.strip_prefix('v')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major = rest[..digits].parse().ok()?;
        let rest = &rest[digits..];
        if rest.is_empty() {
            return Some((0, major, 0));
        }
        if let Some(minor) = rest.strip_prefix("beta") {
            return Some((1, major, minor.parse().ok()?));
        }
        Some((2, major, rest.strip_prefix("alpha")?.parse().ok()?))
    };
    match parse(name) {
        Some((rank, major, minor)) => (rank, Reverse(major), Reverse(minor), String::new()),
        None => (3, Reverse(0), Reverse(0), name.into()),
    }
}
