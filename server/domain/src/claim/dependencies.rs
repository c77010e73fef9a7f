//! What a claim depends on: the claims that its specification names.

use serde_json::{Map, Value};

use super::{Claim, ClaimRef};

/// Names that are kept of one claim.
const MAX: usize = 16;
/// How deep specifications are read.
const MAX_DEPTH: usize = 12;

/// Crossplane's machinery in a specification: it names compositions and what was composed, and the claim's own secret.
const MACHINERY: [&str; 8] = [
    "crossplane",
    "compositionRef",
    "compositionRevisionRef",
    "providerConfigRef",
    "resourceRef",
    "resourceRefs",
    "claimRef",
    "writeConnectionSecretToRef",
];

/// An object that a claim's specification names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The field that names it, such as `spec.database.secretRef`.
    pub field: String,
    kind: Named,
    /// The name.
    pub name: String,
}

/// The kind of what is named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Secret,
    /// A kind in lower case: as the reference says, or else as its field is called.
    Kind(String),
}

impl Dependency {
    /// What the specification names in the claim's own namespace, in its order, the first 16: members such as `databaseRef`,
    /// `clusterName` and `cluster: { name }`, and Secrets as in `passwordSecretRef` and `secretName`. Whether there is such
    /// an object is another question, see [`Dependency::is_on`].
    #[must_use]
    pub fn of(object: &Value) -> Vec<Self> {
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let mut found = Search {
            namespace,
            found: Vec::new(),
        };
        if let Some(Value::Object(spec)) = object.get("spec") {
            found.members(spec, "spec", 0);
        }
        found.found
    }

    /// True if it means this claim, for a claim that is `at`: of its control plane and namespace and with the name, or the
    /// claim whose connection Secret has the name.
    #[must_use]
    pub fn is_on(&self, claim: &Claim, at: &ClaimRef) -> bool {
        let other = &claim.reference;
        let is_near = other.plane == at.plane && other.namespace == at.namespace && other != at;
        is_near
            && match &self.kind {
                Named::Secret => claim.status.secret.as_ref() == Some(&self.name),
                Named::Kind(kind) => {
                    other.name.as_str() == self.name && claim.resource.kind.eq_ignore_ascii_case(kind)
                }
            }
    }
}

struct Search<'a> {
    namespace: Option<&'a str>,
    found: Vec<Dependency>,
}

impl Search<'_> {
    fn members(&mut self, members: &Map<String, Value>, path: &str, depth: usize) {
        for (key, value) in members {
            if depth == 0 && MACHINERY.contains(&key.as_str()) {
                continue;
            }
            let path = format!("{path}.{key}");
            match value {
                Value::String(name) => self.by_name(key, name, path),
                Value::Object(inner) if !self.by_reference(key, inner, &path) && depth < MAX_DEPTH => {
                    self.members(inner, &path, depth + 1);
                }
                Value::Array(items) if depth < MAX_DEPTH => {
                    for (index, item) in items.iter().enumerate() {
                        let at = format!("{path}[{index}]");
                        // `databaseRefs` is a list of `databaseRef`.
                        let one = key
                            .strip_suffix('s')
                            .filter(|one| ends_with(one, &["ref", "reference"]));
                        match item {
                            Value::Object(inner)
                                if one.is_none_or(|one| !self.by_reference(one, inner, &at)) =>
                            {
                                self.members(inner, &at, depth + 1);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            if self.found.len() == MAX {
                return;
            }
        }
    }

    /// A member such as `clusterName: main`.
    fn by_name(&mut self, key: &str, name: &str, field: String) {
        let Some(of) = without_suffix(key, &["Name", "Ref", "Reference"]) else {
            return;
        };
        let kind = if ends_with(of, &["secret"]) {
            Named::Secret
        } else {
            Named::Kind(of.to_ascii_lowercase())
        };
        self.push(kind, name, field);
    }

    /// A member such as `databaseRef: { name: main }`. False if it is none.
    fn by_reference(&mut self, key: &str, reference: &Map<String, Value>, field: &str) -> bool {
        let text = |key: &str| reference.get(key).and_then(Value::as_str);
        let Some(name) = text("name") else { return false };
        if text("namespace").is_some_and(|namespace| Some(namespace) != self.namespace) {
            return true;
        }
        let of = without_suffix(key, &["KeyRef", "KeySelector", "Ref", "Reference"]).unwrap_or(key);
        let kind = match text("kind") {
            Some(kind) => Named::Kind(kind.to_ascii_lowercase()),
            None if ends_with(of, &["secret"]) => Named::Secret,
            None => Named::Kind(of.to_ascii_lowercase()),
        };
        let kind = match kind {
            Named::Kind(kind) if kind == "secret" => Named::Secret,
            kind => kind,
        };
        self.push(kind, name, field.to_owned());
        // What has more than a reference has may name others.
        reference
            .values()
            .all(|value| !value.is_object() && !value.is_array())
    }

    fn push(&mut self, kind: Named, name: &str, field: String) {
        if !name.is_empty() && self.found.len() < MAX {
            self.found.push(Dependency {
                field,
                kind,
                name: name.to_owned(),
            });
        }
    }
}

fn without_suffix<'a>(key: &'a str, suffixes: &[&str]) -> Option<&'a str> {
    suffixes
        .iter()
        .find_map(|suffix| key.strip_suffix(suffix))
        .filter(|rest| !rest.is_empty())
}

fn ends_with(key: &str, ends: &[&str]) -> bool {
    let key = key.to_ascii_lowercase();
    ends.iter().any(|end| key.ends_with(end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(spec: &Value) -> Vec<String> {
        let object = json!({ "metadata": { "namespace": "payments-dev" }, "spec": spec });
        let found = Dependency::of(&object).into_iter();
        found
            .map(|each| {
                let kind = match each.kind {
                    Named::Secret => "Secret".to_owned(),
                    Named::Kind(kind) => kind,
                };
                format!("{}: {kind} {}", each.field, each.name)
            })
            .collect()
    }

    #[test]
    fn references_are_found_as_operators_write_them() {
        for (spec, expected) in [
            // Strimzi, Cluster API, CloudNativePG's Pooler, the RabbitMQ topology operator.
            (json!({ "clusterName": "main" }), "spec.clusterName: cluster main"),
            (
                json!({ "cluster": { "name": "main" } }),
                "spec.cluster: cluster main",
            ),
            (
                json!({ "rabbitmqClusterReference": { "name": "events" } }),
                "spec.rabbitmqClusterReference: rabbitmqcluster events",
            ),
            (
                json!({ "infrastructureRef": { "kind": "Bucket", "apiVersion": "a/v1", "name": "b" } }),
                "spec.infrastructureRef: bucket b",
            ),
            (
                json!({ "databaseRef": "orders" }),
                "spec.databaseRef: database orders",
            ),
            (
                json!({ "databaseRefs": [{ "name": "orders" }] }),
                "spec.databaseRefs[0]: database orders",
            ),
            // Secrets.
            (
                json!({ "db": { "passwordSecretRef": { "name": "orders-connection", "key": "password" } } }),
                "spec.db.passwordSecretRef: Secret orders-connection",
            ),
            (json!({ "secretName": "tls" }), "spec.secretName: Secret tls"),
            (
                json!({ "env": [{ "name": "URL", "valueFrom": { "secretKeyRef": { "name": "orders-connection", "key": "uri" } } }] }),
                "spec.env[0].valueFrom.secretKeyRef: Secret orders-connection",
            ),
            (
                json!({ "source": { "kind": "Secret", "name": "tls" } }),
                "spec.source: Secret tls",
            ),
        ] {
            assert_eq!(of(&spec), [expected], "{spec}");
        }
    }

    #[test]
    fn machinery_other_namespaces_and_plain_values_are_none() {
        for spec in [
            json!({ "crossplane": { "compositionRef": { "name": "small" } } }),
            json!({ "compositionRef": { "name": "small" }, "writeConnectionSecretToRef": { "name": "own" } }),
            json!({ "databaseRef": { "name": "orders", "namespace": "shop" } }),
            json!({ "name": "orders", "ref": "main", "size": 3, "databaseRef": { "name": "" } }),
            json!({ "containers": [{ "name": "web", "image": "web:1" }] }),
        ] {
            assert_eq!(of(&spec), [""; 0], "{spec}");
        }
    }

    #[test]
    fn many_and_deep_ones_are_bounded() {
        let many: Vec<Value> = (0..100)
            .map(|number| json!({ "name": number.to_string() }))
            .collect();
        assert_eq!(of(&json!({ "databaseRefs": many })).len(), MAX);
        let mut deep = json!({ "databaseRef": "orders" });
        for _ in 0..1000 {
            deep = json!({ "more": deep });
        }
        assert_eq!(of(&deep), [""; 0]);
    }
}
