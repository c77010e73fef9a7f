//! Benchmarks over a small definition: parse it, check it, default and prune an object, validate one.
//! `cargo bench -p kube-schema` measures; without `--bench`, as in tests, each benchmark runs once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kube_schema::{Definition, Schema, validate_crd};
use serde_json::{Value, json};

/// Duration of each measurement.
const WINDOW: Duration = Duration::from_millis(500);

fn main() {
    let measures = std::env::args().any(|argument| argument == "--bench");
    let document = document();
    let definition = Definition::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    let schema = definition.version("v1").map(|version| version.schema());
    let schema: &Schema = schema
        .unwrap_or_else(|| panic!("no version v1"))
        .unwrap_or_else(|error| panic!("{error}"));
    let (old, new) = (object(40), object(41));

    let bench = |name: &str, work: &dyn Fn()| {
        work();
        if measures {
            println!("{name:<24} {:>12}", format!("{:?}", measure(work)));
        }
    };
    bench("parse", &|| drop(black_box(Definition::parse(&document))));
    bench("check", &|| drop(black_box(validate_crd(&document))));
    bench("default and prune", &|| {
        let (pruned, _) = schema.pruned(black_box(&new));
        drop(black_box(schema.defaulted(&pruned)));
    });
    bench("validate on creation", &|| {
        drop(black_box(definition.validate("v1", black_box(&new), None)));
    });
    bench("validate an update", &|| {
        drop(black_box(definition.validate("v1", black_box(&new), Some(&old))));
    });
}

/// The time per run, from the fastest of several windows.
fn measure(work: &dyn Fn()) -> Duration {
    let window = |runs: u32| {
        let begun = Instant::now();
        (0..runs).for_each(|_| work());
        begun.elapsed()
    };
    let mut runs = 1;
    while window(runs) < WINDOW / 10 {
        runs *= 2;
    }
    (0..10).map(|_| window(runs) / runs).min().unwrap_or_default()
}

/// A definition with types, bounds, defaults, a list of type map, a map, rules, and a transition rule.
fn document() -> Value {
    let listener = json!({
        "type": "object",
        "required": ["name", "port"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "protocol": {"type": "string", "enum": ["HTTP", "HTTPS", "TCP"], "default": "HTTP"},
            "tls": {"type": "object", "properties": {"secretName": {"type": "string", "minLength": 1}}},
        },
        "x-kubernetes-validations": [
            {"rule": "self.protocol != 'HTTPS' || has(self.tls)", "message": "HTTPS needs tls"},
        ],
    });
    let spec = json!({
        "type": "object",
        "required": ["class"],
        "properties": {
            "class": {"type": "string", "x-kubernetes-validations": [
                {"rule": "self == oldSelf", "message": "the class cannot be changed"},
            ]},
            "replicas": {"type": "integer", "minimum": 0, "default": 2},
            "timeout": {"type": "string", "format": "duration", "default": "30s"},
            "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}},
            "port": {"x-kubernetes-int-or-string": true},
            "listeners": {
                "type": "array", "maxItems": 64, "items": listener,
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-validations": [
                    {"rule": "self.all(a, self.exists_one(b, a.port == b.port))", "message": "a port is there twice"},
                ],
            },
        },
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gateways.example.org"},
        "spec": {
            "group": "example.org", "scope": "Namespaced", "names": {"kind": "Gateway", "plural": "gateways"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": spec, "status": {"type": "object"},
                }}},
            }],
        },
    })
}

/// An object with the given number of listeners, one of which has an undeclared field.
fn object(listeners: usize) -> Value {
    let mut all: Vec<Value> = (0..listeners)
        .map(|index| json!({"name": format!("listener-{index}"), "port": 8000 + index}))
        .collect();
    all[0]["unknown"] = json!(true);
    json!({
        "apiVersion": "example.org/v1", "kind": "Gateway", "metadata": {"name": "edge", "namespace": "default"},
        "spec": {"class": "public", "labels": {"team": "network"}, "port": "http", "listeners": all},
    })
}
