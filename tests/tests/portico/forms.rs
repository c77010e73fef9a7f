//! Forms can express all YAML values without scripts, and submit what they show.

use portico_tests::demo::{Demo, Planes};
use portico_tests::html::Form;
use portico_tests::person::{Answer, Person};
use portico_tests::raw_client::RawClient;
use portico_tests::story::{claim_path, request_id, until_request};
use portico_tests::until::until;
use serde_json::{Value, json};

use std::time::Duration;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test(flavor = "multi_thread")]
async fn emptied_fields_are_sent_and_stay_empty() {
    let demo = Demo::start_on(Planes::Simulated).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let spec = json!({
        "ports": {"type": "array", "default": ["web", "rpc"], "items": {"type": "string"}},
        "prefix": {"type": "string", "default": "team-"},
        "tags": {"type": "object", "default": {"tier": "gold"}, "additionalProperties": {"type": "string"}},
        "format": {"type": "string", "enum": ["", "json"]},
        "class": {"type": "string", "nullable": true},
        "mode": {
            "type": "object",
            "properties": {
                "off": {"type": "object", "properties": {"why": {"type": "string", "default": "none"}}},
                "on": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            },
            "oneOf": [{"required": ["off"]}, {"required": ["on"]}],
        },
    });
    let plane = offer(&demo, "eu-shared", "outlets", "v1", &spec).await;
    let path = "/catalog/outlets.forms.tests.dev/request";
    let mut page = until_form(&dana, path).await;
    for command in [
        "remove:/spec/ports/0",
        "remove:/spec/ports/0",
        "remove:/spec/tags/@0",
    ] {
        page = dana.submit(&page.url, &form(&page), Some(("_do", command))).await;
    }
    let filled = form(&page)
        .with("_name", "emptied")
        .with("/spec/prefix", "")
        .with("/spec/format", "\"\"")
        .with("/spec/class/@empty", "null")
        .with("/spec/mode/@branch", "off");
    let shown = dana
        .submit(&page.url, &filled, Some(("_do", "review")))
        .await
        .expect(200);
    let wish = json!({
        "ports": [], "prefix": "", "tags": {}, "format": "", "class": null, "mode": {"off": {}},
    });
    assert_eq!(spec_of(&shown), wish, "the shown manifest");
    // Switching to the YAML tab and back loses nothing.
    let yaml = dana
        .submit(&shown.url, &form(&shown), Some(("_do", "tab:yaml")))
        .await;
    let back = dana
        .submit(&yaml.url, &form(&yaml), Some(("_do", "tab:form")))
        .await;
    assert_eq!(spec_of(&back), wish, "after the YAML tab");
    let sent = dana
        .submit(&back.url, &form(&back), Some(("_do", "submit")))
        .await;
    let fulfilled = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    assert_eq!(
        manifest(&fulfilled),
        manifest(&shown),
        "the frozen manifest is the shown one"
    );
    let object = "/apis/forms.tests.dev/v1/namespaces/payments-dev/outlets/emptied";
    let made = plane.get(object).await.unwrap();
    let mut expected = wish.clone();
    expected["mode"]["off"]["why"] = json!("none");
    assert_eq!(made["spec"], expected);

    // The edit page does not restore emptied fields.
    let at = claim_path(&fulfilled);
    let change = until("the claim can be changed", Duration::from_secs(30), async || {
        let change = dana.get(&format!("{at}/change")).await;
        (change.status == 200).then_some(change)
    })
    .await;
    let live = change.page().form("/change").unwrap();
    let review = dana.submit(&change.url, &live, Some(("_do", "review"))).await;
    assert_eq!(spec_of(&review), expected);
    assert!(!review.text.contains("value=\"web\""), "{}", review.page().body());
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_missing_on_another_plane_are_reported_and_kept() {
    let demo = Demo::start_on(Planes::Simulated).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let of = |most: i64, packing: Value, more: Value| {
        let mut spec = json!({"parts": {"type": "integer", "maximum": most}, "packing": packing});
        spec.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        spec
    };
    let eu = of(
        10,
        json!({"type": "string", "enum": ["none", "gzip"], "default": "none"}),
        json!({}),
    );
    let us = of(
        100,
        json!({"type": "string", "enum": ["none", "gzip", "zstd"], "default": "zstd"}),
        json!({"owner": {"type": "string"}}),
    );
    let _ = offer(&demo, "eu-shared", "flows", "v1beta1", &eu).await;
    let _ = offer(&demo, "us-shared", "flows", "v1", &us).await;
    let path = "/catalog/flows.forms.tests.dev/request";
    let page = until_form(&dana, path).await;
    let on = |plane: &str, page: &Answer, more: &[(&str, &str)]| {
        let mut filled = form(page).with("_plane", plane);
        for (name, value) in more {
            filled = filled.with(name, value);
        }
        filled
    };
    let us = until(
        "both control planes are offered",
        Duration::from_secs(30),
        async || {
            let us = dana
                .submit(&page.url, &on("us-shared", &page, &[]), Some(("_do", "update")))
                .await;
            form(&us).get("/spec/owner").is_some().then_some(us)
        },
    )
    .await;
    let typed = on("eu-shared", &us, &[("/spec/owner", "me"), ("/spec/parts", "5")]);
    let eu = dana.submit(&us.url, &typed, Some(("_do", "update"))).await;
    // The default of one plane is not carried to the other, and fields without a counterpart are reported.
    assert_eq!(spec_of(&eu), json!({"parts": 5, "packing": "none"}));
    let notes = eu.page().text("#notes").unwrap_or_default();
    assert!(
        notes.contains("spec.owner") && notes.contains("not sent"),
        "{notes}"
    );
    let back = dana
        .submit(
            &eu.url,
            &on("us-shared", &eu, &[("/spec/parts", "7")]),
            Some(("_do", "update")),
        )
        .await;
    assert_eq!(
        spec_of(&back),
        json!({"parts": 7, "packing": "zstd", "owner": "me"})
    );
    assert_eq!(back.page().text("#notes"), None);
    // What is not for people to set is named, also where the form is filled in again for another control plane.
    let whole = json!({"metadata": {"finalizers": ["tests.dev/hold"]}, "spec": {"parts": 5}}).to_string();
    let greedy = on("eu-shared", &back, &[("_name", "greedy"), ("_whole", &whole)]);
    let refused = dana
        .submit(&back.url, &greedy, Some(("_do", "submit")))
        .await
        .expect(422);
    let problems = refused.page().text("#problems").unwrap_or_default();
    assert!(problems.contains("metadata.finalizers"), "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn go_style_nulls_are_accepted_and_an_unusable_schema_is_reported_at_once() {
    let demo = Demo::start_on(Planes::Simulated).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let spec = json!({"template": {"type": "object", "properties": {"size": {"type": "string"}}}});
    let _ = offer(&demo, "eu-shared", "prints", "v1", &spec).await;
    let page = until_form(&dana, "/catalog/prints.forms.tests.dev/request").await;
    let yaml = "metadata: { creationTimestamp: null }\nspec:\n  template: { size: 1Gi, creationTimestamp: null }\nstatus: {}\n";
    let pasted = form(&page)
        .with("_name", "printed")
        .with("_tab", "yaml")
        .with("_yaml", yaml);
    let review = dana
        .submit(&page.url, &pasted, Some(("_do", "review")))
        .await
        .expect(200);
    let notes = review.page().text("#notes").unwrap_or_default();
    assert!(notes.contains("spec.template.creationTimestamp"), "{notes}");
    assert_eq!(spec_of(&review), json!({"template": {"size": "1Gi"}}));
    let sent = dana
        .submit(&review.url, &form(&review), Some(("_do", "submit")))
        .await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    // A null field that is not allowed is an error.
    let page = until_form(&dana, "/catalog/prints.forms.tests.dev/request").await;
    let slip = form(&page)
        .with("_tab", "yaml")
        .with("_name", "slip")
        .with("_yaml", "spec:\n  template: { sise: 1Gi }\n");
    let refused = dana.submit(&page.url, &slip, Some(("_do", "submit"))).await;
    assert!(
        refused
            .page()
            .body()
            .contains("There is no field spec.template.sise")
    );

    let mut definition = definition("ends", "v1", &json!({"size": {"type": "string"}}));
    let version = &mut definition["spec"]["versions"][0];
    version["subresources"] = json!({"status": {}});
    version["schema"]["openAPIV3Schema"]["required"] = json!(["status"]);
    raw_client(&demo, "eu-shared")
        .create(DEFINITIONS, &definition)
        .await;
    let page = until_form(&dana, "/catalog/ends.forms.tests.dev/request").await;
    let told = page.page().text("#problems").unwrap_or_default();
    assert!(told.contains("requires a `status`"), "{}", page.page().body());
}

fn raw_client(demo: &Demo, plane: &str) -> RawClient {
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|one| one.name == plane).unwrap().kubeconfig)
}

/// Installs a kind on a control plane and offers it to everybody.
async fn offer(demo: &Demo, plane: &str, plural: &str, version: &str, spec: &Value) -> RawClient {
    let plane = raw_client(demo, plane);
    plane
        .create(DEFINITIONS, &definition(plural, version, spec))
        .await;
    plane
}

fn definition(plural: &str, version: &str, spec: &Value) -> Value {
    let singular = plural.trim_end_matches('s');
    let kind = format!("{}{}", singular[..1].to_uppercase(), &singular[1..]);
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.forms.tests.dev"), "labels": {"portico.dev/offered": "true"},
        },
        "spec": {
            "group": "forms.tests.dev", "scope": "Namespaced",
            "names": {"plural": plural, "singular": singular, "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{
                "name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": spec},
                }}},
            }],
        },
    })
}

/// The form of an offering, once it is offered.
async fn until_form(person: &Person, path: &str) -> Answer {
    until(path, Duration::from_secs(30), async || {
        let page = person.get(path).await;
        page.page()
            .form("/request")
            .filter(|form| form.get("_schema").is_some_and(|hash| !hash.is_empty()))?;
        Some(page)
    })
    .await
}

#[track_caller]
fn form(page: &Answer) -> Form {
    page.page()
        .form("/request")
        .or_else(|| page.page().form("/change"))
        .unwrap_or_else(|| panic!("no form: {}", page.page().body()))
}

/// The manifest on a page.
#[track_caller]
fn manifest(page: &Answer) -> String {
    let text = page.page().text("#manifest");
    text.unwrap_or_else(|| panic!("no manifest: {}", page.page().body()))
}

/// The manifest that the form would submit, read from the YAML tab.
fn spec_of(page: &Answer) -> Value {
    let document = scraped(&page.text);
    let read = kube_schema::yaml::parse(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
    read["spec"].clone()
}

/// The text of the manifest with line breaks.
fn scraped(html: &str) -> String {
    let document = scraper::Html::parse_document(html);
    let selector = scraper::Selector::parse("#manifest").unwrap();
    let element = document
        .select(&selector)
        .next()
        .expect("the page shows a manifest");
    element.text().collect()
}
