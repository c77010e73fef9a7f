//! Counts the calls to a control plane while claim pages are open.

use std::collections::BTreeMap;
use std::time::Duration;

use portico_tests::proxy::{ProxiedRequest, Proxy};
use portico_tests::story::{BUCKET, POSTGRESQL, until_claim};
use portico_tests::until::until;
use serde_json::json;

use super::{BUCKETS, World};
use crate::composed_resources::{looks_on, next_event};

/// How long the pages stay open, and the calls allowed in that time: ten per minute.
const IDLE: Duration = Duration::from_secs(20);
const ALLOWED: usize = 3;

/// The calls without health checks and access reviews, which happen without pages too.
fn for_pages(asked: &[ProxiedRequest]) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    let others = ["/version", "/namespaces/kube-system", "/selfsubjectaccessreviews"];
    for one in asked {
        let path = one.line.split('?').next().unwrap();
        if !others.iter().any(|other| path.ends_with(other)) {
            *lines.entry(path).or_default() += 1;
        }
    }
    lines
}

/// Waits until there are no calls for a while: the pages are loaded.
async fn until_quiet(proxy: &Proxy) -> Vec<ProxiedRequest> {
    let mut all = Vec::new();
    let begun = std::time::Instant::now();
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let asked = proxy.take_requests();
        let is_quiet = for_pages(&asked).is_empty();
        all.extend(asked);
        if is_quiet {
            return all;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", for_pages(&all));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_cause_few_calls_to_their_control_plane() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let orders = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &format!("/claims/{orders}"), "Ready").await;
    let mut claims = vec![orders];
    for number in 0..9 {
        let name = format!("page{number}");
        let bucket = json!({
            "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
            "metadata": { "name": name, "namespace": "payments-dev" },
            "spec": { "storageClass": "standard", "quota": "10Gi" },
        });
        world.plane.create(BUCKETS, &bucket).await;
        claims.push(format!("eu-shared/{BUCKET}/payments-dev/{name}"));
    }
    for claim in &claims {
        let _ = until_claim(&dana, &format!("/claims/{claim}"), "Ready").await;
    }

    let _ = world.proxy.take_requests();
    let mut first = looks_on(&world.portal.world, &dana, &claims[0]).await;
    let _ = next_event(&mut first, "claim").await;
    let opened = until_quiet(&world.proxy).await;
    let secrets: Vec<&ProxiedRequest> = opened
        .iter()
        .filter(|asked| asked.line.contains("/secrets"))
        .collect();
    tokio::time::sleep(IDLE).await;
    let asked = world.proxy.take_requests();
    let one = for_pages(&asked);
    println!("one page: {} to open it, {one:?} in {IDLE:?}", opened.len());
    assert!(one.values().sum::<usize>() <= ALLOWED, "{one:?}");

    let mut streams = vec![first];
    for claim in &claims[1..] {
        let mut stream = looks_on(&world.portal.world, &dana, claim).await;
        let _ = next_event(&mut stream, "claim").await;
        streams.push(stream);
    }
    let opened = until_quiet(&world.proxy).await;
    tokio::time::sleep(IDLE).await;
    let asked = world.proxy.take_requests();
    let ten = for_pages(&asked);
    println!(
        "ten pages: {} to open nine more, {ten:?} in {IDLE:?}",
        opened.len()
    );
    assert!(ten.values().sum::<usize>() <= ALLOWED, "{ten:?}");

    // Nobody revealed a secret: only metadata of secrets was read.
    let all = secrets.into_iter().chain(&opened).chain(&asked);
    let mut of_secrets = all.filter(|asked| asked.line.contains("/secrets")).peekable();
    assert!(of_secrets.peek().is_some(), "no read of a secret was seen");
    for asked in of_secrets {
        assert!(asked.accept.contains("as=PartialObjectMetadata"), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_known_composed_resources_are_shown_while_a_plane_is_down() {
    let mut world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let claim = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let page = format!("/claims/{claim}");
    let _ = until_claim(&dana, &page, "Ready").await;
    let mut stream = looks_on(&world.portal.world, &dana, &claim).await;
    let _ = next_event(&mut stream, "claim").await;
    let tree = dana.get(&page).await.expect(200).page().text(".tree").unwrap();

    world.proxy.go_down().await;
    let shown = until_claim(&dana, &page, "Unreachable").await.page();
    let last = shown.text(".tree").expect("the last known composed resources");
    assert!(last.contains("DatabaseServer"), "{last}");
    assert!(shown.body().contains("This is what was seen"), "{}", shown.body());

    world.proxy.come_back().await;
    until("the page to be as before", Duration::from_secs(30), async || {
        let now = dana.get(&page).await.expect(200).page();
        (now.text(".tree")? == tree && !now.body().contains("This is what was seen")).then_some(())
    })
    .await;
}
