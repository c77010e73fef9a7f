use portico_domain::claim::Health;
use portico_domain::claim::health::unreachable_status;
use portico_domain::documents::{
    ActAs, Connection, ControlPlane, ControlPlaneKind, ControlPlaneSpec, Environment, Limits, PlaneGrant,
    Tenant, TenantSpec,
};
use portico_domain::names::{EnvironmentName, PlaneName, RequestId};
use portico_domain::ownership::{Owner, RecordedClaim};

use super::*;
use crate::discovery::Kind;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const MAX_CLAIMS: usize = 100;

fn tenant(name: &str, environments: &[(&str, &str)]) -> Tenant {
    let environments = environments.iter().map(|(name, namespace)| Environment {
        name: EnvironmentName::new(*name).unwrap(),
        namespace: (*namespace).to_owned(),
        production: false,
        control_plane_labels: BTreeMap::new(),
        preferred_control_plane_labels: BTreeMap::new(),
        placement: portico_domain::documents::PlacementRules::default(),
    });
    Tenant {
        name: TenantName::new(name).unwrap(),
        spec: TenantSpec {
            title: None,
            parent: None,
            members: Vec::new(),
            environments: environments.collect(),
            placement: portico_domain::documents::PlacementRules::default(),
            control_planes: PlaneGrant {
                names: vec!["eu-shared".parse().unwrap()],
                match_labels: BTreeMap::new(),
            },
            offerings: Vec::new(),
            quota: portico_domain::documents::Quota::default(),
        },
    }
}

fn plane(dedicated: &[&str]) -> ControlPlane {
    ControlPlane {
        name: "eu-shared".parse().unwrap(),
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

fn tenants() -> [Tenant; 2] {
    [
        tenant(
            "payments",
            &[("dev", "payments-dev"), ("production", "payments-production")],
        ),
        tenant("research", &[("dev", "research-dev")]),
    ]
}

fn reader(scope: &str) -> Arc<ClaimReader> {
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "buckets.storage.example.org" },
        "spec": {
            "group": "storage.example.org", "names": { "kind": "Bucket", "plural": "buckets" }, "scope": scope,
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object" } } }]
        }
    });
    Arc::new(ClaimReader {
        plane: PlaneName::new("eu-shared").unwrap(),
        offering: OfferingName::new("buckets.storage.example.org").unwrap(),
        kind: Arc::new(Kind::read(&crd, None, None).unwrap()),
        rules: DocumentRules::default(),
        controller_fields: SharedFields::default(),
    })
}

fn bucket(namespace: &str, name: &str, version: &str, ready: &str) -> Value {
    json!({
        "metadata": {
            "namespace": namespace, "name": name, "uid": format!("uid-{name}"), "resourceVersion": version,
            "managedFields": [{ "manager": "portico" }],
            "labels": { "portico.dev/tenant": "research", "portico.dev/request": "01890a5d-ac96-774b-bcce-b302099a8057" },
            "annotations": { "portico.dev/requester": "idp#dana", "portico.dev/requester-name": "Dana" },
        },
        "status": { "conditions": [{ "type": "Ready", "status": ready }] }
    })
}

struct World {
    index: Index,
    pool: Pool,
    reader: Arc<ClaimReader>,
    stream: Arc<str>,
    ownership: Ownership,
}

impl World {
    fn new(scope: &str) -> Self {
        Self {
            index: Index::default(),
            pool: Pool::new(usize::MAX),
            reader: reader(scope),
            stream: "buckets".into(),
            ownership: Ownership::of(&tenants(), [&plane(&[])]),
        }
    }

    fn apply(&self, object: Value) -> (Option<Arc<str>>, ApplyResult) {
        self.apply_within(object, 1 << 30)
    }

    fn apply_within(&self, object: Value, bytes: usize) -> (Option<Arc<str>>, ApplyResult) {
        let limits = CacheLimits {
            objects: MAX_CLAIMS,
            bytes,
            pool: &self.pool,
        };
        let ownership = || self.ownership.clone();
        self.index
            .apply(object, &self.reader, &self.stream, ownership, &limits, NOW)
    }

    fn all(&self, scope: &Scope) -> Vec<Arc<Claim>> {
        let mut found = Vec::new();
        self.index
            .select(scope, &ClaimFilter::default(), &|_| true, &mut found);
        self.check_by_tenant();
        found
    }

    /// Each tenant's claims are those among all.
    fn check_by_tenant(&self) {
        let inner = self.index.0.read();
        let mut expected: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, entry) in &inner.entries {
            let of_tenant = expected.entry(entry.claim.tenant.clone()).or_default();
            of_tenant.push((key.clone(), entry.claim.clone()));
        }
        let found: BTreeMap<_, Vec<_>> = inner
            .by_tenant
            .iter()
            .map(|(tenant, claims)| (tenant.clone(), claims.clone().into_iter().collect()))
            .collect();
        assert_eq!(found, expected);
    }

    fn names(&self) -> Vec<String> {
        self.all(&Scope::for_tests())
            .iter()
            .map(|claim| claim.reference.name.to_string())
            .collect()
    }
}

#[test]
fn a_claim_belongs_to_whom_its_namespace_belongs_whatever_its_labels_say() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let payments = Scope::for_tests().narrow(&TenantName::new("payments").unwrap());
    let research = Scope::for_tests().narrow(&TenantName::new("research").unwrap());
    let claims = world.all(&payments);
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].environment, Some(EnvironmentName::new("dev").unwrap()));
    assert_eq!(
        claims[0].requester,
        Some(("idp#dana".to_owned(), "Dana".to_owned()))
    );
    assert_eq!(
        claims[0].request,
        "01890a5d-ac96-774b-bcce-b302099a8057".parse::<RequestId>().ok()
    );
    assert!(claims[0].object.is_null(), "lists are drawn without objects");
    let whole = world.index.get(&payments, &claims[0].reference).unwrap();
    assert_eq!(whole.object["metadata"]["name"], "receipts");
    assert_eq!(whole.object.pointer("/metadata/managedFields"), None);
    assert!(
        world.all(&research).is_empty(),
        "a label moves no claim into another tenant"
    );
    assert!(world.index.get(&research, &claims[0].reference).is_none());
    assert!(world.index.get(&payments, &claims[0].reference).is_some());
}

#[test]
fn a_claim_in_nobodys_namespace_is_seen_by_nobody_but_the_platform() {
    let world = World::new("Namespaced");
    world.apply(bucket("kube-system", "strange", "1", "True"));
    let everyone = ["payments", "research"].map(|name| TenantName::new(name).unwrap());
    for tenant in &everyone {
        assert!(world.all(&Scope::for_tests().narrow(tenant)).is_empty());
    }
    assert_eq!(world.all(&Scope::for_tests()).len(), 1);
}

#[test]
fn a_cluster_scoped_claim_is_whose_the_record_says_and_its_labels_move_it_nowhere() {
    let mut world = World::new("Cluster");
    let scope = |tenant: &str| Scope::for_tests().narrow(&TenantName::new(tenant).unwrap());
    // Its labels say research, as anybody's may who can write there.
    world.apply(bucket("", "shared", "1", "True"));
    assert!(world.all(&scope("research")).is_empty());
    assert_eq!(world.all(&Scope::for_tests()).len(), 1);

    let claim = world.all(&Scope::for_tests())[0].reference.clone();
    let made = RecordedClaim {
        claim: claim.clone(),
        uid: "uid-shared".to_owned(),
        owner: Owner {
            tenant: "payments".parse().unwrap(),
            environment: "dev".parse().unwrap(),
        },
    };
    world.ownership = world.ownership.with_recorded([made]);
    let told = world.index.update_owners(&world.ownership, [&claim]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].deleted && told[0].tenant.is_none());
    assert_eq!(told[1].tenant.as_ref().map(TenantName::as_str), Some("payments"));
    assert_eq!(world.all(&scope("payments")).len(), 1);
    assert!(world.all(&scope("research")).is_empty());

    // Another object under its name is another's until the record says otherwise; its owner hears that it is gone.
    let mut another = bucket("", "shared", "7", "True");
    another["metadata"]["uid"] = json!("uid-of-another");
    let (_, came) = world.apply(another);
    let ApplyResult::Changed(changes) = came else {
        panic!("{came:?}");
    };
    assert!(
        changes
            .iter()
            .any(|change| change.deleted && change.tenant.is_some()),
        "{changes:?}"
    );
    assert!(world.all(&scope("payments")).is_empty());
}

#[test]
fn a_plane_that_is_taken_from_a_tenant_takes_its_claims_along_and_that_is_told() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    world.apply(bucket("research-dev", "papers", "1", "True"));
    let payments = Scope::for_tests().narrow(&TenantName::new("payments").unwrap());
    assert_eq!(world.all(&payments).len(), 1);
    let taken = Ownership::of(&tenants(), [&plane(&["research"])]);
    let told = world
        .index
        .rebuild(|| taken.clone(), |_| DocumentRules::default());
    assert!(world.all(&payments).is_empty());
    assert_eq!(
        world.all(&Scope::for_tests()).len(),
        2,
        "the platform sees it still"
    );
    let told: Vec<_> = told
        .iter()
        .map(|change| {
            (
                change.reference.name.as_str(),
                change.tenant.as_ref().map(TenantName::as_str),
                change.deleted,
            )
        })
        .collect();
    assert_eq!(
        told,
        [("receipts", Some("payments"), true), ("receipts", None, false)]
    );
}

#[test]
fn news_is_told_once() {
    let world = World::new("Namespaced");
    let (_, first) = world.apply(bucket("payments-dev", "receipts", "1", "False"));
    assert!(matches!(first, ApplyResult::Changed(_)));
    assert_eq!(
        world.apply(bucket("payments-dev", "receipts", "1", "False")).1,
        ApplyResult::Unchanged
    );
    assert!(matches!(
        world.apply(bucket("payments-dev", "receipts", "2", "True")).1,
        ApplyResult::Changed(_)
    ));
    assert_eq!(world.all(&Scope::for_tests())[0].status.health, Health::Ready);
}

#[test]
fn after_a_list_what_was_not_in_it_is_gone() {
    let world = World::new("Namespaced");
    let (kept, _) = world.apply(bucket("payments-dev", "kept", "1", "True"));
    world.apply(bucket("payments-dev", "gone", "1", "True"));
    let other: Arc<str> = "another stream".into();
    world.index.apply(
        bucket("research-dev", "other", "1", "True"),
        &world.reader,
        &other,
        || world.ownership.clone(),
        &CacheLimits {
            objects: MAX_CLAIMS,
            bytes: 1 << 30,
            pool: &world.pool,
        },
        NOW,
    );
    let change = world
        .index
        .retain(&world.stream, &kept.iter().map(ToString::to_string).collect());
    assert_eq!(change.len(), 1);
    assert!(change[0].deleted && change[0].reference.name.as_str() == "gone");
    assert_eq!(world.names(), ["kept", "other"], "another stream's claims stay");
    assert!(world.index.has_seen_deleted("uid-gone") && !world.index.has_seen_deleted("uid-kept"));
    // What is not offered any more was not deleted.
    let _ = world.index.retain_offerings(&BTreeSet::new());
    assert!(world.names().is_empty() && !world.index.has_seen_deleted("uid-kept"));
}

#[test]
fn a_deleted_object_is_gone() {
    let world = World::new("Namespaced");
    let object = bucket("payments-dev", "receipts", "1", "True");
    world.apply(object.clone());
    assert!(
        world
            .index
            .delete(&object, &world.reader)
            .is_some_and(|change| change.deleted)
    );
    assert!(world.index.delete(&object, &world.reader).is_none());
    assert_eq!(world.index.len(), 0);
}

#[test]
fn what_cannot_be_reached_stays_and_says_so() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let seen = NOW + std::time::Duration::from_mins(1);
    let lose = || {
        world.index.mark_stale(&world.stream, Some(seen), |known| {
            unreachable_status(known, "EU shared")
        })
    };
    assert!(lose());
    assert!(!lose(), "lost once");
    let stale = world.all(&Scope::for_tests()).remove(0);
    assert_eq!(
        (stale.status.health, stale.observed_at),
        (Health::Unreachable, seen)
    );
    world
        .index
        .rebuild(|| world.ownership.clone(), |_| DocumentRules::default());
    assert_eq!(
        world.all(&Scope::for_tests())[0].status.health,
        Health::Unreachable,
        "a reload brings nothing back"
    );
    assert!(world.index.mark_fresh(&world.stream, seen));
    assert_eq!(world.all(&Scope::for_tests())[0].status.health, Health::Ready);
    assert!(!world.index.mark_fresh(&world.stream, seen));
}

#[test]
fn beyond_the_limit_nothing_new_is_taken_in_but_what_is_there_is_kept_up() {
    let world = World::new("Namespaced");
    for number in 0..MAX_CLAIMS {
        world.apply(bucket("payments-dev", &format!("b{number}"), "1", "False"));
    }
    assert_eq!(
        world.apply(bucket("payments-dev", "one-more", "1", "True")),
        (None, ApplyResult::NoRoom(LimitExceeded::Objects, None))
    );
    assert!(matches!(
        world.apply(bucket("payments-dev", "b7", "2", "True")).1,
        ApplyResult::Changed(_)
    ));
    assert_eq!(world.index.len(), MAX_CLAIMS);
}

#[test]
fn malformed_objects_are_left_out() {
    let world = World::new("Namespaced");
    let mut no_uid = bucket("payments-dev", "a", "1", "True");
    no_uid["metadata"]["uid"] = json!(null);
    let mut no_namespace = bucket("payments-dev", "b", "1", "True");
    no_namespace["metadata"]["namespace"] = json!(7);
    let bad_name = bucket("payments-dev", "../../etc/passwd", "1", "True");
    for object in [
        json!(null),
        json!([]),
        json!({ "metadata": "x" }),
        no_uid,
        no_namespace,
        bad_name,
    ] {
        assert_eq!(
            world.apply(object.clone()),
            (None, ApplyResult::Malformed),
            "{object}"
        );
    }
    assert_eq!(world.index.len(), 0);
}

#[test]
fn a_change_of_tenants_moves_claims() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let moved = Ownership::of(&[tenant("research", &[("dev", "payments-dev")])], [&plane(&[])]);
    world
        .index
        .rebuild(|| moved.clone(), |_| DocumentRules::default());
    assert!(
        world
            .all(&Scope::for_tests().narrow(&TenantName::new("payments").unwrap()))
            .is_empty()
    );
    assert_eq!(
        world
            .all(&Scope::for_tests().narrow(&TenantName::new("research").unwrap()))
            .len(),
        1
    );
}

#[test]
fn of_what_is_nobodys_only_a_row_is_held_until_it_is_somebodys() {
    let world = World::new("Namespaced");
    let mut huge = bucket("kube-system", "strange", "1", "True");
    huge["spec"] = json!({ "data": "x".repeat(1_400_000) });
    huge["metadata"]["annotations"]["else"] = json!("x".repeat(200_000));
    let (held, _) = world.apply(huge.clone());
    assert!(held.is_some());
    let bytes = world.index.bytes().load(Ordering::Relaxed);
    assert!(bytes < 3_000, "{bytes} bytes for a row");
    let row = world.all(&Scope::for_tests()).remove(0);
    assert_eq!(
        row.status.health,
        Health::Ready,
        "its health is that of the whole object"
    );

    world
        .index
        .rebuild(|| world.ownership.clone(), |_| DocumentRules::default());
    assert!(!world.index.take_relist(&world.stream));
    assert_eq!(world.all(&Scope::for_tests())[0].status.health, Health::Ready);

    let adopted = Ownership::of(&[tenant("research", &[("dev", "kube-system")])], [&plane(&[])]);
    world
        .index
        .rebuild(|| adopted.clone(), |_| DocumentRules::default());
    assert!(
        world.index.take_relist(&world.stream),
        "the rest of it is needed now"
    );
    assert!(!world.index.take_relist(&world.stream), "and asked for once");
    let world = World {
        ownership: adopted,
        ..world
    };
    assert!(
        world.apply(huge).0.is_some(),
        "the same version is taken in again"
    );
    let whole = world.index.get(&Scope::for_tests(), &row.reference).unwrap();
    assert_eq!(
        whole.object["spec"]["data"].as_str().map(str::len),
        Some(1_400_000)
    );
}

#[test]
fn beyond_its_bytes_nothing_is_taken_in_and_what_was_let_go_is_told() {
    let world = World::new("Namespaced");
    let sized = |name: &str, version: &str, size: usize| {
        let mut object = bucket("payments-dev", name, version, "True");
        object["spec"] = json!({ "data": "x".repeat(size) });
        object
    };
    let most = 100_000;
    let mut taken = 0;
    while world
        .apply_within(sized(&format!("b{taken}"), "1", 10_000), most)
        .0
        .is_some()
    {
        taken += 1;
    }
    assert!((7..10).contains(&taken), "{taken}");
    assert!(world.index.bytes().load(Ordering::Relaxed) <= most);
    let (_, came) = world.apply_within(sized("b0", "2", 90_000), most);
    let ApplyResult::NoRoom(LimitExceeded::Bytes, Some(gone)) = came else {
        panic!("{came:?}")
    };
    assert!(gone.deleted && gone.reference.name.as_str() == "b0");
    assert!(
        world.apply_within(sized("b1", "2", 10), most).0.is_some(),
        "to shrink is fine"
    );
    world.index.retain(&world.stream, &HashSet::new());
    assert_eq!(
        world.index.bytes().load(Ordering::Relaxed),
        0,
        "nothing is held, nothing is counted"
    );
}

#[test]
fn claims_are_read_again_while_the_index_serves_everybody() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let ownership = || world.ownership.clone();
    world.index.rebuild(ownership, |_| {
        assert!(world.index.0.try_write().is_some(), "nobody waits for the reader");
        DocumentRules::default()
    });
    assert_eq!(world.names(), ["receipts"]);
}

#[test]
fn what_changes_while_it_is_read_again_is_neither_lost_nor_old() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "False"));
    world.apply(bucket("payments-dev", "gone", "2", "True"));
    let changed = std::cell::Cell::new(2);
    let moved = world.index.rebuild(
        || world.ownership.clone(),
        |_| {
            if changed.replace(changed.get() + 1) == 2 {
                world.apply(bucket("payments-dev", "receipts", "3", "True"));
                world
                    .index
                    .delete(&bucket("payments-dev", "gone", "2", "True"), &world.reader);
            }
            DocumentRules::default()
        },
    );
    assert!(moved.is_empty(), "{moved:?}");
    assert_eq!(world.names(), ["receipts"]);
    assert_eq!(world.all(&Scope::for_tests())[0].status.health, Health::Ready);
}

#[test]
fn a_claim_that_changes_all_the_while_is_read_again_all_the_same() {
    let world = World::new("Namespaced");
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let version = std::cell::Cell::new(1);
    let research = Ownership::of(&[tenant("research", &[("dev", "payments-dev")])], [&plane(&[])]);
    let moved = world.index.rebuild(
        || research.clone(),
        |_| {
            // Under the lock nobody changes it.
            if world.index.0.try_write().is_some() {
                version.set(version.get() + 1);
                world.apply(bucket(
                    "payments-dev",
                    "receipts",
                    &version.get().to_string(),
                    "True",
                ));
            }
            DocumentRules::default()
        },
    );
    assert!(version.get() > 2);
    assert_eq!(moved.len(), 2, "{moved:?}");
    let owner = world.all(&Scope::for_tests())[0].tenant.clone();
    assert_eq!(owner, Some(TenantName::new("research").unwrap()));
}

#[test]
fn who_manages_a_claim_is_known_after_its_managed_fields_are_dropped() {
    let world = World::new("Namespaced");
    let mut by_hand = bucket("payments-dev", "by-hand", "1", "True");
    by_hand["metadata"]["managedFields"] =
        json!([{ "manager": "kubectl-create", "fieldsV1": { "f:spec": { "f:size": {} } } }]);
    world.apply(by_hand);
    world.apply(bucket("payments-dev", "receipts", "1", "True"));
    let managers = || -> Vec<Option<String>> {
        let all = world.all(&Scope::for_tests());
        all.iter()
            .map(|claim| claim.manager.as_ref().map(ToString::to_string))
            .collect()
    };
    let expected = [Some("kubectl".to_owned()), None];
    assert_eq!(managers(), expected);
    world
        .index
        .rebuild(|| world.ownership.clone(), |_| DocumentRules::default());
    assert_eq!(managers(), expected);
}
