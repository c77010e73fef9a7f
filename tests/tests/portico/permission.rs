//! Permissions are checked again at the decision: a request that is no longer permitted is not applied, and
//! requester and approver see why.

use std::fs;
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{CACHE, claim_path, decide, request, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

/// The plan of the claims here: half a GiB of memory.
const SMALL: (&str, &str) = ("_plan", "small");

/// Rewrites a configuration file and waits until the portal uses it.
pub(crate) async fn rewrite(demo: &Demo, file: &str, change: impl FnOnce(&str) -> String) {
    let pat = demo.sign_in("pat").await;
    let read = async || {
        pat.api(Method::GET, "/api/v1/configuration", None)
            .await
            .expect(200)
            .json()["loadedAt"]
            .clone()
    };
    let before = read().await;
    let path = demo.configuration(file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{file} is unchanged");
    fs::write(&path, changed).unwrap();
    until("the new configuration", Duration::from_secs(30), async || {
        (read().await != before).then_some(())
    })
    .await;
}

/// A demo with a cache requested by Dana in production that waits for Ada.
async fn asked(name: &str) -> (Demo, Person, Person, String) {
    let demo = Demo::start().await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let id = request(&dana, CACHE, name, &[SMALL, ("_plane", "us-shared")]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    (demo, dana, ada, id)
}

/// Ada's approval fails with a reason; the request's page shows it to both, and nothing is applied.
async fn is_refused(demo: &Demo, dana: &Person, ada: &Person, id: &str, why: &str) {
    let told = decide(ada, id, "approve", "").await;
    assert_eq!(told.status, 409, "{why}: {}", told.page().body());
    assert!(told.page().body().contains(why), "{why}: {}", told.page().body());
    for person in [dana, ada] {
        let page = person.get(&format!("/requests/{id}")).await.expect(200).page();
        let steps = page.text(".steps").unwrap();
        assert!(
            steps.contains("Cannot go on as things are") && steps.contains(why),
            "{steps}"
        );
    }
    let queue = ada.get("/approvals").await.expect(200).page();
    assert!(queue.text(&format!("#approval-{id}")).unwrap().contains(why));
    assert!(there(demo).is_empty());
    // It can still be rejected.
    let _ = decide(ada, id, "reject", "Not as things are").await.expect(200);
}

/// The caches of this test in Payments' production namespace in the US.
fn there(demo: &Demo) -> Vec<String> {
    let found =
        demo.kubectl("us-shared")
            .run(&["get", CACHE, "--namespace=payments-production", "--output=name"]);
    let names = found.lines().filter_map(|line| line.rsplit('/').next());
    names
        .filter(|name| name.starts_with("late"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_former_developer_cannot_be_approved() {
    let (demo, dana, ada, id) = asked("late-standing").await;
    rewrite(&demo, "tenants.yaml", |text| {
        text.replace(
            "group: payments-developers, role: developer",
            "group: payments-developers, role: viewer",
        )
    })
    .await;
    is_refused(&demo, &dana, &ada, &id, "is no longer a developer of Payments").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plane_revoked_from_the_tenant_is_not_used() {
    let (demo, dana, ada, id) = asked("late-plane").await;
    rewrite(&demo, "tenants.yaml", |text| {
        text.replacen("matchLabels: { shared: \"true\" }", "names: [eu-shared]", 1)
    })
    .await;
    is_refused(
        &demo,
        &dana,
        &ada,
        &id,
        "Payments may no longer use United States, shared",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_denies_since_the_request_blocks_approval() {
    let (demo, dana, ada, id) = asked("late-denied").await;
    rewrite(&demo, "approval-policies.yaml", |text| {
        format!("{text}    - name: no-caches\n      when: offering.kind == 'Cache'\n      then:\n        deny: {{}}\n      reason: No caches any more.\n")
    })
    .await;
    is_refused(
        &demo,
        &dana,
        &ada,
        &id,
        "Policy refuses it now: No caches any more.",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reduced_quota_blocks_approval() {
    let (demo, dana, ada, id) = asked("late-quota").await;
    rewrite(&demo, "tenants.yaml", |text| {
        text.replacen("memoryGiB: 288", "memoryGiB: 1", 1)
    })
    .await;
    is_refused(
        &demo,
        &dana,
        &ada,
        &id,
        "The quota of Memory GiB does not allow it",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_offering_blocks_approval() {
    let (demo, dana, ada, id) = asked("late-offering").await;
    rewrite(&demo, "tenants.yaml", |text| {
        text.replacen(
            "  quota:\n",
            "  offerings: [buckets.storage.demo.portico.dev]\n  quota:\n",
            1,
        )
    })
    .await;
    is_refused(&demo, &dana, &ada, &id, "Cache is no longer offered here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_or_changed_plan_blocks_approval() {
    let (demo, dana, ada, id) = asked("late-plan").await;
    rewrite(&demo, "offering-cache.yaml", |text| {
        text.replacen("memory: 512Mi", "memory: 256Mi", 1)
    })
    .await;
    let told = decide(&ada, &id, "approve", "").await.expect(409);
    assert!(
        told.text.contains("The plan Small has changed"),
        "{}",
        told.page().body()
    );
    rewrite(&demo, "offering-cache.yaml", |text| {
        text.replacen("name: small", "name: starter", 1)
    })
    .await;
    is_refused(&demo, &dana, &ada, &id, "The plan small is no longer offered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cordoned_plane_blocks_approval_until_it_is_uncordoned() {
    let (demo, dana, ada, id) = asked("late-cordon").await;
    let pat = demo.sign_in("pat").await;
    let cordon = "/api/v1/control-planes/us-shared/cordon";
    let because = json!({ "reason": "it is rebuilt" });
    let _ = pat.api(Method::POST, cordon, Some(&because)).await.expect(204);
    let told = decide(&ada, &id, "approve", "").await.expect(409);
    assert!(
        told.text
            .contains("is cordoned and takes no new claims (it is rebuilt)"),
        "{}",
        told.page().body()
    );
    let _ = pat.api(Method::DELETE, cordon, None).await.expect(204);
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let _ = until_request(&dana, &id, "Applied").await;
    assert_eq!(there(&demo), ["late-cordon"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_approvers_are_asked_when_the_policy_changes() {
    let (demo, dana, ada, id) = asked("late-policy").await;
    rewrite(&demo, "approval-policies.yaml", |text| {
        format!("{text}    - name: platform\n      when: offering.kind == 'Cache'\n      then:\n        require:\n          approvers: {{ groups: [platform-admins] }}\n      reason: The platform team looks at caches.\n")
    })
    .await;
    let told = decide(&ada, &id, "approve", "").await.expect(409);
    assert!(
        told.text.contains("has changed since it was requested"),
        "{}",
        told.page().body()
    );
    // Now she is asked too, with others.
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let page = until_request(&dana, &id, "Awaiting approval").await.page();
    assert!(
        page.text(".steps")
            .unwrap()
            .contains("The platform team looks at caches.")
    );
    let pat = demo.sign_in("pat").await;
    let _ = decide(&pat, &id, "approve", "").await.expect(200);
    let _ = until_request(&dana, &id, "Applied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_with_a_removed_plan_needs_a_new_one_and_counts_as_the_largest() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let id = request(&dana, CACHE, "starter", &[SMALL]).await;
    let claim = claim_path(&until_request(&dana, &id, "Applied").await);
    rewrite(&demo, "offering-cache.yaml", |text| {
        text.replacen("name: small", "name: starter", 1)
    })
    .await;
    // Platform admins are informed.
    let pat = demo.sign_in("pat").await;
    let told = pat
        .api(Method::GET, "/api/v1/configuration", None)
        .await
        .expect(200)
        .json();
    let warnings = told["warnings"].to_string();
    assert!(
        warnings.contains("there is no plan named \\\"small\\\""),
        "{warnings}"
    );
    let change = format!("{claim}/change");
    let page = dana.get(&change).await.expect(200);
    let form = page.page().form("/change").unwrap();
    assert!(form.get("_plan").is_none(), "no plan is preselected");
    let huge = form.with("/spec/memory", "4096Gi");
    let refused = dana
        .submit(&page.url, &huge, Some(("_do", "submit")))
        .await
        .expect(422);
    let told = refused.page().text("#problems").unwrap();
    assert!(
        told.contains("small, is no longer offered") && told.contains("Choose"),
        "{told}"
    );
    assert!(told.contains("quota of Memory GiB"), "{told}");
    let wish = json!({ "object": { "spec": { "memory": "1Gi" } } });
    let refused = dana
        .api(Method::POST, &format!("/api/v1{change}"), Some(&wish))
        .await
        .expect(422);
    assert!(refused.text.contains("is no longer offered"), "{}", refused.text);
    // With an existing plan the change succeeds and changes only the plan.
    let wish = json!({ "plan": "starter" });
    let sent = dana
        .api(Method::POST, &format!("/api/v1{change}"), Some(&wish))
        .await
        .expect(201)
        .json();
    let page = until_request(&dana, sent["id"].as_str().unwrap(), "Applied")
        .await
        .page();
    let diff = page.text(".diff").unwrap();
    assert!(
        diff.contains("- portico.dev/plan: small") && diff.contains("+ portico.dev/plan: starter"),
        "{diff}"
    );
}
