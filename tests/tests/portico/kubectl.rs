//! Debian's kubectl works with the demo's control planes.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use portico_tests::demo::Demo;
use portico_tests::kubectl::Kubectl;
use portico_tests::story::{BUCKET, POSTGRESQL, until_claim};
use portico_tests::until::until;

const BUCKET_MANIFEST: &str = "
apiVersion: storage.demo.portico.dev/v1
kind: Bucket
metadata: { name: by-hand, namespace: payments-dev }
spec: { quota: 10Gi }
";

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_lists_applies_watches_and_deletes() {
    if !Kubectl::is_here("kubectl_lists_applies_watches_and_deletes") {
        return;
    }
    let demo = Demo::start().await;
    for plane in &demo.ready.control_planes {
        let crds = Kubectl::of(&plane.kubeconfig).run(&["get", "customresourcedefinitions", "--output=name"]);
        assert!(crds.contains(POSTGRESQL), "{}: {crds}", plane.name);
    }
    let kubectl = demo.kubectl("eu-shared");
    let claims = kubectl.run(&["get", POSTGRESQL, "--all-namespaces"]);
    assert!(claims.contains("orders"), "the demo's initial claims: {claims}");

    let begun = Instant::now();
    let watch = &mut kubectl.start(&[
        "get",
        BUCKET,
        "--namespace=payments-dev",
        "--watch",
        "--output=name",
    ]);
    kubectl.apply(BUCKET_MANIFEST, &[]);
    let seen = BufReader::new(watch.child().stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        seen.into_iter().any(|line| line.contains("by-hand")),
        "the watch tells of it"
    );
    assert!(begun.elapsed() < Duration::from_secs(20));

    // Objects created by hand appear in the portal.
    let dana = demo.sign_in("dana").await;
    let path = format!("/claims/eu-shared/{BUCKET}/payments-dev/by-hand");
    let _ = until_claim(&dana, &path, "Ready").await;

    // The schema is enforced, and errors name the field.
    let refused = kubectl.try_run(
        &["apply", "--filename=-"],
        Some(&BUCKET_MANIFEST.replace("10Gi", "[1]")),
    );
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("spec.quota"), "{said}");

    // Server-side apply by another manager conflicts on an owned field.
    kubectl.apply(
        &BUCKET_MANIFEST.replace("by-hand", "contested"),
        &["--server-side", "--field-manager=one"],
    );
    let other = BUCKET_MANIFEST
        .replace("by-hand", "contested")
        .replace("10Gi", "20Gi");
    let conflict = kubectl.try_run(
        &["apply", "--server-side", "--field-manager=other", "--filename=-"],
        Some(&other),
    );
    assert!(
        String::from_utf8_lossy(&conflict.stderr).contains("conflict"),
        "{conflict:?}"
    );

    let _ = kubectl.run(&[
        "delete",
        BUCKET,
        "by-hand",
        "--namespace=payments-dev",
        "--timeout=30s",
    ]);
    until(
        "the deleted claim leaves the portal",
        Duration::from_secs(10),
        async || (!dana.get("/claims").await.page().body().contains("by-hand")).then_some(()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installed_kind_is_in_the_catalog_until_it_is_removed() {
    if !Kubectl::is_here("an_installed_kind_is_in_the_catalog_until_it_is_removed") {
        return;
    }
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let kubectl = demo.kubectl("eu-shared");
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let installed = Instant::now();
    let has_widgets = async || {
        dana.get("/catalog")
            .await
            .page()
            .texts(".card h2")
            .contains(&"Widget".to_owned())
    };
    until("a card for widgets", Duration::from_secs(10), async || {
        has_widgets().await.then_some(())
    })
    .await;
    assert!(
        installed.elapsed() < Duration::from_secs(5),
        "within two seconds, with a margin for a busy machine"
    );
    let _ = kubectl.run(&["delete", "customresourcedefinition", "widgets.tests.portico.dev"]);
    until("no card for widgets", Duration::from_secs(10), async || {
        (!has_widgets().await).then_some(())
    })
    .await;
}
