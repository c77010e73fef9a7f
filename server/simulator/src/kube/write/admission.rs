//! Schema validation of an object that is written.

use kube_schema::{NameFormat, validate_metadata};
use serde_json::Value;

use crate::kube::types::cause::Cause;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::options::Subresource;
use crate::kube::types::schema::causes;

/// Prunes, defaults and validates `object`: custom kinds by their definition, built-in kinds only by the rules
/// of metadata. `old` is the object that it replaces.
pub(crate) fn admit(
    kind: &Kind,
    version: &str,
    object: &mut Value,
    old: Option<&Value>,
    part: Subresource,
) -> Vec<Cause> {
    if let Some(validator) = &kind.validator {
        return validator.validate(version, object, old, part);
    }
    let name_format = match kind.resource().as_str() {
        "namespaces" | "services" => NameFormat::Label,
        _ if kind.group == "rbac.authorization.k8s.io" => NameFormat::PathSegment,
        _ => NameFormat::Subdomain,
    };
    causes(validate_metadata(object, old, kind.namespaced, name_format))
}

/// Returns 400 when `metadata` cannot be decoded.
pub(crate) fn check_metadata_is_readable(kind: &Kind, version: &str, object: &Value) -> Result<(), ApiError> {
    let found = validate_metadata(object, None, kind.namespaced, NameFormat::Subdomain);
    match found.iter().find(|violation| violation.is_decode_error()) {
        None => Ok(()),
        Some(first) => Err(ApiError::bad_request(format!(
            "{} in version \"{version}\" cannot be handled as a {}: json: cannot unmarshal {}: {}",
            kind.kind, kind.kind, first.path, first.detail
        ))),
    }
}
