//! Parsed definitions, kept once however many control planes have the same.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use kube_schema::{Definition, ParseError, canonical_json};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// After so many new ones, those that nobody has any more are looked for.
const MIN_SWEEP: usize = 256;

/// The definitions that are in use, by the SHA-256 of what they are parsed from.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    definitions: HashMap<[u8; 32], Weak<Definition>>,
    /// The number of definitions at which to look for those that nobody has.
    sweep_at: usize,
}

impl Definitions {
    /// Parses a CRD, without its labels and annotations, or returns what an equal one was parsed to. May take long, so it is not for threads that serve
    /// requests.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub(crate) fn parse(&self, crd: &Value) -> Result<Arc<Definition>, ParseError> {
        let key = key(crd);
        if let Some(known) = self.0.lock().definitions.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let mut parsed = Definition::parse(crd)?;
        // They differ between control planes, and are read from the object where they count.
        parsed.labels.clear();
        parsed.annotations.clear();
        let parsed = Arc::new(parsed);
        let mut known = self.0.lock();
        // Another thread may have been quicker.
        if let Some(other) = known.definitions.get(&key).and_then(Weak::upgrade) {
            return Ok(other);
        }
        if known.definitions.len() >= known.sweep_at.max(MIN_SWEEP) {
            known.definitions.retain(|_, one| one.strong_count() > 0);
            known.sweep_at = known.definitions.len() * 2;
        }
        known.definitions.insert(key, Arc::downgrade(&parsed));
        Ok(parsed)
    }
}

/// All that is kept of a definition: not its labels, annotations, uid, versions and status, in which equal ones differ.
fn key(crd: &Value) -> [u8; 32] {
    let mut hash = Sha256::new();
    for pointer in ["/apiVersion", "/kind", "/metadata/name", "/spec"] {
        hash.update(canonical_json(crd.pointer(pointer).unwrap_or(&Value::Null)));
        // JSON has no such byte.
        hash.update([0]);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crd(size: &str, version: &str) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": "buckets.storage.example.org", "resourceVersion": version },
            "spec": {
                "group": "storage.example.org",
                "names": { "kind": "Bucket", "plural": "buckets" },
                "scope": "Namespaced",
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": { "type": "object", "properties": { "size": { "type": size } } } },
                }],
            },
        })
    }

    #[test]
    fn equal_definitions_are_kept_once() {
        let definitions = Definitions::default();
        let one = definitions.parse(&crd("integer", "7")).unwrap();
        let mut labelled = crd("integer", "9");
        labelled["metadata"]["labels"] = json!({ "app.kubernetes.io/instance": "eu" });
        let same = definitions.parse(&labelled).unwrap();
        let other = definitions.parse(&crd("string", "7")).unwrap();
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &other));
        assert!(definitions.parse(&json!({ "kind": "nonsense" })).is_err());
    }

    #[test]
    fn what_nobody_has_is_forgotten() {
        let definitions = Definitions::default();
        for number in 0..MIN_SWEEP * 3 {
            let mut crd = crd("integer", "7");
            crd["spec"]["names"]["shortNames"] = json!([format!("b{number}")]);
            drop(definitions.parse(&crd).unwrap());
        }
        assert!(definitions.0.lock().definitions.len() <= MIN_SWEEP);
    }
}
