//! Responses of the API match its `OpenAPI` schemas.

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{POSTGRESQL, QUEUE, request, until_request};
use reqwest::Method;
use serde_json::{Value, json};

/// The paths where `value` does not fit `schema`; supports the part of JSON Schema that the document uses.
fn misfits(document: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document
            .pointer(reference.trim_start_matches('#'))
            .expect("a schema");
        return misfits(document, schema, value, path, found);
    }
    if let Some(all) = schema["allOf"].as_array() {
        for schema in all {
            misfits(document, schema, value, path, found);
        }
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[several].as_array() {
            let fits = |schema: &Value| {
                let mut wrong = Vec::new();
                misfits(document, schema, value, path, &mut wrong);
                wrong.is_empty()
            };
            if !choices.iter().any(fits) {
                found.push(format!("{path}: {value} is none of {schema}"));
            }
        }
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{path}: what is a {other}?"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        found.push(format!("{path}: {value} is not {kinds:?}"));
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        found.push(format!("{path}: {value} is not one of {known:?}"));
    }
    if let (Some(value), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !value.contains_key(name.as_str().unwrap()) {
                found.push(format!("{path}: {name} is missing"));
            }
        }
        for (name, schema) in properties {
            if let Some(value) = value.get(name) {
                misfits(document, schema, value, &format!("{path}.{name}"), found);
            }
        }
    }
    if let (Some(items), schema @ Value::Object(_)) = (value.as_array(), &schema["items"]) {
        for (index, item) in items.iter().enumerate() {
            misfits(document, schema, item, &format!("{path}[{index}]"), found);
        }
    }
}

async fn check(
    document: &Value,
    person: &Person,
    method: Method,
    route: &str,
    path: &str,
    body: Option<&Value>,
) -> Value {
    let answer = person.api(method.clone(), path, body).await;
    let operation = &document["paths"][route][method.as_str().to_lowercase()];
    let described = &operation["responses"][answer.status.as_str()];
    assert!(
        described.is_object(),
        "{method} {route} answers {}: {}",
        answer.status,
        answer.text
    );
    let schema = &described["content"]["application/json"]["schema"];
    let value = answer.json();
    let mut found = Vec::new();
    misfits(document, schema, &value, "", &mut found);
    assert!(found.is_empty(), "{method} {path}: {found:#?}");
    assert!(
        schema["$ref"].is_string() || schema["items"]["$ref"].is_string(),
        "{route}: {schema}"
    );
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_match_the_openapi_schemas() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/production").await;
    let id = request(&dana, QUEUE, "described", &[]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let document = dana
        .api(Method::GET, "/api/v1/openapi.json", None)
        .await
        .expect(200)
        .json();
    let (ada, pat) = (demo.sign_in("ada").await, demo.sign_in("pat").await);
    let claim = format!("/api/v1/claims/eu-shared/{POSTGRESQL}/payments-dev/orders");
    let of_claim = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}";
    let offering = format!("/api/v1/offerings/{POSTGRESQL}");
    // Route and, where it differs, path.
    let reads = [
        (&dana, "/api/v1/viewer", ""),
        (&dana, "/api/v1/home", ""),
        (&ada, "/api/v1/home", ""),
        (&dana, "/api/v1/search", "/api/v1/search?q=post"),
        (&dana, "/api/v1/offerings", ""),
        (&dana, "/api/v1/offerings/{offering}", &offering),
        (&dana, "/api/v1/requests", ""),
        (&dana, "/api/v1/requests/{id}", &format!("/api/v1/requests/{id}")),
        (&ada, "/api/v1/approvals", ""),
        (&dana, "/api/v1/claims", ""),
        (&dana, of_claim, &claim),
        (&pat, "/api/v1/control-planes", ""),
        (
            &pat,
            "/api/v1/control-planes/{plane}",
            "/api/v1/control-planes/eu-shared",
        ),
        (&dana, "/api/v1/usage", "/api/v1/usage?days=7"),
        (&pat, "/api/v1/usage", ""),
        (&pat, "/api/v1/tenants", ""),
        (&pat, "/api/v1/tenants/{tenant}", "/api/v1/tenants/payments"),
        (&dana, "/api/v1/kubeconfigs", ""),
        (&pat, "/api/v1/configuration", ""),
        (&pat, "/api/v1/record", ""),
    ];
    for (person, route, path) in reads {
        let path = if path.is_empty() { route } else { path };
        let _ = check(&document, person, Method::GET, route, path, None).await;
    }
    let posts = [
        (
            &dana,
            "/api/v1/offerings/{offering}/check",
            format!("{offering}/check"),
            json!({ "name": "x" }),
        ),
        (
            &dana,
            "/api/v1/requests/{id}/comments",
            format!("/api/v1/requests/{id}/comments"),
            json!({ "text": "x" }),
        ),
        (
            &ada,
            "/api/v1/requests/{id}/decision",
            format!("/api/v1/requests/{id}/decision"),
            json!({ "approve": true, "revision": 1 }),
        ),
        (
            &dana,
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
            format!("{claim}/reveal"),
            json!({ "key": "password" }),
        ),
        (
            &dana,
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
            format!("{claim}/deletion"),
            json!({ "confirm": "orders" }),
        ),
        (
            &dana,
            "/api/v1/tokens",
            "/api/v1/tokens".to_owned(),
            json!({ "name": "x" }),
        ),
    ];
    for (person, route, path, body) in &posts {
        let _ = check(&document, person, Method::POST, route, path, Some(body)).await;
    }
    let tokens = check(
        &document,
        &dana,
        Method::GET,
        "/api/v1/tokens",
        "/api/v1/tokens",
        None,
    )
    .await;
    assert_eq!(tokens.as_array().unwrap().len(), 1);
}
