//! Crossplane's XRDs: which CRD people ask for, and the claim kind of its objects.

use portico_domain::claim::ClaimKind;
use portico_domain::documents::ResourceRef;
use portico_domain::text::sanitize;
use serde_json::Value;

use super::kind::{OfferingAnnotations, is_offered};

/// What an XRD says about the kind that people ask for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Xrd {
    pub(crate) offered: bool,
    /// The name of the CRD that Crossplane creates: of the claim, or of the composite.
    pub(crate) crd: String,
    pub(crate) claim_kind: ClaimKind,
    pub(crate) annotations: OfferingAnnotations,
    /// The kind of the composites behind claims.
    pub(crate) composite: Option<ResourceRef>,
    /// Why the XRD has no effect, or will not for long.
    pub(crate) problem: Option<String>,
}

impl Xrd {
    /// Reads an XRD; `None` if it is malformed. `spec.scope` alone decides the claim kind; its default is
    /// `LegacyCluster` (Crossplane, "Composite Resource Definitions").
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let group = text("/spec/group")?;
        let claim = text("/spec/claimNames/plural");
        let names = text("/spec/names/plural").zip(text("/spec/names/kind"));
        let (plural, claim_kind) = match (text("/spec/scope").unwrap_or("LegacyCluster"), claim) {
            ("LegacyCluster", Some(claim)) => (claim, ClaimKind::LegacyClaim),
            _ => (text("/spec/names/plural")?, ClaimKind::Composite),
        };
        Some(Self {
            offered: is_offered(object),
            crd: format!("{plural}.{group}"),
            claim_kind,
            annotations: OfferingAnnotations::of(object),
            composite: names
                .zip(version_of(object))
                .filter(|_| claim_kind == ClaimKind::LegacyClaim)
                .map(|((plural, kind), version)| ResourceRef {
                    group: group.to_owned(),
                    version,
                    kind: kind.to_owned(),
                    plural: plural.to_owned(),
                    namespaced: false,
                }),
            problem: problem(object),
        })
    }
}

/// The referenceable version, else the first served one.
fn version_of(object: &Value) -> Option<String> {
    let versions = object.pointer("/spec/versions")?.as_array()?;
    let with = |flag: &str| {
        versions
            .iter()
            .find(|version| version.get(flag).and_then(Value::as_bool) == Some(true))
    };
    let version = with("referenceable").or_else(|| with("served"))?;
    version.get("name")?.as_str().map(str::to_owned)
}

/// Why an XRD has no effect. Crossplane sets the condition `Established` once the API is served. It sets none if
/// another XRD already defines the kind (crossplane/crossplane issue 6610).
fn problem(object: &Value) -> Option<String> {
    if object
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(|at| !at.is_null())
    {
        return Some("it is being deleted".to_owned());
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let established = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.get("type").and_then(Value::as_str) == Some("Established"));
    let text = |key: &str| established?.get(key)?.as_str().filter(|text| !text.is_empty());
    match text("status") {
        Some("True") if text("reason") == Some("TerminatingCompositeResource") => {
            Some("it is being deleted".to_owned())
        }
        Some("True") => None,
        Some(_) => {
            let why = text("message").or(text("reason")).unwrap_or("no reason is given");
            Some(sanitize(&format!("Crossplane has not established it: {why}")))
        }
        None => Some("Crossplane has not established it, and does not say why".to_owned()),
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
    fn the_scope_decides_the_claim_kind() {
        let (v1, v2) = ("apiextensions.crossplane.io/v1", "apiextensions.crossplane.io/v2");
        for (version, scope, claims, crd, claim_kind) in [
            (v1, None, true, "dbs.example.org", ClaimKind::LegacyClaim),
            (
                v2,
                Some("LegacyCluster"),
                true,
                "dbs.example.org",
                ClaimKind::LegacyClaim,
            ),
            (
                v1,
                Some("Namespaced"),
                false,
                "xdbs.example.org",
                ClaimKind::Composite,
            ),
            (
                v2,
                Some("Namespaced"),
                false,
                "xdbs.example.org",
                ClaimKind::Composite,
            ),
            (
                v2,
                Some("Cluster"),
                false,
                "xdbs.example.org",
                ClaimKind::Composite,
            ),
            (v1, None, false, "xdbs.example.org", ClaimKind::Composite),
        ] {
            let read = Xrd::read(&xrd(version, scope, claims)).unwrap();
            assert_eq!(
                (read.crd.as_str(), read.claim_kind, read.offered),
                (crd, claim_kind, true),
                "{version} {scope:?}"
            );
        }
        assert_eq!(Xrd::read(&json!({ "spec": 7 })), None);
    }

    #[test]
    fn reports_xrds_that_are_not_established() {
        let problem = |conditions: Value| {
            let mut xrd = xrd("apiextensions.crossplane.io/v2", Some("Namespaced"), false);
            xrd["status"]["conditions"] = conditions;
            Xrd::read(&xrd).unwrap().problem
        };
        assert_eq!(
            problem(json!([{ "type": "Established", "status": "True" }])),
            None
        );
        let refused = json!([{ "type": "Established", "status": "False", "message": "names are taken" }]);
        assert!(problem(refused).unwrap().ends_with("names are taken"));
        assert!(problem(json!([])).unwrap().contains("does not say why"));
        let mut going = xrd("apiextensions.crossplane.io/v2", Some("Namespaced"), false);
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(
            Xrd::read(&going).unwrap().problem.as_deref(),
            Some("it is being deleted")
        );
    }

    #[test]
    fn claims_have_composites() {
        let mut claims = xrd("apiextensions.crossplane.io/v1", None, true);
        claims["spec"]["versions"] = json!([
            { "name": "v1alpha1", "served": true },
            { "name": "v1", "served": true, "referenceable": true },
        ]);
        let composite = Xrd::read(&claims).unwrap().composite.unwrap();
        assert_eq!(
            (
                composite.plural.as_str(),
                composite.version.as_str(),
                composite.namespaced
            ),
            ("xdbs", "v1", false)
        );
        claims["spec"]["scope"] = json!("Namespaced");
        assert_eq!(Xrd::read(&claims).unwrap().composite, None);
    }
}
