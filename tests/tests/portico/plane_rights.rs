//! The rights that deploy/example/rbac.yaml and `portico rbac` grant are sufficient and minimal on a real API server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portico_domain::authz::{Granted, Submission, Submit, SystemAuthority};
use portico_domain::documents::{
    ActAs, Connection, ControlPlane, ControlPlaneKind, ControlPlaneSpec, Environment, Limits, PassedOn,
    PlaneGrant, Quota, ResourceRef, Tenant, TenantSpec,
};
use portico_domain::names::PlaneName;
use portico_planes::{Actor, Expect, Planes, RightsStatus, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::processes::portico;
use portico_tests::until::until;
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../../../deploy/example/rbac.yaml");
const NAMESPACES: [&str; 3] = ["payments-dev", "payments-production", "research-dev"];

fn widgets() -> ResourceRef {
    ResourceRef {
        group: "tests.portico.dev".into(),
        version: "v1".into(),
        kind: "Widget".into(),
        plural: "widgets".into(),
        namespaced: true,
    }
}

/// The example with the test's kind.
fn example() -> String {
    EXAMPLE
        .replace("databases.example.com", "tests.portico.dev")
        .replace("postgresqlinstances", "widgets")
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

/// What `portico rbac` prints for a configuration with this control plane, these namespaces and widgets.
fn printed(server: &ApiServer, act_as: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let environments: String = NAMESPACES
        .map(|namespace| format!("    - {{ name: {namespace}, namespace: {namespace} }}\n"))
        .concat();
    let configuration = format!(
        "apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: {{ name: portico }}
spec:
  publicUrl: http://127.0.0.1:1
  signIn:
    adminGroups: [platform-admins]
    providers:
      - {{ name: sso, issuer: 'https://sso.example.com', clientId: portico }}
---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: real }}
spec:
  connection: {{ kubeconfig: {{ path: {} }} }}
  actAs: {act_as}
---
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: {{ name: all }}
spec:
  members: [{{ group: developers, role: developer }}]
  environments:
{environments}  controlPlanes: {{ names: [real] }}
",
        server.kubeconfig().display()
    );
    fs::write(folder.path().join("portico.yaml"), configuration).unwrap();
    let definitions = folder.path().join("definitions");
    let crds = server
        .kubectl()
        .run(&["get", "customresourcedefinitions", "--output=yaml"]);
    fs::write(&definitions, crds).unwrap();
    let output = Command::new(portico())
        .args(["rbac", "--for=real", "--config"])
        .arg(folder.path())
        .arg("--definitions")
        .arg(&definitions)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn tenants(plane: &str) -> Vec<Tenant> {
    let environments = NAMESPACES.map(|namespace| Environment {
        name: namespace.parse().unwrap(),
        namespace: namespace.to_owned(),
        production: false,
        control_plane_labels: BTreeMap::new(),
        preferred_control_plane_labels: BTreeMap::new(),
        placement: portico_domain::documents::PlacementRules::default(),
    });
    vec![Tenant {
        name: "all".parse().unwrap(),
        spec: TenantSpec {
            title: None,
            parent: None,
            members: Vec::new(),
            environments: environments.into(),
            placement: portico_domain::documents::PlacementRules::default(),
            control_planes: PlaneGrant {
                names: vec![PlaneName::new(plane).unwrap()],
                ..PlaneGrant::default()
            },
            offerings: Vec::new(),
            quota: Quota::default(),
        },
    }]
}

pub(crate) fn control_plane(name: &str, kubeconfig: &Path, act_as: ActAs) -> ControlPlane {
    ControlPlane {
        name: PlaneName::new(name).unwrap(),
        labels: BTreeMap::new(),
        spec: ControlPlaneSpec {
            title: None,
            kind: ControlPlaneKind::Cluster,
            region: None,
            connection: Connection::Kubeconfig {
                path: kubeconfig.display().to_string(),
                context: None,
            },
            kcp: None,
            act_as,
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

/// A real API server with widgets, and a kubeconfig of the example's service account.
struct World {
    server: ApiServer,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let server = ApiServer::start().await;
        let kubectl = server.kubectl();
        kubectl.apply(include_str!("widget.yaml"), &[]);
        for namespace in NAMESPACES {
            let _ = kubectl.run(&["create", "namespace", namespace]);
        }
        kubectl.apply(ACCOUNT, &[]);
        let token = kubectl.run(&["create", "token", "portico", "--namespace=portico"]);
        let admin = fs::read_to_string(server.kubeconfig()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut lines: Vec<String> = admin.lines().map(str::to_owned).collect();
        let user = lines
            .iter_mut()
            .find(|line| line.contains("user: { token:"))
            .unwrap();
        *user = format!("  user: {{ token: {} }}", token.trim());
        fs::write(folder.path().join("kubeconfig"), lines.join("\n")).unwrap();
        Self { server, folder }
    }

    /// A newly connected registry.
    fn planes(&self, act_as: ActAs) -> Planes {
        let document = control_plane("real", &self.folder.path().join("kubeconfig"), act_as);
        let planes = Planes::new(Settings::default());
        planes.configure(vec![document], Vec::new(), &tenants("real"));
        planes
    }

    /// The rights that a new connection finds, once they are as expected.
    async fn reviewed(
        &self,
        act_as: ActAs,
        what: &str,
        expected: impl Fn(&RightsStatus) -> bool,
    ) -> RightsStatus {
        let planes = self.planes(act_as);
        let name = PlaneName::new("real").unwrap();
        until(what, Duration::from_secs(30), async || {
            let rights = planes.status(&name)?.rights;
            (rights.reviewed_at.is_some() && expected(&rights)).then_some(rights)
        })
        .await
    }

    fn role(&self, name: &str) -> Value {
        self.server.kubectl().json(&["get", "clusterrole", name])
    }

    fn set(&self, role: &Value) {
        let kubectl = self.server.kubectl();
        let text = role.to_string();
        let replaced = kubectl.try_run(&["replace", "--filename=-"], Some(&text));
        assert!(
            replaced.status.success(),
            "{}",
            String::from_utf8_lossy(&replaced.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_rbac_grants_exactly_the_needed_rights() {
    let test = "the_example_rbac_grants_exactly_the_needed_rights";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let world = World::start().await;
    world.server.kubectl().apply(&example(), &[]);
    the_rights_suffice_for_what_portico_does(&world).await;
    each_missing_right_is_detected(&world, ["portico-definitions", "portico-claims"]).await;
    acting_as_people_needs_the_right_to_impersonate(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_that_are_printed_grant_exactly_the_rights_that_are_needed() {
    let test = "the_roles_that_are_printed_grant_exactly_the_rights_that_are_needed";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let world = World::start().await;
    let kubectl = world.server.kubectl();
    let roles = printed(&world.server, "portico");
    for note in [
        "# They are bound to the service account portico/portico, which must exist.\n",
        "# To show what claims are composed of, grant get, list and watch on those kinds",
    ] {
        assert!(roles.contains(note), "{roles}");
    }
    kubectl.apply(&roles, &[]);
    the_rights_suffice_for_what_portico_does(&world).await;
    each_missing_right_is_detected(&world, ["portico", "portico-environment"]).await;

    // Those for acting as people take the place of the others.
    let groups = "{ person: { groups: [payments-developers] } }";
    kubectl.apply(&printed(&world.server, groups), &[]);
    let passed_on = PassedOn {
        provider: None,
        groups: vec!["payments-developers".into()],
        group_prefixes: Vec::new(),
    };
    let _ = world
        .reviewed(ActAs::Person(passed_on), "none is missing", |rights| {
            rights.missing.is_empty()
        })
        .await;
    let own = world.role("portico-environment");
    let may_create = own["rules"]
        .as_array()
        .unwrap()
        .iter()
        .any(|rule| rule["verbs"].as_array().unwrap().contains(&json!("create")));
    assert!(!may_create, "people create claims with their own rights: {own}");

    let restricted = printed(&world.server, groups);
    assert!(!restricted.contains("WARNING"), "{restricted}");
    let unrestricted = printed(&world.server, "person");
    assert!(
        unrestricted.contains("WARNING: these let Portico impersonate every group"),
        "{unrestricted}"
    );
}

fn submits() -> Granted<Submission, Submit> {
    let person = portico_domain::tenancy::Person {
        subject: "idp#dana".to_owned(),
        name: "Dana".to_owned(),
        email: None,
    };
    let submission = Submission {
        id: "01a20504-0dab-75d3-97d4-14a654b60af4".parse().unwrap(),
        action: portico_domain::request::Action::Create,
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        claim: None,
    };
    Granted::for_tests(person, submission)
}

async fn the_rights_suffice_for_what_portico_does(world: &World) {
    let planes = world.planes(ActAs::Portico);
    let name = PlaneName::new("real").unwrap();
    let offered = "widgets.tests.portico.dev".parse().unwrap();
    until("widgets are offered", Duration::from_secs(30), async || {
        planes.catalog().served(&offered, &name).map(|_| ())
    })
    .await;

    let authority = SystemAuthority::for_tests();
    let portico = Actor::system(&authority);
    let widget = json!({
        "apiVersion": "tests.portico.dev/v1", "kind": "Widget",
        "metadata": { "name": "one", "namespace": "payments-dev" }, "spec": { "size": 3 },
    });
    planes
        .ensure_namespace(&authority, &name, "payments-dev", &BTreeMap::new())
        .await
        .unwrap();
    planes
        .dry_run(&submits(), &name, &widgets(), &widget, &Expect::Absent)
        .await
        .unwrap();
    let made = planes
        .apply(&authority, &name, &portico, &widgets(), &widget, &Expect::Absent)
        .await
        .unwrap();
    let uid = made.object["metadata"]["uid"].as_str().unwrap().to_owned();
    let secrets = ResourceRef {
        group: String::new(),
        version: "v1".into(),
        kind: "Secret".into(),
        plural: "secrets".into(),
        namespaced: true,
    };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: one, namespace: payments-dev }\nstringData: { a: b }\n";
    world.server.kubectl().apply(secret, &[]);
    planes
        .get(&name, &portico, &secrets, Some("payments-dev"), "one")
        .await
        .unwrap();
    let claims = portico_planes::ClaimFilter::default();
    let claim = until("the claim to be listed", Duration::from_secs(30), async || {
        let scope = portico_domain::tenancy::Scope::for_tests();
        let listed = planes.claims(&scope, &claims).pop()?;
        planes.claim(&scope, &listed.reference)
    })
    .await;
    let _ = planes.events(&portico, &claim).await.unwrap();
    planes
        .delete(
            &authority,
            &name,
            &portico,
            &widgets(),
            Some("payments-dev"),
            "one",
            Some(&uid),
        )
        .await
        .unwrap();
    drop(planes);
    let rights = world
        .reviewed(ActAs::Portico, "none is missing", |rights| {
            rights.missing.is_empty()
        })
        .await;
    assert_eq!(rights.failed, None);
}

/// Each rule is needed, and a missing one is reported by name.
async fn each_missing_right_is_detected(world: &World, roles: [&str; 2]) {
    for role_name in roles {
        let whole = world.role(role_name);
        for (at, rule) in whole["rules"].as_array().unwrap().iter().enumerate() {
            let resource = rule["resources"][0].as_str().unwrap();
            // There is no Crossplane here, so its rules are not needed.
            if resource == "compositeresourcedefinitions" {
                continue;
            }
            let verbs = rule["verbs"].as_array().unwrap();
            for verb in verbs {
                let mut less = whole.clone();
                less["metadata"]
                    .as_object_mut()
                    .unwrap()
                    .remove("resourceVersion");
                let fewer: Vec<&Value> = verbs.iter().filter(|other| *other != verb).collect();
                if fewer.is_empty() {
                    less["rules"].as_array_mut().unwrap().remove(at);
                } else {
                    less["rules"][at]["verbs"] = json!(fewer);
                }
                world.set(&less);
                let words = format!("{} {resource}", verb.as_str().unwrap());
                let told =
                    |rights: &RightsStatus| rights.missing.iter().any(|right| right.starts_with(&words));
                let _ = world.reviewed(ActAs::Portico, &words, told).await;
            }
        }
        let mut again = whole;
        again["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("resourceVersion");
        world.set(&again);
    }
    let _ = world
        .reviewed(ActAs::Portico, "none is missing", |rights| {
            rights.missing.is_empty()
        })
        .await;
}

/// By group name.
async fn acting_as_people_needs_the_right_to_impersonate(world: &World) {
    let passed_on = PassedOn {
        provider: None,
        groups: vec!["payments-developers".into()],
        group_prefixes: Vec::new(),
    };
    let person = ActAs::Person(passed_on);
    let lacking = world
        .reviewed(person.clone(), "impersonation is missing", |rights| {
            rights.missing.len() == 2
        })
        .await;
    assert_eq!(
        lacking.missing,
        [
            "impersonate groups named payments-developers",
            "impersonate users"
        ]
    );
    let impersonate = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: portico-impersonate }
rules:
- { apiGroups: [''], resources: [users], verbs: [impersonate] }
- { apiGroups: [''], resources: [groups], verbs: [impersonate], resourceNames: [payments-developers] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: portico-impersonate }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: portico-impersonate }
subjects: [{ kind: ServiceAccount, name: portico, namespace: portico }]
";
    world.server.kubectl().apply(impersonate, &[]);
    let _ = world
        .reviewed(person, "none is missing", |rights| rights.missing.is_empty())
        .await;
}
