use portico_api::NamespaceState;
use portico_domain::documents::{Configuration, NamespaceTemplate};
use portico_simulator::kube::{GroupKind, Key};
use serde_json::{Value, from_value, json};

use super::*;
use crate::PortalError;
use crate::configuration::{Loaded, WithHome};
use crate::testing::{TestApp, everyone};

/// Makes this the only template.
fn template(app: &TestApp, spec: &Value) {
    let mut configuration = Configuration::clone(&app.portal.configuration());
    let template: NamespaceTemplate = from_value(json!({ "name": "one", "spec": spec })).unwrap();
    configuration.namespace_templates = BTreeMap::from([(template.name.clone(), template)]);
    app.portal.shared.configuration.take(Loaded {
        configuration: Some(configuration),
        digest: spec.to_string(),
        ..Loaded::default()
    });
}

fn with_quota(pods: &str) -> Value {
    json!({ "objects": [{
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "compute" },
        "spec": { "hard": { "pods": pods } },
    }] })
}

/// Compares once, and returns the row of `t0-sandbox`.
async fn keep(app: &TestApp, memories: &mut BTreeMap<PlaneName, Memory>) -> NamespaceRow {
    let authority = SystemAuthority::for_tests();
    app.portal.keep_tenant_namespaces_once(&authority, memories).await;
    let known = app.portal.shared.namespaces.lock();
    let rows = known.values().flat_map(|known| &known.rows);
    let mut rows = rows.filter(|row| row.name == "t0-sandbox");
    rows.next().cloned().unwrap()
}

fn quota() -> (GroupKind, Key) {
    (
        GroupKind::new("", "ResourceQuota"),
        Key::namespaced("t0-sandbox", "compute"),
    )
}

fn pods(app: &TestApp) -> Option<Value> {
    let (kind, key) = quota();
    let found = app.simulated.objects().get(&kind, &key)?;
    Some(found["spec"]["hard"]["pods"].clone())
}

fn change_by_hand(app: &TestApp) {
    let (kind, key) = quota();
    let objects = app.simulated.objects().managed_by("kubectl-edit");
    let patch = json!({ "spec": { "hard": { "pods": "9000" } } });
    objects.patch(&kind, &key, patch).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_somebody_keeps_changing_is_left_alone_for_a_while() {
    let app = TestApp::new().await;
    template(&app, &with_quota("5"));
    let mut memories = BTreeMap::new();
    assert!(app.portal.has_new_namespaces());
    let row = keep(&app, &mut memories).await;
    assert!(
        !app.portal.has_new_namespaces(),
        "missed changes are no reason to look again at once"
    );
    assert_eq!((row.state, row.corrected), (NamespaceState::Kept, None));
    for _ in 0..3 {
        change_by_hand(&app);
        let row = keep(&app, &mut memories).await;
        let corrected = row.corrected.unwrap();
        assert_eq!(corrected.by.as_deref(), Some("kubectl-edit"));
        assert_eq!(pods(&app), Some(json!("5")));
    }
    change_by_hand(&app);
    let row = keep(&app, &mut memories).await;
    assert_eq!(row.state, NamespaceState::Incomplete);
    assert!(
        row.problems[0].contains("kubectl-edit keeps changing it"),
        "{row:?}"
    );
    assert_eq!(pods(&app), Some(json!("9000")));
    let corrections = app.audited(None).await.into_iter();
    assert_eq!(
        corrections
            .filter(|(verb, _)| verb == "namespace.corrected")
            .count(),
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_template_is_no_correction_and_nothing_is_written_twice() {
    let app = TestApp::new().await;
    template(&app, &with_quota("5"));
    let mut memories = BTreeMap::new();
    let _ = keep(&app, &mut memories).await;
    let version = |app: &TestApp| {
        let (kind, key) = quota();
        app.simulated.objects().get(&kind, &key).unwrap()["metadata"]["resourceVersion"].clone()
    };
    let before = version(&app);
    let _ = keep(&app, &mut memories).await;
    // After a restart nothing is remembered.
    let _ = keep(&app, &mut BTreeMap::new()).await;
    assert_eq!(version(&app), before);
    template(&app, &with_quota("6"));
    let row = keep(&app, &mut memories).await;
    assert_eq!((row.state, row.corrected), (NamespaceState::Kept, None));
    assert_eq!(pods(&app), Some(json!("6")));
    template(&app, &json!({}));
    let _ = keep(&app, &mut memories).await;
    assert_eq!(pods(&app), None, "no template has it any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_ours_is_left_alone() {
    let app = TestApp::new().await;
    let namespace = |labels: Value, annotations: Value| {
        let metadata = json!({ "name": "t0-sandbox", "labels": labels, "annotations": annotations });
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata });
        app.simulated
            .objects()
            .managed_by("kubectl")
            .apply(object)
            .unwrap();
    };
    template(&app, &with_quota("5"));
    for (labels, annotations, said) in [
        (json!({}), json!({}), "label it portico.dev/tenant=t0"),
        (
            json!({ "portico.dev/tenant": "t1" }),
            json!({}),
            "it is the tenant t1’s",
        ),
        (
            json!({ "portico.dev/tenant": "t0" }),
            json!({ "portico.dev/portal": "another" }),
            "the portal another keeps it",
        ),
    ] {
        namespace(labels, annotations);
        let row = keep(&app, &mut BTreeMap::new()).await;
        assert_eq!(row.state, NamespaceState::Foreign);
        assert!(row.problems[0].contains(said), "{said}: {row:?}");
        assert_eq!(pods(&app), None);
    }
    namespace(json!({ "portico.dev/tenant": "t0" }), json!({}));
    assert_eq!(keep(&app, &mut BTreeMap::new()).await.state, NamespaceState::Kept);
    assert_eq!(pods(&app), Some(json!("5")));
    // An object of the same name that somebody else made.
    let (kind, key) = quota();
    app.simulated.objects().delete(&kind, &key).unwrap();
    let own = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "spec": { "hard": { "pods": "7" } },
        "metadata": { "name": "compute", "namespace": "t0-sandbox" } });
    app.simulated.objects().managed_by("kubectl").apply(own).unwrap();
    let row = keep(&app, &mut BTreeMap::new()).await;
    assert_eq!(row.state, NamespaceState::Incomplete);
    assert!(row.problems[0].contains("one of this name exists"), "{row:?}");
    assert_eq!(pods(&app), Some(json!("7")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_namespace_is_for_the_platform_alone() {
    let app = TestApp::new().await;
    template(&app, &with_quota("5"));
    let labels = json!({ "portico.dev/tenant": "t1" });
    let other = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "t0-sandbox", "labels": labels } });
    app.simulated
        .objects()
        .managed_by("kubectl")
        .apply(other)
        .unwrap();
    let _ = keep(&app, &mut BTreeMap::new()).await;
    let tenant = "t0".parse().unwrap();
    for (who, viewer) in everyone() {
        let page = app.portal.tenant_page(&viewer, &tenant).await;
        let (sees, problems) = match &page {
            Ok(page) => {
                let planes = page.environments.iter().flat_map(|it| &it.planes);
                let namespaces = planes.filter_map(|plane| plane.namespace.as_ref());
                let of_sandbox = namespaces.filter(|row| row.name == "t0-sandbox");
                (true, of_sandbox.map(|row| row.problems.len()).sum())
            }
            Err(PortalError::NotFound) => (false, 0),
            Err(error) => panic!("{who}: {error:?}"),
        };
        let expected = match who {
            "platform admin" => (true, 1),
            "tenant admin" => (true, 0),
            _ => (false, 0),
        };
        assert_eq!((sees, problems), expected, "{who}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_back_while_the_home_plane_has_not_been_read() {
    let app = TestApp::new().await;
    template(&app, &with_quota("5"));
    let mut memories = BTreeMap::new();
    let _ = keep(&app, &mut memories).await;
    let mut configuration = Configuration::clone(&app.portal.configuration());
    for template in configuration.namespace_templates.values_mut() {
        template.spec = from_value(json!({})).unwrap();
    }
    let loaded = |home| Loaded {
        configuration: Some(configuration.clone()),
        digest: "without quota".to_owned(),
        home,
        ..Loaded::default()
    };
    let not_read = WithHome::not_read(&configuration, "", None);
    app.portal.shared.configuration.take(loaded(Some(not_read)));
    let _ = keep(&app, &mut memories).await;
    assert_eq!(pods(&app), Some(json!("5")));
    app.portal.shared.configuration.take(loaded(None));
    let _ = keep(&app, &mut memories).await;
    assert_eq!(pods(&app), None, "read, and the template does not have it");
}
