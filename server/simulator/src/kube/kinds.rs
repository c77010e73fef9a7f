//! The kinds that a control plane serves: those built in and those that definitions add.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::admission::Judge;

/// A kind by its group and name, as `("databases.example.org", "Database")`; the core group is "".
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

    /// The kind of this object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        Self::new(
            super::object::group(object),
            object["kind"].as_str().unwrap_or_default(),
        )
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
    /// What it shows.
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
    /// Whether it can be asked for.
    pub served: bool,
    /// The warning that every use of it gets.
    pub deprecated: Option<String>,
    /// Whether there is a status subresource.
    pub status: bool,
    /// `openAPIV3Schema`, when the kind has one.
    pub schema: Option<Arc<Value>>,
    /// What `kubectl get` shows, besides the name.
    pub columns: Vec<Column>,
    /// Further fields that a field selector may name, as in `spec.engine`.
    pub selectable: Vec<String>,
}

/// A kind of objects.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind's name.
    pub kind: String,
    /// `kind` of a list of it.
    pub list_kind: String,
    /// The name in URLs.
    pub plural: String,
    /// The name on the command line.
    pub singular: String,
    /// Short names on the command line.
    pub short_names: Vec<String>,
    /// Groups of kinds on the command line, such as `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Best first, as discovery lists them.
    pub versions: Vec<Version>,
    /// The version in which objects are kept.
    pub storage: String,
    /// Schema rules; built-in kinds have none.
    pub(super) judge: Option<Arc<Judge>>,
    /// Whether a definition added it.
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

    /// Whether it is that kind.
    #[must_use]
    pub fn is(&self, other: &GroupKind) -> bool {
        self.kind == other.kind && self.group == other.group
    }

    /// Group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// The version of that name, if it is served.
    #[must_use]
    pub fn served(&self, version: &str) -> Option<&Version> {
        self.version(version).filter(|v| v.served)
    }

    /// The version of that name.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.name == version)
    }

    /// `apiVersion` of its objects in `version`.
    #[must_use]
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() {
            version.into()
        } else {
            format!("{}/{version}", self.group)
        }
    }
}

/// All kinds of a control plane.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinds {
    by_resource: BTreeMap<(String, String), Arc<Kind>>,
    by_kind: BTreeMap<GroupKind, (String, String)>,
}

impl Kinds {
    /// Adds a kind or replaces it.
    pub(super) fn insert(&mut self, kind: Kind) {
        let resource = (kind.group.clone(), kind.plural.clone());
        self.by_kind.insert(kind.group_kind(), resource.clone());
        self.by_resource.insert(resource, Arc::new(kind));
    }

    /// Takes a kind away.
    pub(super) fn remove(&mut self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        let kind = self.by_resource.remove(&(group.to_owned(), plural.to_owned()))?;
        self.by_kind.remove(&kind.group_kind());
        Some(kind)
    }

    /// By group and plural, as URLs name it.
    pub(super) fn resource(&self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        self.by_resource
            .get(&(group.to_owned(), plural.to_owned()))
            .cloned()
    }

    /// By group and kind, as objects name it.
    pub(super) fn of(&self, wanted: &GroupKind) -> Option<Arc<Kind>> {
        self.by_resource.get(self.by_kind.get(wanted)?).cloned()
    }

    /// All of them, ordered by group, then plural.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.by_resource.values()
    }
}

/// Orders versions as Kubernetes does, best first: stable before beta before alpha, higher before
/// lower, then whatever is no such name, by alphabet.
#[must_use]
pub(super) fn version_priority(name: &str) -> (u8, std::cmp::Reverse<u32>, std::cmp::Reverse<u32>, String) {
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
