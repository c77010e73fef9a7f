//! Decides which tenant owns a claim, for lists, search, quota, events, approvals and actions.
//!
//! - A claim in a namespace belongs to the environment with that namespace, on control planes that serve the environment
//!   and that its tenant [may use](may_use). On other control planes, the same namespace belongs to somebody else.
//! - A claim in the namespace of a consumer on a publisher's control plane belongs to the consumer if it is of the
//!   published kind and Portico created it: another tenant runs that control plane, and can make objects there.
//! - A cluster-scoped claim has no namespace, and anybody with access can write its labels. It belongs to the tenant
//!   for which Portico created it: the database has this object by its `metadata.uid`.
//! - Every other claim has no owner, and only platform admins see it.
//!
//! Labels name the requester and the request. They never decide the owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::claim::ClaimRef;
use crate::documents::{ControlPlane, Tenant};
use crate::names::{EnvironmentName, OfferingName, PlaneName, TenantName};
use crate::placement::may_use;
use crate::publication::{ConsumerNamespace, is_consumer_namespace};

/// The environment that a claim belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// The tenant.
    pub tenant: TenantName,
    /// Its environment.
    pub environment: EnvironmentName,
}

/// A claim that Portico created, cluster-scoped or for a consumer of a tenant's service, from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedClaim {
    /// The object.
    pub claim: ClaimRef,
    /// Its `metadata.uid`: another object with that name is a different claim.
    pub uid: String,
    /// The owner.
    pub owner: Owner,
}

/// The owners of claims, from configuration and database.
#[derive(Debug, Clone, Default)]
pub struct Ownership {
    planes: Arc<BTreeMap<PlaneName, PlaneOwners>>,
    recorded: Arc<HashMap<ClaimRef, (String, Owner)>>,
}

/// The owners of claims on one control plane.
#[derive(Debug, Clone, Default)]
struct PlaneOwners {
    /// The owner by namespace; `None` if two environments have the namespace, so that neither owns it.
    by_namespace: HashMap<String, Option<Owner>>,
    all: BTreeSet<Owner>,
    /// The consumers by namespace, with the offerings that are published to them.
    consumers: HashMap<String, (Owner, BTreeSet<OfferingName>)>,
}

impl Ownership {
    /// Creates the ownership by the documents, without cluster-scoped claims.
    #[must_use]
    pub fn of<'d>(
        tenants: impl IntoIterator<Item = &'d Tenant>,
        planes: impl IntoIterator<Item = &'d ControlPlane>,
    ) -> Self {
        let tenants: Vec<&Tenant> = tenants.into_iter().collect();
        let planes = planes
            .into_iter()
            .map(|plane| {
                let mut owners = PlaneOwners::default();
                for tenant in tenants.iter().filter(|tenant| may_use(tenant, plane)) {
                    owners.add(tenant, plane);
                }
                (plane.name.clone(), owners)
            })
            .collect();
        Self {
            planes: Arc::new(planes),
            recorded: Arc::default(),
        }
    }

    /// Adds the namespaces of consumers on publishers' control planes.
    #[must_use]
    pub fn with_consumers(self, consumers: impl IntoIterator<Item = ConsumerNamespace>) -> Self {
        let mut by_plane = BTreeMap::<_, Vec<_>>::new();
        for consumer in consumers {
            by_plane.entry(consumer.plane.clone()).or_default().push(consumer);
        }
        let mut planes = Arc::unwrap_or_clone(self.planes);
        for (plane, consumers) in by_plane {
            let owners = planes.entry(plane).or_default();
            for consumer in consumers {
                let (_, offerings) = owners
                    .consumers
                    .entry(consumer.namespace)
                    .or_insert_with(|| (consumer.owner, BTreeSet::new()));
                offerings.insert(consumer.offering);
            }
        }
        Self {
            planes: Arc::new(planes),
            recorded: self.recorded,
        }
    }

    /// Adds claims from the database to those that are known.
    #[must_use]
    pub fn with_recorded(&self, recorded: impl IntoIterator<Item = RecordedClaim>) -> Self {
        let mut all = HashMap::clone(&self.recorded);
        all.extend(
            recorded
                .into_iter()
                .filter(|recorded| {
                    let namespace = recorded.claim.namespace.as_deref();
                    namespace.is_none_or(is_consumer_namespace)
                })
                .map(|recorded| (recorded.claim, (recorded.uid, recorded.owner))),
        );
        Self {
            planes: self.planes.clone(),
            recorded: Arc::new(all),
        }
    }

    /// Takes the claims of the database from `other`, after the documents changed.
    #[must_use]
    pub fn with_record_of(self, other: &Self) -> Self {
        Self {
            planes: self.planes,
            recorded: other.recorded.clone(),
        }
    }

    /// Returns the claim's owner; `None` if it has none.
    #[must_use]
    pub fn owner(&self, claim: &ClaimRef, uid: &str) -> Option<&Owner> {
        let plane = self.planes.get(&claim.plane)?;
        let recorded = || {
            let (recorded_uid, owner) = self.recorded.get(claim)?;
            (recorded_uid == uid).then_some(owner)
        };
        let Some(namespace) = &claim.namespace else {
            return recorded().filter(|owner| plane.all.contains(owner));
        };
        if let Some((consumer, offerings)) = plane.consumers.get(namespace) {
            return recorded().filter(|owner| *owner == consumer && offerings.contains(&claim.offering));
        }
        plane.by_namespace.get(namespace)?.as_ref()
    }

    /// Returns the namespaces on a control plane whose claims have an owner, sorted.
    #[must_use]
    pub fn namespaces(&self, plane: &PlaneName) -> BTreeSet<&str> {
        let owners = self.planes.get(plane).into_iter();
        owners
            .flat_map(|owners| owners.by_namespace.keys().chain(owners.consumers.keys()))
            .map(String::as_str)
            .collect()
    }
}

impl PlaneOwners {
    fn add(&mut self, tenant: &Tenant, plane: &ControlPlane) {
        let environments = tenant.spec.environments.iter();
        for environment in environments.filter(|environment| plane.serves_environment(&environment.name)) {
            let owner = Owner {
                tenant: tenant.name.clone(),
                environment: environment.name.clone(),
            };
            self.by_namespace
                .entry(environment.namespace.clone())
                .and_modify(|known| {
                    if known.as_ref() != Some(&owner) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(owner.clone()));
            self.all.insert(owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{
        ActAs, Connection, ControlPlaneKind, ControlPlaneSpec, Environment, Limits, PlaneGrant, Quota,
        TenantSpec,
    };

    fn plane(name: &str, dedicated: &[&str]) -> ControlPlane {
        ControlPlane {
            name: name.parse().unwrap(),
            labels: BTreeMap::new(),
            spec: ControlPlaneSpec {
                title: None,
                kind: ControlPlaneKind::Cluster,
                region: None,
                connection: Connection::InCluster {},
                kcp: None,
                act_as: ActAs::Portico,
                dedicated_to: dedicated.iter().map(|name| name.parse().unwrap()).collect(),
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

    fn tenant(name: &str, namespace: &str, planes: &[&str]) -> Tenant {
        Tenant {
            name: name.parse().unwrap(),
            spec: TenantSpec {
                title: None,
                parent: None,
                members: vec![],
                environments: vec![Environment {
                    name: "production".parse().unwrap(),
                    namespace: namespace.to_owned(),
                    production: true,
                    control_plane_labels: BTreeMap::new(),
                    preferred_control_plane_labels: BTreeMap::new(),
                    placement: crate::documents::PlacementRules::default(),
                }],
                placement: crate::documents::PlacementRules::default(),
                control_planes: PlaneGrant {
                    names: planes.iter().map(|name| name.parse().unwrap()).collect(),
                    match_labels: BTreeMap::new(),
                },
                offerings: vec![],
                quota: Quota::default(),
            },
        }
    }

    fn claim(plane: &str, namespace: Option<&str>) -> ClaimRef {
        ClaimRef {
            plane: plane.parse().unwrap(),
            offering: "buckets.storage.example.org".parse().unwrap(),
            namespace: namespace.map(str::to_owned),
            name: "receipts".parse().unwrap(),
        }
    }

    fn owner_of(ownership: &Ownership, claim: &ClaimRef) -> Option<String> {
        ownership
            .owner(claim, "uid-1")
            .map(|owner| format!("{}/{}", owner.tenant, owner.environment))
    }

    #[test]
    fn a_namespace_belongs_to_a_tenant_only_on_planes_that_it_may_use() {
        let (shared, own) = (plane("shared", &[]), plane("own", &["research"]));
        let tenants = [
            tenant("payments", "payments-production", &["shared", "own"]),
            tenant("research", "research-production", &["shared"]),
        ];
        let ownership = Ownership::of(&tenants, [&shared, &own]);
        let at = |plane, namespace| owner_of(&ownership, &claim(plane, Some(namespace)));
        assert_eq!(
            at("shared", "payments-production").as_deref(),
            Some("payments/production")
        );
        assert_eq!(
            at("shared", "research-production").as_deref(),
            Some("research/production")
        );
        assert_eq!(
            at("own", "research-production").as_deref(),
            Some("research/production")
        );
        assert_eq!(
            at("own", "payments-production"),
            None,
            "dedicated to others, whatever payments was granted"
        );
        assert_eq!(at("shared", "kube-system"), None);
        assert_eq!(at("unknown", "payments-production"), None);
        assert_eq!(
            ownership.namespaces(&own.name).into_iter().collect::<Vec<_>>(),
            ["research-production"]
        );
    }

    #[test]
    fn a_namespace_of_two_tenants_on_one_plane_belongs_to_neither() {
        let (one, other) = (plane("one", &[]), plane("other", &[]));
        let tenants = [
            tenant("payments", "production", &["one", "other"]),
            tenant("research", "production", &["one"]),
        ];
        let ownership = Ownership::of(&tenants, [&one, &other]);
        assert_eq!(owner_of(&ownership, &claim("one", Some("production"))), None);
        assert_eq!(
            owner_of(&ownership, &claim("other", Some("production"))).as_deref(),
            Some("payments/production")
        );
    }

    #[test]
    fn a_cluster_scoped_claim_belongs_to_the_tenant_that_portico_created_it_for() {
        let shared = plane("shared", &[]);
        let owner = |tenant: &str| Owner {
            tenant: tenant.parse().unwrap(),
            environment: "production".parse().unwrap(),
        };
        let recorded = |uid: &str, tenant: &str| RecordedClaim {
            claim: claim("shared", None),
            uid: uid.to_owned(),
            owner: owner(tenant),
        };
        let tenants = [
            tenant("payments", "payments-production", &["shared"]),
            tenant("research", "research-production", &[]),
        ];
        let documents = Ownership::of(&tenants, [&shared]);
        let mine = claim("shared", None);
        assert_eq!(owner_of(&documents, &mine), None, "nothing is recorded of it");
        let known = documents.with_recorded([recorded("uid-1", "payments")]);
        assert_eq!(owner_of(&known, &mine).as_deref(), Some("payments/production"));
        let another = documents.with_recorded([recorded("uid-0", "payments")]);
        assert_eq!(owner_of(&another, &mine), None, "it was another object");
        let not_granted = documents.with_recorded([recorded("uid-1", "research")]);
        assert_eq!(
            owner_of(&not_granted, &mine),
            None,
            "research may not use the plane"
        );

        // The database keeps the claim when the documents change; the permission does not stay.
        let reloaded = |names: &[&str]| {
            let tenants = [tenant("payments", "payments-production", names)];
            Ownership::of(&tenants, [&shared]).with_record_of(&known)
        };
        assert!(owner_of(&reloaded(&["shared"]), &mine).is_some());
        assert_eq!(owner_of(&reloaded(&[]), &mine), None);
    }
}
