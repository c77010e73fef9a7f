//! The namespaces of tenants on a real API server: made from templates, kept, and never taken from others.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::processes::portico;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) const TEMPLATES: &str = "
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

/// The demo's portal with a real control plane that all tenants may use, where Portico has the rights that `portico
/// rbac` prints, and no others.
pub(crate) async fn portal(server: &ApiServer, templates: &str) -> SeparateProcess {
    let world = SeparateProcess::world().await;
    let kubeconfig = world.data().join("real.kubeconfig");
    let admin = fs::read_to_string(server.kubeconfig()).unwrap();
    fs::write(&kubeconfig, &admin).unwrap();
    let plane = format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: real, labels: {{ real: 'true', shared: 'true' }} }}
spec:
  title: The real one
  connection: {{ kubeconfig: {{ path: '{}' }} }}
---{templates}",
        kubeconfig.display()
    );
    let folder = &world.ready.configuration;
    fs::write(folder.join("real.yaml"), plane).unwrap();
    fs::remove_file(folder.join("namespace-templates.yaml")).unwrap();
    let kubectl = server.kubectl();
    kubectl.apply(ACCOUNT, &[]);
    let printed = Command::new(portico())
        .args(["rbac", "--for=real", "--config"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        printed.status.success(),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    kubectl.apply(&String::from_utf8(printed.stdout).unwrap(), &[]);
    let token = kubectl.run(&["create", "token", "portico", "--namespace=portico"]);
    let own: Vec<String> = admin
        .lines()
        .map(|line| {
            if line.contains("user: { token:") {
                format!("  user: {{ token: {} }}", token.trim())
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(&kubeconfig, own.join("\n")).unwrap();
    SeparateProcess::over(world, "warn").await
}

const ACCOUNT: &str = "\
apiVersion: v1
kind: Namespace
metadata: { name: portico }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: portico, namespace: portico }
";

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
    if !is_here("namespaces_of_tenants_are_made_and_kept_as_their_templates_have_them") {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(ROLES, &[]);
    // One that is nobody's, until it is handed over.
    let _ = kubectl.run(&["create", "namespace", "payments-production"]);
    let portal = portal(&server, TEMPLATES).await;
    let pat = portal.world.sign_in("pat").await;
    let folder = &portal.world.ready.configuration;
    made(&kubectl, &pat).await;
    put_right(&kubectl, &pat, folder).await;
    taken_back(&kubectl, &pat, folder).await;
}

pub(crate) fn is_here(test: &str) -> bool {
    ApiServer::is_here(test) && Kubectl::is_here(test)
}

pub(crate) fn is_kept(row: &Value) -> bool {
    row["state"] == "kept"
}

/// True if somebody of this group may do this with pods in `payments-dev`.
fn may(kubectl: &Kubectl, group: &str, verb: &str) -> bool {
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
}

async fn made(kubectl: &Kubectl, pat: &Person) {
    let _ = until_namespace(pat, "payments-dev", is_kept).await;
    let foreign = until_namespace(pat, "payments-production", |row| row["state"] == "foreign").await;
    let problem = foreign["problems"][0].as_str().unwrap();
    assert!(
        problem.contains("label it portico.dev/tenant=payments"),
        "{foreign}"
    );
    let quotas = [
        "get",
        "resourcequota",
        "--namespace=payments-production",
        "--output=json",
    ];
    assert_eq!(kubectl.json(&quotas)["items"], json!([]), "it is left alone");

    let namespace = get(kubectl, "namespace/payments-dev");
    let labels = &namespace["metadata"]["labels"];
    assert_eq!(labels["portico.dev/tenant"], "payments");
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "baseline");
    assert!(may(kubectl, "oidc:payments-developers", "create"));
    // Without the prefix it is another group.
    assert!(!may(kubectl, "payments-developers", "get"));
    assert!(!may(kubectl, "oidc:research-developers", "get"));
}

/// What others change or delete is put right, and said.
async fn put_right(kubectl: &Kubectl, pat: &Person, folder: &Path) {
    let in_dev = "--namespace=payments-dev";
    let _ = kubectl.run(&["delete", "networkpolicy", "default-deny", in_dev]);
    let patch = r#"--patch={"spec":{"hard":{"pods":"9000"}}}"#;
    let _ = kubectl.run(&["patch", "resourcequota", "compute", in_dev, "--type=merge", patch]);
    let _ = kubectl.run(&[
        "label",
        "namespace",
        "payments-production",
        "portico.dev/tenant=payments",
    ]);
    // Any change of the configuration makes Portico look at once.
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
    let _ = until_namespace(pat, "payments-production", is_kept).await;
    let production = kubectl.json(&["get", "namespace", "payments-production", "--output=json"]);
    let level = &production["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    assert_eq!(level, "restricted", "the later template decides");
    let _ = until_namespace(pat, "payments-dev", |row| {
        get(kubectl, "networkpolicy/default-deny").is_object() && row["corrected"].is_object()
    })
    .await;
    assert_eq!(
        get(kubectl, "resourcequota/compute")["spec"]["hard"]["pods"],
        "20"
    );
    let verb = "/api/v1/record?verb=namespace.corrected";
    let record = pat.api(Method::GET, verb, None).await.expect(200).json();
    let record = record["rows"].to_string();
    for part in [
        "ResourceQuota compute",
        "kubectl-patch",
        "NetworkPolicy default-deny",
    ] {
        assert!(record.contains(part), "{part}: {record}");
    }
    let page = pat.get("/admin/control-planes/real").await.expect(200).page();
    let said = page.text("section[aria-labelledby=namespaces]").unwrap();
    assert!(said.contains("was put right"), "{said}");
}

async fn taken_back(kubectl: &Kubectl, pat: &Person, folder: &Path) {
    // What no template has any more goes, what others made there stays.
    let _ = kubectl.run(&[
        "create",
        "quota",
        "own",
        "--namespace=payments-dev",
        "--hard=services=5",
    ]);
    let file = folder.join("real.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let (head, rest) = text
        .split_once("    - apiVersion: v1\n      kind: LimitRange")
        .unwrap();
    let (_, tail) = rest.split_once("    - apiVersion: networking").unwrap();
    let text = format!("{head}    - apiVersion: networking{tail}");
    fs::write(&file, &text).unwrap();
    until("the limit range goes", TIMEOUT, async || {
        get(kubectl, "limitrange/defaults").is_null().then_some(())
    })
    .await;
    assert!(get(kubectl, "resourcequota/own").is_object());

    // A tenant that may not use the control plane any more loses its rights there, and nothing else.
    let title = "spec:\n  title: The real one";
    let text = text.replace(title, &format!("{title}\n  dedicatedTo: [research]"));
    fs::write(&file, text).unwrap();
    let _ = until_namespace(pat, "payments-dev", |row| row["state"] == "unused").await;
    assert!(!may(kubectl, "oidc:payments-developers", "get"));
    assert!(get(kubectl, "resourcequota/compute").is_object());
    assert!(get(kubectl, "namespace/payments-dev").is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_for_templates_are_named() {
    if !is_here("rights_that_are_missing_for_templates_are_named") {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(ROLES, &[]);
    let portal = portal(&server, TEMPLATES).await;
    let pat = portal.world.sign_in("pat").await;
    let _ = until_namespace(&pat, "payments-dev", is_kept).await;
    let folder = &portal.world.ready.configuration;
    let before = kubectl.json(&["get", "clusterrole", "portico", "--output=json"]);
    let original = fs::read_to_string(folder.join("real.yaml")).unwrap();
    for (number, (resource, verb, said)) in [
        ("resourcequotas", "list", "ResourceQuota compute"),
        ("limitranges", "patch", "LimitRange defaults"),
        ("clusterroles", "bind", "RoleBinding portico:team-edit"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut less = before.clone();
        less["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("resourceVersion");
        let rules = less["rules"].as_array_mut().unwrap();
        for rule in rules.iter_mut().filter(|rule| rule["resources"][0] == resource) {
            let verbs = rule["verbs"].as_array_mut().unwrap();
            verbs.retain(|known| known != verb);
        }
        rules.retain(|rule| rule["verbs"] != json!([]));
        let replace = |role: &Value| {
            let replaced = kubectl.try_run(&["replace", "--filename=-"], Some(&role.to_string()));
            assert!(replaced.status.success(), "{replaced:?}");
        };
        replace(&less);
        // Another label on everything, so that each object is applied again.
        let text = original
            .replace(
                "metadata: { name: compute",
                &format!("metadata: {{ annotations: {{ n: '{number}' }}, name: compute"),
            )
            .replace(
                "metadata: { name: defaults",
                &format!("metadata: {{ annotations: {{ n: '{number}' }}, name: defaults"),
            )
            .replace("prefix: 'oidc:", &format!("prefix: 'oidc:{number}"));
        fs::write(folder.join("real.yaml"), text).unwrap();
        let row = until_namespace(&pat, "payments-dev", |row| row["state"] == "incomplete").await;
        let problems = row["problems"].to_string();
        assert!(problems.contains(said), "{resource} {verb}: {problems}");
        let mut whole = before.clone();
        whole["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("resourceVersion");
        replace(&whole);
        fs::write(folder.join(format!("again{number}.yaml")), format!("apiVersion: portico.dev/v1alpha1\nkind: NamespaceTemplate\nmetadata: {{ name: again{number} }}\nspec: {{ controlPlaneLabels: {{ real: 'true' }}, labels: {{ again: '{number}' }} }}\n")).unwrap();
        let _ = until_namespace(&pat, "payments-dev", is_kept).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_get_a_kubeconfig_with_the_rights_of_their_role_for_a_while() {
    if !is_here("members_get_a_kubeconfig_with_the_rights_of_their_role_for_a_while") {
        return;
    }
    let server = ApiServer::start().await;
    server.kubectl().apply(ROLES, &[]);
    let portal = portal(&server, TEMPLATES).await;
    let pat = portal.world.sign_in("pat").await;
    let _ = until_namespace(&pat, "payments-dev", is_kept).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |who: &str, text: &str| {
        let path = folder.path().join(who);
        fs::write(&path, text).unwrap();
        Kubectl::of(&path)
    };

    // A developer finds it in the menu, and downloads it.
    let dana = portal.world.sign_in("dana").await;
    assert!(
        dana.get("/")
            .await
            .expect(200)
            .page()
            .body()
            .contains("kubectl access")
    );
    let page = dana.get("/kubectl").await.expect(200).page();
    let rows = page.text("main table").unwrap();
    assert!(
        rows.contains("payments-dev") && rows.contains("team-edit") && rows.contains("10 min"),
        "{rows}"
    );
    let fields = [("_plane", "real"), ("_work_in", "payments/dev")];
    let fetched = dana.post("/kubectl", &fields).await.expect(200);
    assert_eq!(fetched.header("cache-control"), Some("no-store"));
    assert_eq!(
        fetched.header("content-disposition"),
        Some("attachment; filename=\"payments-dev.real.kubeconfig\"")
    );
    let kubectl = file("dana", &fetched.text);
    let _ = kubectl.run(&["create", "configmap", "mine"]);
    let who = kubectl.json(&["auth", "whoami", "--output=json"]);
    let user = &who["status"]["userInfo"];
    assert_eq!(
        user["username"],
        "system:serviceaccount:portico-accounts:payments-dev.team-edit"
    );
    for elsewhere in ["default", "payments-production"] {
        let refused = kubectl.try_run(&["get", "configmaps", "--namespace", elsewhere], None);
        assert!(!refused.status.success(), "{elsewhere}");
    }

    // The record has who fetched it, and the id by which the API server's audit log names it.
    let record = pat
        .api(Method::GET, "/api/v1/record?verb=kubeconfig.issued", None)
        .await
        .expect(200)
        .json();
    let rows = record["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{record}");
    assert!(record.to_string().contains("Dana"), "{record}");
    let id = &user["extra"]["authentication.kubernetes.io/credential-id"][0];
    assert!(id.as_str().unwrap().starts_with("JTI="), "{user}");
    assert!(
        record.to_string().contains(id.as_str().unwrap()),
        "{id}: {record}"
    );
    let token = fetched
        .text
        .split("token: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let log = portal.log();
    assert!(!log.contains(token) && !record.to_string().contains(token));

    // A viewer may only look, by the API, too.
    let vic = portal.world.sign_in("vic").await;
    let wanted = json!({ "controlPlane": "real", "tenant": "payments", "environment": "dev" });
    let fetched = vic
        .api(Method::POST, "/api/v1/kubeconfigs", Some(&wanted))
        .await
        .expect(200)
        .json();
    let kubectl = file("vic", fetched["kubeconfig"].as_str().unwrap());
    assert!(
        kubectl
            .run(&["get", "configmaps", "--output=name"])
            .contains("mine")
    );
    assert!(
        !kubectl
            .try_run(&["delete", "configmap", "mine"], None)
            .status
            .success()
    );

    others_get_none(&portal, &dana, pat).await;
    worthless_without_the_template(&portal, &kubectl).await;
}

/// Once the template hands out no kubeconfigs any more, those that are out are worthless.
async fn worthless_without_the_template(portal: &SeparateProcess, kubectl: &Kubectl) {
    let _ = kubectl.run(&["get", "configmaps"]);
    let file = portal.world.ready.configuration.join("real.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("  kubeconfig: { minutes: 10 }\n", "")).unwrap();
    until("the token ends", TIMEOUT, async || {
        let asked = kubectl.try_run(&["get", "configmaps"], None);
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        (said.contains("Unauthorized") || said.contains("logged in")).then_some(())
    })
    .await;
}

/// Neither another tenant nor a platform admin who is in no tenant gets any, or learns of one.
async fn others_get_none(portal: &SeparateProcess, dana: &Person, pat: Person) {
    let fields = [("_plane", "real"), ("_work_in", "payments/dev")];
    let wanted = json!({ "controlPlane": "real", "tenant": "payments", "environment": "dev" });
    for (person, name) in [(portal.world.sign_in("devon").await, "devon"), (pat, "pat")] {
        let list = person
            .api(Method::GET, "/api/v1/kubeconfigs", None)
            .await
            .expect(200)
            .json();
        assert!(!list.to_string().contains("payments"), "{name}: {list}");
        let _ = person
            .api(Method::POST, "/api/v1/kubeconfigs", Some(&wanted))
            .await
            .expect(404);
        let _ = person.post("/kubectl", &fields).await.expect(404);
    }
    for wrong in ["payments/nowhere", "payments", "", "Payments/dev"] {
        let _ = dana
            .post("/kubectl", &[("_plane", "real"), ("_work_in", wrong)])
            .await
            .expect(404);
    }
}
