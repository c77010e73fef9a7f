//! Permissions are checked again at apply: the control plane refuses a request at first, and when it would
//! accept it, the permission is gone.

use std::fs;
use std::time::Duration;

use portico_tests::person::Person;
use portico_tests::proxy::{Fault, Operation};
use portico_tests::story::{decide, request_id, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

use super::{World, ask_for_bucket};

/// Rewrites a configuration file and waits until the portal uses it. Returns the previous text.
async fn rewrite(world: &World, pat: &Person, file: &str, change: impl FnOnce(&str) -> String) -> String {
    let read = async || {
        let page = pat.api(Method::GET, "/api/v1/configuration", None).await;
        page.expect(200).json()["loadedAt"].clone()
    };
    let before = read().await;
    let path = world.portal.world.configuration(file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{file} is unchanged");
    fs::write(&path, changed).unwrap();
    until("the new configuration", Duration::from_secs(30), async || {
        (read().await != before).then_some(())
    })
    .await;
    text
}

/// A change of a configuration file.
type Change = fn(&str) -> String;

/// A bucket that the control plane does not accept yet.
async fn held_up(world: &World, dana: &Person, name: &str) -> String {
    world
        .proxy
        .inject(Operation::Apply, Some(name), Fault::refusal(503, "not yet"));
    let id = request_id(&ask_for_bucket(dana, name).await);
    let _ = until_request(dana, &id, "which answered 503").await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_no_longer_permitted_at_apply_fails_with_the_reason() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let reasons: [(&str, &str, Change, &str); 6] = [
        (
            "standing",
            "tenants.yaml",
            |text| {
                text.replace(
                    "group: payments-developers, role: developer",
                    "group: payments-developers, role: viewer",
                )
            },
            "is no longer a developer of Payments",
        ),
        (
            "plane",
            "tenants.yaml",
            |text| text.replacen("matchLabels: { shared: \"true\" }", "names: [us-shared]", 1),
            "Payments may no longer use Europe, shared",
        ),
        (
            "denied",
            "approval-policies.yaml",
            |text| {
                format!(
                    "{text}    - name: no-buckets\n      when: offering.kind == 'Bucket'\n      then:\n        deny: {{}}\n      \
                     reason: No buckets any more.\n"
                )
            },
            "Policy refuses it now: No buckets any more.",
        ),
        (
            "quota",
            "tenants.yaml",
            |text| {
                text.replacen(
                    "matchLabels: { shared: \"true\" }",
                    "matchLabels: { shared: \"true\" }\n  quota: { storageGiB: 1 }",
                    1,
                )
            },
            "The quota of Storage GiB does not allow it",
        ),
        (
            "offering",
            "tenants.yaml",
            |text| {
                text.replacen(
                    "matchLabels: { shared: \"true\" }",
                    "matchLabels: { shared: \"true\" }\n  offerings: [caches.databases.demo.portico.dev]",
                    1,
                )
            },
            "Object bucket is no longer offered here",
        ),
        (
            "plan",
            "offering-bucket.yaml",
            |text| text.replacen("name: small", "name: starter", 1),
            "The plan small is no longer offered",
        ),
    ];
    for (name, file, change, why) in reasons {
        let id = held_up(&world, &dana, name).await;
        let before = rewrite(&world, &pat, file, change).await;
        world.proxy.clear_faults();
        let failed = until_request(&dana, &id, "Failed").await.page();
        let said = failed.text(".steps").unwrap();
        assert!(said.contains(why), "{name}: {said}");
        assert_eq!(world.bucket(name).await, None, "{name}");
        let _ = rewrite(&world, &pat, file, |_| before).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_apply_transient_refusals_are_retried_and_new_approvals_awaited() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let id = held_up(&world, &dana, "cordoned").await;
    let cordon = "/api/v1/control-planes/eu-shared/cordon";
    let because = json!({ "reason": "it is rebuilt" });
    let _ = pat.api(Method::POST, cordon, Some(&because)).await.expect(204);
    world.proxy.clear_faults();
    let _ = until_request(&dana, &id, "is cordoned and takes no new claims (it is rebuilt)").await;
    assert_eq!(world.bucket("cordoned").await, None);
    let _ = pat.api(Method::DELETE, cordon, None).await.expect(204);
    let _ = until_request(&dana, &id, "Applied").await;

    let id = held_up(&world, &dana, "agreed").await;
    let _ = rewrite(&world, &pat, "approval-policies.yaml", |text| {
        format!(
            "{text}    - name: buckets\n      when: offering.kind == 'Bucket'\n      then:\n        require:\n          \
             approvers: {{ tenantApprovers: {{}} }}\n      reason: Buckets are agreed on.\n"
        )
    })
    .await;
    world.proxy.clear_faults();
    let waiting = until_request(&dana, &id, "Awaiting approval").await.page();
    assert!(waiting.text(".steps").unwrap().contains("Buckets are agreed on."));
    assert_eq!(world.bucket("agreed").await, None);
    let ada = world.portal.world.sign_in("ada").await;
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let _ = until_request(&dana, &id, "Applied").await;
    assert!(world.bucket("agreed").await.is_some());
}
