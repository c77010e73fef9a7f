//! Rules about the values of a schema: right and wrong in their types, cheap and dear.

use serde_json::{Value, json};

use super::chance::Chance;

/// How deep what a rule says of parts goes.
const DEEPEST: usize = 3;

/// What can be said of texts.
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

/// What can be said of numbers.
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

/// What can be said of flags.
const FLAGS: &[&str] = &[
    "$",
    "!$",
    "$ == true",
    "$ ? 1 : 2",
    "$ == 'true'",
    "$ < true",
    "string($) == 'true'",
];

/// What can be said of lists; `#` is what is said of an item `%`.
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

/// What can be said of maps; `#` is what is said of a value `%`.
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

/// What can be said of objects, whatever they hold.
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

/// What can be said of an integer or a string.
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

/// What is no rule, or one without a fixed type.
const OTHERS: &[&str] = &[
    "1",
    "'a'",
    "self",
    "dyn(true)",
    "[]",
    "optional.of(true)",
    "oldSelf",
];

/// A rule about values of a schema.
pub(super) fn rule(schema: &Value, chance: &mut Chance) -> Value {
    let mut text = said(schema, "self", 0, chance);
    match chance.below(12) {
        0 => text = format!("{text} && self == oldSelf"),
        1 => text = format!("!({text})"),
        2 => text = format!("{text} || {}", said(schema, "self", 0, chance)),
        3 => text = format!("{text} ? {} : true", said(schema, "self", 0, chance)),
        4 => text = format!("{text} && {}", said(schema, "oldSelf", 0, chance)),
        5 => (*chance.pick(OTHERS)).clone_into(&mut text),
        _ => {}
    }
    let mut rule = json!({"rule": text});
    if chance.percent(10) {
        rule["optionalOldSelf"] = json!(true);
    }
    if chance.percent(20) {
        let message = match chance.below(7) {
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

/// Something said of the values of a schema that `name` gives.
fn said(schema: &Value, name: &str, depth: usize, chance: &mut Chance) -> String {
    let is_either = schema["x-kubernetes-int-or-string"] == true;
    let template = match schema["type"].as_str() {
        _ if is_either => *chance.pick(EITHER),
        Some("string") => *chance.pick(TEXTS),
        Some("integer" | "number") => *chance.pick(NUMBERS),
        Some("boolean") => *chance.pick(FLAGS),
        Some("array") => *chance.pick(LISTS),
        Some("object") if schema["additionalProperties"].is_object() => *chance.pick(MAPS),
        Some("object") => return of_object(schema, name, depth, chance),
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
        said(part, &variable, depth + 1, chance)
    } else {
        "true".to_owned()
    };
    let text = template.replace('%', &variable).replace('$', name);
    // Templates of texts and numbers have these letters for themselves.
    if matches!(schema["type"].as_str(), Some("array" | "object")) {
        text.replace('#', &of_part)
    } else {
        template.replace('$', name)
    }
}

fn of_object(schema: &Value, name: &str, depth: usize, chance: &mut Chance) -> String {
    let names: Vec<&String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() || chance.percent(15) || depth > DEEPEST {
        return chance.pick(OBJECTS).replace('$', name);
    }
    let field = chance.pick(&names).as_str();
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
    let of = |name: &str, chance: &mut Chance| said(child, name, depth + 1, chance);
    match chance.below(6) {
        0 => format!(
            "!has({name}.{written}) || {}",
            of(&format!("{name}.{written}"), chance)
        ),
        1 => {
            let variable = format!("o{depth}");
            let said = of(&variable, chance);
            format!("{name}.?{written}.optMap({variable}, {said}).orValue(true)")
        }
        2 => format!(
            "{name}.?{written}.hasValue() && {}",
            of(&format!("{name}.?{written}.value()"), chance)
        ),
        3 => format!("{name}.?{written}.orValue('a') == 'a'"),
        _ => of(&format!("{name}.{written}"), chance),
    }
}

/// Bounds a schema and what is below it, here and there.
pub(super) fn bound(schema: &mut Value, chance: &mut Chance) {
    let (key, most) = match schema["type"].as_str() {
        Some("string") => ("maxLength", *chance.pick(&[5, 64, 1_024, 100_000])),
        Some("array") => ("maxItems", *chance.pick(&[1, 4, 32, 500, 10_000])),
        Some("object") if schema["additionalProperties"].is_object() => {
            ("maxProperties", *chance.pick(&[1, 8, 64, 1_000]))
        }
        _ => ("", 0),
    };
    if !key.is_empty() && schema[key].is_null() && chance.percent(60) {
        schema[key] = json!(most);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            bound(&mut schema[key], chance);
        }
    }
    for (_, child) in schema["properties"].as_object_mut().into_iter().flatten() {
        if child.is_object() {
            bound(child, chance);
        }
    }
}
