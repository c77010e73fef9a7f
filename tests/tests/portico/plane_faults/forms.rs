//! Dry-run failures are shown on the form, and a slow control plane does not delay others.

use std::time::{Duration, Instant};

use portico_tests::proxy::{Fault, Operation};
use portico_tests::story::{BUCKET, CACHE, request, request_id, until_request};
use reqwest::Method;
use serde_json::json;

use super::{BUCKETS, HANGS, World, ask_for_bucket, field_conflict, invalid, overloaded};

/// A dry-run fault, the status of the form's response, and its message.
fn dry_runs() -> [(&'static str, Fault, u16, &'static str); 13] {
    [
        (
            "forbidden",
            Fault::refusal(403, "buckets are for others"),
            403,
            "Europe, shared does not allow it: buckets are for others",
        ),
        (
            "of-kubectl",
            field_conflict(),
            409,
            "Europe, shared does not accept it: kubectl manages fields that this would change",
        ),
        (
            "conflicting",
            Fault::refusal(409, "in conflict with the moon"),
            409,
            "Europe, shared does not accept it: in conflict with the moon",
        ),
        (
            "expired",
            Fault::refusal(410, "too old"),
            410,
            "Europe, shared does not accept it: too old",
        ),
        ("invalid", invalid(), 422, "Too much for this quarter"),
        (
            "webhook",
            Fault::refusal(400, "admission webhook denied the request: no owner"),
            422,
            "Europe, shared does not accept it: admission webhook denied the request: no owner",
        ),
        (
            "overloaded",
            overloaded(),
            503,
            "Europe, shared is busy. Try again in 2 seconds",
        ),
        (
            "broken",
            Fault::refusal(500, "etcd has no leader"),
            502,
            "Europe, shared answered 500: etcd has no leader",
        ),
        (
            "not-json",
            Fault::NotJson,
            502,
            "Europe, shared sent an invalid response",
        ),
        (
            "other-json",
            Fault::OtherJson,
            502,
            "Europe, shared sent an invalid response",
        ),
        (
            "endless",
            Fault::Endless,
            502,
            "Europe, shared sent an invalid response",
        ),
        ("cut", Fault::Disconnect, 503, "Europe, shared cannot be reached"),
        (
            "hangs",
            HANGS,
            504,
            "Europe, shared did not answer within 2 seconds",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_failures_are_shown_on_the_form_and_nothing_is_submitted() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    for (name, fault, status, words) in dry_runs() {
        world.proxy.inject(Operation::DryRun, Some(name), fault);
        let refused = ask_for_bucket(&dana, name).await;
        let page = refused.page();
        assert_eq!(refused.status, status, "{name}: {}", page.body());
        let told = page.text("#problems").unwrap_or_default();
        if name == "invalid" {
            for (field, words) in [
                ("quota", "Too much for this quarter"),
                ("storageClass", "Not for this team"),
            ] {
                let beside = page.text(&format!(".field.wrong[data-field=\"/spec/{field}\"]"));
                assert!(
                    beside.as_ref().is_some_and(|text| text.contains(words)),
                    "{field}: {beside:?}"
                );
            }
        }
        assert!(told.contains(words), "{name}: {told}");
        assert_eq!(page.field("_name").as_deref(), Some(name), "the input is kept");
        if status == 503 && name == "overloaded" {
            assert_eq!(refused.header("retry-after"), Some("2"));
        }
        let asked = status >= 500;
        assert_eq!(
            page.body().contains("The control plane could not check it"),
            asked,
            "{name}: {}",
            page.body()
        );
        let list = dana.get("/requests").await.expect(200);
        assert!(
            !list
                .page()
                .texts("main tbody th")
                .iter()
                .any(|row| row.contains(name)),
            "{name}: nothing was sent"
        );
        assert_eq!(world.bucket(name).await, None, "{name}");

        // Later the same form succeeds: it kept its values.
        world.proxy.clear_faults();
        let form = page.form("/request").expect("the form with the problems");
        let sent = dana.submit(&refused.url, &form, Some(("_do", "submit"))).await;
        let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
        assert!(world.bucket(name).await.is_some(), "{name}");
    }
    // The API returns the same as status and message.
    world.proxy.inject(Operation::DryRun, Some("by-program"), HANGS);
    let wish = json!({ "offering": BUCKET, "name": "by-program", "controlPlane": "eu-shared" });
    let refused = dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await;
    assert_eq!(refused.status, 504, "{}", refused.text);
    assert!(
        refused.text.contains("Europe, shared did not answer"),
        "{}",
        refused.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_control_plane_does_not_delay_others() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let devon = world.sign_in("devon", "research/dev").await;
    world.proxy.inject(Operation::DryRun, Some("dawdler"), HANGS);
    let elsewhere = async {
        // By then the other request is running.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        let id = request(&devon, BUCKET, "brisk", &[]).await;
        assert!(
            begun.elapsed() < Duration::from_millis(1500),
            "{:?}",
            begun.elapsed()
        );
        let _ = until_request(&devon, &id, "Fulfilled").await;
    };
    let (refused, ()) = tokio::join!(ask_for_bucket(&dana, "dawdler"), elsewhere);
    assert_eq!(refused.status, 504);

    // Nor does the worker: a hanging control plane does not use up its capacity.
    world.proxy.inject(Operation::Apply, None, HANGS);
    let hanging: Vec<String> = (0..60).map(|number| format!("hanging-{number}")).collect();
    let mut requests = Vec::new();
    for name in &hanging {
        let wish = json!({ "offering": BUCKET, "name": name, "controlPlane": "eu-shared" });
        let sent = dana.api(Method::POST, "/api/v1/requests", Some(&wish)).await;
        assert_eq!(sent.status, 201, "{}", sent.text);
        requests.push(sent.json()["id"].as_str().unwrap().to_owned());
    }
    let begun = Instant::now();
    let id = request(&dana, CACHE, "unhindered", &[("_plane", "us-shared")]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());

    // Once the control plane recovers, each claim is created exactly once.
    world.proxy.clear_faults();
    for id in &requests {
        let _ = until_request(&dana, id, "Fulfilled").await;
    }
    for (plane, expected) in [(&world.plane, hanging.len()), (&world.elsewhere, 0)] {
        let list = plane.get(BUCKETS).await.unwrap();
        let found = list["items"].as_array().unwrap().iter().filter(|bucket| {
            let name = bucket["metadata"]["name"].as_str().unwrap();
            name.starts_with("hanging-") || name == "dawdler"
        });
        assert_eq!(found.count(), expected);
    }
}
