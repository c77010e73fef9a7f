//! Path parameters. An invalid name gets 404, like an unknown one.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use portico_domain::claim::ClaimRef;
use portico_domain::names::PlaneName;
use serde::Deserialize;
use uuid::Uuid;

use super::app::App;
use super::problem::Problem;

/// `…/{offering}`, `…/{id}` of a request, `…/{plane}`: the name of one resource.
pub(super) struct ResourceId<T>(pub(super) T);
/// `…/{plane}/{offering}/{namespace}/{name}` of a claim; the namespace is `-` for cluster-scoped kinds.
pub(super) struct ClaimPath(pub(super) ClaimRef);

/// `…/{plane}/agents/{agent}` of an agent.
pub(super) struct AgentPath(pub(super) PlaneName, pub(super) Uuid);

#[derive(Deserialize)]
struct Claim {
    plane: String,
    offering: String,
    namespace: String,
    name: String,
}

/// Parses `{plane}/{offering}/{namespace}/{name}`, the end of a claim page's path.
pub(super) fn claim(text: &str) -> Result<ClaimRef, Problem> {
    let parts: Vec<&str> = text.split('/').collect();
    let [plane, offering, namespace, name] = parts[..] else {
        return Err(Problem::not_found());
    };
    Claim {
        plane: plane.to_owned(),
        offering: offering.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
    .reference()
}

impl Claim {
    fn reference(self) -> Result<ClaimRef, Problem> {
        let missing = |_| Problem::not_found();
        Ok(ClaimRef {
            plane: self.plane.parse().map_err(missing)?,
            offering: self.offering.parse().map_err(missing)?,
            namespace: (self.namespace != "-").then_some(self.namespace),
            name: self.name.parse().map_err(missing)?,
        })
    }
}

impl<T: FromStr> FromRequestParts<App> for ResourceId<T> {
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
        let Path(path) = Path::<Claim>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found())?;
        path.reference().map(Self)
    }
}

impl FromRequestParts<App> for AgentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path((plane, agent)) = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found())?;
        let plane = plane.parse().map_err(|_| Problem::not_found())?;
        Ok(Self(plane, agent.parse().map_err(|_| Problem::not_found())?))
    }
}
