//! Definitions, kept once however many control planes have the same.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use kube_schema::{Definition, ParseError};
use parking_lot::Mutex;
use serde_json::Value;

use super::held::{DefinitionKey, DefinitionText, HeldDefinition, Recent};

/// After so many new ones, those that nobody has any more are looked for.
const MIN_SWEEP: usize = 256;

/// The definitions that are in use, by the SHA-256 of what they are parsed from.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    known: Mutex<Known>,
    recent: Arc<Recent>,
}

#[derive(Debug, Default)]
struct Known {
    definitions: HashMap<DefinitionKey, Weak<HeldDefinition>>,
    /// The number of definitions at which to look for those that nobody has.
    sweep_at: usize,
}

impl Definitions {
    /// Parses a CRD and holds it, or returns what is held of an equal one. May take long, so it is not for threads that
    /// serve requests.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub(crate) fn hold(&self, crd: &Value) -> Result<Arc<HeldDefinition>, ParseError> {
        let text = DefinitionText::of(crd);
        let key = text.key();
        if let Some(known) = self.known.lock().definitions.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let parsed = Definition::parse(crd)?;
        let held = Arc::new(HeldDefinition::new(crd, &text, &parsed, &self.recent));
        let mut known = self.known.lock();
        // Another thread may have been quicker.
        if let Some(other) = known.definitions.get(&key).and_then(Weak::upgrade) {
            return Ok(other);
        }
        if known.definitions.len() >= known.sweep_at.max(MIN_SWEEP) {
            known.definitions.retain(|_, one| one.strong_count() > 0);
            known.sweep_at = known.definitions.len() * 2;
        }
        known.definitions.insert(key, Arc::downgrade(&held));
        Ok(held)
    }
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
        let one = definitions.hold(&crd("integer", "7")).unwrap();
        let mut labelled = crd("integer", "9");
        labelled["metadata"]["labels"] = json!({ "app.kubernetes.io/instance": "eu" });
        labelled["spec"]["conversion"] =
            json!({ "strategy": "Webhook", "webhook": { "clientConfig": { "caBundle": "eu" } } });
        let same = definitions.hold(&labelled).unwrap();
        let other = definitions.hold(&crd("string", "7")).unwrap();
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &other));
        assert!(definitions.hold(&json!({ "kind": "nonsense" })).is_err());
    }

    #[test]
    fn what_nobody_has_is_forgotten() {
        let definitions = Definitions::default();
        for number in 0..MIN_SWEEP * 3 {
            let mut crd = crd("integer", "7");
            crd["spec"]["names"]["shortNames"] = json!([format!("b{number}")]);
            drop(definitions.hold(&crd).unwrap());
        }
        assert!(definitions.known.lock().definitions.len() <= MIN_SWEEP);
    }

    #[tokio::test]
    async fn what_nobody_looks_at_is_not_parsed_and_those_who_look_share_one() {
        let definitions = Definitions::default();
        let held = definitions.hold(&crd("integer", "7")).unwrap();
        assert_eq!(definitions.recent.len(), 0, "nobody has asked for it");
        let (one, other) = tokio::join!(held.parsed(), held.parsed());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(definitions.recent.len(), 1);
        let schema = one.version("v1").unwrap().schema().unwrap();
        assert!(schema.node_at("size").is_some());
    }

    #[test]
    fn what_was_not_looked_at_for_long_is_forgotten() {
        let definitions = Definitions::default();
        let held: Vec<_> = (0..64)
            .map(|number| {
                let mut crd = crd("integer", "7");
                crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] =
                    json!(format!("{number} {}", "long ".repeat(100_000)));
                definitions.hold(&crd).unwrap()
            })
            .collect();
        for one in &held {
            let _ = one.parse().unwrap();
            let _ = held[0].parse().unwrap();
        }
        let recent = definitions.recent.len();
        assert!((2..20).contains(&recent), "{recent}");
        let again = |one: &Arc<HeldDefinition>| Arc::as_ptr(&one.parse().unwrap());
        assert_eq!(again(&held[0]), again(&held[0]), "the one in use stays");
    }
}
