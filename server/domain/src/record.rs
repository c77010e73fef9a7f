//! The audit log: who did what to what, when, from where. Append-only and hash-chained.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{RequestId, TenantName};

/// An event that is not yet in the chain.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditEventData))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEvent {
    /// When, to the microsecond.
    pub at: Timestamp,
    /// Who did it, as [`crate::tenancy::Person::subject`]; `portico` for Portico itself.
    pub actor: String,
    /// The name of who did it.
    pub actor_name: String,
    /// What was done: `request.submitted`, `request.approved`, `secret.revealed`, `session.started` …
    pub verb: String,
    /// What it was done to: a request id, a claim (as [`crate::claim::ClaimRef`] prints), a control plane …
    pub subject: String,
    /// The tenant it concerns; `None`: the platform.
    pub tenant: Option<TenantName>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// The remote address.
    pub remote: Option<String>,
    /// Further details. Never a secret.
    pub details: Value,
}

impl AsRef<Self> for NewEvent {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// An event in the chain.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditEvent))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its position, from 1 without gaps.
    pub sequence: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: NewEvent,
    /// The hash of the previous event; 64 zeros for the first.
    pub previous_hash: String,
    /// [`chain_hash`] of this event.
    pub hash: String,
}

/// The head of the audit log at one moment, signed with a key outside the database. Who keeps one can detect that the
/// log was truncated or rewritten later.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHead {
    /// The last event.
    pub sequence: i64,
    /// The last event's hash.
    pub hash: String,
    /// When it was signed.
    pub at: Timestamp,
    /// The Ed25519 signature of [`head_text`], in base64.
    pub signature: String,
    /// The public key that it verifies with: 32 bytes in base64.
    pub public_key: String,
}

/// The text that a [`SignedHead`] signs.
#[must_use]
pub fn head_text(sequence: i64, hash: &str, at: Timestamp) -> String {
    format!("portico record head v1\n{sequence}\n{hash}\n{at}\n")
}

/// Chains an event: SHA-256 in hex over the previous hash, the sequence and the event as canonical JSON (sorted
/// keys), one per line.
#[must_use]
pub fn chain_hash(previous_hash: &str, sequence: i64, event: &NewEvent) -> String {
    use sha2::{Digest, Sha256};
    let value = serde_json::to_value(event).unwrap_or(Value::Null);
    let mut hasher = Sha256::new();
    hasher.update(previous_hash);
    hasher.update("\n");
    hasher.update(sequence.to_string());
    hasher.update("\n");
    hasher.update(canonical_json(&value));
    hex::encode(hasher.finalize())
}

/// JSON without white space and with sorted keys: equal values give equal texts.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}
