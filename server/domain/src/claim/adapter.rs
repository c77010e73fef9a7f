//! How to read the health of a kind off its object: data, not code. The built-in adapters are in
//! `adapters.yaml`, which also says what each field means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path;
use crate::documents::{Access, Endpoint, SecretSource};

/// What kind of thing an offering's claim is, for Crossplane's sake. Decided by an XRD's
/// `spec.scope`, never by its apiVersion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Flavour {
    /// A Crossplane claim of an XRD with scope `LegacyCluster`: `spec.resourceRef` leads to the composite.
    LegacyClaim,
    /// A Crossplane composite of an XRD with scope `Namespaced` or `Cluster`: machinery under `spec.crossplane`.
    Composite,
    /// Anything else: an operator's custom resource.
    #[default]
    Plain,
}

/// How to read one kind's health.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adapter {
    /// What to call it.
    pub name: String,
    /// What it is for; empty: anything.
    #[serde(default, rename = "match")]
    pub matches: Vec<Match>,
    /// Alternatives, each a list of tests that must all hold.
    #[serde(default)]
    pub ready: Vec<Vec<Test>>,
    /// Tests of which one suffices to call it degraded.
    #[serde(default)]
    pub failed: Vec<Test>,
    /// Tests of which one suffices to call it paused.
    #[serde(default)]
    pub paused: Vec<Test>,
    /// Tests of which each is worth a remark where it is ready all the same.
    #[serde(default)]
    pub remarks: Vec<Test>,
    /// Paths of the operator's own word for how it is: the first that yields one explains better than conditions do.
    #[serde(default)]
    pub word: Vec<String>,
    /// Paths whose text explains why it is not ready, where no condition does.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Where its conditions are: `status.conditions[]` where nothing is said.
    #[serde(default)]
    pub conditions: Option<String>,
    /// Where the tests do not decide, words, flags and counts that many operators use do.
    #[serde(default)]
    pub guess: bool,
    /// Where the name of its connection secret is: the first that yields one.
    #[serde(default)]
    pub secret: Vec<SecretSource>,
    /// Labels that the kind's controller sets on that secret: see [`crate::claim::proof`].
    #[serde(default)]
    pub secret_labels: BTreeMap<String, String>,
    /// Addresses in the object.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// What a condition's reason is called in plain words.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// Which kinds an adapter is for. What is not said matches all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// The API group; `*.kro.run` is any group below `kro.run`.
    pub group: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// What Crossplane makes of it.
    pub flavour: Option<Flavour>,
}

/// Something that holds of an object or does not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Test {
    /// A condition's type.
    pub condition: Option<String>,
    /// The status it must have; `True` where none is said.
    pub status: Option<String>,
    /// The reason it must have.
    pub reason: Option<String>,
    /// Reasons it must not have.
    pub reason_unlike: Vec<String>,
    /// Holds too when the condition is not there.
    pub missing: bool,
    /// Holds only when the condition is not there.
    pub absent: bool,
    /// A path in the object.
    pub path: Option<String>,
    /// An annotation.
    pub annotation: Option<String>,
    /// A label.
    pub label: Option<String>,
    /// The texts that the path, annotation or label may have; empty: any. What a path leads to may have them in any
    /// letter case.
    pub equals: Vec<String>,
}

/// By which everything is pending.
static KNOWS_NOTHING: LazyLock<Adapter> = LazyLock::new(Adapter::default);

static BUILT_IN: LazyLock<Vec<Adapter>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the text is part of the program, and a test reads it"
    )]
    serde_saphyr::from_str(include_str!("adapters.yaml")).expect("adapters.yaml is well-formed")
});

impl Adapter {
    /// The built-in adapter for a kind. There always is one: the last matches everything.
    #[must_use]
    pub fn of(group: &str, kind: &str, flavour: Flavour) -> &'static Self {
        let fits = |adapter: &&Self| {
            adapter.matches.is_empty() || adapter.matches.iter().any(|rule| rule.fits(group, kind, flavour))
        };
        let adapters: &'static [Self] = &BUILT_IN;
        adapters.iter().find(fits).unwrap_or(&KNOWS_NOTHING)
    }

    /// All built-in adapters, in the order in which they are tried.
    #[must_use]
    pub fn built_in() -> &'static [Self] {
        &BUILT_IN
    }

    /// The name of the claim's connection secret, by the offering's own word or else the
    /// adapter's. In the claim's namespace.
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

    /// Addresses to show: those that the offering names, or else those the adapter knows. Title
    /// and text; what is not there yet is left out.
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
    fn fits(&self, group: &str, kind: &str, flavour: Flavour) -> bool {
        let group_fits = self
            .group
            .as_deref()
            .is_none_or(|rule| match rule.strip_prefix('*') {
                Some(suffix) => group.ends_with(suffix),
                None => group == rule,
            });
        group_fits
            && self.kind.as_deref().is_none_or(|rule| rule == kind)
            && self.flavour.is_none_or(|rule| rule == flavour)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_an_adapter() {
        let name = |group, kind, flavour| Adapter::of(group, kind, flavour).name.as_str();
        assert_eq!(
            name(
                "databases.example.org",
                "PostgreSQLInstance",
                Flavour::LegacyClaim
            ),
            "crossplane-claim"
        );
        assert_eq!(
            name("databases.example.org", "MySQLInstance", Flavour::Composite),
            "crossplane-composite"
        );
        assert_eq!(
            name("postgresql.cnpg.io", "Cluster", Flavour::Plain),
            "cloudnative-pg"
        );
        assert_eq!(
            name("kafka.strimzi.io", "KafkaUser", Flavour::Plain),
            "strimzi-user"
        );
        assert_eq!(name("kafka.strimzi.io", "Kafka", Flavour::Plain), "strimzi");
        assert_eq!(
            name("rabbitmq.com", "RabbitmqCluster", Flavour::Plain),
            "rabbitmq"
        );
        assert_eq!(name("cluster.x-k8s.io", "Cluster", Flavour::Plain), "cluster-api");
        assert_eq!(
            name("tenancy.kcp.io", "Workspace", Flavour::Plain),
            "kcp-workspace"
        );
        assert_eq!(name("apps.kro.run", "WebShop", Flavour::Plain), "kro");
        assert_eq!(name("example.org", "Anything", Flavour::Plain), "default");
    }

    #[test]
    fn an_offering_knows_better_than_the_adapter_where_its_secret_is() {
        let object =
            json!({ "metadata": { "name": "orders" }, "status": { "binding": { "name": "bound" } } });
        let adapter = Adapter::of("example.org", "Thing", Flavour::Plain);
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
    fn endpoints_are_read_from_lists() {
        let object = json!({ "status": { "listeners": [{ "bootstrapServers": "a:9092" }, { "bootstrapServers": "b:9093" }] } });
        let adapter = Adapter::of("kafka.strimzi.io", "Kafka", Flavour::Plain);
        let found = adapter.endpoints_of(&object, &Access::default());
        assert_eq!(
            found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            ["a:9092", "b:9093"]
        );
    }
}
