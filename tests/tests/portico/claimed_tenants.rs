//! A tenant that is asked for in the catalog, with the documents of the documentation, on a real API server: approved, written
//! to the home control plane, taken in, used, and given back. What its requester must not decide is refused.

use std::fs;
use std::path::Path;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::demo::Demo;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::{Answer, Person};
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{BUCKET, claim_path, decide, request, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::home_definitions::install;
use crate::home_plane::set_home;
use crate::permission::rewrite;

pub(crate) const TENANT: &str = "tenants.portico.dev";
const SOON: Duration = Duration::from_secs(30);

/// The documents of the documentation, with this home control plane, which all tenants may use.
pub(crate) fn documents(kubeconfig: &Path) -> String {
    let page = include_str!("../../../deploy/docs/tenants.md");
    let (_, asking) = page.split_once("## Asking for a tenant").unwrap();
    let documents = asking.split("```").nth(1).unwrap().trim_start_matches("yaml\n");
    let kubeconfig = kubeconfig.display().to_string();
    let documents = documents.replace("kubeconfigs/home.yaml", &kubeconfig).replace(
        "labels: { home: \"true\" }",
        "labels: { home: \"true\", shared: \"true\" }",
    );
    assert!(documents.contains(&kubeconfig) && documents.contains("shared"));
    documents
}

async fn portal(server: &ApiServer) -> SeparateProcess {
    let world = SeparateProcess::world().await;
    set_home(&world, server.kubeconfig());
    fs::write(
        world.ready.configuration.join("tenants-on-request.yaml"),
        documents(server.kubeconfig()),
    )
    .unwrap();
    SeparateProcess::over(world, "warn").await
}

pub(crate) async fn ask(person: &Person, name: &str, spec: Value) -> Answer {
    let asked = json!({ "offering": TENANT, "name": name, "object": { "spec": spec } });
    let path = "/api/v1/requests?tenant=payments&environment=dev";
    person.api(Method::POST, path, Some(&asked)).await
}

pub(crate) fn web() -> Value {
    json!({
        "title": "Web shop",
        "members": [{ "group": "payments-viewers", "role": "developer" }],
        "environments": [{ "name": "dev" }],
    })
}

/// What would give the requester more than they have.
async fn nobody_helps_themselves(dana: &Person) {
    let with = |field: &str, value: Value| {
        let mut spec = web();
        spec[field] = value;
        spec
    };
    let member = |group: &str, role: &str| json!([{ "group": group, "role": role }]);
    for (name, spec, said) in [
        ("web", web(), "has its name in front: payments-web"),
        ("research-web", web(), "has its name in front"),
        ("payments-web", with("parent", json!("research")), "spec.parent"),
        ("payments-web", with("quota", json!({ "claims": 1000 })), "quota"),
        (
            "payments-web",
            with("controlPlanes", json!({ "names": ["research-own"] })),
            "spec.controlPlanes",
        ),
        (
            "payments-web",
            with(
                "environments",
                json!([{ "name": "dev", "namespace": "research-dev" }]),
            ),
            "Its namespace is payments-web-dev",
        ),
        (
            "payments-web",
            with("members", member("research-admins", "viewer")),
            "You are not in the group research-admins",
        ),
        (
            "payments-web",
            with("members", member("platform-admins", "viewer")),
            "You are not in the group platform-admins",
        ),
        (
            "payments-web",
            with("members", member("payments-developers", "tenantAdmin")),
            "This role is not handed out here",
        ),
    ] {
        let refused = ask(dana, name, spec).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text);
        assert!(refused.text.contains(said), "{said:?}: {}", refused.text);
    }
}

async fn sees(person: &Person, tenant: &str) -> bool {
    let path = format!("/usage?tenant={tenant}");
    person.get(&path).await.status == 200
}

/// Who may no longer hand a group out when it is decided on has not handed it out.
async fn what_was_asked_is_judged_again(world: &Demo, dana: &Person, pat: &Person) {
    let sent = ask(dana, "payments-late", web()).await.expect(201).json();
    let id = sent["id"].as_str().unwrap().to_owned();
    let _ = until_request(dana, &id, "Awaiting approval").await;
    let viewers = "    - { group: payments-viewers, role: viewer }\n";
    rewrite(world, "tenants.yaml", |text| text.replacen(viewers, "", 1)).await;
    let refused = decide(pat, &id, "approve", "").await.page().body();
    assert!(
        refused.contains("You are not in the group payments-viewers"),
        "{refused}"
    );
    let _ = decide(pat, &id, "reject", "Not as things are").await.expect(200);
    rewrite(world, "tenants.yaml", |text| {
        text.replacen("  members:\n", &format!("  members:\n{viewers}"), 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_requested_used_and_given_back() {
    let test = "a_tenant_is_requested_used_and_given_back";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    install(&kubectl).await;
    let portal = portal(&server).await;
    let world: &Demo = &portal.world;
    let (dana, pat, vic) = (
        world.sign_in("dana").await,
        world.sign_in("pat").await,
        world.sign_in("vic").await,
    );
    let devon = world.sign_in("devon").await;
    dana.work_in("payments/dev").await;
    until("the offering", SOON, async || {
        let answer = dana.get(&format!("/catalog/{TENANT}/request")).await;
        (answer.status == 200).then_some(())
    })
    .await;

    // The form has what is open, and nothing else.
    let form = dana
        .get(&format!("/catalog/{TENANT}/request"))
        .await
        .expect(200)
        .page()
        .body();
    for shown in ["Title", "Members", "Environments"] {
        assert!(form.contains(shown), "{shown}: {form}");
    }
    for hidden in ["Namespace. ", "Quota of", "Parent", "Match labels"] {
        assert!(!form.contains(hidden), "{hidden}: {form}");
    }
    nobody_helps_themselves(&dana).await;
    what_was_asked_is_judged_again(world, &dana, &pat).await;

    let sent = ask(&dana, "payments-web", web()).await.expect(201).json();
    let id = sent["id"].as_str().unwrap().to_owned();
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    assert!(
        kubectl.run(&["get", "tenants", "--output=name"]).is_empty(),
        "nothing is made unapproved"
    );
    let page = pat
        .get(&format!("/requests/{id}"))
        .await
        .expect(200)
        .page()
        .body();
    assert!(
        page.contains("parent: payments") && page.contains("payments-viewers"),
        "{page}"
    );
    let _ = decide(&pat, &id, "approve", "").await.expect(200);
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &claim, "Ready").await;
    let object = kubectl.json(&["get", "tenant", "payments-web"]);
    assert_eq!(object["spec"]["parent"], "payments");
    assert_eq!(object["spec"]["quota"]["claims"], 10);
    assert_eq!(object["status"]["conditions"][0]["status"], "True");

    // Those that it names and those above work in it, and nobody else knows of it.
    vic.work_in("payments-web/dev").await;
    dana.work_in("payments-web/dev").await;
    assert!(!sees(&devon, "payments-web").await);
    let _ = devon.get(&claim).await.expect(404);
    let again = ask(&dana, "payments-web", web()).await;
    assert_eq!(again.status, 422, "{}", again.text);

    // It stays while something is in it.
    let id = request(&vic, BUCKET, "files", &[]).await;
    let bucket = claim_path(&until_request(&vic, &id, "Fulfilled").await);
    let delete = async |confirm: &str, of: &str, by: &Person| {
        let path = format!("/api/v1{of}/deletion");
        by.api(Method::POST, &path, Some(&json!({ "confirm": confirm })))
            .await
    };
    let refused = delete("payments-web", &claim, &dana).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused
            .text
            .contains("The tenant Web shop still has 1 claim. Delete what is in it first."),
        "{}",
        refused.text
    );
    let _ = delete("files", &bucket, &vic).await.expect(201);
    let sent = until("the tenant can be deleted", SOON, async || {
        let sent = delete("payments-web", &claim, &dana).await;
        (sent.status == 201).then_some(sent)
    })
    .await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let _ = until_request(&dana, &id, "Fulfilled").await;
    until("the tenant goes", SOON, async || {
        (!sees(&vic, "payments-web").await).then_some(())
    })
    .await;
    let left = kubectl.run(&["get", "tenants", "--output=name"]);
    assert!(left.is_empty(), "{left}");
}
