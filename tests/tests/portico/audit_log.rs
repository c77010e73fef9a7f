//! The audit log can be filtered and exported by those who may see it.

use portico_domain::audit_log::{Event, SignedHead, chain_hash};
use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{CACHE, request, until_request};

async fn exported(person: &Person, query: &str) -> Vec<Event> {
    let answer = person
        .get(&format!("/admin/record/export{query}"))
        .await
        .expect(200);
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    let named = answer.header("content-disposition").unwrap();
    assert!(
        named.starts_with("attachment") && named.contains(".jsonl"),
        "{named}"
    );
    let events = answer
        .text
        .lines()
        .filter(|line| !line.starts_with("{\"recordHead\""))
        .map(|line| serde_json::from_str(line).unwrap());
    events.collect()
}

/// The last line of a full export: its signed end.
async fn signed_end(person: &Person) -> Option<SignedHead> {
    let answer = person.get("/admin/record/export").await.expect(200);
    let line = answer.text.lines().last()?;
    let mut line: serde_json::Value = serde_json::from_str(line).ok()?;
    serde_json::from_value(line["recordHead"].take()).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_export_is_complete_and_its_hashes_verify() {
    let demo = Demo::start().await;
    let (dana, devon) = (demo.sign_in("dana").await, demo.sign_in("devon").await);
    dana.work_in("payments/dev").await;
    devon.work_in("research/dev").await;
    for (person, name) in [(&dana, "kept"), (&devon, "elsewhere")] {
        let id = request(person, CACHE, name, &[]).await;
        let _ = until_request(person, &id, "Fulfilled").await;
    }
    let pat = demo.sign_in("pat").await;
    let mut all = exported(&pat, "").await;
    all.reverse();
    assert!(all.len() > 8, "{}", all.len());
    for (place, event) in all.iter().enumerate() {
        assert_eq!(
            usize::try_from(event.sequence).unwrap(),
            place + 1,
            "an event is missing"
        );
        let before = place.checked_sub(1).map(|before| all[before].hash.clone());
        assert_eq!(event.previous_hash, before.unwrap_or_else(|| "0".repeat(64)));
        assert_eq!(
            event.hash,
            chain_hash(&event.previous_hash, event.sequence, &event.event)
        );
    }

    // The same filters as on the page.
    let page = pat.get("/admin/record").await.expect(200).page();
    let people = page.texts("select[name=person] option");
    assert!(people.contains(&"Dana Okafor".to_owned()), "{people:?}");
    let subjects = page.attributes("select[name=person] option", "value");
    let subject = &subjects[people.iter().position(|name| name == "Dana Okafor").unwrap()];
    let subject: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
    let by_dana = exported(&pat, &format!("?person={subject}")).await;
    assert!(!by_dana.is_empty() && by_dana.len() < all.len());
    assert!(
        by_dana
            .iter()
            .all(|event| event.event.actor_name == "Dana Okafor")
    );
    let shown = pat
        .get(&format!("/admin/record?person={subject}"))
        .await
        .expect(200)
        .page();
    assert!(
        shown
            .texts("td[data-label=Who]")
            .iter()
            .all(|who| who == "Dana Okafor")
    );
    let export = shown.attributes("a[download]", "href");
    assert!(export[0].contains("/admin/record/export?person="), "{export:?}");
    // The export itself is recorded, with its filters.
    let exports = exported(&pat, "?verb=record.exported").await;
    assert_eq!(exports.len(), 2);
    assert_eq!(exports[0].event.actor_name, exports[1].event.actor_name);
    assert!(exports[0].event.details["person"].is_string(), "{exports:?}");
    // The first ones are those of the demo's day before.
    let day = all.last().unwrap().event.at.strftime("%Y-%m-%d").to_string();
    let until_today = exported(&pat, &format!("?until={day}")).await;
    assert_eq!(until_today.len(), all.len() + 3, "the three exports are recorded");
    let end = signed_end(&pat)
        .await
        .expect("the last line of an export is the signed head");
    assert!(
        end.sequence > all.last().unwrap().sequence && end.hash.len() == 64,
        "{end:?}"
    );
    assert!(exported(&pat, "?until=2001-01-01").await.is_empty());
    assert!(exported(&pat, "?since=2100-01-01").await.is_empty());

    // A tenant admin exports only the tenant's events.
    let tess = demo.sign_in("tess").await;
    let own = exported(&tess, "").await;
    let tenants: Vec<_> = own
        .iter()
        .map(|event| event.event.tenant.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(
        signed_end(&tess).await,
        None,
        "a part of the audit log has no signed head"
    );
    assert!(
        !own.is_empty() && tenants.iter().all(|tenant| *tenant == "payments"),
        "{tenants:?}"
    );
    let _ = tess.get("/admin/record/export?tenant=research").await.expect(404);
    let _ = dana.get("/admin/record/export").await.expect(404);
    let offered = tess
        .get("/admin/record")
        .await
        .expect(200)
        .page()
        .texts("select[name=tenant] option");
    assert_eq!(offered, ["Any tenant", "Payments"]);
}
