//! A control plane that refuses, talks nonsense, hangs or is gone, as people meet it: what they read says what and
//! where, pages stay quick, and nothing is lost or done twice.

use std::time::{Duration, Instant};

use futures::future::join_all;
use portico_tests::apart::Apart;
use portico_tests::demo::Demo;
use portico_tests::direct::Direct;
use portico_tests::person::{Answer, Person};
use portico_tests::proxy::{Ask, Proxy, Trouble};
use portico_tests::story::{
    BUCKET, CACHE, POSTGRESQL, ask_for, claim_path, request, request_id, until_claim, until_request,
};
use portico_tests::until::{until, until_it};
use reqwest::Method;
use serde_json::{Value, json};

const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";
/// What no person should wait for a page. Generous: the program is built for debugging, the machine busy.
const A_MOMENT: Duration = Duration::from_secs(1);
/// Longer than anybody waits for a control plane.
const HANGS: Trouble = Trouble::Slow(Duration::from_secs(30));

/// The demo's world, and a portal that reaches one of its control planes through a proxy.
struct World {
    portal: Apart,
    proxy: Proxy,
    plane: Direct,
    elsewhere: Direct,
}

impl World {
    async fn start() -> Self {
        let world = Demo::start_with(&["--world-only"]).await;
        world.strike_quotas();
        let kubeconfig = |name: &str| {
            let mut planes = world.ready.control_planes.iter();
            planes
                .find(|plane| plane.name == name)
                .unwrap()
                .kubeconfig
                .clone()
        };
        let eu = kubeconfig("eu-shared");
        let troubled = eu.with_file_name("eu-troubled.yaml");
        let proxy = Proxy::start(&eu, &troubled).await;
        let planes = world.configuration("control-planes.yaml");
        let before = std::fs::read_to_string(&planes).unwrap();
        let after = before.replace(
            "\"../kubeconfigs/eu-shared.yaml\"",
            "\"../kubeconfigs/eu-troubled.yaml\"\n  limits: { timeoutSeconds: 2 }",
        );
        assert_ne!(before, after);
        std::fs::write(&planes, after).unwrap();
        let elsewhere = Direct::of(&kubeconfig("us-shared"));
        let portal = Apart::over(world, "info").await;
        let begun = Self {
            portal,
            proxy,
            plane: Direct::of(&eu),
            elsewhere,
        };
        begun.until_it_serves("eu-shared").await;
        begun
    }

    /// A portal does not wait long for its control planes before it answers, and this machine may be busy.
    async fn until_it_serves(&self, plane: &str) {
        let dana = self.sign_in("dana", "payments/dev").await;
        for offering in [BUCKET, CACHE, POSTGRESQL] {
            until(
                "the control plane's offerings",
                Duration::from_secs(30),
                async || {
                    let page = dana.get(&format!("/api/v1/offerings/{offering}")).await;
                    page.text.contains(plane).then_some(())
                },
            )
            .await;
        }
    }

    async fn sign_in(&self, who: &str, place: &str) -> Person {
        let person = self.portal.world.sign_in(who).await;
        person.work_in(place).await;
        person
    }

    async fn bucket(&self, name: &str) -> Option<Value> {
        self.plane.get(&format!("{BUCKETS}/{name}")).await
    }
}

async fn ask_for_bucket(person: &Person, name: &str) -> Answer {
    ask_for(person, BUCKET, name, &[("_plane", "eu-shared")]).await
}

fn field_conflict() -> Trouble {
    Trouble::Refusal {
        code: 409,
        status: json!({
            "reason": "Conflict",
            "message": "Apply failed with 1 conflict: conflict with \"kubectl\" using storage.demo.portico.dev/v1: .spec.quota",
            "details": { "causes": [{
                "reason": "FieldManagerConflict", "field": ".spec.quota",
                "message": "conflict with \"kubectl\" using storage.demo.portico.dev/v1",
            }] },
        }),
        retry_after: None,
    }
}

fn invalid() -> Trouble {
    Trouble::Refusal {
        code: 422,
        status: json!({
            "reason": "Invalid",
            "message": "Bucket is invalid: spec.quota: Invalid value: too much for this quarter, and another",
            "details": { "causes": [
                { "reason": "FieldValueInvalid", "field": "spec.quota", "message": "too much for this quarter" },
                { "reason": "FieldValueInvalid", "field": "spec.storageClass", "message": "not for this team" },
            ] },
        }),
        retry_after: None,
    }
}

fn overloaded() -> Trouble {
    Trouble::Refusal {
        code: 429,
        status: json!({ "reason": "TooManyRequests", "message": "try again later" }),
        retry_after: Some(2),
    }
}

/// A page's answer, which came in a moment; of three tries the quickest counts.
async fn quickly(person: &Person, path: &str) -> Answer {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        let answer = person.get(path).await;
        quickest = quickest.min(begun.elapsed());
        if quickest < A_MOMENT {
            return answer.expect(200);
        }
    }
    panic!("{path} took {quickest:?} at its quickest");
}

/// What a dry run meets, what the form is answered with, and what it says.
fn dry_runs() -> [(&'static str, Trouble, u16, &'static str); 13] {
    [
        (
            "forbidden",
            Trouble::refusal(403, "buckets are for others"),
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
            Trouble::refusal(409, "in conflict with the moon"),
            409,
            "Europe, shared does not accept it: in conflict with the moon",
        ),
        (
            "expired",
            Trouble::refusal(410, "too old"),
            410,
            "Europe, shared does not accept it: too old",
        ),
        ("invalid", invalid(), 422, "Too much for this quarter"),
        (
            "webhook",
            Trouble::refusal(400, "admission webhook denied the request: no owner"),
            422,
            "Europe, shared does not accept it: admission webhook denied the request: no owner",
        ),
        (
            "overloaded",
            overloaded(),
            503,
            "Europe, shared has too much to do just now. Try again in 2 seconds",
        ),
        (
            "broken",
            Trouble::refusal(500, "etcd has no leader"),
            502,
            "Europe, shared answered 500: etcd has no leader",
        ),
        (
            "not-json",
            Trouble::NotJson,
            502,
            "Europe, shared gave an answer that makes no sense",
        ),
        (
            "other-json",
            Trouble::OtherJson,
            502,
            "Europe, shared gave an answer that makes no sense",
        ),
        (
            "endless",
            Trouble::Endless,
            502,
            "Europe, shared gave an answer that makes no sense",
        ),
        ("cut", Trouble::Cut, 503, "Europe, shared cannot be reached"),
        (
            "hangs",
            HANGS,
            504,
            "Europe, shared did not answer within 2 seconds",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dry_run_meets_is_told_on_the_form_and_nothing_is_sent() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    for (name, trouble, status, words) in dry_runs() {
        world.proxy.trouble(Ask::DryRun, Some(name), trouble);
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
        assert_eq!(page.field("_name").as_deref(), Some(name), "what was typed stays");
        if status == 503 && name == "overloaded" {
            assert_eq!(refused.header("retry-after"), Some("2"));
        }
        let asked = status >= 500;
        assert_eq!(
            page.body().contains("The control plane could not be asked"),
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

        // Later the same form goes through: it is still what it was.
        world.proxy.heal();
        let form = page.form("/request").expect("the form again");
        let sent = dana.submit(&refused.url, &form, Some(("_do", "submit"))).await;
        let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
        assert!(world.bucket(name).await.is_some(), "{name}");
    }
    // Programs hear the same, by its status and in words.
    world.proxy.trouble(Ask::DryRun, Some("by-program"), HANGS);
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
async fn nobody_waits_for_another_ones_control_plane() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let devon = world.sign_in("devon", "research/dev").await;
    world.proxy.trouble(Ask::DryRun, Some("dawdler"), HANGS);
    let elsewhere = async {
        // By then the other one's is under way.
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

    // Nor does the worker: what hangs on one control plane leaves hands free for the others.
    world.proxy.trouble(Ask::Apply, None, HANGS);
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

    // And when it is well again, each is made, once, and nothing else.
    world.proxy.heal();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_out_what_passes_and_says_what_it_waits_for() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let passing: [(&str, Trouble, &str); 7] = [
        (
            "overloaded",
            overloaded(),
            "Waiting for Europe, shared, which has too much to do.",
        ),
        (
            "broken",
            Trouble::refusal(500, "etcd has no leader"),
            "Waiting for Europe, shared, which answered 500: etcd has no leader.",
        ),
        (
            "not-json",
            Trouble::NotJson,
            "Waiting for Europe, shared, whose answer makes no sense",
        ),
        (
            "other-json",
            Trouble::OtherJson,
            "Waiting for Europe, shared, whose answer makes no sense",
        ),
        (
            "endless",
            Trouble::Endless,
            "Waiting for Europe, shared, whose answer makes no sense",
        ),
        (
            "hangs",
            HANGS,
            "Waiting for Europe, shared, which does not answer in time.",
        ),
        (
            "cut",
            Trouble::Cut,
            "Waiting for Europe, shared, which cannot be reached.",
        ),
    ];
    let mut requests = Vec::new();
    for (name, trouble, words) in passing {
        world.proxy.trouble(Ask::Apply, Some(name), trouble);
        let sent = ask_for_bucket(&dana, name).await;
        requests.push((name, request_id(&sent), words));
    }
    // Done, and nobody heard of it: it is found to be done.
    world.proxy.trouble(Ask::Apply, Some("unheard"), Trouble::Unheard);
    let unheard = request_id(&ask_for_bucket(&dana, "unheard").await);
    let _ = until_request(&dana, &unheard, "which cannot be reached").await;
    assert!(world.bucket("unheard").await.is_some());

    for (name, id, words) in &requests {
        let page = until_request(&dana, id, words).await;
        assert!(
            page.page().text(".state-line").unwrap().starts_with("Applying"),
            "{name}: {}",
            page.page().body()
        );
        assert_eq!(world.bucket(name).await, None, "{name}");
        let _ = quickly(&dana, &format!("/requests/{id}")).await;
    }
    world.proxy.heal();
    for (name, id) in requests
        .iter()
        .map(|(name, id, _)| (*name, id))
        .chain([("unheard", &unheard)])
    {
        let fulfilled = until_request(&dana, id, "Fulfilled").await;
        assert!(fulfilled.page().form("/withdraw").is_none());
        let bucket = world.bucket(name).await.unwrap();
        assert_eq!(
            bucket["metadata"]["labels"]["portico.dev/request"],
            id.as_str(),
            "{name}"
        );
        let at = claim_path(&fulfilled);
        assert!(at.contains("/eu-shared/"), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_to_wait_for_a_control_plane_that_never_answers() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    world.proxy.trouble(
        Ask::Apply,
        Some("tired"),
        Trouble::refusal(500, "etcd has no leader"),
    );
    let id = request_id(&ask_for_bucket(&dana, "tired").await);
    let waiting = until_request(&dana, &id, "Waiting for Europe, shared").await;
    let seen_by_ada = ada.get(&format!("/requests/{id}")).await;
    assert!(seen_by_ada.page().form("/withdraw").is_none());
    // Where the worker is at it this very moment, one is told so and asks again.
    let given_up = until("the request is given up", Duration::from_secs(20), async || {
        let form = dana
            .get(&format!("/requests/{id}"))
            .await
            .page()
            .form("/withdraw")?;
        let answer = dana.submit(&waiting.url, &form, None).await;
        (answer.status != 409).then_some(answer)
    })
    .await;
    let body = given_up.page().body();
    assert!(body.contains("You took the request back."), "{body}");
    assert!(body.contains("Nobody waits for eu-shared any more"), "{body}");
    world.proxy.heal();
    // The name is free again, and nothing of the first comes later.
    let again = request_id(&ask_for_bucket(&dana, "tired").await);
    let _ = until_request(&dana, &again, "Fulfilled").await;
    let bucket = world.bucket("tired").await.unwrap();
    assert_eq!(
        bucket["metadata"]["labels"]["portico.dev/request"],
        again.as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_people_can_settle_ends_with_what_was_said() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let settled: [(&str, Trouble, &str); 5] = [
        (
            "forbidden",
            Trouble::refusal(403, "buckets are for others"),
            "Europe, shared does not allow it: buckets are for others. Ask the platform team for the missing right.",
        ),
        (
            "of-kubectl",
            field_conflict(),
            "kubectl sets fields that this request would change, and Portico does not overwrite others' work.",
        ),
        (
            "conflicting",
            Trouble::refusal(409, "in conflict with the moon"),
            "eu-shared says that it conflicts with what is there: in conflict with the moon.",
        ),
        (
            "expired",
            Trouble::refusal(410, "too old"),
            "eu-shared answered that it is gone: too old.",
        ),
        (
            "invalid",
            invalid(),
            "spec.quota: Invalid value: too much for this quarter",
        ),
    ];
    for (name, trouble, words) in settled {
        world.proxy.trouble(Ask::Apply, Some(name), trouble);
        let sent = ask_for_bucket(&dana, name).await;
        let failed = until_request(&dana, &request_id(&sent), "Failed").await;
        let body = failed.page().body();
        assert!(body.contains(words), "{name}: {body}");
        assert_eq!(world.bucket(name).await, None, "{name}");
        // It keeps nobody from asking again.
        world.proxy.heal();
        let again = ask_for_bucket(&dana, name).await;
        let _ = until_request(&dana, &request_id(&again), "Fulfilled").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_goes_through_or_says_why_not() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let cases: [(&str, Trouble, Option<&str>); 8] = [
        (
            "in-use",
            Trouble::refusal(
                409,
                "This resource is in-use by 1 Usage(s), including the Usage \"files\"",
            ),
            Some("in-use cannot be deleted yet: This resource is in-use by 1 Usage(s)"),
        ),
        (
            "not-yours",
            Trouble::refusal(403, "deleting is for others"),
            Some("Europe, shared does not allow it: deleting is for others"),
        ),
        ("broken", Trouble::refusal(500, "etcd has no leader"), None),
        ("overloaded", overloaded(), None),
        ("not-json", Trouble::NotJson, None),
        ("hangs", HANGS, None),
        ("cut", Trouble::Cut, None),
        ("unheard", Trouble::Unheard, None),
    ];
    let made = join_all(cases.iter().map(async |(name, ..)| {
        let id = request_id(&ask_for_bucket(&dana, name).await);
        claim_path(&until_request(&dana, &id, "Fulfilled").await)
    }))
    .await;
    let mut waiting = Vec::new();
    for ((name, trouble, refused), claim) in cases.into_iter().zip(made) {
        world.proxy.trouble(Ask::Delete, Some(name), trouble);
        let page = until_it(
            "the claim's page",
            Duration::from_secs(20),
            async || dana.get(&format!("{claim}/delete")).await,
            |answer| answer.status == 200,
        )
        .await;
        let form = page
            .page()
            .form("/delete")
            .expect("a form")
            .with("_confirm", name);
        let id = request_id(&dana.submit(&page.url, &form, None).await);
        if let Some(words) = refused {
            let failed = until_request(&dana, &id, "Failed").await;
            assert!(
                failed.page().body().contains(words),
                "{name}: {}",
                failed.page().body()
            );
            assert!(world.bucket(name).await.is_some(), "{name} stands");
        } else {
            let _ = until_request(&dana, &id, "Waiting for").await;
            waiting.push((name, id));
        }
    }
    // Meanwhile a lying control plane does not make anybody believe that a claim is gone.
    world.proxy.trouble(Ask::Read, Some("broken"), Trouble::OtherJson);
    let broken = &waiting[0];
    let _ = until_request(&dana, &broken.1, "whose answer makes no sense").await;
    world.proxy.heal();
    for (name, id) in waiting {
        let _ = until_request(&dana, &id, "Fulfilled").await;
        assert_eq!(world.bucket(name).await, None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_is_gone_costs_its_own_rows_a_badge() {
    let mut world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &orders, "Ready").await;
    let offered = dana.get("/catalog").await.page().texts(".card h2");

    world.proxy.go_down().await;
    let page = until_claim(&dana, &orders, "Unreachable").await;
    let said = page.page().text(".verdict").unwrap();
    assert!(said.contains("What you see is as of"), "{said}");
    let planes = pat.get("/admin/control-planes").await.expect(200).page();
    let behind = planes.text("#p-eu-shared td[data-label=Behind]").unwrap();
    assert!(
        behind.starts_with("up to "),
        "how far what is shown may be behind: {behind}"
    );
    let behind = planes.text("#p-us-shared td[data-label=Behind]").unwrap();
    assert_eq!(behind, "Live");
    let list = quickly(&dana, "/claims").await;
    let row = list
        .page()
        .texts("tbody tr")
        .into_iter()
        .find(|row| row.starts_with("orders "));
    let row = row.expect("orders is still there");
    assert!(row.contains("Unreachable") && row.contains("Last seen"), "{row}");
    let catalog = quickly(&dana, "/catalog").await;
    assert_eq!(
        catalog.page().texts(".card h2"),
        offered,
        "the catalog keeps what it knew"
    );
    let offering = quickly(&dana, &format!("/catalog/{POSTGRESQL}")).await;
    assert!(
        offering.page().body().contains("Does not answer, last seen"),
        "{}",
        offering.page().body()
    );
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;

    // What is asked for goes elsewhere, and says so; who insists is told.
    let form = quickly(&dana, &format!("/catalog/{BUCKET}/request")).await;
    let summary = form.page().text("aside.summary").unwrap();
    assert!(
        summary.contains("United States, shared") && summary.contains("it has not answered since"),
        "{summary}"
    );
    let insisted = ask_for_bucket(&dana, "insisted").await;
    assert_eq!(insisted.status, 422);
    assert!(
        insisted.page().body().contains("it has not answered since"),
        "{}",
        insisted.page().body()
    );
    let id = request(&dana, BUCKET, "elsewhere", &[]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;

    // What can only be done there waits for it.
    let page = dana.get(&format!("{orders}/delete")).await.expect(200);
    let delete = page.page().form("/delete").unwrap().with("_confirm", "orders");
    let delete = request_id(&dana.submit(&page.url, &delete, None).await);
    let waits = "Waiting for Europe, shared, which cannot be reached.";
    let _ = until_request(&dana, &delete, waits).await;

    world.proxy.come_back().await;
    let _ = until_request(&dana, &delete, "Fulfilled").await;
    until("the other claims are back", Duration::from_secs(20), async || {
        let list = dana.get("/claims").await;
        (!list.page().body().contains("Unreachable")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_hangs_or_lies_slows_no_page_and_hides_nothing() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let ada = world.sign_in("ada", "payments/dev").await;
    let pat = world.portal.world.sign_in("pat").await;
    let orders = format!("/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let _ = until_claim(&dana, &orders, "Ready").await;
    let offered = dana.get("/catalog").await.page().texts(".card h2");
    let claims = async || {
        let mut names = dana.get("/claims").await.page().texts("tbody th");
        names.sort();
        names
    };
    let known = claims().await;

    // It hangs: at first nobody knows, and the claim's page has questions for it.
    world.proxy.trouble(Ask::Anything, None, HANGS);
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;
    world.proxy.cut_watches();
    let _ = until_claim(&dana, &orders, "Unreachable").await;
    all_pages_are_quick(&dana, &ada, &pat, &orders).await;
    world.proxy.heal();
    let _ = until_claim(&dana, &orders, "Ready").await;

    // It lies: nothing that was there is taken for gone.
    for lie in [
        Trouble::OtherJson,
        Trouble::NotJson,
        Trouble::refusal(500, "etcd is ill"),
    ] {
        world.proxy.trouble(Ask::Anything, None, lie);
        world.proxy.cut_watches();
        let _ = until_claim(&dana, &orders, "Unreachable").await;
        assert_eq!(dana.get("/catalog").await.page().texts(".card h2"), offered);
        assert_eq!(claims().await, known);
        world.proxy.heal();
        let _ = until_claim(&dana, &orders, "Ready").await;
    }
}

async fn all_pages_are_quick(dana: &Person, ada: &Person, pat: &Person, claim: &str) {
    let id = &dana
        .get("/requests")
        .await
        .page()
        .attributes("main tbody th a", "href");
    for path in ["/", "/catalog", "/claims", "/requests"] {
        let _ = quickly(dana, path).await;
    }
    let own = [
        format!("/catalog/{POSTGRESQL}"),
        format!("/catalog/{POSTGRESQL}/request"),
        claim.to_owned(),
        format!("{claim}/change"),
        format!("{claim}/delete"),
    ];
    for path in own.iter().chain(id.first()) {
        let _ = quickly(dana, path).await;
    }
    let _ = quickly(ada, "/approvals").await;
    for path in [
        "/admin/control-planes",
        "/admin/tenants",
        "/admin/record",
        "/catalog",
    ] {
        let _ = quickly(pat, path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_are_told_their_past_is_gone_catch_up() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let bucket = |name: &str| {
        json!({
            "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
            "metadata": { "name": name, "namespace": "payments-dev" }, "spec": {},
        })
    };
    let shows = async |name: &str| {
        until(
            &format!("{name} among the claims"),
            Duration::from_secs(30),
            async || {
                let list = dana.get("/claims").await;
                let names = list.page().texts("tbody th");
                names.iter().any(|row| row == name).then_some(())
            },
        )
        .await;
    };
    world.proxy.trouble(
        Ask::Watch,
        None,
        Trouble::refusal(410, "too old resource version"),
    );
    world.proxy.cut_watches();
    world.plane.create(BUCKETS, &bucket("made-meanwhile")).await;
    shows("made-meanwhile").await;
    world.proxy.heal();
    world.plane.create(BUCKETS, &bucket("made-after")).await;
    shows("made-after").await;
    let unreachable = dana.get("/claims").await.page().body().contains("Unreachable");
    assert!(!unreachable, "a list that could be read is no outage");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_others_make_in_the_same_moment_is_left_as_they_made_it() {
    let world = World::start().await;
    let dana = world.sign_in("dana", "payments/dev").await;
    let theirs = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": "outrun", "labels": { "team": "theirs" } },
        // Nothing that this request would change: merged into, it would be no conflict.
        "spec": { "quota": "50Gi", "storageClass": "standard" },
    });
    let outrun = Trouble::Outrun(BUCKETS.to_owned(), theirs);
    world.proxy.trouble(Ask::Apply, Some("outrun"), outrun);
    let id = request_id(&ask_for_bucket(&dana, "outrun").await);
    let failed = until_request(&dana, &id, "Failed").await;
    let said = failed.page().body();
    assert!(said.contains("already has a Bucket called outrun"), "{said}");
    let there = world.bucket("outrun").await.expect("theirs");
    assert_eq!(
        there["metadata"]["labels"],
        json!({ "team": "theirs" }),
        "{there}"
    );
    assert_eq!(there["metadata"].get("annotations"), None, "{there}");
}
