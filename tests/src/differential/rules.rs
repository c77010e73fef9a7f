//! Generates CEL rules for a schema: well and badly typed, cheap and expensive.

use serde_json::{Value, json};

use super::rng::Rng;

/// The maximum nesting of a rule.
const DEEPEST: usize = 3;

/// Expressions about strings.
const TEXTS: &[&str] = &[
    "$.size() > 3",
    "$.matches('^a+$')",
    "$.matches('[')",
    "$.contains('x')",
    "$ == 'x'",
    "$ != self",
    "$.startsWith('a') && $.endsWith($)",
    "$.lowerAscii() == $.upperAscii()",
    "$.split(',').all(p, p.size() < 5)",
    "$.split(',', 3).exists(p, p.trim() == $)",
    "$.find('[0-9]+') != ''",
    "$.findAll($).size() < 3",
    "$.replace('a', 'bb').contains($)",
    "$.replace('', $).size() < 5",
    "$.substring(1, 2) < $",
    "$.charAt(0) in ['a', 'b']",
    "$.indexOf('a') == $.lastIndexOf('b', 1)",
    "($ + $).matches($)",
    "quantity($).isLessThan(quantity('1Gi'))",
    "isQuantity($) && quantity($).add(1).asInteger() > 0",
    "quantity($) == quantity($)",
    "isIP($) && ip($).family() == 4",
    "ip($) == ip('::1') || ip.isCanonical($)",
    "isCIDR($) && cidr($).containsIP('10.0.0.1')",
    "cidr($).containsCIDR(cidr($).masked()) && cidr($).prefixLength() < 9",
    "url($).getHost() == 'x' && url($) == url($)",
    "isURL($) && url($).getQuery().all(k, v, v.size() > 1)",
    "format.dns1123Label().validate($).hasValue()",
    "!format.named('uri').value().validate($).hasValue()",
    "isSemver($) && semver($, true).major() > 1",
    "semver($).isGreaterThan(semver('1.0.0'))",
    "'%s %d'.format([$, 1]) == 'x'",
    "'%d'.format([$]) == ''",
    "'%s'.format([]) == ''",
    "[$, 'a'].join('-').size() < 9",
    "strings.quote($) == $",
    "bytes($).size() == string(bytes($)).size()",
    "duration($) > duration('1s')",
    "duration('soon') == duration($)",
    "timestamp($) < timestamp('2020-01-01T00:00:00Z')",
    "timestamp($).getFullYear() == 2020",
    "int($) > 3 || double($) < 1.5",
    "int('x') == 1",
    "type($) == string",
    "type($) == duration",
    "$ > 5",
    "$ + 1 == 'x'",
    "$.all(c, true)",
    "$.nothing == 'a'",
    "size($) == '1'",
    "$.includes('a')",
    "$.unknown()",
    "$ == null",
    "$[0] == 'a'",
    "dyn($) == 3",
    "optional.of($).orValue(1) == $",
    "optional.ofNonZeroValue($).hasValue()",
    "$ ? true : false",
    "!$",
];

/// Expressions about numbers.
const NUMBERS: &[&str] = &[
    "$ > 3",
    "$ < 2.5",
    "$ % 2 == 0",
    "$ + 1 == 2",
    "$ / 2.0 > 1.0",
    "-$ < 0",
    "$ in [1, 2]",
    "$ in [1, 'a']",
    "$ == '1'",
    "string($) == 'x'",
    "$.size() > 1",
    "double($) == 1.0",
    "uint($) > 1u",
    "timestamp($).getHours() > 1",
    "lists.range($).size() < 3",
    "lists.range(10).all(i, i < $)",
    "'%d'.format([$]) == '%s'.format([$])",
    "'%.3f'.format([$]) == ''",
    "[$, 1].max() == 1",
    "type($) == int",
    "$ == 1 ? 'a' : 'b'",
    "{'a': $}.a == $",
    "{$: 1}[$] == 1",
    "[1, dyn($)].size() == 2",
];

/// Expressions about booleans.
const FLAGS: &[&str] = &[
    "$",
    "!$",
    "$ == true",
    "$ ? 1 : 2",
    "$ == 'true'",
    "$ < true",
    "string($) == 'true'",
];

/// Expressions about lists; `#` is an expression about an item `%`.
const LISTS: &[&str] = &[
    "$.all(%, #)",
    "$.exists(%, #)",
    "$.exists_one(%, #)",
    "$.filter(%, #).size() < 2",
    "$.map(%, %) == $",
    "$.map(%, #, %).size() > 1",
    "$.all(%, $.exists(o, o == %))",
    "$.all(%, $.all(o, $.exists(p, o == p && p == %)))",
    "$.all(i, %, i < 5 || #)",
    "$.exists(i, %, #)",
    "$.existsOne(i, %, #)",
    "$.transformList(i, %, %) == $",
    "$.transformList(i, %, #, i).sum() > 3",
    "$.transformMap(i, %, i + 1)[0] == 1",
    "$.transformMapEntry(i, %, {string(i): %}).size() == 2",
    "$.size() < 5",
    "size($) == $.size()",
    "$.isSorted()",
    "$.sum() > 1",
    "$.max() == $.min()",
    "$.indexOf($[0]) == 0",
    "$.join(',').size() < 5",
    "sets.contains($, $)",
    "sets.intersects($, []) || sets.equivalent($, $)",
    "$.distinct().size() == $.size()",
    "$.sort() == $",
    "$.sortBy(%, %)[0] == $[0]",
    "$.slice(0, 2).reverse() == $",
    "$.flatten().size() < 2",
    "$[0] == $[1]",
    "$[?0].hasValue()",
    "$.first() == $.last()",
    "$ + $ == $",
    "($ + $).all(%, #)",
    "$ == []",
    "$ == [1]",
    "$ == {}",
    "$['a'] == 1",
    "$.a == 1",
    "$ in [$]",
    "[[1], [2]].all(x, x.all(y, y > 0))",
    "$.all(1, true)",
];

/// Expressions about maps; `#` is an expression about a value `%`.
const MAPS: &[&str] = &[
    "$.all(k, k.size() < 5)",
    "$.all(k, %, #)",
    "$.exists(k, $[k] == $['x'])",
    "'x' in $",
    "1 in $",
    "$['x'] == $['y']",
    "$[?'x'].hasValue()",
    "$.?x.hasValue()",
    "$.x == $.y",
    "has($.x)",
    "$.size() < 3",
    "$.map(k, k) == ['a']",
    "$.map(k, $[k]).all(%, #)",
    "$.filter(k, k.startsWith('a')).join('').size() < 4",
    "$.transformMap(k, %, %) == $",
    "$.transformMap(k, %, #, 1).all(k, k != '')",
    "$.transformList(k, %, k).all(x, x.matches('^a'))",
    "$ == {}",
    "$.all(k, $.all(l, $[k] == $[l]))",
];

/// Expressions about any object.
const OBJECTS: &[&str] = &[
    "$ == $",
    "$ == {}",
    "has($.nowhere)",
    "$.nowhere == 1",
    "$.?nowhere.hasValue()",
    "size($) > 1",
    "$.all(k, true)",
    "$ != null",
    "[$, $].size() == 2",
    "type($) == type($)",
    "'%s'.format([$]) == ''",
];

/// Expressions about int-or-string values.
const EITHER: &[&str] = &[
    "type($) == int ? $ < 5 : $.matches('x')",
    "$ == 'x' || $ == 1",
    "$.size() > 1",
    "string($) == 'x'",
    "$.nothing.more == $",
    "int($) + quantity($).asInteger() > 1",
    "$.all(x, x == 1)",
    "[$, 1].size() == 2",
];

/// Invalid rules and rules of dynamic type.
const OTHERS: &[&str] = &[
    "1",
    "'a'",
    "self",
    "dyn(true)",
    "[]",
    "optional.of(true)",
    "oldSelf",
];

/// Generates a rule for a schema.
pub(super) fn rule(schema: &Value, rng: &mut Rng) -> Value {
    let mut text = said(schema, "self", 0, rng);
    match rng.below(12) {
        0 => text = format!("{text} && self == oldSelf"),
        1 => text = format!("!({text})"),
        2 => text = format!("{text} || {}", said(schema, "self", 0, rng)),
        3 => text = format!("{text} ? {} : true", said(schema, "self", 0, rng)),
        4 => text = format!("{text} && {}", said(schema, "oldSelf", 0, rng)),
        5 => (*rng.pick(OTHERS)).clone_into(&mut text),
        _ => {}
    }
    let mut rule = json!({"rule": text});
    if rng.percent(10) {
        rule["optionalOldSelf"] = json!(true);
    }
    if rng.percent(20) {
        let message = match rng.below(7) {
            0 => "'a' + self".to_owned(),
            1 => "'%s'.format([self])".to_owned(),
            2 => "self".to_owned(),
            3 => "string(self) + 'a'.replace('a', 'b')".to_owned(),
            4 => format!("({text}) ? 'a' : 'b'"),
            5 => "1".to_owned(),
            _ => "oldSelf == self ? 'same' : ['other', 'ways'].join(' ')".to_owned(),
        };
        rule["messageExpression"] = json!(message);
    }
    rule
}

/// Generates an expression about the value `name` of a schema.
fn said(schema: &Value, name: &str, depth: usize, rng: &mut Rng) -> String {
    let is_either = schema["x-kubernetes-int-or-string"] == true;
    let template = match schema["type"].as_str() {
        _ if is_either => *rng.pick(EITHER),
        Some("string") => *rng.pick(TEXTS),
        Some("integer" | "number") => *rng.pick(NUMBERS),
        Some("boolean") => *rng.pick(FLAGS),
        Some("array") => *rng.pick(LISTS),
        Some("object") if schema["additionalProperties"].is_object() => *rng.pick(MAPS),
        Some("object") => return of_object(schema, name, depth, rng),
        _ => "$ == $",
    };
    let part = match &schema["items"] {
        Value::Object(_) => &schema["items"],
        _ => &schema["additionalProperties"],
    };
    let variable = format!("v{depth}");
    let of_part = if !template.contains('#') {
        String::new()
    } else if depth < DEEPEST {
        said(part, &variable, depth + 1, rng)
    } else {
        "true".to_owned()
    };
    let text = template.replace('%', &variable).replace('$', name);
    // Templates for strings and numbers use these letters themselves.
    if matches!(schema["type"].as_str(), Some("array" | "object")) {
        text.replace('#', &of_part)
    } else {
        template.replace('$', name)
    }
}

fn of_object(schema: &Value, name: &str, depth: usize, rng: &mut Rng) -> String {
    let names: Vec<&String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() || rng.percent(15) || depth > DEEPEST {
        return rng.pick(OBJECTS).replace('$', name);
    }
    let field = rng.pick(&names).as_str();
    let child = &schema["properties"][field];
    let written = if field.contains(['-', '.', '/', '_']) {
        field
            .replace("__", "__underscores__")
            .replace('.', "__dot__")
            .replace('-', "__dash__")
            .replace('/', "__slash__")
    } else {
        field.to_owned()
    };
    let of = |name: &str, rng: &mut Rng| said(child, name, depth + 1, rng);
    match rng.below(6) {
        0 => format!(
            "!has({name}.{written}) || {}",
            of(&format!("{name}.{written}"), rng)
        ),
        1 => {
            let variable = format!("o{depth}");
            let said = of(&variable, rng);
            format!("{name}.?{written}.optMap({variable}, {said}).orValue(true)")
        }
        2 => format!(
            "{name}.?{written}.hasValue() && {}",
            of(&format!("{name}.?{written}.value()"), rng)
        ),
        3 => format!("{name}.?{written}.orValue('a') == 'a'"),
        _ => of(&format!("{name}.{written}"), rng),
    }
}

/// Adds bounds to some nodes of a schema.
pub(super) fn bound(schema: &mut Value, rng: &mut Rng) {
    let (key, most) = match schema["type"].as_str() {
        Some("string") => ("maxLength", *rng.pick(&[5, 64, 1_024, 100_000])),
        Some("array") => ("maxItems", *rng.pick(&[1, 4, 32, 500, 10_000])),
        Some("object") if schema["additionalProperties"].is_object() => {
            ("maxProperties", *rng.pick(&[1, 8, 64, 1_000]))
        }
        _ => ("", 0),
    };
    if !key.is_empty() && schema[key].is_null() && rng.percent(60) {
        schema[key] = json!(most);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            bound(&mut schema[key], rng);
        }
    }
    for (_, child) in schema["properties"].as_object_mut().into_iter().flatten() {
        if child.is_object() {
            bound(child, rng);
        }
    }
}
