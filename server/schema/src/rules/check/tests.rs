use serde_json::{Value, json};

use super::{Compiled, DeclType, ExpressionKind, Scope, compile};

/// An object with a field of each type.
fn scope(is_stored: bool) -> Scope {
    let schema = json!({"type": "object", "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "on": {"type": "boolean"},
        "port": {"x-kubernetes-int-or-string": true},
        "since": {"type": "string", "format": "date-time"},
        "span": {"type": "string", "format": "duration"},
        "raw": {"type": "string", "format": "byte"},
        "names": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
        "inner": {"type": "object", "properties": {"a": {"type": "string"}}},
        "outer": {"type": "object", "properties": {"a": {"type": "string"}}},
        "x-y": {"type": "string"},
        "namespace": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "any": {"x-kubernetes-preserve-unknown-fields": true},
        "held": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
    }});
    Scope::new(
        DeclType::of(schema.as_object().unwrap(), true).unwrap(),
        is_stored,
    )
}

fn compiled(rule: &str) -> Compiled {
    compile(rule, ExpressionKind::Rule, &scope(false), false)
        .unwrap_or_else(|| panic!("{rule} is not checked"))
}

/// The error in one line.
fn problem(rule: &str) -> String {
    let problem = compiled(rule).problem.unwrap_or_default();
    problem.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn rules_that_the_api_server_accepts_are_accepted() {
    for rule in [
        "self.count > 1 && self.count < 2.5",
        "self.name.size() == size(self.names)",
        "has(self.inner.a) ? self.inner.a == 'x' : self.on",
        "type(self.port) == int ? self.port < 5 : self.port.matches('^a')",
        "self.since > timestamp('2020-01-01T00:00:00Z') && self.span < duration('1h')",
        "self.raw == bytes('x')",
        "self.labels.all(k, self.labels[k] > 0) && self.labels.exists(k, v, k == 'a' && v == 1)",
        "self.x__dash__y == self.__namespace__ && self.namespace == ''",
        "self.metadata.name == self.held.metadata.name",
        "self.?inner.?a.optMap(a, a.size()).orValue(0) == 1",
        "[optional.of(1), optional.none()].unwrapOpt() == [1]",
        "[{'a': 1}].map(m, m.a).sum() == 1 && [] == [1]",
        "quantity(self.name).isLessThan(quantity('1')) || isIP(self.name)",
        "format.named('uri').hasValue() && self.names.sortBy(n, n.size())[0] == 'a'",
        "self.inner == self.inner && self.inner != null",
        "'%s %d'.format([self.name, dyn(self.count)]) != ''",
        "dyn(self.name) == 1 && self == oldSelf",
    ] {
        assert_eq!(problem(rule), "", "{rule}");
    }
}

#[test]
fn type_errors_are_reported_at_their_position() {
    for (rule, wanted) in [
        (
            "self.name + 1 == ''",
            "1:11: found no matching overload for '_+_' applied to '(string, int)'",
        ),
        ("self.nothing == 1", "1:5: undefined field 'nothing'"),
        ("self.free.a == 1", "1:10: undefined field 'a'"),
        ("self.any == 1", "1:5: undefined field 'any'"),
        (
            "self.name.a == 1",
            "1:10: type 'string' does not support field selection",
        ),
        (
            "nobody == 1",
            "1:1: undeclared reference to 'nobody' (in container '')",
        ),
        (
            "self.names.unknown()",
            "1:19: undeclared reference to 'unknown' (in container '')",
        ),
        (
            "self.count.size() == 1",
            "1:16: found no matching overload for 'size' applied to 'int.()'",
        ),
        (
            "self.count.all(c, true)",
            "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        (
            "self.inner == self.outer",
            "1:12: found no matching overload for '_==_' applied to '(selfType.inner, selfType.outer)'",
        ),
        (
            "self.name == null",
            "1:11: found no matching overload for '_==_' applied to '(string, null)'",
        ),
        (
            "self.name && true",
            "1:5: expected type 'bool' but found 'string'",
        ),
        (
            "[1, 'a'].size() == 2",
            "1:5: expected type 'int' but found 'string'",
        ),
        (
            "[dyn(1), 'a'].size() == 2",
            "1:10: expected type 'dyn' but found 'string'",
        ),
        ("self.name.matches('[')", "1:19: invalid matches argument"),
        ("self.span == duration('soon')", "1:23: invalid duration argument"),
        (
            "'%d'.format([self.name]) == ''",
            "1:18: error during formatting: decimal clause can only be used on integers, was given string",
        ),
        ("'%s'.format([]) == ''", "1:12: index 0 out of range"),
        (
            "self.names.includes('a')",
            "1:20: undeclared reference to 'includes' (in container '')",
        ),
        (
            "self.names.transformMap(i, n, i)['a'] == 1",
            "1:33: found no matching overload for '_[_]' applied to '(map(int, int), string)'",
        ),
        (
            "[1].existsOne(x, x == 1)",
            "1:14: undeclared reference to 'existsOne' (in container '')",
        ),
        (
            "cel.bind(x, 1, x == 1)",
            "1:1: undeclared reference to 'cel' (in container '')",
        ),
    ] {
        assert_eq!(
            problem(rule),
            format!("compilation failed: ERROR: <input>:{wanted}"),
            "{rule}"
        );
    }
    assert_eq!(
        problem("int('x') == 1"),
        "program instantiation failed: type conversion error from 'string' to 'int'"
    );
    assert_eq!(
        problem("type(self.span) == duration"),
        "program instantiation failed: reference to undefined type: duration"
    );
    assert_eq!(problem("self.count"), "cel expression must evaluate to a bool");
}

#[test]
fn all_errors_are_reported_with_their_lines() {
    let told = compiled("self.a\n == '🐱' && 1 + 'a' == 2").problem.unwrap();
    let wanted = "compilation failed: ERROR: <input>:1:5: undefined field 'a'\n | self.a\n | ....^\nERROR: <input>:2:14: \
                  found no matching overload for '_+_' applied to '(int, string)'\n |  == '🐱' && 1 + 'a' == 2\n | \
                  .....．.......^";
    assert_eq!(told, wanted);
}

#[test]
fn a_message_expression_must_be_a_string() {
    let of = |source: &str| {
        compile(source, ExpressionKind::Message, &scope(false), false)
            .unwrap()
            .problem
    };
    assert_eq!(of("'a' + self.name"), None);
    assert_eq!(
        of("1").as_deref(),
        Some("messageExpression must evaluate to a string")
    );
    let wrong = of("self.count + 'a'").unwrap();
    assert!(
        wrong.starts_with("messageExpression compilation failed: ERROR: <input>:1:12: "),
        "{wrong}"
    );
}

#[test]
fn old_self_may_be_optional() {
    let of = |optional: bool| {
        compile(
            "oldSelf.count == 1",
            ExpressionKind::Rule,
            &scope(false),
            optional,
        )
        .unwrap()
    };
    assert!(of(false).problem.is_none() && of(false).uses_old_self);
    assert!(of(true).problem.is_some());
    let rule = "oldSelf.?count.orValue(1) == 1";
    assert!(
        compile(rule, ExpressionKind::Rule, &scope(false), true)
            .unwrap()
            .problem
            .is_none()
    );
}

#[test]
fn a_stored_rule_may_use_new_functions() {
    let rule = "self.names.includes('a')";
    assert!(
        compile(rule, ExpressionKind::Rule, &scope(true), false)
            .unwrap()
            .problem
            .is_none()
    );
}

#[test]
fn hostile_rules_are_abandoned_quickly() {
    let doubled = format!("[1]{}.size() == 1", ".map(x, {x: x})".repeat(40));
    let copied = format!("optional.of(1){}.hasValue()", ".optMap(x, x)".repeat(40));
    let deep = format!("{}true{}", "[1].all(x, ".repeat(45), ")".repeat(45));
    let long = format!("1{} == 1", " + 1".repeat(500));
    for rule in [doubled, copied, deep, long] {
        let start = std::time::Instant::now();
        let _ = compile(&rule, ExpressionKind::Rule, &scope(false), false);
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{rule}");
    }
}

#[test]
fn the_cel_types_of_a_schema() {
    let declares = |schema: Value| DeclType::of(schema.as_object().unwrap(), false).is_some();
    assert!(!declares(json!({"x-kubernetes-preserve-unknown-fields": true})));
    assert!(!declares(
        json!({"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": true}})
    ));
    assert!(declares(json!({"type": "object", "additionalProperties": true})));
    assert!(declares(json!({"x-kubernetes-int-or-string": true})));
}
