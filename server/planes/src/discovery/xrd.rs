//! Crossplane's definitions: which CRD one asks for, and what a claim of it is.

use portico_domain::claim::Flavour;
use serde_json::Value;

use super::kind::{Marks, is_offered};

/// What an XRD says of the kind that one asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Xrd {
    pub(crate) offered: bool,
    /// The name of the CRD that Crossplane makes of it: of the claim, or of the composite itself.
    pub(crate) crd: String,
    pub(crate) flavour: Flavour,
    pub(crate) marks: Marks,
}

impl Xrd {
    /// Reads an XRD; `None` when it is none. What it is depends on `spec.scope` alone, whose
    /// default is `LegacyCluster` (Crossplane, "Composite Resource Definitions").
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let group = text("/spec/group")?;
        let claim = text("/spec/claimNames/plural");
        let (plural, flavour) = match (text("/spec/scope").unwrap_or("LegacyCluster"), claim) {
            ("LegacyCluster", Some(claim)) => (claim, Flavour::LegacyClaim),
            _ => (text("/spec/names/plural")?, Flavour::Composite),
        };
        Some(Self {
            offered: is_offered(object),
            crd: format!("{plural}.{group}"),
            flavour,
            marks: Marks::of(object),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn xrd(api_version: &str, scope: Option<&str>, claims: bool) -> Value {
        let mut xrd = json!({
            "apiVersion": api_version,
            "metadata": { "name": "xdbs.example.org", "labels": { "portico.dev/offered": "true" } },
            "spec": { "group": "example.org", "names": { "kind": "XDB", "plural": "xdbs" } }
        });
        if let Some(scope) = scope {
            xrd["spec"]["scope"] = json!(scope);
        }
        if claims {
            xrd["spec"]["claimNames"] = json!({ "kind": "DB", "plural": "dbs" });
        }
        xrd
    }

    #[test]
    fn the_scope_decides_and_not_the_version() {
        let (v1, v2) = ("apiextensions.crossplane.io/v1", "apiextensions.crossplane.io/v2");
        for (version, scope, claims, crd, flavour) in [
            (v1, None, true, "dbs.example.org", Flavour::LegacyClaim),
            (
                v2,
                Some("LegacyCluster"),
                true,
                "dbs.example.org",
                Flavour::LegacyClaim,
            ),
            (
                v1,
                Some("Namespaced"),
                false,
                "xdbs.example.org",
                Flavour::Composite,
            ),
            (
                v2,
                Some("Namespaced"),
                false,
                "xdbs.example.org",
                Flavour::Composite,
            ),
            (v2, Some("Cluster"), false, "xdbs.example.org", Flavour::Composite),
            (v1, None, false, "xdbs.example.org", Flavour::Composite),
        ] {
            let read = Xrd::read(&xrd(version, scope, claims)).unwrap();
            assert_eq!(
                (read.crd.as_str(), read.flavour, read.offered),
                (crd, flavour, true),
                "{version} {scope:?}"
            );
        }
        assert_eq!(Xrd::read(&json!({ "spec": 7 })), None);
    }
}
