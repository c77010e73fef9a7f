//! Whose a request is, and whether it may be made.

use axum::http::HeaderMap;

use super::super::access::{Attributes, Identity};
use super::super::error::ApiError;
use super::super::kinds::Kind;
use super::super::plane::Inner;

/// Whose request it is, by token and impersonation.
pub(super) fn identify(inner: &Inner, headers: &HeaderMap) -> Result<Identity, ApiError> {
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
        let asked = Attributes {
            verb: "impersonate".into(),
            resource: resource.into(),
            name: name.into(),
            ..Attributes::default()
        };
        if !inner.access.allows(&identity, &asked) {
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

/// Refuses what no rule allows.
pub(super) fn authorize(
    inner: &Inner,
    kind: &Kind,
    identity: &Identity,
    asked: &Attributes,
) -> Result<(), ApiError> {
    if inner.access.allows(identity, asked) {
        return Ok(());
    }
    let place = if asked.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", asked.namespace)
    };
    let resource = if asked.subresource.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    };
    let why = format!(
        "User {:?} cannot {} resource {resource:?} in API group {:?} {place}",
        identity.user, asked.verb, asked.group
    );
    Err(ApiError::forbidden(kind, &asked.name, &why))
}

/// A header that is text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The bearer token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text(headers, "authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
