//! The namespaces of tenants on a real API server: made from templates, kept, and never taken from others.

use std::fs;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_mins(1);

const TEMPLATES: &str = "
apiVersion: portico.dev/v1alpha1
kind: NamespaceTemplate
metadata: { name: standard }
spec:
  controlPlaneLabels: { real: 'true' }
  labels: { pod-security.kubernetes.io/enforce: baseline }
  roles: { viewer: team-view, developer: team-edit }
  groups: { prefix: 'oidc:' }
  kubeconfig: { minutes: 10 }
  objects:
    - apiVersion: v1
      kind: ResourceQuota
      metadata: { name: compute }
      spec: { hard: { requests.cpu: '1000m', pods: '20' } }
    - apiVersion: v1
      kind: LimitRange
      metadata: { name: defaults }
      spec: { limits: [{ type: Container, default: { cpu: 500m }, defaultRequest: { cpu: 100m } }] }
    - apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: { name: default-deny }
      spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] }
";

/// The platform's roles. (Those that Kubernetes brings are filled by a controller that does not run here.)
pub(crate) const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: team-view }
rules: [{ apiGroups: [''], resources: [pods, configmaps], verbs: [get, list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: team-edit }
rules: [{ apiGroups: [''], resources: [pods, configmaps], verbs: ['*'] }]
";

/// The demo's portal with a real control plane that all tenants may use.
pub(crate) async fn portal(server: &ApiServer, templates: &str) -> SeparateProcess {
    let world = SeparateProcess::world().await;
    let plane = format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: real, labels: {{ real: 'true', shared: 'true' }} }}
spec:
  title: The real one
  connection: {{ kubeconfig: {{ path: '{}' }} }}
---{templates}",
        server.kubeconfig().display()
    );
    fs::write(world.ready.configuration.join("real.yaml"), plane).unwrap();
    SeparateProcess::over(world, "warn").await
}

/// The row of a namespace on the control plane's page, as the API has it.
pub(crate) async fn until_namespace(pat: &Person, name: &str, is: impl Fn(&Value) -> bool) -> Value {
    let what = format!("the namespace {name}");
    let page = until_right(
        &what,
        TIMEOUT,
        async || {
            let answer = pat.api(Method::GET, "/api/v1/control-planes/real", None).await;
            let page = answer.expect(200).json();
            let rows = page["namespaces"]["rows"].as_array().cloned().unwrap_or_default();
            let row = rows.into_iter().find(|row| row["name"] == name);
            row.unwrap_or_else(|| page["namespaces"].clone())
        },
        &is,
    );
    page.await
}

/// An object in `payments-dev`, or nothing.
fn get(kubectl: &Kubectl, what: &str) -> Value {
    let arguments = [
        "get",
        "--namespace=payments-dev",
        "--ignore-not-found",
        "--output=json",
        what,
    ];
    serde_json::from_str(&kubectl.run(&arguments)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_of_tenants_are_made_and_kept_as_their_templates_have_them() {
    if !ApiServer::is_here("namespaces_of_tenants_are_made_and_kept_as_their_templates_have_them")
        || !Kubectl::is_here("namespaces_of_tenants_are_made_and_kept_as_their_templates_have_them")
    {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(ROLES, &[]);
    // One that is nobody's, until it is handed over.
    let _ = kubectl.run(&["create", "namespace", "payments-production"]);
    let portal = portal(&server, TEMPLATES).await;
    let pat = portal.world.sign_in("pat").await;
    let kept = |row: &Value| row["state"] == "kept";
    let _ = until_namespace(&pat, "payments-dev", kept).await;
    let foreign = until_namespace(&pat, "payments-production", |row| row["state"] == "foreign").await;
    let problem = foreign["problems"][0].as_str().unwrap();
    assert!(
        problem.contains("label it portico.dev/tenant=payments"),
        "{foreign}"
    );
    let untouched = kubectl.json(&[
        "get",
        "resourcequota",
        "--namespace=payments-production",
        "--output=json",
    ]);
    assert_eq!(untouched["items"], json!([]));

    let namespace = get(&kubectl, "namespace/payments-dev");
    let labels = &namespace["metadata"]["labels"];
    assert_eq!(labels["portico.dev/tenant"], "payments");
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "baseline");
    let may = |group: &str, verb: &str| {
        let group = format!("--as-group={group}");
        let arguments = [
            "auth",
            "can-i",
            verb,
            "pods",
            "--namespace=payments-dev",
            "--as=somebody",
            &group,
        ];
        let output = kubectl.try_run(&arguments, None);
        String::from_utf8_lossy(&output.stdout).trim() == "yes"
    };
    assert!(may("oidc:payments-developers", "create"));
    assert!(
        !may("payments-developers", "get"),
        "without the prefix it is another group"
    );
    assert!(!may("oidc:research-developers", "get"));

    // What others change or delete is put right, and said; nothing is written while nothing changes.
    let before = get(&kubectl, "networkpolicy/default-deny")["metadata"]["resourceVersion"].clone();
    let _ = kubectl.run(&[
        "delete",
        "networkpolicy",
        "default-deny",
        "--namespace=payments-dev",
    ]);
    let quota = r#"{"spec":{"hard":{"pods":"9000"}}}"#;
    let _ = kubectl.run(&[
        "patch",
        "resourcequota",
        "compute",
        "--namespace=payments-dev",
        "--type=merge",
        "--patch",
        quota,
    ]);
    let _ = kubectl.run(&[
        "label",
        "namespace",
        "payments-production",
        "portico.dev/tenant=payments",
    ]);
    // Any change of the configuration makes Portico look at once.
    let folder = &portal.world.ready.configuration;
    let strict = "
apiVersion: portico.dev/v1alpha1
kind: NamespaceTemplate
metadata: { name: strict }
spec:
  environments: production
  controlPlaneLabels: { real: 'true' }
  labels: { pod-security.kubernetes.io/enforce: restricted }
";
    fs::write(folder.join("later.yaml"), strict).unwrap();
    let _ = until_namespace(&pat, "payments-production", kept).await;
    let production = kubectl.json(&["get", "namespace", "payments-production", "--output=json"]);
    let level = &production["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    assert_eq!(level, "restricted", "the later template decides");
    let corrected = until_namespace(&pat, "payments-dev", |row| {
        get(&kubectl, "networkpolicy/default-deny").is_object() && row["corrected"].is_object()
    })
    .await;
    assert_eq!(
        get(&kubectl, "resourcequota/compute")["spec"]["hard"]["pods"],
        "20"
    );
    assert_ne!(
        get(&kubectl, "networkpolicy/default-deny")["metadata"]["resourceVersion"],
        before
    );
    let record = pat
        .api(Method::GET, "/api/v1/record?verb=namespace.corrected", None)
        .await
        .expect(200)
        .json();
    let record = record["rows"].to_string();
    assert!(
        record.contains("ResourceQuota compute") && record.contains("kubectl-patch"),
        "{record}"
    );
    assert!(record.contains("NetworkPolicy default-deny"), "{record}");
    let page = pat.get("/admin/control-planes/real").await.expect(200).page();
    let said = page.text("section[aria-labelledby=namespaces]").unwrap();
    assert!(said.contains("was put right"), "{said} {corrected}");

    // What no template has any more goes, what others made there stays.
    let _ = kubectl.run(&[
        "create",
        "quota",
        "own",
        "--namespace=payments-dev",
        "--hard=services=5",
    ]);
    let without = fs::read_to_string(folder.join("real.yaml")).unwrap();
    let (head, tail) = without
        .split_once("    - apiVersion: v1\n      kind: LimitRange")
        .unwrap();
    let (_, tail) = tail.split_once("    - apiVersion: networking").unwrap();
    fs::write(
        folder.join("real.yaml"),
        format!("{head}    - apiVersion: networking{tail}"),
    )
    .unwrap();
    until("the limit range goes", TIMEOUT, async || {
        get(&kubectl, "limitrange/defaults").is_null().then_some(())
    })
    .await;
    assert!(get(&kubectl, "resourcequota/own").is_object());

    // A tenant that may not use the control plane any more loses its rights there, and nothing else.
    let revoked = fs::read_to_string(folder.join("real.yaml")).unwrap().replace(
        "spec:\n  title: The real one",
        "spec:\n  title: The real one\n  dedicatedTo: [research]",
    );
    fs::write(folder.join("real.yaml"), revoked).unwrap();
    let unused = until_namespace(&pat, "payments-dev", |row| row["state"] == "unused").await;
    assert!(!may("oidc:payments-developers", "get"), "{unused}");
    assert!(get(&kubectl, "resourcequota/compute").is_object());
    assert!(get(&kubectl, "namespace/payments-dev").is_object());
}
