//! Derives `CustomResourceDefinition`s from a `CompositeResourceDefinition`, as Crossplane does.
//!
//! Added fields and their names follow Crossplane 2 (`pkg/xcrd` of crossplane-runtime). They depend on the
//! scope, not on the version of the definition.

use serde_json::{Map, Value, json};

/// The scope of a composite resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    LegacyCluster,
    Namespaced,
    Cluster,
}

/// The definitions of the composite resource and, if `claimNames` is set, of the claim, which is the last one.
/// Malformed parts stay in them, for the checks of definitions to report.
#[must_use]
pub fn definitions(xrd: &Value) -> Vec<Value> {
    let is_v2 = xrd["apiVersion"].as_str() == Some("apiextensions.crossplane.io/v2");
    let scope = match xrd["spec"]["scope"].as_str() {
        Some("Namespaced") => Scope::Namespaced,
        Some("Cluster") => Scope::Cluster,
        None if is_v2 => Scope::Namespaced,
        _ => Scope::LegacyCluster,
    };
    let policy = &xrd["spec"]["defaultCompositionUpdatePolicy"];
    let namespaced = if scope == Scope::Namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    let mut found = vec![definition(
        xrd,
        &xrd["spec"]["names"],
        namespaced,
        "composite",
        |version| {
            extend(
                version,
                composite_spec(scope, policy),
                status(scope),
                composite_columns(scope),
            );
        },
    )];
    if xrd["spec"]["claimNames"].is_object() {
        let policy = &xrd["spec"]["defaultCompositeDeletePolicy"];
        found.push(definition(
            xrd,
            &xrd["spec"]["claimNames"],
            "Namespaced",
            "claim",
            |version| {
                extend(
                    version,
                    claim_spec(policy),
                    status(Scope::LegacyCluster),
                    claim_columns(),
                );
            },
        ));
    }
    found
}

fn definition(xrd: &Value, names: &Value, scope: &str, category: &str, fill: impl Fn(&mut Value)) -> Value {
    let given = names["categories"].as_array().into_iter().flatten();
    let mut categories: Vec<&str> = given.filter_map(Value::as_str).collect();
    categories.push(category);
    let mut names = names.clone();
    let categories = json!(categories);
    object_of(&mut names).insert("categories".to_owned(), categories);
    let mut labels = xrd["metadata"]["labels"].clone();
    let given = &xrd["spec"]["metadata"];
    if let Some(more) = given["labels"].as_object() {
        let labels = object_of(&mut labels);
        labels.extend(more.clone());
    }
    let owner = json!({
        "apiVersion": xrd["apiVersion"], "kind": "CompositeResourceDefinition", "name": xrd["metadata"]["name"],
        "uid": xrd["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    });
    let mut metadata = json!({"name": format!("{}.{}", text(&names["plural"]), text(&xrd["spec"]["group"]))});
    if labels.is_object() {
        metadata["labels"] = labels;
    }
    if given["annotations"].is_object() {
        metadata["annotations"] = given["annotations"].clone();
    }
    if xrd["metadata"]["uid"].is_string() {
        metadata["ownerReferences"] = json!([owner]);
    }
    let versions: Vec<Value> = xrd["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|given| {
            let mut version = version(given);
            fill(&mut version);
            version
        })
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {"group": xrd["spec"]["group"], "names": names, "scope": scope, "versions": versions},
    })
}

/// Crossplane copies part of the schema: properties, rules, required fields, descriptions and `oneOf` of `spec`
/// and `status`, and the maximum length of `metadata.name`.
fn version(given: &Value) -> Value {
    let schema = &given["schema"]["openAPIV3Schema"];
    let longest = schema["properties"]["metadata"]["properties"]["name"]["maxLength"]
        .as_u64()
        .unwrap_or(63)
        .min(63);
    let part = |name: &str, fields: &[&str]| {
        let from = &schema["properties"][name];
        let mut part = json!({"type": "object"});
        part["properties"] = if from["properties"].is_object() {
            from["properties"].clone()
        } else {
            json!({})
        };
        for field in fields {
            if !from[*field].is_null() {
                part[*field] = from[*field].clone();
            }
        }
        part
    };
    let mut whole = json!({
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": longest}}},
            "spec": part("spec", &["required", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations", "oneOf", "description"]),
            "status": part("status", &["required", "x-kubernetes-validations", "oneOf", "description"]),
        },
    });
    for field in ["description", "x-kubernetes-validations"] {
        if !schema[field].is_null() {
            whole[field] = schema[field].clone();
        }
    }
    let mut version = json!({
        "name": given["name"],
        "served": given["served"],
        "storage": given["referenceable"],
        "schema": {"openAPIV3Schema": whole},
        "subresources": {"status": {}},
        "additionalPrinterColumns": given["additionalPrinterColumns"].as_array().cloned().unwrap_or_default(),
    });
    for field in ["deprecated", "deprecationWarning"] {
        if !given[field].is_null() {
            version[field] = given[field].clone();
        }
    }
    version
}

fn extend(version: &mut Value, spec: Map<String, Value>, status: Map<String, Value>, columns: Value) {
    let properties = &mut version["schema"]["openAPIV3Schema"]["properties"];
    object_of(&mut properties["spec"]["properties"]).extend(spec);
    object_of(&mut properties["status"]["properties"]).extend(status);
    if let (Some(all), Value::Array(columns)) = (version["additionalPrinterColumns"].as_array_mut(), columns)
    {
        all.extend(columns);
    }
}

fn composite_spec(scope: Scope, policy: &Value) -> Map<String, Value> {
    let mut properties = common_spec();
    if !policy.is_null() {
        properties["compositionUpdatePolicy"]["default"] = policy.clone();
    }
    let mut reference =
        json!({"apiVersion": {"type": "string"}, "name": {"type": "string"}, "kind": {"type": "string"}});
    if scope != Scope::Namespaced {
        reference["namespace"] = json!({"type": "string"});
    }
    properties.insert(
        "resourceRefs".into(),
        json!({
            "type": "array",
            "x-kubernetes-list-type": "atomic",
            "items": {"type": "object", "properties": reference, "required": ["apiVersion", "kind"]},
        }),
    );
    if scope != Scope::LegacyCluster {
        let mut nested = Map::new();
        nested.insert(
            "crossplane".into(),
            json!({
                "type": "object",
                "description": "Configures how Crossplane will reconcile this composite resource",
                "properties": properties,
            }),
        );
        return nested;
    }
    properties.insert(
        "claimRef".into(),
        references(&["apiVersion", "kind", "namespace", "name"]),
    );
    properties.insert(
        "writeConnectionSecretToRef".into(),
        references(&["name", "namespace"]),
    );
    properties
}

fn claim_spec(policy: &Value) -> Map<String, Value> {
    let mut properties = common_spec();
    let mut delete = json!({"type": "string", "enum": ["Background", "Foreground"]});
    if !policy.is_null() {
        delete["default"] = policy.clone();
    }
    properties.insert("compositeDeletePolicy".into(), delete);
    properties.insert("resourceRef".into(), references(&["apiVersion", "kind", "name"]));
    properties.insert("writeConnectionSecretToRef".into(), references(&["name"]));
    properties
}

/// The fields that composites and claims share.
fn common_spec() -> Map<String, Value> {
    let selector = json!({
        "type": "object",
        "required": ["matchLabels"],
        "properties": {"matchLabels": {"type": "object", "additionalProperties": {"type": "string"}}},
    });
    let mut properties = Map::new();
    properties.insert("compositionRef".into(), references(&["name"]));
    properties.insert("compositionSelector".into(), selector.clone());
    properties.insert("compositionRevisionRef".into(), references(&["name"]));
    properties.insert("compositionRevisionSelector".into(), selector);
    properties.insert(
        "compositionUpdatePolicy".into(),
        json!({"type": "string", "enum": ["Automatic", "Manual"]}),
    );
    properties
}

/// An object schema whose fields are required strings.
fn references(fields: &[&str]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|f| ((*f).to_owned(), json!({"type": "string"})))
        .collect();
    json!({"type": "object", "required": fields, "properties": properties})
}

fn status(scope: Scope) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert(
        "conditions".into(),
        json!({
            "description": "Conditions of the resource.",
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": {
                "type": "object",
                "required": ["lastTransitionTime", "reason", "status", "type"],
                "properties": {
                    "lastTransitionTime": {"type": "string", "format": "date-time"},
                    "message": {"type": "string"},
                    "reason": {"type": "string"},
                    "status": {"type": "string"},
                    "type": {"type": "string"},
                    "observedGeneration": {"type": "integer", "format": "int64"},
                },
            },
        }),
    );
    if scope == Scope::LegacyCluster {
        properties.insert(
            "connectionDetails".into(),
            json!({"type": "object", "properties": {"lastPublishedTime": {"type": "string", "format": "date-time"}}}),
        );
        properties.insert(
            "claimConditionTypes".into(),
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
        );
    }
    properties
}

fn composite_columns(scope: Scope) -> Value {
    let below = if scope == Scope::LegacyCluster {
        ".spec"
    } else {
        ".spec.crossplane"
    };
    json!([
        condition("SYNCED", "Synced"),
        condition("READY", "Ready"),
        {"name": "COMPOSITION", "type": "string", "jsonPath": format!("{below}.compositionRef.name")},
        {"name": "COMPOSITIONREVISION", "type": "string", "priority": 1, "jsonPath": format!("{below}.compositionRevisionRef.name")},
        {"name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ])
}

fn claim_columns() -> Value {
    json!([
        condition("SYNCED", "Synced"),
        condition("READY", "Ready"),
        {"name": "CONNECTION-SECRET", "type": "string", "jsonPath": ".spec.writeConnectionSecretToRef.name"},
        {"name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ])
}

/// A column with the status of a condition.
fn condition(name: &str, condition: &str) -> Value {
    json!({"name": name, "type": "string", "jsonPath": format!(".status.conditions[?(@.type=='{condition}')].status")})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn object_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}
