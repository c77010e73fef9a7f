//! `portico rbac --home` prints exactly the rights that Portico needs on a home control plane, a real API server: with them
//! it follows the documents, says what becomes of them, and tenants can be asked for and given back. Without one of
//! them it says which.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{ActAs, HomePlane, Offering};
use portico_domain::names::PlaneName;
use portico_planes::{HOME_KINDS, HomeObject, HomeWatch, Planes, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::processes::portico;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, decide, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::claimed_tenants::{TENANT, ask, documents, web};
use crate::home_definitions::install;
use crate::home_plane::{set_home, tenant, until_condition};
use crate::plane_rights::{control_plane, tenants};

const SOON: Duration = Duration::from_secs(30);
const USER: &str = "portico-at-home";

/// A kubeconfig of the user that the printed roles are bound to.
fn limited(server: &ApiServer, folder: &Path) -> PathBuf {
    let kubeconfig = fs::read_to_string(server.kubeconfig()).unwrap();
    let limited = folder.join("limited.yaml");
    let user = format!("user: {{ as: {USER}, token");
    fs::write(&limited, kubeconfig.replacen("user: { token", &user, 1)).unwrap();
    limited
}

fn printed(configuration: &Path) -> String {
    let output = Command::new(portico())
        .args(["rbac", "--home", "--user", USER, "--config"])
        .arg(configuration)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn set(kubectl: &Kubectl, role: &Value) {
    let replaced = kubectl.try_run(&["replace", "--filename=-"], Some(&role.to_string()));
    assert!(
        replaced.status.success(),
        "{}",
        String::from_utf8_lossy(&replaced.stderr)
    );
}

/// The role without one verb on one resource, for each of them, with the verb and the resource.
fn each_less(role: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (at, rule) in role["rules"].as_array().unwrap().iter().enumerate() {
        let resource = rule["resources"][0].as_str().unwrap();
        let verbs = rule["verbs"].as_array().unwrap();
        for verb in verbs {
            let mut less = role.clone();
            let fewer: Vec<&Value> = verbs.iter().filter(|other| *other != verb).collect();
            if fewer.is_empty() {
                less["rules"].as_array_mut().unwrap().remove(at);
            } else {
                less["rules"][at]["verbs"] = json!(fewer);
            }
            all.push((verb.as_str().unwrap().to_owned(), resource.to_owned(), less));
        }
    }
    all
}

fn role(kubectl: &Kubectl, name: &str) -> Value {
    role_at(kubectl, &["get", "clusterrole", name])
}

fn role_at(kubectl: &Kubectl, get: &[&str]) -> Value {
    let mut role = kubectl.json(get);
    role["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    role
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_rights_on_the_home_plane_are_exactly_those_that_are_needed() {
    let test = "the_printed_rights_on_the_home_plane_are_exactly_those_that_are_needed";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;
    let world = SeparateProcess::world().await;
    let kubeconfig = limited(&server, &world.data());
    set_home(&world, &kubeconfig);
    // No template is for the home control plane.
    fs::remove_file(world.configuration("namespace-templates.yaml")).unwrap();
    let on_request = world.ready.configuration.join("tenants-on-request.yaml");
    fs::write(on_request, documents(&kubeconfig)).unwrap();
    let roles = printed(&world.ready.configuration);
    assert!(
        !roles.contains("payments-dev"),
        "tenants are in no namespace: {roles}"
    );
    kubectl.apply(&roles, &[]);
    let portal = SeparateProcess::over(world, "warn").await;

    they_suffice(&portal, &kubectl).await;
    a_missing_right_on_a_status_is_on_the_page(&portal, &kubectl).await;
    let home = HomePlane::Kubeconfig {
        path: kubeconfig.display().to_string(),
        context: None,
    };
    // Each role alone: both let it list tenants.
    let unbind = |name: &str| kubectl.run(&["delete", "clusterrolebinding", name]);
    let _ = unbind("portico");
    each_missing_right_on_documents_is_told(&home, &kubectl).await;
    kubectl.apply(&roles, &[]);
    let _ = unbind("portico-home");
    each_missing_right_for_claims_is_told(&kubeconfig, &kubectl).await;
}

async fn they_suffice(portal: &SeparateProcess, kubectl: &Kubectl) {
    kubectl.apply(&tenant("orbit", "orbit-dev", ""), &[]);
    until_condition(kubectl, "tenant", "orbit", "True Accepted").await;
    let dana = portal.world.sign_in("dana").await;
    let pat = portal.world.sign_in("pat").await;
    dana.work_in("payments/dev").await;
    until("the offering", SOON, async || {
        let answer = dana.get(&format!("/catalog/{TENANT}/request")).await;
        (answer.status == 200).then_some(())
    })
    .await;
    let sent = ask(&dana, "payments-web", web()).await.expect(201).json();
    let id = sent["id"].as_str().unwrap().to_owned();
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let _ = decide(&pat, &id, "approve", "").await.expect(200);
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &claim, "Ready").await;
    let path = format!("/api/v1{claim}/deletion");
    let wish = json!({ "confirm": "payments-web" });
    let sent = until("the tenant can be deleted", SOON, async || {
        let sent = dana.api(Method::POST, &path, Some(&wish)).await;
        (sent.status == 201).then_some(sent)
    })
    .await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let _ = until_request(&dana, &id, "Fulfilled").await;
    until("it goes", SOON, async || {
        let left = kubectl.run(&["get", "tenants", "--output=name"]);
        (!left.contains("payments-web")).then_some(())
    })
    .await;
}

async fn a_missing_right_on_a_status_is_on_the_page(portal: &SeparateProcess, kubectl: &Kubectl) {
    let whole = role(kubectl, "portico-home");
    let (_, _, less) = each_less(&whole)
        .into_iter()
        .find(|(verb, resource, _)| verb == "patch" && resource == "tenants/status")
        .unwrap();
    set(kubectl, &less);
    let pat = portal.world.sign_in("pat").await;
    kubectl.apply(&tenant("comet", "comet-dev", ""), &[]);
    let missing = "the right to patch tenants/status.portico.dev is missing";
    let page = async || pat.get("/admin/configuration").await.page().body();
    until("the page names the right", SOON, async || {
        page().await.contains(missing).then_some(())
    })
    .await;
    let shown = pat.get("/admin/tenants").await.page().body();
    assert!(shown.contains("The comet team"), "it is in force: {shown}");
    assert!(portal.log().contains(missing), "{}", portal.log());
    // It is tried again by itself.
    set(kubectl, &whole);
    until_condition(kubectl, "tenant", "comet", "True Accepted").await;
    until("the page is content", SOON, async || {
        (!page().await.contains(missing)).then_some(())
    })
    .await;
}

async fn each_missing_right_on_documents_is_told(home: &HomePlane, kubectl: &Kubectl) {
    let whole = role(kubectl, "portico-home");
    let each = each_less(&whole);
    assert_eq!(each.len(), 3 * HOME_KINDS.len());
    for (verb, resource, less) in each {
        set(kubectl, &less);
        let missing = format!("the right to {verb} {resource}.portico.dev is missing");
        let watch = HomeWatch::new(home).unwrap();
        let running = tokio::spawn(watch.clone().run());
        if let Some((kind, _)) = HOME_KINDS
            .into_iter()
            .find(|(_, plural)| resource == format!("{plural}/status"))
        {
            until("it is read", SOON, async || watch.snapshot().synced.then_some(())).await;
            let object = HomeObject {
                kind: kind.to_owned(),
                name: "any".to_owned(),
                uid: String::new(),
                resource_version: "1".to_owned(),
            };
            let authority = SystemAuthority::for_tests();
            until(&missing, SOON, async || {
                let refused = watch.write_status(&authority, &object, &json!({})).await;
                refused
                    .unwrap_err()
                    .admin_message()
                    .contains(&missing)
                    .then_some(())
            })
            .await;
        } else {
            until(&missing, SOON, async || {
                let (failure, _) = watch.snapshot().failure?;
                failure.contains(&missing).then_some(())
            })
            .await;
        }
        running.abort();
    }
    set(kubectl, &whole);
}

async fn each_missing_right_for_claims_is_told(kubeconfig: &Path, kubectl: &Kubectl) {
    let name = PlaneName::new("home").unwrap();
    let offering = Offering {
        name: TENANT.parse().unwrap(),
        spec: serde_json::from_value(json!({ "tenant": { "open": ["title"] } })).unwrap(),
    };
    let reviewed = async |what: &str, expected: &dyn Fn(&[String]) -> bool| {
        let planes = Planes::new(Settings::default());
        let plane = control_plane("home", kubeconfig, ActAs::Portico);
        planes.configure(vec![plane], vec![offering.clone()], &tenants("home"));
        until(what, SOON, async || {
            let rights = planes.status(&name)?.rights;
            (rights.reviewed_at.is_some() && expected(&rights.missing)).then_some(())
        })
        .await;
    };
    reviewed("nothing is missing", &<[String]>::is_empty).await;
    for place in [
        &["get", "clusterrole", "portico"][..],
        &["get", "role", "portico", "--namespace=kube-system"],
        &["get", "role", "portico", "--namespace=default"],
    ] {
        let whole = role_at(kubectl, place);
        for (verb, resource, less) in each_less(&whole) {
            set(kubectl, &less);
            let words = format!("{verb} {resource}");
            reviewed(&words, &|missing| {
                missing.iter().any(|right| right.starts_with(&words))
            })
            .await;
        }
        set(kubectl, &whole);
    }
}
