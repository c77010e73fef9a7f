//! Workspaces of kcp: which one a document means, what is bound in it, and one watch for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_domain::claim::{Claim, ClaimRef, Health};
use portico_domain::documents::{
    ActAs, Connection, ControlPlane as Document, ExportReference, Kcp as KcpDocument, Limits, OfferingSpec,
    ResourceRef,
};
use portico_domain::names::{ClaimName, OfferingName, PlaneName};
use portico_domain::tenancy::Scope;
use portico_planes::{
    ClaimFilter, Expect, ExportState, ExportWatch, PlaneState, PlaneStatus, Planes, Settings,
};
use portico_simulator::kube::{
    ControlPlane, Fault, GroupKind, Identity, Kcp, KcpShard, Key, Matcher, Rule, Serving,
    Settings as Simulated, Subject,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{document_of, eventually, offering, portico, system, tenant, tenants};

const PROVIDER: &str = "root:platform";
const EXPORT: &str = "things";

/// A kcp with an export of things.
struct World {
    kcp: Kcp,
    serving: Serving,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let kcp = Kcp::new("kcp", Simulated::default());
        let serving = kcp
            .serve(TcpListener::bind("127.0.0.1:0").await.unwrap())
            .unwrap();
        kcp.create_workspace("root", "platform").unwrap();
        kcp.create(PROVIDER, schema()).unwrap();
        kcp.create(PROVIDER, export()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = Self { kcp, serving, folder };
        world.write_kubeconfig(&world.kcp.kubeconfig(world.serving.address(), "root"));
        world
    }

    fn write_kubeconfig(&self, text: &str) {
        std::fs::write(self.folder.path().join("kubeconfig"), text).unwrap();
    }

    /// A workspace with both tenants' namespaces, in which the export is bound.
    fn bound(&self, name: &str) {
        self.bound_on(0, name);
    }

    /// The same on a shard.
    fn bound_on(&self, shard: usize, name: &str) {
        self.kcp.create_workspace_on(shard, "root", name).unwrap();
        self.namespaces(name);
        self.bind(name);
    }

    fn namespaces(&self, name: &str) {
        for namespace in ["payments-dev", "research-dev"] {
            let object =
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
            self.kcp.create(&format!("root:{name}"), object).unwrap();
        }
    }

    fn bind(&self, name: &str) {
        let binding = json!({
            "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": EXPORT },
            "spec": { "reference": { "export": { "path": PROVIDER, "name": EXPORT } } },
        });
        self.kcp.create(&format!("root:{name}"), binding).unwrap();
    }

    fn thing(&self, workspace: &str, namespace: &str, name: &str) {
        let object = json!({
            "apiVersion": "example.org/v1", "kind": "Thing", "metadata": { "name": name, "namespace": namespace },
            "spec": { "size": 1 },
        });
        self.kcp.create(&format!("root:{workspace}"), object).unwrap();
    }

    /// The document of a workspace, which shares the export's watch.
    fn document(&self, name: &str) -> Document {
        let connection = Connection::Kubeconfig {
            path: self.folder.path().join("kubeconfig").display().to_string(),
            context: None,
        };
        let limits = Limits {
            timeout_seconds: 2,
            ..Limits::default()
        };
        let mut document = Document::bare(plane(name), connection, ActAs::Portico, limits);
        document.labels = BTreeMap::from([("shared".to_owned(), "true".to_owned())]);
        document.spec.kcp = Some(KcpDocument {
            workspace: Some(format!("root:{name}")),
            exports: vec![ExportReference {
                path: PROVIDER.into(),
                name: EXPORT.into(),
            }],
        });
        document
    }

    fn documents(&self, names: &[&str]) -> Vec<Document> {
        names.iter().map(|name| self.document(name)).collect()
    }

    /// How often things were listed or watched for all workspaces.
    fn calls_for_all(&self, verb: &str) -> usize {
        calls(&self.kcp.front(), verb)
    }

    fn calls_in(&self, workspace: &str, verb: &str) -> usize {
        calls(&self.kcp.workspace(&format!("root:{workspace}")).unwrap(), verb)
    }

    /// A second shard, which listens there.
    async fn shard(&self, address: &str) -> KcpShard {
        let listener = TcpListener::bind(address).await.unwrap();
        self.kcp.serve_shard(1, listener).unwrap()
    }
}

/// How often things were called for with a verb.
fn calls(plane: &ControlPlane, verb: &str) -> usize {
    calls_of(plane, "things", verb)
}

fn calls_of(plane: &ControlPlane, resource: &str, verb: &str) -> usize {
    let entries = plane.audit().entries();
    let counts = entries
        .iter()
        .filter(|entry| entry.attributes.resource == resource && entry.attributes.verb == verb);
    counts.count()
}

fn schema() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema",
        "metadata": {
            "name": "v1.things.example.org", "labels": { "portico.dev/offered": "true" },
            "annotations": { "portico.dev/title": "A thing" },
        },
        "spec": {
            "group": "example.org", "scope": "Namespaced",
            "names": { "kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer", "maximum": 9 } } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                } },
            }],
        },
    })
}

fn export() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": EXPORT },
        "spec": { "resources": [{
            "group": "example.org", "name": "things", "schema": "v1.things.example.org", "storage": { "crd": {} },
        }] },
    })
}

fn plane(name: &str) -> PlaneName {
    PlaneName::new(name).unwrap()
}

fn things() -> OfferingName {
    offering("things.example.org")
}

fn resource() -> ResourceRef {
    ResourceRef {
        group: "example.org".into(),
        version: "v1".into(),
        kind: "Thing".into(),
        plural: "things".into(),
        namespaced: true,
    }
}

fn connected(documents: Vec<Document>) -> Planes {
    let registry = Planes::new(Settings::default());
    registry.configure(documents, Vec::new(), &tenants());
    registry
}

async fn until_status(
    registry: &Planes,
    name: &str,
    what: &str,
    holds: impl Fn(&PlaneStatus) -> bool,
) -> PlaneStatus {
    eventually(&format!("{name}: {what}"), async || {
        registry.status(&plane(name)).filter(|status| holds(status))
    })
    .await
}

async fn until_problem(registry: &Planes, name: &str, words: &str) -> String {
    let has =
        |status: &PlaneStatus| matches!(&status.state, PlaneState::Misconfigured(why) if why.contains(words));
    let status = until_status(registry, name, words, has).await;
    match status.state {
        PlaneState::Misconfigured(why) => why,
        _ => String::new(),
    }
}

/// Waits until exactly these claims are known, as `plane/name`.
async fn until_claims(registry: &Planes, scope: &Scope, expected: &[&str]) -> Vec<Arc<Claim>> {
    let mut last = Vec::new();
    eventually(&format!("the claims are {expected:?}"), async || {
        let claims = registry.claims(scope, &ClaimFilter::default());
        last = claims
            .iter()
            .map(|claim| format!("{}/{}", claim.reference.plane, claim.reference.name))
            .collect();
        (last == expected).then_some(claims)
    })
    .await
}

fn everybody() -> Scope {
    Scope::for_tests()
}

#[tokio::test]
async fn workspaces_that_bind_an_export_share_one_watch_and_nothing_else() {
    let world = World::new().await;
    for name in ["a", "b", "stranger"] {
        world.bound(name);
        world.thing(name, "payments-dev", "first");
    }
    world.thing("b", "research-dev", "second");
    let registry = connected(world.documents(&["a", "b"]));
    until_claims(&registry, &everybody(), &["a/first", "b/first", "b/second"]).await;
    // What is written later comes by the one watch, to the workspace that it is in.
    world.thing("a", "research-dev", "third");
    world.thing("stranger", "payments-dev", "third");
    until_claims(
        &registry,
        &everybody(),
        &["a/first", "a/third", "b/first", "b/second"],
    )
    .await;
    until_claims(&registry, &tenant("payments"), &["a/first", "b/first"]).await;
    let objects = world.kcp.workspace("root:a").unwrap().objects();
    objects
        .patch_status(
            &GroupKind::new("example.org", "Thing"),
            &Key::namespaced("research-dev", "third"),
            json!({ "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z" }] }),
        )
        .unwrap();
    eventually("the status of a/third is known", async || {
        let claims = registry.claims(&everybody(), &ClaimFilter::default());
        let third = claims
            .iter()
            .find(|claim| claim.reference.name.as_str() == "third")?;
        (third.status.health == Health::Ready).then_some(())
    })
    .await;
    assert_eq!(world.calls_for_all("watch"), 1, "one watch for both");
    for name in ["a", "b", "stranger"] {
        assert_eq!(world.calls_in(name, "watch"), 0, "{name} has none of its own");
    }
    let status = registry.status(&plane("a")).unwrap();
    assert_eq!(status.exports[0].watch, ExportWatch::Shared);
    assert_eq!(status.exports[0].state, ExportState::Bound);
    assert_eq!(
        status.logical_cluster.as_deref(),
        world.kcp.logical_cluster("root:a").as_deref()
    );
}

#[tokio::test]
async fn a_workspace_that_joins_a_running_watch_has_what_was_there_before() {
    let world = World::new().await;
    world.bound("a");
    let registry = connected(world.documents(&["a"]));
    until_status(&registry, "a", "ready", |status| {
        status.state == PlaneState::Ready
    })
    .await;
    world.bound("b");
    for name in ["one", "two"] {
        world.thing("b", "payments-dev", name);
    }
    registry.configure(world.documents(&["a", "b"]), Vec::new(), &tenants());
    until_claims(&registry, &everybody(), &["b/one", "b/two"]).await;
    let gone = Key::namespaced("payments-dev", "one");
    let workspace = world.kcp.workspace("root:b").unwrap();
    workspace
        .objects()
        .delete(&GroupKind::new("example.org", "Thing"), &gone)
        .unwrap();
    until_claims(&registry, &everybody(), &["b/two"]).await;
    // And one that leaves takes its claims along.
    registry.configure(world.documents(&["a"]), Vec::new(), &tenants());
    until_claims(&registry, &everybody(), &[]).await;
    assert_eq!(world.calls_for_all("watch"), 1);
}

#[tokio::test]
async fn a_lost_watch_begins_anew_without_losing_or_keeping_anything() {
    let world = World::new().await;
    for name in ["a", "b"] {
        world.bound(name);
        world.thing(name, "payments-dev", "stays");
        world.thing(name, "payments-dev", "goes");
    }
    let registry = connected(world.documents(&["a", "b"]));
    until_claims(
        &registry,
        &everybody(),
        &["a/goes", "a/stays", "b/goes", "b/stays"],
    )
    .await;
    // While the watch is away and too old to be resumed, one object goes and one comes.
    let cut = world.kcp.front().faults().add(Matcher::default(), Fault::Hangup);
    world.kcp.front().faults().drop_watches();
    for name in ["a", "b"] {
        let workspace = world.kcp.workspace(&format!("root:{name}")).unwrap();
        let key = Key::namespaced("payments-dev", "goes");
        workspace
            .objects()
            .delete(&GroupKind::new("example.org", "Thing"), &key)
            .unwrap();
        world.thing(name, "payments-dev", "new");
        workspace.forget_history();
    }
    world.kcp.front().faults().remove(cut);
    until_claims(&registry, &everybody(), &["a/new", "a/stays", "b/new", "b/stays"]).await;
}

#[tokio::test]
async fn where_the_export_may_not_be_watched_each_workspace_is_and_it_is_told() {
    let world = World::new().await;
    for name in ["a", "b"] {
        world.bound(name);
        world.thing(name, "payments-dev", "first");
    }
    let refused = world.kcp.front().faults().add(
        Matcher::default(),
        Fault::Status {
            code: 403,
            message: "no content for you".into(),
            retry_after: None,
        },
    );
    let registry = connected(world.documents(&["a", "b"]));
    until_claims(&registry, &everybody(), &["a/first", "b/first"]).await;
    let is_alone = |status: &PlaneStatus| matches!(&status.exports[..], [export] if matches!(&export.watch, ExportWatch::Each(why) if why.contains("no content for you")));
    until_status(&registry, "a", "watched alone", is_alone).await;
    world.thing("b", "payments-dev", "second");
    until_claims(&registry, &everybody(), &["a/first", "b/first", "b/second"]).await;
    eventually("b is watched on its own", async || {
        (world.calls_in("b", "watch") > 0).then_some(())
    })
    .await;
    // Once it may, the workspaces share it.
    world.kcp.front().faults().remove(refused);
    let shared = |status: &PlaneStatus| status.exports[0].watch == ExportWatch::Shared;
    until_status(&registry, "b", "watched with the others", shared).await;
    world.thing("b", "payments-dev", "third");
    until_claims(
        &registry,
        &everybody(),
        &["a/first", "b/first", "b/second", "b/third"],
    )
    .await;
}

#[tokio::test]
async fn an_export_without_an_endpoint_is_watched_in_each_workspace() {
    let world = World::new().await;
    world.bound("a");
    world.thing("a", "payments-dev", "first");
    let provider = world.kcp.workspace(PROVIDER).unwrap();
    let slice = GroupKind::new("apis.kcp.io", "APIExportEndpointSlice");
    provider.objects().delete(&slice, &Key::cluster(EXPORT)).unwrap();
    let registry = connected(world.documents(&["a"]));
    until_claims(&registry, &everybody(), &["a/first"]).await;
    let says = |status: &PlaneStatus| matches!(&status.exports[..], [export] if matches!(&export.watch, ExportWatch::Each(why) if why.contains("has an endpoint for things")));
    until_status(&registry, "a", "says why", says).await;
}

#[tokio::test]
async fn it_is_told_exactly_why_a_workspace_cannot_be_used() {
    let world = World::new().await;
    world.kcp.create_workspace("root", "there").unwrap();
    world.kcp.add_user("guest", Identity::new("guest", ["guests"]));
    let address = world.serving.address();
    let registry = connected(world.documents(&["nowhere"]));
    let why = until_problem(&registry, "nowhere", "there is no workspace").await;
    assert_eq!(why, "there is no workspace nowhere in root");
    // Somebody who may see nothing learns nothing of what is there.
    world.write_kubeconfig(&world.kcp.kubeconfig_for(address, "root", "guest", "guest"));
    let registry = connected(world.documents(&["there", "nowhere"]));
    for name in ["there", "nowhere"] {
        let why = until_problem(&registry, name, "is not there, or Portico may not enter it").await;
        assert!(
            why.contains("workspace access not permitted")
                && why.contains("get on workspaces.tenancy.kcp.io in root"),
            "{why}"
        );
    }
    // With the right to see the parent it is told which it is.
    world
        .kcp
        .workspace("root")
        .unwrap()
        .access()
        .grant(Subject::User("guest".into()), Rule::read_all());
    let registry = connected(world.documents(&["there", "nowhere"]));
    until_problem(&registry, "nowhere", "there is no workspace nowhere in root").await;
    let why = until_problem(
        &registry,
        "there",
        "does not let Portico into the workspace root:there",
    )
    .await;
    assert!(why.contains("the verb access on /"), "{why}");
}

#[tokio::test]
async fn a_workspace_that_becomes_ready_is_used_at_once() {
    let world = World::new().await;
    world.kcp.hold_workspaces(true);
    world.bound("slow");
    world.thing("slow", "payments-dev", "first");
    let registry = connected(world.documents(&["slow"]));
    let why = until_problem(&registry, "slow", "not ready").await;
    assert_eq!(why, "the workspace root:slow is not ready: it is Initializing");
    world.kcp.hold_workspaces(false);
    until_claims(&registry, &everybody(), &["slow/first"]).await;
    until_status(&registry, "slow", "ready", |status| {
        status.state == PlaneState::Ready
    })
    .await;
}

#[tokio::test]
async fn a_kubeconfig_for_a_workspace_needs_no_word_in_the_document() {
    let world = World::new().await;
    world.bound("a");
    world.bound("b");
    world.thing("a", "payments-dev", "mine");
    world.thing("b", "payments-dev", "theirs");
    world.write_kubeconfig(&world.kcp.kubeconfig(world.serving.address(), "root:a"));
    let mut document = world.document("a");
    document.spec.kcp = None;
    let registry = connected(vec![document]);
    until_claims(&registry, &everybody(), &["a/mine"]).await;
    assert_eq!(
        world.calls_for_all("watch"),
        0,
        "no export is named, so it is watched on its own"
    );
    let address = registry.server_address(&plane("a")).unwrap();
    assert!(address.server.ends_with("/clusters/root:a"), "{}", address.server);
}

#[tokio::test]
async fn what_is_bound_later_is_offered_then() {
    let world = World::new().await;
    world.kcp.create_workspace("root", "a").unwrap();
    world.namespaces("a");
    let registry = connected(world.documents(&["a"]));
    let unbound = |status: &PlaneStatus| {
        status
            .exports
            .first()
            .is_some_and(|it| it.state == ExportState::Unbound(None))
    };
    until_status(&registry, "a", "nothing bound", unbound).await;
    assert!(registry.catalog().served(&things(), &plane("a")).is_none());
    world.bind("a");
    eventually("things are offered", async || {
        registry.catalog().served(&things(), &plane("a")).map(|_| ())
    })
    .await;
    let catalog = registry.catalog();
    assert_eq!(catalog.offerings[&things()].title, "A thing");
}

#[tokio::test]
async fn a_schema_that_may_not_be_read_is_taken_from_the_workspace() {
    let world = World::new().await;
    world.bound("a");
    world.thing("a", "payments-dev", "first");
    world
        .kcp
        .add_user("limited", Identity::new("limited", ["limited"]));
    let whom = || Subject::User("limited".into());
    world
        .kcp
        .workspace("root:a")
        .unwrap()
        .access()
        .grant(whom(), Rule::all());
    world.write_kubeconfig(
        &world
            .kcp
            .kubeconfig_for(world.serving.address(), "root", "limited", "limited"),
    );
    let registry = Planes::new(Settings::default());
    let named = document_of(&things(), OfferingSpec::default());
    registry.configure(world.documents(&["a"]), vec![named], &tenants());
    until_claims(&registry, &everybody(), &["a/first"]).await;
    let catalog = registry.catalog();
    let served = catalog.served(&things(), &plane("a")).unwrap();
    assert_eq!(served.problem, None);
    let schema = served.schema.as_ref().unwrap().parsed().await.unwrap();
    assert!(schema.node_at("spec.size").is_some());
    // It may not see the export either, so the workspace is watched on its own.
    let alone = |status: &PlaneStatus| matches!(status.exports[0].watch, ExportWatch::Each(_));
    until_status(&registry, "a", "watched alone", alone).await;
}

#[tokio::test]
async fn a_claim_is_written_and_read_in_its_workspace() {
    let world = World::new().await;
    for name in ["a", "b"] {
        world.bound(name);
    }
    let registry = connected(world.documents(&["a", "b"]));
    eventually("things are offered", async || {
        registry.catalog().served(&things(), &plane("b")).map(|_| ())
    })
    .await;
    let manifest = json!({
        "apiVersion": "example.org/v1", "kind": "Thing", "metadata": { "name": "made", "namespace": "payments-dev" },
        "spec": { "size": 2 },
    });
    let apply = async |size: i64| {
        let mut manifest = manifest.clone();
        manifest["spec"]["size"] = json!(size);
        registry
            .apply(
                &system(),
                &plane("b"),
                &portico(),
                &resource(),
                &manifest,
                &Expect::Anything,
            )
            .await
    };
    apply(2).await.unwrap();
    assert!(apply(10).await.is_err(), "the schema of the export counts");
    until_claims(&registry, &everybody(), &["b/made"]).await;
    assert_eq!(world.calls_in("b", "patch"), 2);
    assert_eq!(world.calls_in("a", "patch"), 0);
    let reference = ClaimRef {
        plane: plane("a"),
        offering: things(),
        namespace: Some("payments-dev".to_owned()),
        name: ClaimName::new("made").unwrap(),
    };
    assert!(registry.claim(&everybody(), &reference).is_none());
}

#[tokio::test]
async fn another_workspace_at_the_same_path_is_another_control_plane() {
    let world = World::new().await;
    world.bound("a");
    world.thing("a", "payments-dev", "old");
    let registry = connected(world.documents(&["a"]));
    until_claims(&registry, &everybody(), &["a/old"]).await;
    let first = registry.logical_cluster(&plane("a")).unwrap();
    let workspaces = GroupKind::new("tenancy.kcp.io", "Workspace");
    let root = world.kcp.workspace("root").unwrap();
    root.objects().delete(&workspaces, &Key::cluster("a")).unwrap();
    world.kcp.settle();
    until_claims(&registry, &everybody(), &[]).await;
    world.bound("a");
    world.thing("a", "payments-dev", "new");
    // A configuration makes it look again.
    registry.configure(world.documents(&["a"]), Vec::new(), &tenants());
    eventually("it is the other one", async || {
        (registry.logical_cluster(&plane("a"))? != first).then_some(())
    })
    .await;
    until_claims(&registry, &everybody(), &["a/new"]).await;
}

#[tokio::test]
async fn bindings_are_watched_together_and_a_change_shows_at_once() {
    let world = World::new().await;
    for name in ["a", "b"] {
        world.bound(name);
    }
    let registry = connected(world.documents(&["a", "b"]));
    let offers = |name: &str| registry.catalog().served(&things(), &plane(name)).is_some();
    let bindings = || calls_of(&world.kcp.front(), "apibindings", "watch");
    eventually("both offer things, by one watch of their bindings", async || {
        (offers("a") && offers("b") && bindings() == 1).then_some(())
    })
    .await;
    for name in ["a", "b"] {
        let workspace = world.kcp.workspace(&format!("root:{name}")).unwrap();
        assert_eq!(
            calls_of(&workspace, "apibindings", "watch"),
            0,
            "{name} has none of its own"
        );
    }
    let workspace = world.kcp.workspace("root:b").unwrap();
    let binding = GroupKind::new("apis.kcp.io", "APIBinding");
    workspace
        .objects()
        .delete(&binding, &Key::cluster(EXPORT))
        .unwrap();
    world.kcp.settle();
    let unbound = |status: &PlaneStatus| status.exports[0].state == ExportState::Unbound(None);
    until_status(&registry, "b", "unbound", unbound).await;
    eventually("b offers nothing", async || (!offers("b")).then_some(())).await;
    assert!(offers("a"));
    // What is bound again is seen by the watch of the workspace, which is its own until then.
    world.bind("b");
    eventually("b offers things", async || offers("b").then_some(())).await;
    assert_eq!(calls_of(&workspace, "apibindings", "watch"), 1);
    let bound = |status: &PlaneStatus| status.exports[0].state == ExportState::Bound;
    until_status(&registry, "b", "bound", bound).await;
}

#[tokio::test]
async fn bindings_that_an_export_does_not_show_are_watched_in_each_workspace() {
    let world = World::new().await;
    world.bound("a");
    let matcher = Matcher {
        resource: Some("apibindings".into()),
        ..Matcher::default()
    };
    let missing = Fault::Status {
        code: 404,
        message: "no apibindings here".into(),
        retry_after: None,
    };
    world.kcp.front().faults().add(matcher, missing);
    let registry = connected(world.documents(&["a"]));
    let workspace = world.kcp.workspace("root:a").unwrap();
    eventually("a is watched on its own", async || {
        (calls_of(&workspace, "apibindings", "watch") > 0).then_some(())
    })
    .await;
    let binding = GroupKind::new("apis.kcp.io", "APIBinding");
    workspace
        .objects()
        .delete(&binding, &Key::cluster(EXPORT))
        .unwrap();
    world.kcp.settle();
    let unbound = |status: &PlaneStatus| {
        status
            .exports
            .first()
            .is_some_and(|it| it.state == ExportState::Unbound(None))
    };
    until_status(&registry, "a", "unbound", unbound).await;
}

#[tokio::test]
async fn a_shard_that_stops_costs_its_own_workspaces_only() {
    let world = World::new().await;
    let shard = world.shard("127.0.0.1:0").await;
    let address = shard.address().to_string();
    world.bound("a");
    world.bound_on(1, "b");
    for name in ["a", "b"] {
        world.thing(name, "payments-dev", "first");
    }
    let registry = connected(world.documents(&["a", "b"]));
    until_claims(&registry, &everybody(), &["a/first", "b/first"]).await;
    for name in ["a", "b"] {
        until_status(&registry, name, "watched by its shard", |status| {
            status.exports[0].watch == ExportWatch::Shared
        })
        .await;
        world.thing(name, "payments-dev", "second");
    }
    let all = ["a/first", "a/second", "b/first", "b/second"];
    until_claims(&registry, &everybody(), &all).await;
    // What was listed is there a moment before the watch begins.
    eventually("one watch at each endpoint", async || {
        (world.calls_for_all("watch") == 2).then_some(())
    })
    .await;

    shard.shutdown().await;
    let fails = |status: &PlaneStatus| matches!(&status.exports[0].watch, ExportWatch::Interrupted(why) if why.contains(&address));
    until_status(&registry, "b", "its endpoint fails", fails).await;
    world.thing("a", "payments-dev", "third");
    let more = ["a/first", "a/second", "a/third", "b/first", "b/second"];
    until_claims(&registry, &everybody(), &more).await;
    let of_a = registry.status(&plane("a")).unwrap();
    assert_eq!(
        (&of_a.exports[0].watch, &of_a.state),
        (&ExportWatch::Shared, &PlaneState::Ready)
    );

    let _shard = world.shard(&address).await;
    world.thing("b", "payments-dev", "third");
    until_claims(
        &registry,
        &everybody(),
        &["a/first", "a/second", "a/third", "b/first", "b/second", "b/third"],
    )
    .await;
    let again = |status: &PlaneStatus| status.exports[0].watch == ExportWatch::Shared;
    until_status(&registry, "b", "its endpoint answers again", again).await;
    for name in ["a", "b"] {
        assert_eq!(world.calls_in(name, "watch"), 0, "{name} has none of its own");
    }
}

#[tokio::test]
async fn a_workspace_whose_endpoint_goes_is_watched_on_its_own_until_it_comes_again() {
    let world = World::new().await;
    let _shard = world.shard("127.0.0.1:0").await;
    world.bound("a");
    world.bound_on(1, "b");
    let registry = connected(world.documents(&["a", "b"]));
    let shared = |status: &PlaneStatus| {
        status
            .exports
            .first()
            .is_some_and(|it| it.watch == ExportWatch::Shared)
    };
    until_status(&registry, "b", "watched by its shard", shared).await;
    world.thing("b", "payments-dev", "first");
    until_claims(&registry, &everybody(), &["b/first"]).await;
    world.kcp.set_endpoint(1, false);
    let alone = |status: &PlaneStatus| matches!(&status.exports[0].watch, ExportWatch::Each(why) if why.contains("no longer among those of root:platform:things"));
    until_status(&registry, "b", "watched alone", alone).await;
    world.thing("b", "payments-dev", "second");
    world.thing("a", "payments-dev", "first");
    until_claims(&registry, &everybody(), &["a/first", "b/first", "b/second"]).await;
    assert!(shared(&registry.status(&plane("a")).unwrap()));
    // One that is not among them from the start is at none of them.
    let other = connected(world.documents(&["a", "b"]));
    let nowhere = |status: &PlaneStatus| matches!(status.exports.first().map(|it| &it.watch), Some(ExportWatch::Each(why)) if why.contains("none of the endpoints"));
    until_status(&other, "b", "at no endpoint", nowhere).await;
    until_claims(&other, &everybody(), &["a/first", "b/first", "b/second"]).await;

    world.kcp.set_endpoint(1, true);
    for registry in [&registry, &other] {
        until_status(registry, "b", "watched by its shard again", shared).await;
    }
    world.thing("b", "payments-dev", "third");
    let all = ["a/first", "b/first", "b/second", "b/third"];
    until_claims(&registry, &everybody(), &all).await;
}

#[tokio::test]
async fn a_workspace_that_two_endpoints_show_has_its_claims_once() {
    let world = World::new().await;
    let _shard = world.shard("127.0.0.1:0").await;
    world.kcp.show_everywhere(true);
    world.bound("a");
    world.bound_on(1, "b");
    for name in ["a", "b"] {
        world.thing(name, "payments-dev", "first");
    }
    let registry = connected(world.documents(&["a", "b"]));
    until_claims(&registry, &everybody(), &["a/first", "b/first"]).await;
    for name in ["a", "b"] {
        world.thing(name, "payments-dev", "second");
    }
    let all = ["a/first", "a/second", "b/first", "b/second"];
    until_claims(&registry, &everybody(), &all).await;
    for name in ["a", "b"] {
        let workspace = world.kcp.workspace(&format!("root:{name}")).unwrap();
        let key = Key::namespaced("payments-dev", "first");
        let thing = GroupKind::new("example.org", "Thing");
        workspace.objects().delete(&thing, &key).unwrap();
    }
    until_claims(&registry, &everybody(), &["a/second", "b/second"]).await;
}
