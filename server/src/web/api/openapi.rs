//! `GET /api/v1/openapi.json`: the API described, from the table of routes itself.

use std::sync::LazyLock;

use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::super::problem::{FieldProblem, ProblemDetails};
use super::super::routes::{self, Kind};
use super::admin::Close;
use super::claims::{Delete, Reveal};
use super::requests::{AskFor, Decide, Say};
use super::tokens::Wish;

/// What a path and method is for, and the schema of its body.
const OPERATIONS: [(&str, &str, &str, Option<&str>); 29] = [
    ("GET", "/api/v1/viewer", "Who asks, with tenants and roles", None),
    ("GET", "/api/v1/home", "What needs the viewer", None),
    (
        "GET",
        "/api/v1/search",
        "Search offerings, claims and pages (`q`)",
        None,
    ),
    (
        "GET",
        "/api/v1/offerings",
        "The catalog (`q`, `category`, `plane`, `page`)",
        None,
    ),
    ("GET", "/api/v1/offerings/{offering}", "An offering", None),
    (
        "POST",
        "/api/v1/offerings/{offering}/check",
        "Judge a request without sending it",
        Some("AskFor"),
    ),
    (
        "GET",
        "/api/v1/requests",
        "Requests of the tenant (`state`, `offering`, `mine`, `before`)",
        None,
    ),
    ("POST", "/api/v1/requests", "Ask for a new claim", Some("AskFor")),
    ("GET", "/api/v1/requests/{id}", "A request", None),
    (
        "POST",
        "/api/v1/requests/{id}/decision",
        "Approve or reject a request",
        Some("Decide"),
    ),
    (
        "POST",
        "/api/v1/requests/{id}/withdrawal",
        "Take a request back",
        None,
    ),
    (
        "POST",
        "/api/v1/requests/{id}/comments",
        "Comment on a request",
        Some("Say"),
    ),
    (
        "GET",
        "/api/v1/approvals",
        "What waits for the viewer’s agreement",
        None,
    ),
    (
        "GET",
        "/api/v1/claims",
        "Claims (`q`, `environment_of`, `offering`, `plane`, `health`, `mine`, `sort`, `page`)",
        None,
    ),
    (
        "GET",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
        "A claim",
        None,
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
        "Ask for a change",
        Some("AskFor"),
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
        "Ask for its end",
        Some("Delete"),
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        "Reveal one key of its secret",
        Some("Reveal"),
    ),
    (
        "GET",
        "/api/v1/control-planes",
        "Control planes and what they serve",
        None,
    ),
    ("GET", "/api/v1/control-planes/{plane}", "A control plane", None),
    (
        "POST",
        "/api/v1/control-planes/{plane}/cordon",
        "Close a control plane to new claims",
        Some("Close"),
    ),
    (
        "DELETE",
        "/api/v1/control-planes/{plane}/cordon",
        "Open a control plane for new claims again",
        None,
    ),
    ("GET", "/api/v1/tenants", "Tenants", None),
    ("GET", "/api/v1/configuration", "The configuration in force", None),
    (
        "GET",
        "/api/v1/record",
        "The record (`q`, `verb`, `of_tenant`, `before`)",
        None,
    ),
    ("GET", "/api/v1/tokens", "The viewer’s API tokens", None),
    ("POST", "/api/v1/tokens", "Make an API token", Some("Wish")),
    ("DELETE", "/api/v1/tokens/{id}", "Delete an API token", None),
    ("GET", "/api/v1/openapi.json", "This description", None),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// `GET /api/v1/openapi.json`.
pub(in super::super) async fn openapi() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes::table()
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
    {
        let known = OPERATIONS
            .iter()
            .find(|(method, path, ..)| *method == route.method && *path == route.path);
        let (summary, body) = known.map_or(("", None), |(_, _, summary, body)| (*summary, *body));
        let operation = operation(route.path, route.kind, summary, body);
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        item[route.method.to_lowercase()] = operation;
    }
    let mut schemas = Map::new();
    schema::<Close>("Close", &mut schemas);
    schema::<AskFor>("AskFor", &mut schemas);
    schema::<Decide>("Decide", &mut schemas);
    schema::<Delete>("Delete", &mut schemas);
    schema::<Reveal>("Reveal", &mut schemas);
    schema::<Say>("Say", &mut schemas);
    schema::<Wish>("Wish", &mut schemas);
    schema::<ProblemDetails>("ProblemDetails", &mut schemas);
    schema::<FieldProblem>("FieldProblem", &mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portico",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One API over all control planes. Where one works is said by `?tenant=…&environment=…`.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "An API token: `portico_…`" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-portico" },
            },
        },
        "security": [{ "token": [] }, { "session": [] }],
    })
}

fn schema<T: ToSchema + PartialSchema>(name: &str, schemas: &mut Map<String, Value>) {
    schemas.insert(
        name.to_owned(),
        serde_json::to_value(T::schema()).unwrap_or(Value::Null),
    );
}

fn operation(path: &str, kind: Kind, summary: &str, body: Option<&str>) -> Value {
    let parameters: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let problem = json!({
        "description": "Problem details (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDetails" } } },
    });
    let mut operation = json!({
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "2XX": { "description": "As asked", "content": { "application/json": { "schema": { "type": "object" } } } },
            "4XX": problem,
            "5XX": problem,
        },
    });
    if let Some(body) = body {
        let reference = format!("#/components/schemas/{body}");
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": { "$ref": reference } } } });
    }
    if kind == Kind::Public {
        operation["security"] = json!([]);
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_and_no_other() {
        let routes = routes::table();
        let served: Vec<(&str, &str)> = routes
            .iter()
            .filter(|route| route.path.starts_with("/api/v1/"))
            .map(|route| (route.method, route.path))
            .collect();
        for (method, path) in &served {
            assert!(
                OPERATIONS.iter().any(|(m, p, ..)| m == method && p == path),
                "{method} {path} is not described"
            );
        }
        assert_eq!(served.len(), OPERATIONS.len());
        assert!(document()["components"]["schemas"]["AskFor"]["properties"]["offering"].is_object());
    }
}
