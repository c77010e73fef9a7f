//! What is secret is seen by whom it is shown to, at the moment they ask, and is nowhere else.

use portico_tests::apart::Apart;
use portico_tests::demo::{Demo, Planes};
use portico_tests::story::{POSTGRESQL, claim_path, request, until_claim, until_request};

on_all_planes!(a_reveal_is_recorded_and_what_it_showed_is_kept_nowhere);

async fn a_reveal_is_recorded_and_what_it_showed_is_kept_nowhere(planes: Planes) {
    let world = Demo::world_on(planes).await;
    // All that the portal and the libraries under it could ever let slip.
    let mut portal = Apart::over(world, "debug,portico=trace").await;
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
        // A form may reveal several at once.
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
    assert!(!secret.is_empty(), "there is a password among {shown:?}");

    // Who may only look, and who runs the platform, see which keys there are; that is all.
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
