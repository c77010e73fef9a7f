use portico_domain::documents::{ActAs, Connection, ControlPlane, ExportReference, Limits};
use serde_json::json;

use super::super::member::tests::{EventLog, member, object};
use super::*;
use crate::client::ApiClient;
use crate::connect::{SharedClients, connect, no_secrets};
use crate::discovery::ExportOrigin;
use crate::shared::Settings;

/// A client that makes no call.
async fn unconnected() -> ApiClient {
    let name = "a".parse().unwrap();
    let document = ControlPlane::bare(name, Connection::Agent {}, ActAs::Portico, Limits::default());
    let clients = SharedClients::default();
    let connected = connect(&document, &Settings::default(), &no_secrets(), &clients).await;
    ApiClient::new("a".to_owned(), connected.unwrap().connection, &document)
}

fn things() -> ResourceRef {
    ResourceRef {
        group: "example.org".into(),
        version: "v1".into(),
        kind: "Thing".into(),
        plural: "things".into(),
        namespaced: true,
    }
}

/// The watches of an export with these endpoints: of its bindings, and of things.
struct Watches {
    export: Arc<ExportState>,
    bindings: Arc<StreamState>,
    things: Arc<StreamState>,
}

impl Watches {
    async fn of(urls: &[&str]) -> Self {
        let origin = ExportOrigin {
            source: "kubeconfig".into(),
            export: ExportReference {
                path: "root:platform".into(),
                name: "things".into(),
            },
        };
        let export = Arc::new(ExportState::new(origin, unconnected().await));
        let watches = Self {
            bindings: Arc::new(StreamState::new(export.clone(), binding_resource())),
            things: Arc::new(StreamState::new(export.clone(), things())),
            export,
        };
        watches.set_endpoints(urls);
        watches
    }

    fn set_endpoints(&self, urls: &[&str]) {
        let urls = urls.iter().map(|url| Arc::from(*url)).collect();
        self.export.set_endpoints(Endpoints::Known(urls));
    }

    /// What one endpoint sends of things.
    fn things_at(&self, url: &str) -> Splitter {
        Splitter::new(self.things.clone(), url.into())
    }

    /// Lists the bindings at an endpoint: of these logical clusters.
    fn bindings_at(&self, url: &str, clusters: &[&str]) -> Splitter {
        let splitter = Splitter::new(self.bindings.clone(), url.into());
        splitter.on_relist();
        let bindings = clusters.iter().map(|cluster| in_cluster(Some(cluster), "things"));
        let keys: HashSet<String> = bindings.filter_map(|binding| splitter.apply(binding)).collect();
        splitter.retain(&keys);
        splitter.on_synced();
        splitter
    }

    /// A workspace in the watch of things that has been listed.
    fn member(&self, cluster: &str) -> Arc<EventLog> {
        let (seen, member) = member(cluster);
        member.begin_list();
        member.listed("1");
        self.things.members.add(member);
        seen
    }
}

fn in_cluster(cluster: Option<&str>, name: &str) -> Value {
    let mut object = object(name, 5);
    if let Some(cluster) = cluster {
        object["metadata"]["annotations"] = json!({ "kcp.io/cluster": cluster });
    }
    object
}

fn unreachable() -> PlaneError {
    PlaneError::Unreachable {
        plane: "the endpoint https://two".to_owned(),
        message: "connection refused".to_owned(),
    }
}

#[tokio::test]
async fn a_list_of_all_removes_nothing_of_a_workspace_that_is_listed_meanwhile() {
    let watches = Watches::of(&["https://one"]).await;
    let all = watches.things_at("https://one");
    let (seen, member) = member("c");
    watches.things.members.add(member.clone());
    member.begin_list();
    all.on_relist();
    assert_eq!(
        all.apply(in_cluster(Some("c"), "a")),
        None,
        "kept until the workspace is listed"
    );
    member.listed("7");
    all.retain(&HashSet::new());
    assert!(seen.0.lock().is_empty(), "nothing is removed");
    member.relist.notified().await;
    // One that was listed before has what the list of all has.
    all.on_relist();
    let key = all.apply(in_cluster(Some("c"), "a")).unwrap();
    all.retain(&HashSet::from([key]));
    assert_eq!(*seen.0.lock(), ["+a", "=a"]);
}

#[tokio::test]
async fn an_object_of_nobody_is_given_to_nobody() {
    let watches = Watches::of(&["https://one"]).await;
    let seen = watches.member("c");
    let all = watches.things_at("https://one");
    for cluster in [None, Some("other"), Some("")] {
        assert_eq!(all.apply(in_cluster(cluster, "a")), None);
        all.delete(&in_cluster(cluster, "a"));
    }
    assert!(seen.0.lock().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_fails_costs_its_own_workspaces_only() {
    let watches = Watches::of(&["https://one", "https://two"]).await;
    let (c, d) = (watches.member("c"), watches.member("d"));
    watches.bindings_at("https://one", &["c"]);
    watches.bindings_at("https://two", &["d"]);
    let two = watches.things_at("https://two");
    for _ in 0..FAILURES_UNTIL_DOWN {
        two.on_error(&unreachable());
    }
    assert_eq!(*d.0.lock(), ["!", "!"]);
    assert!(c.0.lock().is_empty());
    assert_eq!(watches.things.availability("c"), Availability::Serving(None));
    let of_d = watches.things.availability("d");
    assert!(
        matches!(&of_d, Availability::Serving(Some(why)) if why.contains("https://two")),
        "{of_d:?}"
    );
    two.on_synced();
    assert_eq!(watches.things.availability("d"), Availability::Serving(None));
}

#[tokio::test]
async fn the_list_of_one_endpoint_says_nothing_of_workspaces_at_another() {
    let watches = Watches::of(&["https://one", "https://two"]).await;
    let seen = watches.member("c");
    watches.bindings_at("https://one", &["c"]);
    let two = watches.things_at("https://two");
    two.on_relist();
    two.retain(&HashSet::new());
    assert!(seen.0.lock().is_empty(), "nothing is removed");
}

#[tokio::test]
async fn a_workspace_that_two_endpoints_show_is_taken_from_one() {
    let watches = Watches::of(&["https://one", "https://two"]).await;
    let seen = watches.member("c");
    let bindings = watches.bindings_at("https://one", &["c"]);
    watches.bindings_at("https://two", &["c"]);
    let (one, two) = (watches.things_at("https://one"), watches.things_at("https://two"));
    assert!(one.apply(in_cluster(Some("c"), "a")).is_some());
    assert_eq!(two.apply(in_cluster(Some("c"), "a")), None);
    two.delete(&in_cluster(Some("c"), "a"));
    assert_eq!(*seen.0.lock(), ["+a"]);
    // When the one does not answer, the other takes over.
    for _ in 0..FAILURES_UNTIL_DOWN {
        bindings.on_error(&unreachable());
    }
    assert!(two.apply(in_cluster(Some("c"), "b")).is_some());
    assert_eq!(watches.export.placement.of("c").as_deref(), Some("https://two"));
}

#[tokio::test]
async fn a_workspace_at_no_endpoint_is_not_served() {
    let watches = Watches::of(&["https://one", "https://two"]).await;
    watches.bindings_at("https://one", &["c"]);
    assert_eq!(
        watches.things.availability("d"),
        Availability::Serving(None),
        "the other endpoint has not been read"
    );
    watches.bindings_at("https://two", &["d"]);
    assert_eq!(watches.things.availability("d"), Availability::Serving(None));
    assert_eq!(watches.things.availability("e"), Availability::Unplaced);
    watches.set_endpoints(&["https://one"]);
    assert_eq!(watches.things.availability("c"), Availability::Serving(None));
    let of_d = watches.things.availability("d");
    assert!(
        matches!(&of_d, Availability::Unavailable(why) if why.contains("no longer among those of")),
        "{of_d:?}"
    );
}
