//! A claim belongs to a tenant by control plane and namespace together. Only platform admins see claims that
//! belong to nobody.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{CACHE, POSTGRESQL, until_request};
use portico_tests::until::until;
use reqwest::{Method, Response};
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(20);

fn plane(demo: &Demo, name: &str) -> RawClient {
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|plane| plane.name == name).unwrap().kubeconfig)
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

/// A large database with all marks of a request by Dana in production.
fn forged_database(dana: &str) -> Value {
    json!({
        "apiVersion": "databases.demo.portico.dev/v1", "kind": "PostgreSQLInstance",
        "metadata": {
            "name": "forged-ns", "namespace": "payments-production",
            "labels": {
                "portico.dev/tenant": "payments", "portico.dev/environment": "production", "portico.dev/plan": "large",
            },
            "annotations": { "portico.dev/requester": dana, "portico.dev/requester-name": "Dana Okafor" },
        },
        "spec": { "instances": 3, "storage": { "size": "1900Gi" } },
    })
}

/// The position of a claim in lists.
async fn listed(person: &Person, name: &str) -> Vec<Value> {
    let path = format!("/api/v1/claims?q={name}");
    let page = person.api(Method::GET, &path, None).await.expect(200).json();
    page["rows"]["items"].as_array().unwrap().clone()
}

async fn until_listed(person: &Person, name: &str) -> Value {
    until(&format!("{name} to be listed"), TIMEOUT, async || {
        listed(person, name).await.pop()
    })
    .await
}

/// The quota use of Payments, as a form in production shows it.
async fn quota(dana: &Person) -> Value {
    let path = format!("/api/v1/offerings/{CACHE}/check");
    let wish = json!({ "name": "what-is-left" });
    let checked = dana.api(Method::POST, &path, Some(&wish)).await.expect(200);
    checked.json()["quota"].clone()
}

async fn listens(demo: &Demo, person: &Person) -> Response {
    let cookies = person.cookies();
    let cookies: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let events = reqwest::Client::new().get(format!("{}/events", demo.ready.portal));
    let stream = events.header("cookie", cookies.join("; ")).send();
    stream.await.unwrap()
}

/// All events until one contains `marker`.
async fn heard_until(stream: &mut Response, marker: &str) -> String {
    let mut text = String::new();
    let hearing = async {
        while let Some(part) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&part));
            if text.contains(marker) {
                break;
            }
        }
    };
    tokio::time::timeout(TIMEOUT, hearing)
        .await
        .unwrap_or_else(|_| panic!("no event about {marker} arrived"));
    text
}

/// The forged claim is in no list and no search, its address gets 404 like an unknown one, and no action works
/// on it.
async fn is_not_there_for(person: &Person, path: &str) {
    assert!(listed(person, "forged-ns").await.is_empty());
    let found = person
        .api(Method::GET, "/api/v1/search?q=forged", None)
        .await
        .expect(200);
    assert!(!found.text.contains("forged-ns"), "{}", found.text);
    let absent = person.get(path).await.expect(404).page().body();
    let never = path.replace("forged-ns", "never-was");
    let never = person.get(&never).await.expect(404).page().body();
    assert_eq!(absent, never, "existing and missing claims look alike");
    let api = format!("/api/v1{path}");
    let _ = person.api(Method::GET, &api, None).await.expect(404);
    for (act, wish) in [
        ("deletion", json!({ "confirm": "forged-ns" })),
        ("change", json!({ "object": { "spec": {} } })),
        ("renewal", json!({})),
        ("reveal", json!({ "key": "password" })),
    ] {
        let answer = person
            .api(Method::POST, &format!("{api}/{act}"), Some(&wish))
            .await;
        assert_eq!(answer.status, 404, "{act}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_in_another_tenants_namespace_on_a_dedicated_plane_belongs_to_nobody() {
    let demo = Demo::start().await;
    let (dana, devon, pat) = (
        demo.sign_in("dana").await,
        demo.sign_in("devon").await,
        demo.sign_in("pat").await,
    );
    dana.work_in("payments/production").await;
    let subject = dana
        .api(Method::GET, "/api/v1/viewer", None)
        .await
        .expect(200)
        .json();
    let subject = subject["person"]["subject"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let before = quota(&dana).await;
    let mut stream = listens(&demo, &dana).await;

    let own = plane(&demo, "research-own");
    own.create("/api/v1/namespaces", &namespace("payments-production"))
        .await;
    let databases = "/apis/databases.demo.portico.dev/v1/namespaces/payments-production/postgresqlinstances";
    own.create(databases, &forged_database(&subject)).await;

    // Platform admins see it, and that it belongs to nobody.
    let row = until_listed(&pat, "forged-ns").await;
    assert!(row["tenant"].is_null() && row["environment"].is_null(), "{row}");
    let path = format!("/claims/research-own/{POSTGRESQL}/payments-production/forged-ns");
    let page = pat.get(&path).await.expect(200).page();
    let main = page.text("main").unwrap();
    assert!(main.contains("Nobody’s"), "{main}");
    assert!(main.contains("Portico has no request for it"), "{main}");
    assert!(page.form("/delete").is_none() && page.form("/renew").is_none());
    let list = pat.get("/claims?q=forged-ns").await.expect(200).page();
    assert!(list.text("tbody tr").unwrap().contains("Nobody’s"));

    // Everybody else sees it in no list, search, quota or stream, and cannot act on it.
    let marker = json!({
        "apiVersion": "databases.demo.portico.dev/v1", "kind": "Cache",
        "metadata": { "name": "marker", "namespace": "payments-production" },
        "spec": { "memory": "512Mi", "mode": "single" },
    });
    let caches = "/apis/databases.demo.portico.dev/v1/namespaces/payments-production/caches";
    plane(&demo, "eu-shared").create(caches, &marker).await;
    let heard = heard_until(&mut stream, "/payments-production/marker").await;
    // A claim of hers, of a service that Research publishes, may become ready at any time.
    let others = heard
        .split("\n\n")
        .filter(|event| !event.contains("/notebooks.science."));
    for event in others {
        assert!(
            !event.contains("forged-ns") && !event.contains("research-own"),
            "{heard}"
        );
    }
    for person in [&dana, &devon] {
        is_not_there_for(person, &path).await;
    }
    for page in ["/", "/claims", "/claims?q=forged", "/catalog"] {
        let text = dana.get(page).await.expect(200).text;
        assert!(!text.contains("forged-ns"), "{page}");
        assert!(
            !text.contains("Research&#x27;s own") && !text.contains("Research's own"),
            "{page}"
        );
        // A claim of hers, of a service that Research publishes, has the control plane in its address, and nothing else.
        let elsewhere = text.replace("research-own/notebooks.", "");
        assert!(!elsewhere.contains("research-own"), "{page}");
    }
    let after = quota(&dana).await;
    let used = |quota: &Value, resource: &str| {
        let lines = quota.as_array().unwrap().iter();
        let line = lines.clone().find(|line| line["resource"] == resource);
        line.unwrap_or_else(|| panic!("{resource} in {quota}"))["used"].as_u64()
    };
    // Only the quota marker was added; without a plan it counts as the largest.
    assert_eq!(
        used(&after, "memoryGiB"),
        used(&before, "memoryGiB").map(|memory| memory + 8)
    );
    assert_eq!(
        used(&after, "claims"),
        used(&before, "claims").map(|claims| claims + 1)
    );
    // Platform admins cannot delete it either.
    let wish = json!({ "confirm": "forged-ns" });
    let refused = pat
        .api(Method::POST, &format!("/api/v1{path}/deletion"), Some(&wish))
        .await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(own.get(&format!("{databases}/forged-ns")).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_plane_from_a_tenant_hides_its_claims() {
    let demo = Demo::start().await;
    let (dana, pat) = (demo.sign_in("dana").await, demo.sign_in("pat").await);
    dana.work_in("payments/production").await;
    let row = until_listed(&dana, "payment-events").await;
    assert_eq!(row["reference"]["plane"], "us-shared", "{row}");
    let path = row["href"].as_str().unwrap().to_owned();
    let _ = dana.get(&path).await.expect(200);
    let mut stream = listens(&demo, &dana).await;

    let file = demo.configuration("tenants.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let taken = text.replacen("matchLabels: { shared: \"true\" }", "names: [eu-shared]", 1);
    assert_ne!(taken, text);
    std::fs::write(&file, taken).unwrap();

    // Open pages get an event and then a 404.
    let heard = heard_until(&mut stream, &path).await;
    assert!(heard.contains("\"deleted\":true"), "{heard}");
    let _ = dana.get(&path).await.expect(404);
    assert!(listed(&dana, "payment-events").await.is_empty());
    let row = until_listed(&pat, "payment-events").await;
    assert!(row["tenant"].is_null(), "{row}");

    // Once the plane is granted again, the claim belongs to them again.
    std::fs::write(&file, text).unwrap();
    let row = until_listed(&dana, "payment-events").await;
    assert_eq!(row["tenant"], "payments");
}

const VAULTS: &str = "vaults.security.example.org";

fn cluster_scoped_kind() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": VAULTS, "labels": { "portico.dev/offered": "true" } },
        "spec": {
            "group": "security.example.org", "scope": "Cluster",
            "names": { "kind": "Vault", "listKind": "VaultList", "plural": "vaults", "singular": "vault" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer" } } },
                },
            } } }],
        },
    })
}

fn vault(name: &str, tenant: &str) -> Value {
    json!({
        "apiVersion": "security.example.org/v1", "kind": "Vault",
        "metadata": { "name": name, "labels": { "portico.dev/tenant": tenant, "portico.dev/environment": "dev" } },
        "spec": { "size": 1 },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_do_not_change_the_owner_of_a_cluster_scoped_claim() {
    let mut demo = Demo::start().await;
    let (dana, devon, pat) = (
        demo.sign_in("dana").await,
        demo.sign_in("devon").await,
        demo.sign_in("pat").await,
    );
    dana.work_in("payments/dev").await;
    let eu = plane(&demo, "eu-shared");
    let vaults = "/apis/security.example.org/v1/vaults";
    eu.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        &cluster_scoped_kind(),
    )
    .await;
    let wish = json!({ "offering": VAULTS, "name": "mine", "object": { "spec": { "size": 2 } } });
    let made = until("the vault to be requested", TIMEOUT, async || {
        let sent = dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await;
        (sent.status == 201).then(|| sent.json())
    })
    .await;
    let _ = until_request(&dana, made["id"].as_str().unwrap(), "Fulfilled").await;
    let row = until_listed(&dana, "mine").await;
    assert_eq!(
        (&row["tenant"], &row["environment"]),
        (&json!("payments"), &json!("dev")),
        "{row}"
    );

    // Anybody can set labels.
    eu.create(vaults, &vault("forged", "payments")).await;
    let row = until_listed(&pat, "forged").await;
    assert!(row["tenant"].is_null(), "{row}");
    assert!(listed(&dana, "forged").await.is_empty());
    let patch = json!({ "metadata": { "labels": { "portico.dev/tenant": "research" } } });
    let kind = "application/merge-patch+json";
    let mine = format!("{vaults}/mine");
    assert!(
        eu.send(Method::PATCH, &mine, kind, patch.to_string())
            .await
            .is_success()
    );
    assert!(listed(&devon, "mine").await.is_empty());

    // The ownership survives a restart: it is in the audit log.
    demo.stop();
    demo.restart().await;
    let row = until_listed(&dana, "mine").await;
    assert_eq!(row["tenant"], "payments");
    assert!(listed(&devon, "mine").await.is_empty());

    // Another object with its name is a different one.
    let eu = plane(&demo, "eu-shared");
    assert!(eu.ask(Method::DELETE, &mine, None).await.is_success());
    eu.create(vaults, &vault("mine", "payments")).await;
    until("the other to be nobody's", TIMEOUT, async || {
        let rows = listed(&pat, "mine").await;
        let nobodys = rows.iter().any(|row| row["tenant"].is_null());
        (nobodys && listed(&dana, "mine").await.is_empty()).then_some(())
    })
    .await;
}
