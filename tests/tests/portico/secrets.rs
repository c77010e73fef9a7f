//! Secrets are shown only to those who reveal them, and are stored nowhere.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::{Answer, Person};
use portico_tests::raw_client::RawClient;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{BUCKET, POSTGRESQL, claim_path, request, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

on_all_planes!(a_reveal_is_audited_and_the_secret_is_stored_nowhere);

async fn a_reveal_is_audited_and_the_secret_is_stored_nowhere(planes: Planes) {
    let world = Demo::without_portal_on(planes).await;
    // The log at its most verbose.
    let mut portal = SeparateProcess::over(world, "debug,portico=trace").await;
    let dana = portal.world.sign_in("dana").await;
    let (vic, pat) = (
        portal.world.sign_in("vic").await,
        portal.world.sign_in("pat").await,
    );
    dana.work_in("payments/dev").await;
    let id = request(&dana, POSTGRESQL, "confided", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let page = until_claim(&dana, &claim, "Ready").await;

    let mut shown = Vec::new();
    for form in page.page().forms() {
        if !form.action.ends_with("/reveal") {
            continue;
        }
        let key = form
            .get("_key")
            .map(str::to_owned)
            .or_else(|| form.buttons.first().map(|(_, value, _)| value.clone()))
            .unwrap();
        let button = form.buttons.first().map(|(name, value, _)| (&**name, &**value));
        let revealed = dana.submit(&page.url, &form, button).await.expect(200);
        assert_eq!(revealed.header("cache-control"), Some("no-store"), "{key}");
        // A form can reveal several keys at once.
        let page = revealed.page();
        let keys = page.attributes("pre.revealed", "data-revealed");
        let values = page.texts("pre.revealed");
        assert!(!keys.is_empty() && keys.len() == values.len(), "{key}: {keys:?}");
        shown.extend(keys.into_iter().zip(values));
    }
    let secret: Vec<&(String, String)> = shown
        .iter()
        .filter(|(key, _)| key.contains("password") || key.contains("uri"))
        .collect();
    assert!(!secret.is_empty(), "a password is shown: {shown:?}");

    // Viewers and platform admins see only the names of the keys.
    for person in [&vic, &pat] {
        let answer = person
            .post(&format!("{claim}/reveal"), &[("_key", &secret[0].0)])
            .await;
        assert_eq!(answer.status, 403, "{}", answer.page().body());
    }
    let record = pat.get("/admin/record").await.expect(200);
    let body = record.page().body();
    assert!(body.contains("Dana Okafor revealed a secret of"), "{body}");
    let api = pat
        .api(reqwest::Method::GET, "/api/v1/record", None)
        .await
        .expect(200);
    for (key, _) in &shown {
        assert!(api.text.contains(&format!("\"{key}\"")), "{key} in {}", api.text);
    }
    let again = dana.get(&claim).await.expect(200);

    let (status, _) = portal.stop();
    assert!(status.success());
    let mut kept = vec![
        ("the record's page".to_owned(), record.text.into_bytes()),
        ("the record's API".to_owned(), api.text.into_bytes()),
        ("the claim's page".to_owned(), again.text.into_bytes()),
        ("the portal's log".to_owned(), portal.log().into_bytes()),
        ("the world's log".to_owned(), portal.world.log().into_bytes()),
    ];
    for entry in std::fs::read_dir(portal.world.data()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("portico.db") {
            kept.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    assert!(kept.iter().any(|(name, _)| name == "portico.db"));
    assert!(
        kept.iter()
            .any(|(name, bytes)| name == "the portal's log" && !bytes.is_empty()),
        "there is a log to look into"
    );
    for (key, value) in secret {
        for (place, bytes) in &kept {
            let found = bytes
                .windows(value.len())
                .any(|window| window == value.as_bytes());
            assert!(!found, "the {key} is in {place}");
        }
    }
}

const CANARY: &str = "CANARY-payroll-4711";
const SECRETS: &str = "/api/v1/namespaces/payments-dev/secrets";

/// A secret without any sign of its owner.
fn somebodys_secret(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": "payments-dev" },
        "stringData": { "password": CANARY, "payroll-root": CANARY },
    })
}

fn eu(demo: &Demo) -> RawClient {
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|plane| plane.name == "eu-shared").unwrap().kubeconfig)
}

async fn reveal(person: &Person, claim: &str, key: &str) -> Answer {
    let path = format!("/api/v1{claim}/reveal");
    person
        .api(Method::POST, &path, Some(&json!({ "key": key })))
        .await
}

/// No page or API response shows the secret to anybody who sees the claim.
async fn shows_nothing(people: &[&Person], claim: &str) {
    for person in people {
        for page in [claim.to_owned(), format!("/api/v1{claim}")] {
            let answer = person.get(&page).await.expect(200);
            assert!(
                !answer.text.contains("payroll-root"),
                "the name of a key: {}",
                answer.page().body()
            );
            assert!(!answer.text.contains(CANARY));
        }
        for key in ["password", "payroll-root", "no-such-key"] {
            let answer = reveal(person, claim, key).await;
            assert!(
                [403, 503].contains(&answer.status.as_u16()),
                "{key}: {} {}",
                answer.status,
                answer.text
            );
            assert!(!answer.text.contains(CANARY));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_only_has_the_right_name_is_not_revealed() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let (vic, tess) = (demo.sign_in("vic").await, demo.sign_in("tess").await);
    dana.work_in("payments/dev").await;
    let plane = eu(&demo);
    plane
        .create(SECRETS, &somebodys_secret("payroll-connection"))
        .await;
    let wish = json!({ "offering": POSTGRESQL, "name": "payroll", "controlPlane": "eu-shared" });
    let asked = dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await;
    let asked = asked.expect(201).json();
    let id = asked["id"].as_str().unwrap();
    let claim = claim_path(&until_request(&dana, id, "Fulfilled").await);
    // Like Crossplane, the provisioner does not touch a secret that it does not control.
    let page = until_claim(&dana, &claim, "Degraded").await.page();
    assert!(
        page.text("main").unwrap().contains("refusing to modify"),
        "{}",
        page.body()
    );
    shows_nothing(&[&dana, &vic, &tess], &claim).await;

    // A missing secret and one of somebody else look the same.
    let waiting = |page: &portico_tests::html::Page| page.text("section[aria-labelledby=connect]").unwrap();
    let foreign = waiting(&dana.get(&claim).await.expect(200).page());
    let path = format!("{SECRETS}/payroll-connection");
    assert!(plane.ask(Method::DELETE, &path, None).await.is_success());
    let absent = waiting(&dana.get(&claim).await.expect(200).page());
    if absent.contains("not there yet") {
        assert_eq!(foreign, absent);
    }

    // Once the provisioner has published its secret, it is shown.
    let _ = until_claim(&dana, &claim, "Ready").await;
    let own = until("the claim's own secret", Duration::from_secs(20), async || {
        let answer = reveal(&dana, &claim, "password").await;
        (answer.status == 200).then(|| answer.json()["value"].clone())
    })
    .await;
    assert_ne!(own, CANARY);
    assert_eq!(reveal(&vic, &claim, "password").await.status, 403);
}

/// A configuration that takes the secret's name from a user field is refused: users could name any secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_name_from_a_user_field_is_rejected_in_the_configuration() {
    let demo = Demo::start().await;
    let pat = demo.sign_in("pat").await;
    let file = demo.configuration("offering-bucket.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let named = text.replace("path: status.binding.name", "path: spec.secretName");
    assert_ne!(named, text);
    std::fs::write(&file, named).unwrap();
    let said = until(
        "the configuration to be refused",
        Duration::from_secs(20),
        async || {
            let page = pat.get("/admin/configuration").await.expect(200).page();
            let main = page.text("main").unwrap();
            main.contains("offering-bucket.yaml").then_some(main)
        },
    )
    .await;
    assert!(
        said.contains("spec.access.secret.path") && said.contains("a person may set"),
        "{said}"
    );
    // The previous configuration stays in use.
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, BUCKET, "receipts-of-may", &[]).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &claim, "Ready").await;
    assert_eq!(reveal(&dana, &claim, "secretKey").await.status, 200);
}
