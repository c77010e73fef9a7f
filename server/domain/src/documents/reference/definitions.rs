//! The CRDs of a home control plane, `deploy/crds.yaml`, made from the types and their doc comments as the reference is.

use std::path::PathBuf;

use kube_schema::yaml;
use serde_json::{Value, json};

use super::super::API_VERSION;
use super::structural::{LABEL_PATTERN, spec_schema};
use super::{KINDS, Kind};

const HEADER: &str = "\
# The kinds of Portico's documents, for a home control plane: `portico crds | kubectl apply --server-side -f -`.
# Written by `cargo xtask docs` from the types in `server/domain/src/documents` and their doc comments.
";

/// A rule that the API server checks beyond the types: where, and the keywords.
type Extra = (&'static str, fn() -> Value);

/// A CEL rule with what it says when it is broken.
fn rule(rule: &str, message: &str) -> Value {
    json!({ "x-kubernetes-validations": [{ "rule": rule, "message": message }] })
}

/// Items have names that differ, and several people can own some each.
fn named_items() -> Value {
    json!({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
}

fn label_name() -> Value {
    rule(
        "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
        "metadata.name must be 1 to 63 characters of a-z, 0-9 and '-'",
    )
}

const CONTROL_PLANE: &[Extra] = &[
    ("", label_name),
    ("spec.connection", || {
        rule(
            "!has(self.kubeconfig)",
            "kubeconfig is a file of Portico's machine, which an object may not name: put it into a Secret and use \
             secret, or write this control plane as a file of Portico's configuration folder",
        )
    }),
    (
        "spec.connection.kubeconfig",
        || json!({ "description": "A kubeconfig file. Only a document in Portico's configuration folder may name one." }),
    ),
    ("spec.connection.secret.namespace", || json!({ "minLength": 1 })),
    ("spec.connection.secret.name", || json!({ "minLength": 1 })),
    ("spec.connection.secret.key", || json!({ "minLength": 1 })),
    ("spec.publicAddress.oidc.issuer", || {
        let mut issuer = rule("self.startsWith('https://')", "must begin with https://");
        issuer["maxLength"] = 2048.into();
        issuer
    }),
    ("spec.publicAddress.oidc.clientId", || json!({ "minLength": 1 })),
    (
        "spec.publicAddress.oidc.extraScopes",
        || json!({ "maxItems": 20 }),
    ),
    ("spec.weight", || json!({ "maximum": 100 })),
    ("spec.limits.objects", || json!({ "minimum": 1 })),
    ("spec.limits.objectBytes", || json!({ "minimum": 1024 })),
    (
        "spec.limits.timeoutSeconds",
        || json!({ "minimum": 1, "maximum": 300 }),
    ),
    (
        "spec.limits.cacheBytes",
        || json!({ "minimum": 1_u64 << 20, "maximum": 1_u64 << 40 }),
    ),
];

fn one_to_hundred() -> Value {
    json!({ "minimum": 1, "maximum": 100 })
}

fn one_label() -> Value {
    json!({ "minProperties": 1 })
}

fn label_key() -> Value {
    json!({ "pattern": r"^([-a-z0-9.]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", "maxLength": 317 })
}

const OFFERING: &[Extra] = &[
    ("spec.placement.prefer.weight", one_to_hundred),
    ("spec.placement.prefer.labels", one_label),
    ("spec.placement.spread.weight", one_to_hundred),
    ("spec.placement.spread.over", label_key),
    ("", || {
        rule(
            "self.metadata.name.contains('.')",
            "metadata.name must be <plural>.<group>, as the CustomResourceDefinition is named",
        )
    }),
    ("spec.support", || {
        let mut support = rule(
            "self.startsWith('https://') || self.startsWith('mailto:')",
            "must begin with https:// or mailto:",
        );
        support["maxLength"] = 2048.into();
        support
    }),
    ("spec.plans", named_items),
    ("spec.plans.price.monthly", || json!({ "minimum": 0 })),
    ("spec.plans.price.currency", || json!({ "pattern": "^[A-Z]{3}$" })),
    ("spec.access.secret.name", || {
        let mut name = rule(
            "self.contains('{name}')",
            "is the same secret for all claims of a namespace: use the claim's name, such as {name}-app",
        );
        name["maxLength"] = 500.into();
        name
    }),
    ("spec.access.secret.path", || {
        let mut path = rule(
            "self.startsWith('status.') || self.startsWith('$.status.')",
            "must be a field of the status, which people cannot set, such as status.binding.name",
        );
        path["maxLength"] = 500.into();
        path
    }),
    ("spec.lifecycle", || {
        let only = |field: &str, stages: &[&str], message: &str| {
            let stages: Vec<_> = stages
                .iter()
                .map(|stage| format!("self.stage == '{stage}'"))
                .collect();
            json!({
                "rule": format!("!has(self.{field}) || (has(self.stage) && ({}))", stages.join(" || ")),
                "message": message,
            })
        };
        json!({ "x-kubernetes-validations": [
            only("sunset", &["deprecated"], "only a deprecated offering has a sunset date"),
            only("replacement", &["deprecated"], "only a deprecated offering has a replacement"),
            only("newClaims", &["deprecated"], "only a deprecated offering has a rule for new claims"),
            only("note", &["draft", "deprecated"], "only a draft or a deprecated offering has a note"),
        ] })
    }),
    ("spec.lifecycle.sunset", || json!({ "format": "date" })),
    (
        "spec.lifecycle.note",
        || json!({ "minLength": 1, "maxLength": 300 }),
    ),
    ("spec.controlPlane.definitions", || {
        let mut definitions = rule(
            "size(self) == 0",
            "are files of Portico's machine, which an object may not name: write this offering as a file of Portico's \
             configuration folder",
        );
        definitions["description"] =
            "Files with the definitions (CRDs, XRDs) that Portico applies to it. Only a \
             document in Portico's configuration folder may name them."
                .into();
        definitions
    }),
];

const TENANT: &[Extra] = &[
    ("", || {
        let mut rules = label_name();
        let own = rule(
            "!has(self.spec.parent) || self.spec.parent != self.metadata.name",
            "spec.parent: a tenant cannot be within itself",
        );
        let own = own["x-kubernetes-validations"].as_array().cloned();
        if let Some(all) = rules["x-kubernetes-validations"].as_array_mut() {
            all.extend(own.into_iter().flatten());
        }
        rules
    }),
    ("spec.placement.prefer.weight", one_to_hundred),
    ("spec.placement.prefer.labels", one_label),
    ("spec.placement.spread.weight", one_to_hundred),
    ("spec.placement.spread.over", label_key),
    ("spec.environments.placement.prefer.weight", one_to_hundred),
    ("spec.environments.placement.prefer.labels", one_label),
    ("spec.environments.placement.spread.weight", one_to_hundred),
    ("spec.environments.placement.spread.over", label_key),
    ("spec.members.group", || json!({ "minLength": 1 })),
    ("spec.environments", || {
        let mut environments = named_items();
        environments["minItems"] = 1.into();
        environments
    }),
    (
        "spec.environments.namespace",
        || json!({ "pattern": LABEL_PATTERN, "maxLength": 63 }),
    ),
];

const APPROVAL_POLICY: &[Extra] = &[
    ("spec.rules", named_items),
    ("spec.rules.then.require.count", || json!({ "minimum": 1 })),
    (
        "spec.rules.then.require.expiresAfterHours",
        || json!({ "minimum": 1, "maximum": 8760 }),
    ),
    (
        "spec.rules.then.require.approvers.groups",
        || json!({ "minItems": 1 }),
    ),
];

const PUBLICATION: &[Extra] = &[
    ("", label_name),
    ("spec", || {
        rule(
            "has(self.approvers) == self.permissions.exists(claim, claim.permission == 'decide')",
            "approvers and the permission decide go together",
        )
    }),
    (
        "spec.approvers.groups",
        || json!({ "minItems": 1, "maxItems": 100 }),
    ),
    ("spec.consumers.tenants", || json!({ "minItems": 1 })),
    ("spec.permissions", || {
        let mut permissions = rule(
            "self.exists(claim, claim.permission == 'takeClaims')",
            "it must ask for takeClaims: without it there is nothing to publish",
        );
        permissions["x-kubernetes-list-type"] = "map".into();
        permissions["x-kubernetes-list-map-keys"] = json!(["permission"]);
        permissions["maxItems"] = 10.into();
        permissions
    }),
    (
        "spec.permissions.reason",
        || json!({ "minLength": 1, "maxLength": 500 }),
    ),
];

/// A kind's plural, what the API server checks beyond the types, and its columns for kubectl. `None` for kinds that only
/// files have.
fn more(kind: &str) -> Option<(&'static str, &'static [Extra], Value)> {
    let column = |name: &str, path: &str| json!({ "name": name, "type": "string", "jsonPath": path });
    Some(match kind {
        "ControlPlane" => (
            "controlplanes",
            CONTROL_PLANE,
            json!([
                column("Region", ".spec.region"),
                { "name": "Cordoned", "type": "boolean", "jsonPath": ".spec.cordoned" },
            ]),
        ),
        "Offering" => (
            "offerings",
            OFFERING,
            json!([
                column("Title", ".spec.title"),
                column("Stage", ".spec.lifecycle.stage")
            ]),
        ),
        "Tenant" => ("tenants", TENANT, json!([column("Title", ".spec.title")])),
        "ApprovalPolicy" => ("approvalpolicies", APPROVAL_POLICY, json!([])),
        "Publication" => (
            "publications",
            PUBLICATION,
            json!([
                column("Publisher", ".spec.publisher"),
                column("Offering", ".spec.offering")
            ]),
        ),
        _ => return None,
    })
}

/// The schema of `status`, the same for every kind.
fn status() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let generation =
        |description: &str| json!({ "type": "integer", "format": "int64", "description": description });
    json!({
        "type": "object",
        "description": "What Portico says of the object. Portico writes it.",
        "properties": {
            "observedGeneration": generation("The `metadata.generation` that this status is about."),
            "conditions": {
                "type": "array",
                "description": "`Accepted`: whether this version of the object is in force, and if not, why.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": {
                    "type": "object",
                    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
                    "properties": {
                        "type": text("The condition: `Accepted`."),
                        "status": { "type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds." },
                        "reason": text("Why, in one word."),
                        "message": text("Why, in words, and what to do."),
                        "observedGeneration": generation("The `metadata.generation` that it is about."),
                        "lastTransitionTime": {
                            "type": "string",
                            "format": "date-time",
                            "description": "When `status` last changed.",
                        },
                    },
                },
            },
            "inForce": {
                "type": "object",
                "description": "The version that is in force although this one is not accepted: the last that was.",
                "properties": {
                    "generation": generation("Its `metadata.generation`."),
                    "labels": {
                        "type": "object",
                        "additionalProperties": { "type": "string" },
                        "description": "Its labels.",
                    },
                    "spec": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": true,
                        "description": "Its `spec`, if it is not that of the object.",
                    },
                },
            },
        },
    })
}

/// The CRDs, with the names of their kinds.
fn definitions() -> Vec<(&'static str, Value)> {
    let defined = |kind: &'static Kind| Some((kind.name, definition(kind)?));
    KINDS.iter().filter_map(defined).collect()
}

fn definition(kind: &Kind) -> Option<Value> {
    let (plural, extras, columns) = more(kind.name)?;
    let (group, version) = API_VERSION.split_once('/').unwrap();
    let document = (kind.schema)();
    let meaning = super::shape::one_paragraph(document.as_value()["description"].as_str().unwrap());
    let mut spec = spec_schema(&document);
    spec["description"] = meaning.as_str().into();
    let mut schema = json!({
        "type": "object",
        "description": meaning,
        "required": ["spec"],
        "properties": { "spec": spec, "status": status() },
    });
    for (path, keywords) in extras {
        let node = find(&mut schema, path);
        for (key, value) in keywords().as_object().unwrap() {
            node[key] = value.clone();
        }
    }
    let condition = |field: &str| format!(".status.conditions[?(@.type==\"Accepted\")].{field}");
    let mut printed = vec![json!({ "name": "Accepted", "type": "string", "jsonPath": condition("status") })];
    printed.extend(columns.as_array().unwrap().clone());
    printed.push(json!({ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" }));
    for field in ["reason", "message"] {
        let name = if field == "reason" { "Reason" } else { "Message" };
        printed.push(json!({ "name": name, "type": "string", "priority": 1, "jsonPath": condition(field) }));
    }
    Some(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {
                "plural": plural,
                "singular": kind.name.to_lowercase(),
                "kind": kind.name,
                "listKind": format!("{}List", kind.name),
                "categories": ["portico"],
            },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "additionalPrinterColumns": printed,
                "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": schema },
            }],
        },
    }))
}

/// The schema of a field; lists have no step of their own.
fn find<'s>(schema: &'s mut Value, path: &str) -> &'s mut Value {
    let mut node = schema;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        if node.get("items").is_some() {
            node = &mut node["items"];
        }
        node = node["properties"]
            .get_mut(step)
            .unwrap_or_else(|| panic!("{path} is no field"));
    }
    node
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/crds.yaml")
}

#[test]
fn the_crds_are_up_to_date() {
    let documents: Vec<String> = definitions()
        .iter()
        .map(|(_, crd)| format!("---\n{}", yaml::print(crd)))
        .collect();
    let text = format!("{HEADER}{}", documents.concat());
    if std::env::var_os("PORTICO_WRITE_DOCS").is_some() {
        std::fs::write(file(), text).unwrap();
    } else {
        let is = std::fs::read_to_string(file()).unwrap_or_default();
        assert!(is == text, "run cargo xtask docs: deploy/crds.yaml");
    }
}

/// The engine that judges control planes' CRDs finds nothing wrong with these.
#[test]
fn the_crds_are_structural() {
    for (kind, crd) in definitions() {
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut nodes = vec![(kind.to_owned(), schema)];
        while let Some((path, node)) = nodes.pop() {
            let typed = node["type"].is_string() || node["x-kubernetes-preserve-unknown-fields"] == true;
            assert!(
                typed && node.get("$ref").is_none() && node.get("anyOf").is_none(),
                "{path}: {node}"
            );
            assert!(
                path == kind || node["description"].is_string() || path.ends_with("[]"),
                "{path} is not described"
            );
            for (name, below) in node["properties"].as_object().into_iter().flatten() {
                nodes.push((format!("{path}.{name}"), below));
            }
            nodes.extend(node.get("items").map(|below| (format!("{path}[]"), below)));
            nodes.extend(
                node.get("additionalProperties")
                    .map(|below| (format!("{path}[]"), below)),
            );
        }
    }
}
