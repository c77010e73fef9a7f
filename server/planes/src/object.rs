//! Checks and trims objects in responses of a control plane.

use serde_json::Value;

use crate::client::ApiClient;
use crate::error::PlaneError;

/// Checks that a response is the object with that name. Any other successful response proves nothing.
pub(crate) fn expect_object(client: &ApiClient, answer: &Value, name: &str) -> Result<(), PlaneError> {
    let found = answer.pointer("/metadata/name").and_then(Value::as_str);
    if found == Some(name) {
        Ok(())
    } else {
        Err(client.invalid_response(&format!("asked for {name}, it sent something else")))
    }
}

/// The group in an `apiVersion`; empty for the core group.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Drops `managedFields`, which is useless to readers and often the larger part of an object.
pub(crate) fn drop_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
}
