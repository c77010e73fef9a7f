//! Proves that a secret belongs to a claim. A name is no proof: people choose names.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Claim;

/// How far the clocks of a control plane's API servers may differ.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(10);
/// Owner references of an object that are examined.
const MAX_OWNERS: usize = 8;

/// Result of checking whether a secret belongs to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It belongs to the claim.
    Holds,
    /// It belongs to these owners, which may in turn belong to the claim.
    Through(Vec<OwnerReference>),
    /// Nothing says that it belongs to the claim.
    Missing,
    /// It is older than the claim, so its contents were not made for the claim, whatever its metadata says now.
    Older,
}

/// An entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerReference {
    /// `group/version`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// `metadata.uid`. The name alone may refer to another object by now.
    pub uid: String,
}

/// Checks a secret's metadata: an owner reference must have the claim's uid, or all of `labels` must match. `labels`
/// are set by the kind's controller; `{name}`, `{namespace}` and `{uid}` in their values are replaced by the claim's.
/// An empty `labels` proves nothing.
#[must_use]
pub fn proof(secret: &Value, claim: &Claim, labels: &BTreeMap<String, String>) -> Proof {
    let created = secret
        .pointer("/metadata/creationTimestamp")
        .and_then(Value::as_str)
        .and_then(|at| at.parse::<Timestamp>().ok());
    match created {
        Some(created) if created.duration_since(claim.created_at) >= -MAX_CLOCK_SKEW => {}
        Some(_) => return Proof::Older,
        None => return Proof::Missing,
    }
    let owners = owners(secret);
    if owners.iter().any(|owner| owner.uid == claim.uid) || has_labels(secret, claim, labels) {
        return Proof::Holds;
    }
    if owners.is_empty() {
        Proof::Missing
    } else {
        Proof::Through(owners)
    }
}

/// Returns the complete owner references of an object, at most eight.
#[must_use]
pub fn owners(object: &Value) -> Vec<OwnerReference> {
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    owners
        .into_iter()
        .flatten()
        .filter_map(|owner| {
            let text = |key: &str| {
                let text = owner.get(key)?.as_str()?;
                (!text.is_empty()).then(|| text.to_owned())
            };
            Some(OwnerReference {
                api_version: text("apiVersion")?,
                kind: text("kind")?,
                name: text("name")?,
                uid: text("uid")?,
            })
        })
        .take(MAX_OWNERS)
        .collect()
}

/// True if the object is the claim's composite: each refers to the other.
#[must_use]
pub fn is_composite_of(object: &Value, claim: &Value) -> bool {
    let same = |one: &Value, at: &str, other: &Value, there: &str| {
        let text = one.pointer(at).and_then(Value::as_str);
        text.is_some() && text == other.pointer(there).and_then(Value::as_str)
    };
    same(claim, "/spec/resourceRef/name", object, "/metadata/name")
        && same(claim, "/spec/resourceRef/kind", object, "/kind")
        && same(object, "/spec/claimRef/name", claim, "/metadata/name")
        && same(object, "/spec/claimRef/namespace", claim, "/metadata/namespace")
        && same(object, "/spec/claimRef/kind", claim, "/kind")
}

fn has_labels(secret: &Value, claim: &Claim, labels: &BTreeMap<String, String>) -> bool {
    let namespace = claim.reference.namespace.as_deref().unwrap_or_default();
    let found = secret.pointer("/metadata/labels");
    !labels.is_empty()
        && labels.iter().all(|(key, value)| {
            let wanted = value
                .replace("{name}", claim.reference.name.as_str())
                .replace("{namespace}", namespace)
                .replace("{uid}", &claim.uid);
            found
                .and_then(|labels| labels.get(key)?.as_str())
                .is_some_and(|text| text == wanted)
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::claim::{ClaimRef, ClaimStatus, Health};
    use crate::documents::ResourceRef;

    fn claim() -> Claim {
        let created_at = "2026-05-01T10:00:00Z".parse().unwrap();
        Claim {
            reference: ClaimRef {
                plane: "eu".parse().unwrap(),
                offering: "databases.example.org".parse().unwrap(),
                namespace: Some("payments-dev".into()),
                name: "payroll".parse().unwrap(),
            },
            resource: Arc::new(ResourceRef {
                group: "example.org".into(),
                version: "v1".into(),
                kind: "Database".into(),
                plural: "databases".into(),
                namespaced: true,
            }),
            uid: "uid-claim".into(),
            tenant: None,
            environment: None,
            plan: None,
            version: None,
            request: None,
            requester: None,
            expires_at: None,
            own_machinery: None,
            controller_fields: None,
            dependencies: None,
            manager: None,
            status: Arc::new(ClaimStatus {
                health: Health::Ready,
                reason: String::new(),
                conditions: Vec::new(),
                secret: Some("payroll-connection".into()),
            }),
            created_at,
            observed_at: created_at,
            object: Arc::new(Value::Null),
        }
    }

    fn secret(created: &str, owner: Option<&str>, labels: &Value) -> Value {
        let owners: Vec<Value> = owner
            .into_iter()
            .map(|uid| json!({ "apiVersion": "example.org/v1", "kind": "Database", "name": "payroll", "uid": uid }))
            .collect();
        json!({ "metadata": {
            "name": "payroll-connection", "creationTimestamp": created, "ownerReferences": owners, "labels": labels,
        } })
    }

    fn labels(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    const LATER: &str = "2026-05-01T10:00:07Z";

    #[test]
    fn a_matching_name_alone_is_no_proof() {
        let found = proof(&secret(LATER, None, &json!({})), &claim(), &labels(&[]));
        assert_eq!(found, Proof::Missing);
        let by_name_alone = secret(LATER, Some("uid-of-another-payroll"), &json!({}));
        assert!(matches!(
            proof(&by_name_alone, &claim(), &labels(&[])),
            Proof::Through(owners) if owners[0].uid == "uid-of-another-payroll"
        ));
        assert_eq!(proof(&json!({}), &claim(), &labels(&[])), Proof::Missing);
    }

    #[test]
    fn an_owner_reference_with_the_claims_uid_proves_it() {
        let found = proof(
            &secret(LATER, Some("uid-claim"), &json!({})),
            &claim(),
            &labels(&[]),
        );
        assert_eq!(found, Proof::Holds);
    }

    #[test]
    fn controller_labels_are_proof_only_if_all_match() {
        let wanted = labels(&[
            ("cnpg.io/cluster", "{name}"),
            ("example.org/of", "{namespace}.{uid}"),
        ]);
        let with = |found: Value| proof(&secret(LATER, None, &found), &claim(), &wanted);
        assert_eq!(
            with(json!({ "cnpg.io/cluster": "payroll", "example.org/of": "payments-dev.uid-claim" })),
            Proof::Holds
        );
        assert_eq!(with(json!({ "cnpg.io/cluster": "payroll" })), Proof::Missing);
        assert_eq!(
            with(json!({ "cnpg.io/cluster": "orders", "example.org/of": "payments-dev.uid-claim" })),
            Proof::Missing
        );
    }

    #[test]
    fn a_secret_older_than_the_claim_is_rejected() {
        // Crossplane adopts an uncontrolled connection secret together with its contents.
        let adopted = secret("2026-05-01T09:59:00Z", Some("uid-claim"), &json!({}));
        assert_eq!(proof(&adopted, &claim(), &labels(&[])), Proof::Older);
        // The clocks of two API servers differ slightly.
        let skewed = secret("2026-05-01T09:59:58Z", Some("uid-claim"), &json!({}));
        assert_eq!(proof(&skewed, &claim(), &labels(&[])), Proof::Holds);
    }

    #[test]
    fn composite_and_claim_must_refer_to_each_other() {
        let claim = json!({
            "kind": "Database", "metadata": { "name": "payroll", "namespace": "payments-dev" },
            "spec": { "resourceRef": { "kind": "XDatabase", "name": "payroll-x7" } },
        });
        let composite = |claim_ref: Value| json!({ "kind": "XDatabase", "metadata": { "name": "payroll-x7" }, "spec": { "claimRef": claim_ref } });
        let back = json!({ "kind": "Database", "name": "payroll", "namespace": "payments-dev" });
        assert!(is_composite_of(&composite(back), &claim));
        let others = json!({ "kind": "Database", "name": "payroll", "namespace": "research-dev" });
        assert!(!is_composite_of(&composite(others), &claim));
        assert!(!is_composite_of(&composite(Value::Null), &claim));
    }
}
