//! Events of the audit log, which is append-only and hash-chained.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{RequestId, TenantName};

/// An audit event before it is appended to the chain.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditEventData))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEvent {
    /// The time, to the microsecond.
    pub at: Timestamp,
    /// The actor, as [`crate::tenancy::Person::subject`]; `portico` for Portico itself.
    pub actor: String,
    /// The actor's name.
    pub actor_name: String,
    /// The action: `request.submitted`, `request.approved`, `secret.revealed`, `session.started` …
    pub verb: String,
    /// The object of the action: a request's id, a claim (as [`crate::claim::ClaimRef`] prints), a control plane …
    pub subject: String,
    /// The tenant that it concerns; `None` for the platform.
    pub tenant: Option<TenantName>,
    /// The request that it belongs to.
    pub request: Option<RequestId>,
    /// The client's address.
    pub remote: Option<String>,
    /// Further details as JSON. They never contain secrets.
    pub details: Value,
}

impl AsRef<Self> for NewEvent {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// An audit event in the chain.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditEvent))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its position in the chain: 1, 2, 3 … without gaps.
    pub sequence: i64,
    /// The event.
    #[serde(flatten)]
    pub event: NewEvent,
    /// The hash of the previous event; 64 zeros for the first.
    pub previous_hash: String,
    /// [`chain_hash`] of this event.
    pub hash: String,
}

/// The signed head of the audit log. The signing key is outside the database, so a stored head reveals that the log
/// was truncated or rewritten later.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHead {
    /// The sequence of the last event.
    pub sequence: i64,
    /// The hash of the last event.
    pub hash: String,
    /// The time of signing.
    pub at: Timestamp,
    /// The Ed25519 signature of [`head_text`], in base64.
    pub signature: String,
    /// The public key for the signature: 32 bytes in base64.
    pub public_key: String,
}

/// Returns the text that a [`SignedHead`] signs.
#[must_use]
pub fn head_text(sequence: i64, hash: &str, at: Timestamp) -> String {
    format!("portico record head v1\n{sequence}\n{hash}\n{at}\n")
}

/// Returns the hash of an event in the chain: SHA-256 in hex over the previous hash, the sequence and the event as
/// canonical JSON, one per line.
#[must_use]
pub fn chain_hash(previous_hash: &str, sequence: i64, event: &NewEvent) -> String {
    use sha2::{Digest, Sha256};
    let value = serde_json::to_value(event).unwrap_or(Value::Null);
    let mut hasher = Sha256::new();
    hasher.update(previous_hash);
    hasher.update("\n");
    hasher.update(sequence.to_string());
    hasher.update("\n");
    hasher.update(kube_schema::canonical_json(&value));
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NewEvent, chain_hash};

    #[test]
    fn the_hash_of_an_event_never_changes() {
        let event = NewEvent {
            at: "2026-01-02T03:04:05.000006Z".parse().unwrap(),
            actor: "https://sso.example#dana".into(),
            actor_name: "Dana <\"é\">".into(),
            verb: "request.submitted".into(),
            subject: "x".into(),
            tenant: Some("payments".parse().unwrap()),
            request: None,
            remote: None,
            details: json!({ "z": [1, 2.5, null], "a": "line\nbreak \\ \u{2028}", "é": {} }),
        };
        assert_eq!(
            chain_hash(&"0".repeat(64), 7, &event),
            "062396a8c79bb513bdfce36e5919ede001bb81ddbaff04ec4fdc305b7e0cfb00"
        );
    }
}
