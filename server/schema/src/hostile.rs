//! Hostile definitions and objects: time and memory stay bounded, and the errors are clear.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Definition, ParseError, Reason, Schema, yaml};

/// Runs `work` on a 2 MiB stack, as a tokio worker has, and panics if it takes longer than a minute.
fn run_with_deadline<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(move || send.send(work())).unwrap();
    receive
        .recv_timeout(Duration::from_mins(1))
        .expect("done in time, without a crash")
}

fn nested(levels: usize, mut inner: Value) -> Value {
    for _ in 0..levels {
        inner = json!({"type": "object", "properties": {"a": inner}});
    }
    inner
}

#[test]
fn schemas_nested_too_deeply_are_rejected() {
    let error = run_with_deadline(|| Schema::parse(&nested(300, json!({"type": "string"}))).unwrap_err());
    assert!(matches!(error, ParseError::TooDeep { .. }), "{error}");
    let error = run_with_deadline(|| {
        let mut branch = json!({"type": "string"});
        for _ in 0..300 {
            branch = json!({"anyOf": [branch]});
        }
        Schema::parse(&branch).unwrap_err()
    });
    assert!(matches!(error, ParseError::TooDeep { .. }), "{error}");
}

#[test]
fn the_deepest_allowed_schema_is_validated_on_a_small_stack() {
    run_with_deadline(|| {
        let schema = Schema::parse(&nested(
            60,
            json!({"type": "integer", "default": 1,
            "x-kubernetes-validations": [{"rule": "self > 0"}]}),
        ))
        .unwrap();
        let mut object = json!({});
        for _ in 0..59 {
            object = json!({"a": object});
        }
        let object = schema.defaulted(&schema.pruned(&object).0);
        assert_eq!(schema.validate(&object, Some(&object)), []);
    });
}

#[test]
fn schemas_with_too_many_properties_or_bytes_are_rejected() {
    let error = run_with_deadline(|| {
        let properties = (0..1_000_000)
            .map(|index| (index.to_string(), json!({})))
            .collect();
        Schema::parse(&json!({"type": "object", "properties": Value::Object(properties)})).unwrap_err()
    });
    assert!(
        matches!(
            error,
            ParseError::TooManyNodes { .. } | ParseError::TooLarge { .. }
        ),
        "{error}"
    );
    let error =
        run_with_deadline(|| Schema::parse(&json!({"description": "x".repeat(7_000_000)})).unwrap_err());
    assert!(matches!(error, ParseError::TooLarge { .. }), "{error}");
    let error = run_with_deadline(|| {
        let properties = (0..1_000)
            .map(|index| (index.to_string(), json!({"pattern": format!("a{{1,{index}}}")})))
            .collect();
        Schema::parse(&json!({"properties": Value::Object(properties)})).unwrap_err()
    });
    assert!(matches!(error, ParseError::TooManyPatterns { .. }), "{error}");
}

#[test]
fn a_definition_of_five_megabytes_is_parsed_and_validated() {
    let violations = run_with_deadline(|| {
        let field = |index: usize| {
            let description = format!("What the setting {index} is for, at length. ").repeat(4);
            let field =
                json!({"type": "string", "description": description, "maxLength": 63, "pattern": "^[a-z]+$"});
            (format!("setting{index}"), field)
        };
        let version = |name: &str| {
            let properties: serde_json::Map<String, Value> = (0..9_000).map(field).collect();
            let spec = json!({"type": "object", "properties": properties});
            json!({"name": name, "served": true, "storage": name == "v1",
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}})
        };
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.org"},
            "spec": {
                "group": "example.org", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
                "versions": [version("v1"), version("v1beta1")],
            },
        });
        let text = yaml::print(&definition);
        assert!((5_000_000..6_000_000).contains(&text.len()), "{}", text.len());
        let read = yaml::parse_file(&text).unwrap();
        let definition = Definition::parse(&read[0].as_ref().unwrap().value).unwrap();
        let object = json!({"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "mine"},
            "spec": {"setting7": "wrong 7"}});
        definition.validate("v1", &object, None).unwrap().violations
    });
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].path, "spec.setting7");
}

#[test]
fn references_and_malformed_keywords_are_rejected() {
    let refused = |schema: Value| Schema::parse(&schema).unwrap_err().to_string();
    assert_eq!(
        refused(json!({"properties": {"a": {"$ref": "#"}}})),
        "openAPIV3Schema.a: $ref is not allowed in a structural schema"
    );
    assert!(refused(json!({"type": "nonsense"})).contains("must be object, array"));
    assert!(refused(json!({"items": [{}]})).contains("must be one schema"));
    assert!(refused(json!([])).contains("must be an object"));
    assert!(refused(json!({"required": "a"})).contains("must be a list"));
    assert!(refused(json!({"x-kubernetes-validations": [{}]})).contains("rule must be there"));
    assert!(Definition::parse(&json!({"kind": "Secret"})).is_err());
    assert!(Definition::parse(&Value::Null).is_err());
}

fn validated(rule: &str, items: usize) -> Vec<super::Violation> {
    let rule = rule.to_owned();
    run_with_deadline(move || {
        let schema = Schema::parse(&json!({
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": {"type": "string"}},
                "text": {"type": "string"},
            },
            "x-kubernetes-validations": [{"rule": rule}],
        }))
        .unwrap();
        let items: Vec<String> = (0..items).map(|index| format!("item {index}")).collect();
        schema.validate(&json!({"items": items, "text": "x".repeat(10_000)}), None)
    })
}

#[test]
fn rules_that_run_too_long_are_stopped() {
    let violations = validated(
        "self.items.all(a, self.items.all(b, self.items.all(c, self.items.all(d, a + b + c + d != ''))))",
        500,
    );
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].reason, Reason::Indeterminate);
    assert!(
        violations[0].message.contains("more work than is allowed"),
        "{}",
        violations[0]
    );
    let grown = validated(
        "self.items.map(a, self.items.map(b, self.text + self.text)).size() > 0",
        2_000,
    );
    assert_eq!(grown[0].reason, Reason::Indeterminate);
}

#[test]
fn rules_that_do_not_compile_are_indeterminate() {
    for rule in [
        "self.items.nonsense()",
        "(",
        "nothing == 1",
        "self.items",
        "Thing{a: 1} == null",
    ] {
        let violations = validated(rule, 1);
        assert_eq!(violations.len(), 1, "{rule}");
        assert_eq!(
            violations[0].reason,
            Reason::Indeterminate,
            "{rule}: {}",
            violations[0]
        );
    }
}

#[test]
fn large_lists_are_validated_in_time() {
    let violations = run_with_deadline(|| {
        let names: Vec<String> = (0..5_000).map(|index| format!("name-{index}")).collect();
        let schema = Schema::parse(&json!({"type": "object", "properties": {
            "set": {
                "type": "array", "x-kubernetes-list-type": "set",
                "items": {"type": "string", "enum": names},
                "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
            },
        }}))
        .unwrap();
        let turned: Vec<&String> = names.iter().rev().collect();
        schema.validate(&json!({"set": names}), Some(&json!({"set": turned})))
    });
    assert_eq!(violations, []);
    let wrong = run_with_deadline(|| {
        let schema = Schema::parse(&json!({"type": "object", "properties": {
            "numbers": {"type": "array", "items": {"type": "integer"}},
        }}))
        .unwrap();
        schema
            .validate(&json!({"numbers": vec!["x"; 100_000]}), None)
            .len()
    });
    assert!(wrong <= 500);
}

#[test]
fn rules_that_build_huge_values_are_stopped() {
    let doubled = ".map(a, a + a)".repeat(24);
    let gathered = ".map(a, [a, a, a, a])".repeat(14);
    let rules = [
        format!("[self]{doubled}.size() > 0"),
        format!("[[self]]{doubled}.size() > 0"),
        format!("[self]{gathered}.size() > 0"),
        "self.replace('x', self).replace('x', self).replace('x', self).size() > 0".to_owned(),
        "self.replace('', self).replace('', self).replace('', self).size() > 0".to_owned(),
        "self.split('').join(self).split('').join(self).size() > 0".to_owned(),
        format!(
            "self.replace('x', self).split('').map(a, '{}'.format([{}])).size() > 0",
            "%s".repeat(16),
            ["self.replace('x', self)"; 16].join(", ")
        ),
        "lists.range(1000000).distinct().size() > 0".to_owned(),
        "lists.range(100000).map(a, lists.range(100000)).size() > 0".to_owned(),
        "lists.range(10000).map(a, lists.range(10000).reverse().size()).size() > 0".to_owned(),
        "quantity('0.' + self.replace('x', '00000') + '1') == quantity('1')".to_owned(),
        "'%.1000000000f'.format([1.0]).size() > 0".to_owned(),
        "'%.99999f'.format([1.0]).size() > 0".to_owned(),
        "'%.65536e'.format([1.0]).size() > 0".to_owned(),
        "quantity('1e999999999') == quantity('1')".to_owned(),
    ];
    for rule in rules {
        let shown: String = rule.chars().take(60).collect();
        let violations = run_with_deadline(move || {
            let schema = Schema::parse(&json!({"type": "object", "properties": {"s": {
                "type": "string",
                "x-kubernetes-validations": [{"rule": rule.clone(), "messageExpression": "'a' + self"},
                    {"rule": "false", "messageExpression": rule.replace(".size() > 0", "")}],
            }}}))
            .unwrap();
            schema.validate(&json!({"s": "x".repeat(1_000)}), None)
        });
        assert!(
            violations
                .iter()
                .any(|violation| violation.reason == Reason::Indeterminate),
            "{shown}: {violations:?}"
        );
    }
}

#[test]
fn realistic_rules_stay_within_the_budget() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"list": {
        "type": "array", "items": {"type": "string"},
        "x-kubernetes-validations": [
            {"rule": "self.all(a, self.exists_one(b, a == b))"},
            {"rule": "self.map(a, 'prefix-' + a).filter(a, a.size() > 3).size() == self.size()"},
            {"rule": "sets.contains(self, self)"},
            {"rule": "self.all(a, a.replace('x', 'yy').split('y').join('-').size() > 0)"},
            {"rule": "self.all(a, '%s and %.2f'.format([a, 1.5]).size() > 0)"},
            {"rule": "quantity('10Gi').isGreaterThan(quantity('1e3'))"},
        ],
    }}}))
    .unwrap();
    let list: Vec<String> = (0..100)
        .map(|index| format!("item-{index}-{}", "x".repeat(200)))
        .collect();
    assert_eq!(
        run_with_deadline(move || schema.validate(&json!({ "list": list }), None)),
        []
    );
}
