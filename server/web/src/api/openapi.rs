//! `GET /api/v1/openapi.json`: the API’s description, built from the `#[utoipa::path]` of each handler.

use std::sync::LazyLock;

use axum::Extension;
use axum::body::Bytes;
use http::header::{self, HeaderName};
use portico_form::Control;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Schema, SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};

use super::super::problem::ProblemDetails;

/// An operation and the schemas that it refers to.
pub(in super::super) type Description = (Vec<(String, RefOr<Schema>)>, Paths);

/// The document as JSON. The router passes it to the handler, since it describes all routes.
#[derive(Clone)]
pub(in super::super) struct Document(pub(in super::super) &'static LazyLock<Bytes>);

/// Returns this document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "getOpenApi",
    tag = "API",
    responses((status = 200, description = "The OpenAPI document.", body = Object)),
    security(()),
)]
pub(in super::super) async fn openapi(
    Extension(document): Extension<Document>,
) -> ([(HeaderName, &'static str); 1], Bytes) {
    let Document(json) = document;
    ([(header::CONTENT_TYPE, "application/json")], (**json).clone())
}

/// Builds the document from the descriptions of the routes.
pub(in super::super) fn document(descriptions: impl IntoIterator<Item = Description>) -> OpenApi {
    let mut paths = Paths::new();
    let mut components = ComponentsBuilder::new();
    for (schemas, described) in descriptions {
        components = components.schemas_from_iter(schemas);
        for (path, item) in described.paths {
            match paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => drop(paths.paths.insert(path, item)),
            }
        }
    }
    let mut schemas = vec![(ProblemDetails::name().into_owned(), ProblemDetails::schema())];
    ProblemDetails::schemas(&mut schemas);
    // Fields hold controls and controls hold fields: collecting references stops at the recursion.
    schemas.push((Control::name().into_owned(), Control::schema()));
    Control::schemas(&mut schemas);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token: `portico_…`."))
        .build();
    let session = ApiKeyValue::with_description(
        "__Host-portico",
        "A browser’s session. Changes also need its CSRF token in the header `x-portico-csrf`.",
    );
    let components = components
        .schemas_from_iter(schemas)
        .security_scheme("token", SecurityScheme::Http(token))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .build();
    let nothing: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Portico")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "One API over all control planes. Errors are problem details (RFC 9457): compare `type`.",
                ))
                .build(),
        )
        .paths(paths)
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("token", nothing),
            SecurityRequirement::new("session", nothing),
        ]))
        .build()
}

#[cfg(test)]
mod tests;
