//! Authentication, impersonation and authorization of requests.

use axum::http::HeaderMap;

use crate::kube::plane::access::{Attributes, Identity};
use crate::kube::plane::inner::Inner;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;

/// Authenticates a request by its token and applies impersonation headers.
pub(in crate::kube) fn identify(inner: &Inner, headers: &HeaderMap) -> Result<Identity, ApiError> {
    let unauthorized = || ApiError::new(401, "Unauthorized", "Unauthorized");
    let token = bearer(headers).ok_or_else(unauthorized)?;
    let identity = inner.access.identify(token).ok_or_else(unauthorized)?;
    let Some(user) = text(headers, "impersonate-user") else {
        if headers.contains_key("impersonate-group") {
            return Err(ApiError::bad_request(
                "requested groups without impersonating a user",
            ));
        }
        return Ok(identity);
    };
    let groups: Vec<&str> = headers
        .get_all("impersonate-group")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let wanted = std::iter::once(("users", user)).chain(groups.iter().map(|group| ("groups", *group)));
    for (resource, name) in wanted {
        let attributes = Attributes {
            verb: "impersonate".into(),
            resource: resource.into(),
            name: name.into(),
            ..Attributes::default()
        };
        if !inner.access.allows(&identity, &attributes) {
            let message = format!(
                "{resource} {name:?} is forbidden: User {:?} cannot impersonate resource {resource:?} in API \
                 group \"\" at the cluster scope",
                identity.user
            );
            return Err(ApiError::new(403, "Forbidden", message));
        }
    }
    Ok(Identity::new(user, groups))
}

/// Returns 403 when no rule allows the request.
pub(in crate::kube) fn authorize(
    inner: &Inner,
    kind: &Kind,
    identity: &Identity,
    attributes: &Attributes,
) -> Result<(), ApiError> {
    if inner.access.allows(identity, attributes) {
        return Ok(());
    }
    let place = if attributes.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", attributes.namespace)
    };
    let resource = if attributes.subresource.is_empty() {
        attributes.resource.clone()
    } else {
        format!("{}/{}", attributes.resource, attributes.subresource)
    };
    let why = format!(
        "User {:?} cannot {} resource {resource:?} in API group {:?} {place}",
        identity.user, attributes.verb, attributes.group
    );
    Err(ApiError::forbidden(kind, &attributes.name, &why))
}

/// The value of a header, if it is text.
pub(in crate::kube) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The bearer token.
pub(in crate::kube) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text(headers, "authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
