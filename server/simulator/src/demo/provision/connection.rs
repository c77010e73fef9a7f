//! Connection secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::context::ClaimContext;
use super::recipe::{Connection, Credentials, Site};
use crate::kube::{ApiError, GroupKind, Key};

/// The secret keys whose values are generated. They are read back, so that a change of the claim changes no
/// password.
const PASSWORD_KEYS: [&str; 2] = ["password", "secretKey"];

/// The result of publishing a connection secret.
pub(super) enum Published {
    /// The secret exists under this name.
    Secret(String),
    /// Another object controls the secret of this name, so it is left alone. Crossplane refuses too
    /// (`ConnectionSecretMustBeControllableBy`).
    Refused(String),
}

/// Writes the claim's connection secret.
pub(super) fn publish(
    context: &ClaimContext<'_>,
    claim: &Value,
    site: &Site<'_>,
) -> Result<Published, ApiError> {
    let secrets = GroupKind::new("", "Secret");
    let fresh = Credentials {
        password: context.options.rng.word(24),
        authority: context.options.authority.clone(),
    };
    let connection = (context.recipe.connection)(site, &fresh);
    let key = Key::namespaced(&context.key.namespace, &connection.name);
    let there = context.objects.get(&secrets, &key);
    if there
        .as_ref()
        .is_some_and(|secret| !is_controlled_by(secret, claim))
    {
        return Ok(Published::Refused(connection.name));
    }
    let connection = match there.and_then(|secret| password(&secret)) {
        Some(password) => (context.recipe.connection)(site, &Credentials { password, ..fresh }),
        None => connection,
    };
    let Connection { name, kind, data } = connection;
    let data: Map<String, Value> = data
        .into_iter()
        .map(|(key, value)| (key.to_owned(), json!(STANDARD.encode(value))))
        .collect();
    context.objects.apply(json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {
            "name": name, "namespace": context.key.namespace,
            "ownerReferences": [{
                "apiVersion": claim["apiVersion"], "kind": claim["kind"], "name": context.key.name,
                "uid": claim["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "data": data,
    }))?;
    Ok(Published::Secret(name))
}

fn is_controlled_by(secret: &Value, claim: &Value) -> bool {
    let owners = secret["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["controller"] == true && owner["uid"] == claim["metadata"]["uid"])
}

fn password(secret: &Value) -> Option<String> {
    let encoded = PASSWORD_KEYS
        .iter()
        .find_map(|key| secret["data"][*key].as_str())?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}
