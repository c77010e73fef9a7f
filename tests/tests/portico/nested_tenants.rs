//! An organisation and its projects: rights go down, quotas bound all below, and projects do not see each other.

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{CACHE, request, submit_form, until_request};
use reqwest::Method;
use serde_json::Value;

use crate::permission::rewrite;

/// Puts both tenants of the demo into one organisation, whose admins are the approvers of Payments.
async fn found_organisation(demo: &Demo, claims: u64) {
    let organisation = format!(
        "---
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata: {{ name: acme }}
spec:
  title: Acme
  members: [{{ group: payments-approvers, role: tenantAdmin }}]
  environments: [{{ name: dev, namespace: acme-dev }}]
  controlPlanes: {{ matchLabels: {{ shared: \"true\" }} }}
  quota: {{ claims: {claims} }}
"
    );
    rewrite(demo, "tenants.yaml", |text| {
        let nested = text.replace("spec:\n  title:", "spec:\n  parent: acme\n  title:");
        format!("{nested}{organisation}")
    })
    .await;
}

async fn claims(person: &Person) -> u64 {
    let rows = person
        .api(Method::GET, "/api/v1/tenants", None)
        .await
        .expect(200)
        .json()["rows"]
        .clone();
    let claims = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["claims"].as_u64().unwrap());
    claims.sum()
}

fn names(tenants: &Value) -> Vec<&str> {
    let tenants = tenants.as_array().unwrap().iter();
    tenants.map(|tenant| tenant["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_bounds_its_projects_and_its_admins_are_theirs() {
    let demo = Demo::start().await;
    let (pat, ada) = (demo.sign_in("pat").await, demo.sign_in("ada").await);
    let (dana, devon) = (demo.sign_in("dana").await, demo.sign_in("devon").await);
    assert_eq!(ada.get("/admin/tenants/research").await.status, 404);
    found_organisation(&demo, claims(&pat).await + 1).await;

    // Ada's rights in the organisation are hers in both projects; the others see what they saw before.
    let page = ada.get("/admin/tenants/research").await.expect(200).page();
    assert!(
        page.body().contains("Tenant research , in Acme"),
        "{}",
        page.body()
    );
    assert!(
        page.body().contains("payments-approvers Tenant admin, from Acme"),
        "{}",
        page.body()
    );
    let acme = ada
        .api(Method::GET, "/api/v1/tenants/acme", None)
        .await
        .expect(200)
        .json();
    assert_eq!(names(&acme["below"]), ["payments", "research"]);
    let research = ada
        .api(Method::GET, "/api/v1/tenants/research", None)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&research["row"]["parent"], names(&research["above"])),
        (&"acme".into(), vec!["acme"])
    );
    ada.work_in("research/dev").await;
    let switch = ada.get("/").await.page().texts(".switch legend").join(", ");
    assert_eq!(switch, "Acme, Payments, Research");
    for hidden in ["acme", "research"] {
        let usage = dana.get(&format!("/usage?tenant={hidden}")).await;
        assert_eq!(usage.status, 404, "{hidden}");
    }
    let switch = dana.get("/").await.page().texts(".switch legend").join(", ");
    assert_eq!(switch, "Payments in Acme");

    // One claim is left for both, and whose quota is full is said.
    dana.work_in("payments/dev").await;
    devon.work_in("research/dev").await;
    let id = request(&devon, CACHE, "the-last", &[("_plan", "small")]).await;
    let _ = until_request(&devon, &id, "Fulfilled").await;
    let refused = submit_form(&dana, CACHE, "one-more", &[("_plan", "small")])
        .await
        .expect(422);
    let said = refused.page().text("#problems").unwrap();
    assert!(
        said.contains("The quota of Claims of Acme does not allow it: Acme and all tenants in it use"),
        "{said}"
    );
    let meters = refused.page().texts(".meter").join("; ");
    assert!(meters.contains("Claims of Acme"), "{meters}");
    assert!(!refused.page().body().contains("Research"), "a sibling");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_organisation_prefers_places_the_claims_of_its_projects() {
    let demo = Demo::start().await;
    found_organisation(&demo, 1000).await;
    let dana = demo.sign_in("dana").await;
    let check = format!("/api/v1/offerings/{CACHE}/check?tenant=payments&environment=dev");
    let wanted = serde_json::json!({ "name": "where", "plan": "small" });
    let placed = async || {
        let answer = dana.api(Method::POST, &check, Some(&wanted)).await.expect(200);
        answer.json()["placement"]["chosen"].clone()
    };
    let prefer = |residency: &'static str| {
        rewrite(&demo, "tenants.yaml", move |text| {
            let kept = text.lines().filter(|line| !line.starts_with("  placement:"));
            let text = kept.collect::<Vec<_>>().join("\n") + "\n";
            let placement =
                format!("placement: {{ prefer: [{{ labels: {{ residency: {residency} }}, weight: 100 }}] }}");
            text.replace("  title: Acme\n", &format!("  title: Acme\n  {placement}\n"))
        })
    };
    for (residency, plane) in [("us", "us-shared"), ("eu", "eu-shared"), ("us", "us-shared")] {
        prefer(residency).await;
        assert_eq!(placed().await, plane);
    }
}
