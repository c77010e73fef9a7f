//! Control planes that are themselves claims: a vcluster, a cluster by Cluster API. Once such a claim is ready, its
//! control plane joins Portico for the tenant and the environment that own the claim, and leaves when the claim is gone.
//!
//! The claim decides everything: the control plane's document is made from it and is stored nowhere.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::claim::{Claim, ClaimRef};
use crate::documents::{
    ActAs, ClaimConnection, ClaimedControlPlane, ClaimedWorkspace, Connection, ControlPlane,
    ControlPlaneKind, ControlPlaneSpec, Kcp, Limits, PublishedExport, ResourceRef,
};
use crate::names::{EnvironmentName, PlaneName, TenantName};

/// Longest part of a control plane's name that comes from the claim's: with the suffix it is a DNS label.
const MAX_NAME_BYTES: usize = 54;
/// Bytes of the uid's hash in the name.
const HASH_BYTES: usize = 4;

/// The keys under which a kubeconfig is looked for if the offering does not name one, the first that exists: those of
/// Cluster API, vcluster and Crossplane.
pub const KUBECONFIG_KEYS: [&str; 3] = ["value", "config", "kubeconfig"];

/// A claim that is a control plane, with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaneClaim {
    /// The claim.
    pub claim: ClaimRef,
    /// Its `metadata.uid`.
    pub uid: String,
    /// The tenant that owns it.
    pub tenant: TenantName,
    /// The environment that owns it.
    pub environment: EnvironmentName,
}

impl PlaneClaim {
    /// Returns the claim with its owner; `None` if nobody owns it.
    #[must_use]
    pub fn of(claim: &Claim) -> Option<Self> {
        Some(Self {
            claim: claim.reference.clone(),
            uid: claim.uid.clone(),
            tenant: claim.tenant.clone()?,
            environment: claim.environment.clone()?,
        })
    }
}

/// Returns the control plane that a claim is. `None` if `host`, the control plane that serves it, is itself a claim: what
/// runs on a tenant's control plane adds none to Portico.
///
/// It serves only the claim's tenant and environment, and takes no new claims while `leaving`.
#[must_use]
pub fn claimed_plane(
    declared: &ClaimedControlPlane,
    key: Option<&str>,
    claim: &PlaneClaim,
    host: &ControlPlane,
    leaving: bool,
) -> Option<ControlPlane> {
    if host.claim().is_some() {
        return None;
    }
    let is_workspace = declared.kind == ControlPlaneKind::KcpWorkspace;
    let mut labels = host.labels.clone();
    labels.extend(declared.labels.clone());
    Some(ControlPlane {
        name: plane_name(claim)?,
        labels,
        spec: ControlPlaneSpec {
            title: Some(format!("{} ({})", claim.claim.name, claim.environment)),
            kind: declared.kind,
            region: host.spec.region.clone(),
            connection: Connection::Claim(ClaimConnection {
                claim: claim.claim.clone(),
                uid: claim.uid.clone(),
                key: key.map(str::to_owned),
                hosts: declared.hosts.clone(),
                workspace: is_workspace.then(|| ClaimedWorkspace {
                    parent: Box::new(host.spec.connection.clone()),
                    parent_path: host.spec.kcp.as_ref().and_then(|kcp| kcp.workspace.clone()),
                }),
            }),
            kcp: is_workspace.then(|| Kcp {
                workspace: None,
                exports: declared.exports.iter().map(PublishedExport::reference).collect(),
            }),
            act_as: ActAs::Portico,
            dedicated_to: vec![claim.tenant.clone()],
            environments: vec![claim.environment.clone()],
            public_address: None,
            cordoned: leaving,
            maintenance: Vec::new(),
            capacity: declared.capacity,
            weight: 0,
            limits: Limits::default(),
        },
    })
}

/// Returns the name of the control plane that a claim is: the claim's, with a hash of its uid, since another claim of the
/// same name is another control plane.
#[must_use]
pub fn plane_name(claim: &PlaneClaim) -> Option<PlaneName> {
    let hash = hex::encode(&Sha256::digest(claim.uid.as_bytes())[..HASH_BYTES]);
    let name: String = claim.claim.name.as_str().chars().take(MAX_NAME_BYTES).collect();
    let name = name.replace('.', "-");
    format!("{}-{hash}", name.trim_end_matches('-')).parse().ok()
}

/// The kinds that define offerings, which [`ClaimedControlPlane::definitions`] may contain: group, kind, plural.
const DEFINITIONS: [(&str, &str, &str); 4] = [
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
    ),
    (
        "apiextensions.crossplane.io",
        "CompositeResourceDefinition",
        "compositeresourcedefinitions",
    ),
    ("apiextensions.crossplane.io", "Composition", "compositions"),
    ("kro.run", "ResourceGraphDefinition", "resourcegraphdefinitions"),
];

/// Returns how to address a definition that Portico may apply to a control plane that is a claim.
///
/// # Errors
/// In words, if it is of another kind or has no name.
pub fn definition_resource(definition: &Value) -> Result<ResourceRef, String> {
    let text = |at: &str| definition.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    let (group, version) = api_version.split_once('/').unwrap_or_default();
    let found = DEFINITIONS
        .iter()
        .find(|(of_group, of_kind, _)| *of_group == group && *of_kind == kind);
    let Some((_, _, plural)) = found else {
        let kinds: Vec<&str> = DEFINITIONS.iter().map(|(_, kind, _)| *kind).collect();
        return Err(format!(
            "{} is no definition: it must be a {}",
            if kind.is_empty() {
                "an object without a kind"
            } else {
                kind
            },
            kinds.join(", ")
        ));
    };
    if text("/metadata/name").is_empty() {
        return Err(format!("a {kind} has no metadata.name"));
    }
    Ok(ResourceRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: (*plural).to_owned(),
        namespaced: false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn host(connection: Connection) -> ControlPlane {
        ControlPlane {
            name: "eu".parse().unwrap(),
            labels: BTreeMap::from([
                ("residency".into(), "eu".into()),
                ("tier".into(), "shared".into()),
            ]),
            spec: ControlPlaneSpec {
                title: None,
                kind: ControlPlaneKind::Cluster,
                region: Some("eu-central".into()),
                connection,
                kcp: None,
                act_as: ActAs::Portico,
                dedicated_to: Vec::new(),
                environments: Vec::new(),
                public_address: None,
                cordoned: false,
                maintenance: Vec::new(),
                capacity: None,
                weight: 0,
                limits: Limits::default(),
            },
        }
    }

    fn claim(name: &str, uid: &str) -> PlaneClaim {
        PlaneClaim {
            claim: ClaimRef {
                plane: "eu".parse().unwrap(),
                offering: "clusters.example.org".parse().unwrap(),
                namespace: Some("payments-dev".into()),
                name: name.parse().unwrap(),
            },
            uid: uid.into(),
            tenant: "payments".parse().unwrap(),
            environment: "dev".parse().unwrap(),
        }
    }

    fn plane(claim: &PlaneClaim) -> Option<ControlPlane> {
        let declared = ClaimedControlPlane {
            labels: BTreeMap::from([("tier".into(), "own".into())]),
            capacity: Some(50),
            ..ClaimedControlPlane::default()
        };
        claimed_plane(
            &declared,
            Some("value"),
            claim,
            &host(Connection::InCluster {}),
            false,
        )
    }

    #[test]
    fn it_is_the_tenants_in_that_environment_alone() {
        let plane = plane(&claim("analytics", "uid-1")).unwrap();
        assert_eq!(plane.spec.dedicated_to, ["payments".parse().unwrap()]);
        assert!(plane.serves_environment(&"dev".parse().unwrap()));
        assert!(!plane.serves_environment(&"production".parse().unwrap()));
        assert_eq!(plane.title(), "analytics (dev)");
        assert_eq!(plane.labels["residency"], "eu", "it is where its host is");
        assert_eq!(
            plane.labels["tier"], "own",
            "the offering says more of it than the host"
        );
        assert_eq!(plane.spec.region.as_deref(), Some("eu-central"));
        let at = plane.claim().unwrap();
        assert_eq!((at.uid.as_str(), at.key.as_deref()), ("uid-1", Some("value")));
    }

    #[test]
    fn a_workspace_is_reached_as_its_parent_is() {
        let declared = ClaimedControlPlane {
            kind: ControlPlaneKind::KcpWorkspace,
            exports: vec![PublishedExport {
                path: "root:platform".into(),
                name: "databases".into(),
                accept: Vec::new(),
            }],
            ..ClaimedControlPlane::default()
        };
        let mut parent = host(Connection::Kubeconfig {
            path: "kcp.yaml".into(),
            context: None,
        });
        parent.spec.kcp = Some(Kcp {
            workspace: Some("root:tenants".into()),
            exports: Vec::new(),
        });
        let plane = claimed_plane(&declared, None, &claim("analytics", "1"), &parent, false).unwrap();
        let kcp = plane.spec.kcp.as_ref().unwrap();
        assert_eq!(kcp.exports[0].full_name(), "root:platform:databases");
        let workspace = plane.claim().unwrap().workspace.as_ref().unwrap();
        assert_eq!(*workspace.parent, parent.spec.connection);
        assert_eq!(workspace.parent_path.as_deref(), Some("root:tenants"));
    }

    #[test]
    fn every_claim_has_a_name_of_its_own() {
        let name = |claim: &PlaneClaim| plane(claim).unwrap().name.to_string();
        let long = format!("{}-b", "a".repeat(53));
        assert_ne!(name(&claim("x", "1")), name(&claim("x", "2")));
        assert_eq!(name(&claim("x", "1")), name(&claim("x", "1")));
        assert!(name(&claim("a.b", "1")).starts_with("a-b-"));
        assert!(name(&claim(&long, "1")).starts_with(&format!("{}-", "a".repeat(53))));
    }

    #[test]
    fn what_runs_on_a_claim_does_not_join() {
        let own = plane(&claim("analytics", "1")).unwrap();
        let nested = claimed_plane(
            &ClaimedControlPlane::default(),
            None,
            &claim("inner", "2"),
            &host(own.spec.connection),
            false,
        );
        assert_eq!(nested, None);
    }

    #[test]
    fn only_definitions_are_applied() {
        let definition = |api_version: &str, kind: &str, name: &str| {
            definition_resource(
                &json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } }),
            )
        };
        let crd = definition("apiextensions.k8s.io/v1", "CustomResourceDefinition", "x").unwrap();
        assert_eq!(
            (crd.api_version().as_str(), crd.plural.as_str(), crd.namespaced),
            ("apiextensions.k8s.io/v1", "customresourcedefinitions", false)
        );
        let xrd = definition(
            "apiextensions.crossplane.io/v2",
            "CompositeResourceDefinition",
            "x",
        );
        assert_eq!(xrd.unwrap().version, "v2");
        for (api_version, kind, name) in [
            ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "x"),
            ("v1", "Secret", "x"),
            ("example.org/v1", "CustomResourceDefinition", "x"),
            ("", "", "x"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", ""),
        ] {
            assert!(definition(api_version, kind, name).is_err(), "{kind}");
        }
    }
}
