use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::House;
use super::key::{KeyError, SigningKey};
use super::ledger::Grant;
use super::misbehaviour::Misbehaviour;
use super::people::Person;

/// How long an ID token says it is valid.
const ID_TOKEN_LASTS: SignedDuration = SignedDuration::from_mins(10);

/// What the scopes tell of a person. Groups come with `groups` and, as many providers do, with
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

/// The ID token for what was granted, wrong in the way that was set.
pub(super) fn id_token(
    house: &House,
    person: &Person,
    grant: &Grant,
    now: Timestamp,
) -> Result<String, KeyError> {
    let how = *house.misbehaviour.lock();
    let mut claims = about(person, &grant.asked.scope);
    let issued = if how == Misbehaviour::Expired {
        now - SignedDuration::from_hours(1)
    } else {
        now
    };
    let issued = issued.as_second();
    claims.insert("iss".into(), json!(house.issuer));
    claims.insert("aud".into(), json!(grant.asked.client));
    claims.insert("iat".into(), json!(issued));
    claims.insert("exp".into(), json!(issued + ID_TOKEN_LASTS.as_secs()));
    claims.insert("auth_time".into(), json!(grant.session.since.as_second()));
    claims.insert("sid".into(), json!(grant.session.id));
    if let Some(nonce) = &grant.asked.nonce {
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
        return house.forgery.lock().token(&house.key, &claims);
    }
    let claims = Value::Object(claims);
    match how {
        Misbehaviour::Unsigned => Ok(SigningKey::leave_unsigned(&claims)),
        Misbehaviour::BadSignature => {
            let right = house.key.sign(&claims)?;
            let other = house.key.sign(&json!({ "sub": "another" }))?;
            let signed = right.rsplit_once('.').map_or("", |(signed, _)| signed);
            let signature = other.rsplit_once('.').map_or("", |(_, signature)| signature);
            Ok(format!("{signed}.{signature}"))
        }
        _ => house.key.sign(&claims),
    }
}
