//! Offerings side by side.

use portico_tests::demo::Demo;

const DATABASES: [&str; 2] = [
    "postgresqlinstances.databases.demo.portico.dev",
    "mysqlinstances.databases.demo.portico.dev",
];

#[tokio::test(flavor = "multi_thread")]
async fn offerings_are_compared_where_one_has_them() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    // Where the catalog shows a few, it leads to them side by side.
    let all = dana.get("/catalog").await.expect(200).page();
    assert!(!all.body().contains("/catalog/compare"), "these are too many");
    let found = dana.get("/catalog?q=relational").await.expect(200).page();
    let links = found.attributes("main a", "href");
    let link = links
        .iter()
        .find(|link| link.starts_with("/catalog/compare?"))
        .expect("a link");
    for offering in DATABASES {
        assert!(link.contains(&format!("offering={offering}")), "{link}");
    }
    let page = dana.get(link).await.expect(200).page();
    let heads = page.text("table.plans thead").unwrap();
    assert!(heads.contains("PostgreSQL") && heads.contains("MySQL"), "{heads}");
    let said = page.text("table.plans tbody").unwrap();
    for row in [
        "Price",
        "from",
        "Plans",
        "Where it runs",
        "Europe, shared",
        "Approval",
        "Owner",
    ] {
        assert!(said.contains(row), "{row}: {said}");
    }
    let requests: Vec<_> = page
        .attributes("thead a", "href")
        .into_iter()
        .filter(|href| href.ends_with("/request"))
        .collect();
    assert_eq!(requests.len(), 2);

    // What is named twice, or is nobody's, is left out; nothing but that is an error, as its page is.
    let [postgresql, mysql] = DATABASES;
    let odd = format!(
        "/catalog/compare?offering={postgresql}&offering={postgresql}&offering=x.example.org&offering=%00&offering={mysql}"
    );
    let heads = dana.get(&odd).await.expect(200).page();
    assert_eq!(heads.attributes("thead th", "scope").len(), 2);
    let _ = dana
        .get("/catalog/compare?offering=x.example.org")
        .await
        .expect(404);
    let nothing = dana.get("/catalog/compare").await.expect(200);
    assert_eq!(nothing.url.path(), "/catalog");
    // Who may not request is not offered to.
    let vic = demo.sign_in("vic").await;
    let page = vic.get(link).await.expect(200).page();
    assert!(
        page.attributes("thead a", "href")
            .iter()
            .all(|href| !href.ends_with("/request"))
    );
}
