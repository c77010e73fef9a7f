//! Mutated definitions: compares which ones a control plane and Portico refuse.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use kube_schema::validate_crd;
use reqwest::Method;
use serde_json::{Value, json};

use super::corpus::{Corpus, Kind};
use super::places::step;
use super::rng::Rng;
use super::rules::{bound, rule};
use super::run::{Options, Tally};
use crate::raw_client::{RawClient, RawResponse};

/// Definitions compared at once.
const AT_ONCE: usize = 4;
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SCHEMA: &str = "/spec/versions/0/schema/openAPIV3Schema";

/// Asks a control plane by dry run about this many mutations of each definition, and compares the refused fields
/// with [`validate_crd`].
pub async fn run_definitions(plane: &RawClient, corpus: &Corpus, changes: usize, options: &Options) -> Tally {
    let mut by_name: BTreeMap<&str, &Kind> = BTreeMap::new();
    for kind in &corpus.kinds {
        by_name.entry(&kind.definition.name).or_insert(kind);
    }
    by_name.retain(|name, _| name.contains(&options.filter));
    let asked = futures::stream::iter(by_name.into_values())
        .map(async |kind| {
            let mut tally = Tally::default();
            for case in 0..changes {
                let mut rng = Rng::of(options.seed, &format!("{} {case}", kind.definition.name));
                let mut document = kind.document.clone();
                let how = change(&mut document, &mut rng);
                ask(plane, &document, &how, options.loud, &mut tally).await;
            }
            tally
        })
        .buffer_unordered(AT_ONCE);
    let mut all = Tally::default();
    futures::pin_mut!(asked);
    while let Some(tally) = asked.next().await {
        all.add(tally);
    }
    all
}

async fn ask(plane: &RawClient, document: &Value, how: &str, loud: bool, tally: &mut Tally) {
    let path = format!("{DEFINITIONS}?dryRun=All");
    let said = plane.try_ask(Method::POST, &path, Some(document)).await;
    let errors: BTreeSet<(String, bool)> = validate_crd(document)
        .into_iter()
        .map(|error| {
            let shares = shares_in_total(&error.message);
            (error.path, shares)
        })
        .collect();
    let name = document["metadata"]["name"].as_str().unwrap_or_default();
    let line = |problem: &str| format!("{name}: {how}\n    {problem}\n    Portico: {errors:?}");
    let verdict = match said {
        Ok(said) => compare(&said, &errors),
        Err(error) => Comparison::Beyond(format!("no answer: {error}")),
    };
    let list = match verdict {
        Comparison::Same => {
            tally.agree += 1;
            return;
        }
        Comparison::Other(problem) => {
            tally.disagree.push(line(&problem));
            &tally.disagree
        }
        Comparison::Beyond(problem) => {
            tally.unjudged.push(line(&problem));
            &tally.unjudged
        }
    };
    if let Some(line) = list.last().filter(|_| loud) {
        println!("{line}");
    }
}

enum Comparison {
    Same,
    Other(String),
    Beyond(String),
}

/// Whether a message names one of the four most expensive rules of a schema that is too expensive in total. The
/// API server names any of several rules with equal cost.
fn shares_in_total(message: &str) -> bool {
    message.contains("contributed to estimated rule cost total")
}

fn compare(said: &RawResponse, errors: &BTreeSet<(String, bool)>) -> Comparison {
    if said.is_success() {
        return if errors.is_empty() {
            Comparison::Same
        } else {
            Comparison::Other("accepted".to_owned())
        };
    }
    if said.status != 422 {
        return Comparison::Beyond(format!("{} {}", said.status, said.message()));
    }
    let causes = said.causes();
    let told: Vec<String> = causes
        .iter()
        .map(|(field, _, message)| format!("{field}: {}", message.chars().take(400).collect::<String>()))
        .collect();
    let told = told.join("; ");
    let theirs: BTreeSet<(String, bool)> = causes
        .into_iter()
        .map(|(field, _, message)| (field, shares_in_total(&message)))
        .collect();
    let count = |all: &BTreeSet<(String, bool)>| all.iter().filter(|(_, shares)| *shares).count();
    let named = |all: &BTreeSet<(String, bool)>| -> BTreeSet<String> {
        let named = all.iter().filter(|(_, shares)| !shares);
        named.map(|(field, _)| field.clone()).collect()
    };
    if named(&theirs) == named(errors) && count(&theirs) == count(errors) {
        return Comparison::Same;
    }
    Comparison::Other(told)
}

/// Mutates a definition in one place only, since an unreadable schema hides other errors. Returns a description.
fn change(document: &mut Value, rng: &mut Rng) -> String {
    if rng.percent(15) {
        around(document, rng)
    } else {
        within(document, rng)
    }
}

/// Mutates parts outside the schema.
fn around(document: &mut Value, rng: &mut Rng) -> String {
    let changes = [
        ("/metadata/name", json!("others.example.org")),
        ("/metadata/name", json!("Not A Name")),
        ("/spec/group", json!("example")),
        ("/spec/group", json!("tests.k8s.io")),
        ("/spec/scope", json!("Galaxy")),
        ("/spec/names/kind", json!("Not A Kind")),
        ("/spec/names/plural", json!("Plurals")),
        ("/spec/names/shortNames", json!(["ok", "Not Ok"])),
        ("/spec/names/categories", json!(["all", "9"])),
        ("/spec/names/listKind", document["spec"]["names"]["kind"].clone()),
        ("/spec/preserveUnknownFields", json!(true)),
        ("/spec/versions/0/name", json!("1.0")),
        ("/spec/versions/0/storage", json!(false)),
        ("/spec/versions/0/deprecationWarning", json!("old")),
        ("/spec/versions/0/schema", json!({})),
        ("/spec/versions/0/subresources", json!({"status": {}})),
        (
            "/spec/versions/0/subresources",
            json!({"scale": {"specReplicasPath": ".status.x"}}),
        ),
        (
            "/spec/versions/0/subresources",
            json!({"scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", "labelSelectorPath": "x"}}),
        ),
        (
            "/spec/versions/0/additionalPrinterColumns",
            json!([{"name": "A", "type": "text", "jsonPath": "spec"}, {"name": "B", "type": "date", "format": "x", "jsonPath": ".a"}]),
        ),
        (
            "/spec/versions/0/selectableFields",
            json!([{"jsonPath": ".spec"}, {"jsonPath": ".spec.nothing"}, {"jsonPath": "spec"}, {"jsonPath": ".kind"}]),
        ),
        ("/spec/conversion", json!({"strategy": "Webhook"})),
        ("/spec/conversion", json!({"strategy": "Magic"})),
        (
            "/spec/conversion",
            json!({"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}),
        ),
    ];
    let (pointer, value) = rng.pick(&changes).clone();
    let how = format!("{pointer} = {value}");
    put(document, pointer, value);
    if rng.percent(10) {
        let mut second = document["spec"]["versions"][0].clone();
        second["name"] = json!(rng.pick(&["v9", "v1", "v1beta1"]));
        second["storage"] = json!(rng.percent(30));
        if let Some(versions) = document["spec"]["versions"].as_array_mut() {
            versions.push(second);
        }
        return format!("{how}; a second version");
    }
    how
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(parent) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(name.to_owned(), value);
    }
}

/// Mutates a node of the schema.
fn within(document: &mut Value, rng: &mut Rng) -> String {
    let mut nodes = Vec::new();
    if let Some(schema) = document.pointer(SCHEMA) {
        collect(schema, SCHEMA.to_owned(), &mut nodes);
    }
    if nodes.is_empty() {
        return "nothing".to_owned();
    }
    let pointer = rng.pick(&nodes).clone();
    let place = pointer.strip_prefix(SCHEMA).unwrap_or(&pointer);
    let is_branch = ["/anyOf/", "/allOf/", "/oneOf/", "/not"]
        .iter()
        .any(|part| place.contains(part));
    if rng.percent(40) && !is_branch {
        return ruled(document, &pointer, place, rng);
    }
    let Some(node) = document.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
        return "nothing".to_owned();
    };
    if rng.percent(20) && !node.is_empty() {
        let names: Vec<String> = node.keys().cloned().collect();
        let name = rng.pick(&names).clone();
        node.shift_remove(&name);
        return format!("{place}: without {name}");
    }
    let additions = additions();
    let (name, value) = rng.pick(&additions).clone();
    let how = format!("{place}: {name} = {value}");
    node.insert(name.to_owned(), value);
    how
}

/// Adds rules to a node, and bounds to it or to the whole schema.
fn ruled(document: &mut Value, pointer: &str, place: &str, rng: &mut Rng) -> String {
    const KEY: &str = "x-kubernetes-validations";
    let bounded = *rng.pick(&["", pointer, SCHEMA]);
    if let Some(node) = document.pointer_mut(bounded).filter(|_| !bounded.is_empty()) {
        bound(node, rng);
    }
    let Some(node) = document.pointer_mut(pointer) else {
        return "nothing".to_owned();
    };
    let count = *rng.pick(&[1, 1, 1, 2, 6]);
    let rules: Vec<Value> = (0..count).map(|_| rule(node, rng)).collect();
    let how = format!("{place}: bounded {bounded:?}, rules {}", json!(rules));
    match node[KEY].as_array_mut() {
        Some(there) => there.extend(rules),
        None => node[KEY] = json!(rules),
    }
    how
}

/// Pointers to all nodes of a schema, including branches.
fn collect(schema: &Value, pointer: String, found: &mut Vec<String>) {
    for key in ["items", "not", "additionalProperties"] {
        if schema[key].is_object() {
            collect(&schema[key], step(&pointer, key), found);
        }
    }
    for key in ["anyOf", "allOf", "oneOf"] {
        for (index, branch) in schema[key].as_array().into_iter().flatten().enumerate() {
            collect(branch, format!("{pointer}/{key}/{index}"), found);
        }
    }
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        collect(child, step(&format!("{pointer}/properties"), name), found);
    }
    found.push(pointer);
}

fn additions() -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("type", json!("string")),
        ("type", json!("object")),
        ("type", json!("array")),
        ("type", json!("text")),
        ("type", json!("null")),
        ("type", json!("")),
        ("nullable", json!(true)),
        ("title", json!("A title")),
        ("description", json!("Words.")),
        ("format", json!("int32")),
        ("default", json!("a")),
        ("default", json!(7)),
        ("default", json!({})),
        ("default", json!({"unknown": 1})),
        ("default", json!([1, "a"])),
        ("enum", json!(["a", "b"])),
        ("pattern", json!("^a+$")),
        ("pattern", json!("a(")),
        ("pattern", json!("(?=a)")),
        ("pattern", json!("a{2000}")),
        ("minLength", json!(1)),
        ("maximum", json!(3)),
        ("uniqueItems", json!(true)),
        ("required", json!(["nowhere"])),
        ("id", json!("x")),
        ("$ref", json!("#/x")),
        ("patternProperties", json!({"a": {"type": "string"}})),
        ("definitions", json!({"a": {"type": "string"}})),
        ("dependencies", json!({"a": ["b"]})),
        ("additionalItems", json!(true)),
        ("additionalProperties", json!(true)),
        ("additionalProperties", json!(false)),
        ("additionalProperties", json!({"type": "string"})),
        ("additionalProperties", json!({"nullable": true})),
        ("properties", json!({})),
        ("properties", json!({"a": {"type": "string", "default": "x"}})),
        (
            "properties",
            json!({"metadata": {"type": "object"}, "kind": {"type": "integer"}}),
        ),
        (
            "properties",
            json!({"metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}}),
        ),
        (
            "properties",
            json!({"metadata": {"type": "object", "description": "Of it.", "properties": {"labels": {"type": "object"}}}}),
        ),
        ("items", json!({"type": "string"})),
        ("items", json!({})),
        (
            "items",
            json!({"type": "object", "nullable": true, "properties": {"name": {"type": "string"}}}),
        ),
        ("items", json!([{"type": "string"}])),
        ("not", json!({"required": ["a"]})),
        ("not", json!({"type": "string"})),
        ("anyOf", json!([{"type": "integer"}, {"type": "string"}])),
        ("anyOf", json!([{"type": "string"}, {"type": "integer"}])),
        ("anyOf", json!([{"properties": {"undeclared": {"minimum": 1}}}])),
        ("oneOf", json!([{"description": "x", "default": 1}])),
        ("oneOf", json!([{"items": {"minimum": 1}}])),
        (
            "allOf",
            json!([{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"pattern": "["}]),
        ),
        (
            "allOf",
            json!([{"x-kubernetes-validations": [{"rule": "true"}], "nullable": true}]),
        ),
        (
            "allOf",
            json!([{"additionalProperties": false}, {"additionalProperties": {"minimum": 1}}]),
        ),
    ];
    all.extend(extensions());
    all
}

/// Kubernetes' extension keywords.
fn extensions() -> Vec<(&'static str, Value)> {
    let rule = |rule: Value| ("x-kubernetes-validations", json!([rule]));
    vec![
        ("x-kubernetes-preserve-unknown-fields", json!(true)),
        ("x-kubernetes-preserve-unknown-fields", json!(false)),
        ("x-kubernetes-int-or-string", json!(true)),
        ("x-kubernetes-embedded-resource", json!(true)),
        ("x-kubernetes-map-type", json!("atomic")),
        ("x-kubernetes-map-type", json!("loose")),
        ("x-kubernetes-list-type", json!("set")),
        ("x-kubernetes-list-type", json!("map")),
        ("x-kubernetes-list-type", json!("heap")),
        ("x-kubernetes-list-map-keys", json!(["name"])),
        ("x-kubernetes-list-map-keys", json!(["name", "name"])),
        rule(json!({"rule": "true"})),
        rule(json!({"rule": "  "})),
        rule(json!({"rule": "self ==="})),
        rule(json!({"rule": "self == oldSelf"})),
        rule(json!({"rule": "true", "optionalOldSelf": true})),
        rule(json!({"rule": "true", "message": "two\nlines"})),
        rule(json!({"rule": "true", "message": " "})),
        rule(json!({"rule": "true\n", "messageExpression": " "})),
        rule(json!({"rule": "true ||\ntrue"})),
        rule(json!({"rule": "true", "messageExpression": "'a' +"})),
        rule(json!({"rule": "true", "reason": "Because"})),
        rule(json!({"rule": "true", "fieldPath": ".nowhere"})),
        rule(json!({"rule": "true", "fieldPath": "spec"})),
        rule(json!({"rule": "true", "fieldPath": ".spec['a"})),
        rule(json!({"rule": "true", "fieldPath": " "})),
    ]
}
