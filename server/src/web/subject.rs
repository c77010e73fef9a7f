//! What an address is about. A name that cannot be one leads to 404 like one that nobody has.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use portico_domain::claim::ClaimRef;
use serde::Deserialize;

use super::app::App;
use super::problem::Problem;

/// `…/{offering}`, `…/{id}` of a request, `…/{plane}`: an address about one thing, by its name.
pub(super) struct Named<T>(pub(super) T);
/// `…/{plane}/{offering}/{namespace}/{name}` of a claim, `-` for the namespace of what has none.
pub(super) struct ClaimPath(pub(super) ClaimRef);

#[derive(Deserialize)]
struct Claim {
    plane: String,
    offering: String,
    namespace: String,
    name: String,
}

impl<T: FromStr> FromRequestParts<App> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

impl FromRequestParts<App> for ClaimPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let missing = |_| Problem::not_found();
        let Path(path) = Path::<Claim>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found())?;
        Ok(Self(ClaimRef {
            plane: path.plane.parse().map_err(missing)?,
            offering: path.offering.parse().map_err(missing)?,
            namespace: (path.namespace != "-").then_some(path.namespace),
            name: path.name.parse().map_err(missing)?,
        }))
    }
}
