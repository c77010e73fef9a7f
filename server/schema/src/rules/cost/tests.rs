use serde_json::json;

use crate::rules::check::{DeclType, ExpressionKind, Scope, compile};

/// Costs estimated by the API server 1.37.
const COSTS: &[(&str, u64)] = &[
    ("self.count == 1", 2),
    ("self.name == 'a'", 3),
    ("self.text == 'a'", 3),
    ("self.text == self.text", 314_577),
    ("self.text.matches('^a+$')", 314_575),
    ("self.names.all(n, n.matches('^a'))", 43),
    ("self.many.all(n, n == 'a')", 5_242_878),
    (
        "self.many.all(n, self.many.exists(m, m == n))",
        345_882_608_640_773_328,
    ),
    ("self.parts.all(p, p.tags.all(t, t != p.id))", 63_486_453),
    ("self.labels.all(k, v, v == k)", 18),
    ("self.labels['a'] == 'b'", 4),
    ("self.names.isSorted()", 27),
    ("self.names.join(',').size() < 10", 21),
    ("self.text.split(',').all(p, p == 'a')", 13_212_053),
    ("self.text.replace('a', 'bb').contains('c')", 1_258_294),
    ("quantity(self.text).isLessThan(quantity('1'))", 314_577),
    ("ip('10.0.0.1') == ip(self.name)", 8),
    ("self.names.sortBy(n, n)[0] == 'a'", 155),
    ("self.names.distinct().size() == 1", 65),
    ("sets.contains(self.names, self.many)", 5_242_880),
    ("self.?name.optMap(n, n.size()).orValue(0) == 1", 21),
    ("has(self.name) && self.name.size() > 1", 5),
    ("'%s'.format([self.text]) == ''", 13),
    ("[1, 2, 3].exists(i, i == self.count)", 32),
    ("self.metadata.name.size() > 3", 5),
    ("self.inner.metadata.name == 'x'", 5),
    ("self.port == 1 || self.port == 'a'", 6),
    (
        "self.many.map(m, m + 'x').filter(m, m.size() > 1).size() == 1",
        329_883_792_176,
    ),
    ("self.since > timestamp('2020-01-01T00:00:00Z')", 4),
    ("self.labels.transformMap(k, v, v + 'a').all(k, k != 'b')", 64),
    ("self.names[0] < self.names[1]", 10),
    ("url(self.text) == url(self.name)", 314_585),
    ("format.dns1123Label().validate(self.name).hasValue()", 132),
    ("bytes(self.text).size() > 1", 314_577),
    ("self.x__dash__y == self.__namespace__", 314_577),
    ("self.namespace == 'x'", 3),
    ("self.text.find('[0-9]+') != ''", 629_148),
    ("self.text.substring(1).lowerAscii().trim() == 'a'", 943_722),
    ("self.names.slice(0, 2).size() == 2", 17),
    ("lists.range(10).all(i, i < 3)", 72),
];

#[test]
fn costs_are_those_of_the_api_server() {
    let schema = json!({"type": "object", "properties": {
        "name": {"type": "string", "maxLength": 10},
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "port": {"x-kubernetes-int-or-string": true},
        "since": {"type": "string", "format": "date-time"},
        "names": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 8}},
        "many": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 4}, "maxProperties": 3},
        "x-y": {"type": "string"},
        "namespace": {"type": "string"},
        "parts": {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "maxLength": 6},
            "tags": {"type": "array", "maxItems": 7, "items": {"type": "string", "maxLength": 9}},
        }}},
        "inner": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
    }});
    let decl_type = DeclType::of(schema.as_object().unwrap(), true).unwrap();
    let scope = Scope::new(decl_type, false);
    for (rule, cost) in COSTS {
        let compiled = compile(rule, ExpressionKind::Rule, &scope, false).unwrap();
        assert_eq!(compiled.problem, None, "{rule}");
        assert_eq!(compiled.cost, *cost, "{rule}");
    }
}
