//! How to read the health of a kind, as data. The built-in adapters are in `adapters.yaml`, which documents each
//! field.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path;
use crate::documents::{Access, Endpoint, SecretSource};

/// Which composition engine serves a requested kind, and how. For Crossplane an XRD's `spec.scope` decides, never its
/// apiVersion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimKind {
    /// A Crossplane claim of an XRD with scope `LegacyCluster`; `spec.resourceRef` names the composite.
    LegacyClaim,
    /// A Crossplane composite of an XRD with scope `Namespaced` or `Cluster`; machinery is below `spec.crossplane`.
    Composite,
    /// An instance of a kro resource graph, in whichever API group.
    ResourceGraph,
    /// Anything else: an operator's custom resource.
    #[default]
    Plain,
}

impl ClaimKind {
    /// True if an XRD defines the kind.
    #[must_use]
    pub fn is_of_xrd(self) -> bool {
        match self {
            Self::LegacyClaim | Self::Composite => true,
            Self::ResourceGraph | Self::Plain => false,
        }
    }
}

/// How to read the health of a kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// The kinds it applies to; empty: all.
    #[serde(default, rename = "match")]
    pub matches: Vec<Match>,
    /// Alternatives; each is a list of tests that must all pass.
    #[serde(default)]
    pub ready: Vec<Vec<Test>>,
    /// The claim is degraded if one of these tests passes.
    #[serde(default)]
    pub failed: Vec<Test>,
    /// The claim is paused if one of these tests passes.
    #[serde(default)]
    pub paused: Vec<Test>,
    /// Each passing test adds a remark to a ready claim.
    #[serde(default)]
    pub remarks: Vec<Test>,
    /// Paths of the operator's own word for the state. The first text found explains better than conditions do.
    #[serde(default)]
    pub word: Vec<String>,
    /// Paths of texts that explain why it is not ready, used where no condition does.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The path of the conditions. Default: `status.conditions[]`.
    #[serde(default)]
    pub conditions: Option<String>,
    /// If the tests do not decide, use the words, flags and counts that many operators write.
    #[serde(default)]
    pub guess: bool,
    /// Where to find the name of the connection secret; the first text found wins.
    #[serde(default)]
    pub secret: Vec<SecretSource>,
    /// Labels that the kind's controller sets on the secret, see [`crate::claim::proof`].
    #[serde(default)]
    pub secret_labels: BTreeMap<String, String>,
    /// Addresses to show.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Condition reasons in plain words.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// Selects kinds. Fields that are not set match all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// The API group; `*.kro.run` is any group below `kro.run`.
    pub group: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// The composition engine of the kind.
    pub claim_kind: Option<ClaimKind>,
}

/// A test on an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Test {
    /// A condition's type.
    pub condition: Option<String>,
    /// The status it must have. Default: `True`.
    pub status: Option<String>,
    /// The reason it must have.
    pub reason: Option<String>,
    /// Reasons it must not have.
    pub reason_unlike: Vec<String>,
    /// Passes if the condition is missing, too.
    pub missing: bool,
    /// Passes only if the condition is missing.
    pub absent: bool,
    /// A path in the object.
    pub path: Option<String>,
    /// An annotation.
    pub annotation: Option<String>,
    /// A label.
    pub label: Option<String>,
    /// Accepted texts of the path, annotation or label; empty: any. Texts at a path are compared ignoring case.
    pub equals: Vec<String>,
}

/// Used if no adapter matches: everything is pending.
static KNOWS_NOTHING: LazyLock<Adapter> = LazyLock::new(Adapter::default);

static BUILT_IN: LazyLock<Vec<Adapter>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the text is part of the program, and a test reads it"
    )]
    serde_saphyr::from_str(include_str!("adapters.yaml")).expect("adapters.yaml is well-formed")
});

impl Adapter {
    /// Returns the built-in adapter for a kind. The last one matches everything.
    #[must_use]
    pub fn of(group: &str, kind: &str, claim_kind: ClaimKind) -> &'static Self {
        let fits = |adapter: &&Self| {
            adapter.matches.is_empty()
                || adapter
                    .matches
                    .iter()
                    .any(|rule| rule.fits(group, kind, claim_kind))
        };
        let adapters: &'static [Self] = &BUILT_IN;
        adapters.iter().find(fits).unwrap_or(&KNOWS_NOTHING)
    }

    /// Returns all built-in adapters, in matching order.
    #[must_use]
    pub fn built_in() -> &'static [Self] {
        &BUILT_IN
    }

    /// Returns the name of the claim's connection secret, by the offering's `access` or else by the adapter.
    #[must_use]
    pub fn secret_of(&self, object: &Value, access: &Access) -> Option<String> {
        let name = object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        access
            .secret
            .iter()
            .chain(&self.secret)
            .find_map(|source| match source {
                SecretSource::Name(pattern) => Some(pattern.replace("{name}", name)),
                SecretSource::Path(at) => path::text(object, at),
            })
    }

    /// Returns addresses to show as (title, text): those of the offering, else those of the adapter. Missing ones are
    /// left out.
    #[must_use]
    pub fn endpoints_of(&self, object: &Value, access: &Access) -> Vec<(String, String)> {
        let sources = if access.endpoints.is_empty() {
            &self.endpoints
        } else {
            &access.endpoints
        };
        sources
            .iter()
            .flat_map(|endpoint| {
                path::all(object, &endpoint.path)
                    .into_iter()
                    .filter_map(path::scalar)
                    .map(|text| (endpoint.title.clone(), text))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Match {
    fn fits(&self, group: &str, kind: &str, claim_kind: ClaimKind) -> bool {
        let group_fits = self
            .group
            .as_deref()
            .is_none_or(|rule| match rule.strip_prefix('*') {
                Some(suffix) => group.ends_with(suffix),
                None => group == rule,
            });
        group_fits
            && self.kind.as_deref().is_none_or(|rule| rule == kind)
            && self.claim_kind.is_none_or(|rule| rule == claim_kind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_an_adapter() {
        let name = |group, kind, claim_kind| Adapter::of(group, kind, claim_kind).name.as_str();
        assert_eq!(
            name(
                "databases.example.org",
                "PostgreSQLInstance",
                ClaimKind::LegacyClaim
            ),
            "crossplane-claim"
        );
        assert_eq!(
            name("databases.example.org", "MySQLInstance", ClaimKind::Composite),
            "crossplane-composite"
        );
        assert_eq!(
            name("postgresql.cnpg.io", "Cluster", ClaimKind::Plain),
            "cloudnative-pg"
        );
        assert_eq!(
            name("kafka.strimzi.io", "KafkaUser", ClaimKind::Plain),
            "strimzi-user"
        );
        assert_eq!(name("kafka.strimzi.io", "Kafka", ClaimKind::Plain), "strimzi");
        assert_eq!(
            name("rabbitmq.com", "RabbitmqCluster", ClaimKind::Plain),
            "rabbitmq"
        );
        assert_eq!(
            name("cluster.x-k8s.io", "Cluster", ClaimKind::Plain),
            "cluster-api"
        );
        assert_eq!(
            name("tenancy.kcp.io", "Workspace", ClaimKind::Plain),
            "kcp-workspace"
        );
        assert_eq!(name("apps.kro.run", "WebShop", ClaimKind::Plain), "kro");
        assert_eq!(name("example.org", "WebShop", ClaimKind::ResourceGraph), "kro");
        assert_eq!(name("example.org", "Anything", ClaimKind::Plain), "default");
    }

    #[test]
    fn the_offering_overrides_the_adapters_secret() {
        let object =
            json!({ "metadata": { "name": "orders" }, "status": { "binding": { "name": "bound" } } });
        let adapter = Adapter::of("example.org", "Thing", ClaimKind::Plain);
        assert_eq!(
            adapter.secret_of(&object, &Access::default()).as_deref(),
            Some("bound")
        );
        let access = Access {
            secret: Some(SecretSource::Name("{name}-login".into())),
            ..Access::default()
        };
        assert_eq!(
            adapter.secret_of(&object, &access).as_deref(),
            Some("orders-login")
        );
    }

    #[test]
    fn reads_endpoints_from_lists() {
        let object = json!({ "status": { "listeners": [{ "bootstrapServers": "a:9092" }, { "bootstrapServers": "b:9093" }] } });
        let adapter = Adapter::of("kafka.strimzi.io", "Kafka", ClaimKind::Plain);
        let found = adapter.endpoints_of(&object, &Access::default());
        assert_eq!(
            found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            ["a:9092", "b:9093"]
        );
    }
}
