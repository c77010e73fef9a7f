//! The literals in CEL rules, which make good values for mutations.

use serde_json::{Value, json};

/// Literals in the rules of a schema.
#[derive(Debug, Default)]
pub(super) struct Literals(pub(super) Vec<Value>);

impl Literals {
    /// All literals of a schema.
    pub(super) fn of(schema: &Value) -> Self {
        let mut literals = Vec::new();
        collect(schema, &mut literals);
        Self(literals)
    }
}

fn collect(schema: &Value, literals: &mut Vec<Value>) {
    const MAX_LITERALS: usize = 2_000;
    match schema {
        Value::Object(map) => {
            for rule in map
                .get("x-kubernetes-validations")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if literals.len() < MAX_LITERALS {
                    add_literals(rule["rule"].as_str().unwrap_or_default(), literals);
                }
            }
            map.values().for_each(|below| collect(below, literals));
        }
        Value::Array(items) => items.iter().for_each(|below| collect(below, literals)),
        _ => {}
    }
}

fn add_literals(rule: &str, literals: &mut Vec<Value>) {
    for quote in ['\'', '"'] {
        let texts = rule.split(quote).skip(1).step_by(2);
        literals.extend(texts.map(|text| json!(text)));
    }
    let numbers = rule.split(|c: char| !c.is_ascii_alphanumeric());
    for number in numbers.filter_map(|number| number.parse::<i64>().ok()) {
        literals.extend([
            json!(number),
            json!(number.saturating_add(1)),
            json!(number.saturating_sub(1)),
        ]);
    }
}
