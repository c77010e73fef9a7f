use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::key::{KeyError, SigningKey};
use super::misbehaviour::Misbehaviour;
use super::oidc_state::Grant;
use super::people::Person;
use super::provider_state::ProviderState;

/// The lifetime of ID tokens.
const ID_TOKEN_LASTS: SignedDuration = SignedDuration::from_mins(10);

/// The claims that the scopes cover. Groups come with the scopes `groups` and, as with many providers,
/// `profile`.
pub(super) fn about(person: &Person, scope: &str) -> Map<String, Value> {
    let has = |wanted: &str| scope.split(' ').any(|word| word == wanted);
    let mut claims = Map::new();
    claims.insert("sub".into(), json!(person.subject));
    if has("profile") {
        claims.insert("name".into(), json!(person.name));
        claims.insert("preferred_username".into(), json!(person.username));
    }
    if has("email") {
        claims.insert("email".into(), json!(person.email));
        claims.insert("email_verified".into(), json!(true));
    }
    if has("groups") || has("profile") {
        claims.insert("groups".into(), json!(person.groups));
    }
    claims
}

/// The ID token of a grant, with the configured misbehaviour.
pub(super) fn id_token(
    provider: &ProviderState,
    person: &Person,
    grant: &Grant,
    now: Timestamp,
) -> Result<String, KeyError> {
    let how = *provider.misbehaviour.lock();
    let mut claims = about(person, &grant.request.scope);
    let issued = if how == Misbehaviour::Expired {
        now - SignedDuration::from_hours(1)
    } else {
        now
    };
    let issued = issued.as_second();
    claims.insert("iss".into(), json!(provider.issuer));
    claims.insert("aud".into(), json!(grant.request.client));
    claims.insert("iat".into(), json!(issued));
    claims.insert("exp".into(), json!(issued + ID_TOKEN_LASTS.as_secs()));
    claims.insert("auth_time".into(), json!(grant.session.since.as_second()));
    claims.insert("sid".into(), json!(grant.session.id));
    if let Some(nonce) = &grant.request.nonce {
        claims.insert("nonce".into(), json!(nonce));
    }
    match how {
        Misbehaviour::WrongNonce => {
            claims.insert("nonce".into(), json!("of-somebody-else"));
        }
        Misbehaviour::NoNonce => {
            claims.shift_remove("nonce");
        }
        Misbehaviour::WrongAudience => {
            claims.insert("aud".into(), json!("another-client"));
        }
        Misbehaviour::WrongIssuer => {
            claims.insert("iss".into(), json!("https://issuer.example"));
        }
        Misbehaviour::NoGroups => {
            claims.shift_remove("groups");
        }
        Misbehaviour::GroupsOfAnotherType => {
            claims.insert("groups".into(), json!(42));
        }
        _ => {}
    }
    if how == Misbehaviour::None {
        return provider.forgery.lock().token(&provider.key, &claims);
    }
    let claims = Value::Object(claims);
    match how {
        Misbehaviour::Unsigned => Ok(SigningKey::leave_unsigned(&claims)),
        Misbehaviour::BadSignature => {
            let right = provider.key.sign(&claims)?;
            let other = provider.key.sign(&json!({ "sub": "another" }))?;
            let signed = right.rsplit_once('.').map_or("", |(signed, _)| signed);
            let signature = other.rsplit_once('.').map_or("", |(_, signature)| signature);
            Ok(format!("{signed}.{signature}"))
        }
        _ => provider.key.sign(&claims),
    }
}
