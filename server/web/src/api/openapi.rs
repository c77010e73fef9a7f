//! `GET /api/v1/openapi.json`: the API described, from the table of routes itself.

use std::sync::LazyLock;

use axum::body::Bytes;
use http::header::{self, HeaderName};
use portico_app::Hit;
use portico_domain::tenancy::Viewer;
use portico_domain::view::{
    ApprovalsPage, CatalogPage, ClaimPage, ClaimsPage, Commented, ConfigurationPage, HomePage, MadeToken,
    OfferingPage, PeoplePage, PersonPage, PlaneDetail, PlanesPage, RecordPage, RequestFormPage, RequestPage,
    RequestsPage, Revealed, SessionsPage, Submission, TenantsPage, TokenRow,
};
use portico_form::Control;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::problem::ProblemDetails;
use super::super::routes::{self, Kind};
use super::admin::Close;
use super::claims::{Delete, Renew, Reveal};
use super::requests::{AskFor, Decide, Say, Standing};
use super::tokens::Wish;

/// Adds a type's schema, and those it refers to, to the document's; answers how to refer to it.
type Describe = fn(&mut Schemas) -> Value;
/// The document's schemas by their names.
type Schemas = Map<String, Value>;

/// What a path and method is for, what is sent, and what comes back.
struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: Option<Describe>,
    status: u16,
    answer: Option<Describe>,
}

const OPERATIONS: [Operation; 36] = [
    Operation {
        method: "GET",
        path: "/api/v1/viewer",
        summary: "Who asks, with tenants and roles",
        body: None,
        status: 200,
        answer: Some(one::<Viewer>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/home",
        summary: "What needs the viewer",
        body: None,
        status: 200,
        answer: Some(one::<HomePage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/search",
        summary: "Search offerings, claims and pages (`q`)",
        body: None,
        status: 200,
        answer: Some(many::<Hit>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/offerings",
        summary: "The catalog (`q`, `category`, `plane`, `page`)",
        body: None,
        status: 200,
        answer: Some(one::<CatalogPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/offerings/{offering}",
        summary: "An offering",
        body: None,
        status: 200,
        answer: Some(one::<OfferingPage>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/offerings/{offering}/check",
        summary: "Judge a request without sending it",
        body: Some(one::<AskFor>),
        status: 200,
        answer: Some(one::<RequestFormPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/requests",
        summary: "Requests of the tenant (`state`, `offering`, `mine`, `before`)",
        body: None,
        status: 200,
        answer: Some(one::<RequestsPage>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/requests",
        summary: "Ask for a new claim",
        body: Some(one::<AskFor>),
        status: 201,
        answer: Some(one::<Submission>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/requests/{id}",
        summary: "A request",
        body: None,
        status: 200,
        answer: Some(one::<RequestPage>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/requests/{id}/decision",
        summary: "Approve or reject a request",
        body: Some(one::<Decide>),
        status: 200,
        answer: Some(one::<Standing>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/requests/{id}/withdrawal",
        summary: "Take a request back",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "POST",
        path: "/api/v1/requests/{id}/comments",
        summary: "Comment on a request",
        body: Some(one::<Say>),
        status: 201,
        answer: Some(one::<Commented>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/approvals",
        summary: "What waits for the viewer’s agreement",
        body: None,
        status: 200,
        answer: Some(one::<ApprovalsPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/claims",
        summary: "Claims (`q`, `environment_of`, `offering`, `plane`, `health`, `mine`, `sort`, `page`)",
        body: None,
        status: 200,
        answer: Some(one::<ClaimsPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
        summary: "A claim",
        body: None,
        status: 200,
        answer: Some(one::<ClaimPage>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
        summary: "Ask for a change",
        body: Some(one::<AskFor>),
        status: 201,
        answer: Some(one::<Submission>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/renewal",
        summary: "Ask for it to be kept for another lifetime",
        body: Some(one::<Renew>),
        status: 201,
        answer: Some(one::<Submission>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
        summary: "Ask for its end",
        body: Some(one::<Delete>),
        status: 201,
        answer: Some(one::<Submission>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        summary: "Reveal one key of its secret",
        body: Some(one::<Reveal>),
        status: 200,
        answer: Some(one::<Revealed>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/control-planes",
        summary: "Control planes and what they serve",
        body: None,
        status: 200,
        answer: Some(one::<PlanesPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/control-planes/{plane}",
        summary: "A control plane",
        body: None,
        status: 200,
        answer: Some(one::<PlaneDetail>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/control-planes/{plane}/cordon",
        summary: "Close a control plane to new claims",
        body: Some(one::<Close>),
        status: 204,
        answer: None,
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/control-planes/{plane}/cordon",
        summary: "Open a control plane for new claims again",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "GET",
        path: "/api/v1/tenants",
        summary: "Tenants",
        body: None,
        status: 200,
        answer: Some(one::<TenantsPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/configuration",
        summary: "The configuration in force",
        body: None,
        status: 200,
        answer: Some(one::<ConfigurationPage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/record",
        summary: "The record (`q`, `verb`, `of_tenant`, `person`, `since`, `until`, `before`)",
        body: None,
        status: 200,
        answer: Some(one::<RecordPage>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/record/acknowledgement",
        summary: "Take note of the breaks of the record",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "GET",
        path: "/api/v1/sessions",
        summary: "The viewer’s sessions",
        body: None,
        status: 200,
        answer: Some(one::<SessionsPage>),
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/sessions/{id}",
        summary: "End a session of the viewer’s",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "GET",
        path: "/api/v1/people",
        summary: "People who have signed in (`q`)",
        body: None,
        status: 200,
        answer: Some(one::<PeoplePage>),
    },
    Operation {
        method: "GET",
        path: "/api/v1/people/{id}",
        summary: "A person, with their sessions and API tokens",
        body: None,
        status: 200,
        answer: Some(one::<PersonPage>),
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/people/{id}/access",
        summary: "End a session (`session`), an API token (`token`) or, without either, all of a person’s",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "GET",
        path: "/api/v1/tokens",
        summary: "The viewer’s API tokens",
        body: None,
        status: 200,
        answer: Some(many::<TokenRow>),
    },
    Operation {
        method: "POST",
        path: "/api/v1/tokens",
        summary: "Make an API token",
        body: Some(one::<Wish>),
        status: 201,
        answer: Some(one::<MadeToken>),
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/tokens/{id}",
        summary: "Delete an API token",
        body: None,
        status: 204,
        answer: None,
    },
    Operation {
        method: "GET",
        path: "/api/v1/openapi.json",
        summary: "This description",
        body: None,
        status: 200,
        answer: Some(anything),
    },
];

/// Made once: anybody may ask for it, as often as they like.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// `GET /api/v1/openapi.json`.
pub(in super::super) async fn openapi() -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = Schemas::new();
    for route in routes::table()
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
    {
        let Some(known) = OPERATIONS
            .iter()
            .find(|known| known.method == route.method && known.path == route.path)
        else {
            continue;
        };
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        item[route.method.to_lowercase()] = operation(known, route.kind, &mut schemas);
    }
    one::<ProblemDetails>(&mut schemas);
    // Fields hold controls and controls hold fields: there the walk along the references stops.
    one::<Control>(&mut schemas);
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

fn one<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas
            .entry(name)
            .or_insert_with(|| serde_json::to_value(schema).unwrap_or(Value::Null));
    }
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

fn many<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({ "type": "array", "items": one::<T>(schemas) })
}

fn anything(_: &mut Schemas) -> Value {
    json!({ "type": "object" })
}

fn operation(known: &Operation, kind: Kind, schemas: &mut Schemas) -> Value {
    let parameters: Vec<Value> = known
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let problem = json!({
        "description": "Problem details (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDetails" } } },
    });
    let answer = match known.answer {
        Some(describe) => json!({
            "description": "As asked",
            "content": { "application/json": { "schema": describe(schemas) } },
        }),
        None => json!({ "description": "Done" }),
    };
    let mut operation = json!({
        "summary": known.summary,
        "parameters": parameters,
        "responses": { known.status.to_string(): answer, "4XX": problem, "5XX": problem },
    });
    if let Some(describe) = known.body {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": describe(schemas) } },
        });
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
                OPERATIONS
                    .iter()
                    .any(|known| known.method == *method && known.path == *path),
                "{method} {path} is not described"
            );
        }
        assert_eq!(served.len(), OPERATIONS.len());
        assert!(document()["components"]["schemas"]["AskFor"]["properties"]["offering"].is_object());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn look(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| look(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| look(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        look(&document, &mut found);
        assert!(found.len() > 100, "answers are described: {}", found.len());
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(
                document.pointer(pointer).is_some_and(Value::is_object),
                "{reference}"
            );
        }
    }
}
