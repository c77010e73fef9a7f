use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::claim::path;

/// How much of a resource one claim of a plan takes of the tenant's quota: a whole number, or the value of a field of
/// the claim, for fields that people may adjust.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Consumption {
    /// This amount, whatever the claim contains.
    Amount(u64),
    /// The value of a field of the claim.
    Field(FieldAmount),
}

/// An amount from a field of the claim.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldAmount {
    /// The path of the field: `spec.storage.size`. With `[]`, the values of all items are added up.
    pub path: String,
    /// The factor: 2, for example, for a database with a standby. Without it: 1.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_once(times: &u32) -> bool {
    *times == 1
}

impl Consumption {
    /// Returns how much `object` consumes; `None` if the field is missing or not an amount.
    #[must_use]
    pub fn of(&self, object: &Value) -> Option<u64> {
        match self {
            Self::Amount(amount) => Some(*amount),
            Self::Field(field) => {
                let found = path::all(object, &field.path);
                let amounts: Option<Vec<u64>> = found.into_iter().map(amount).collect();
                let amounts = amounts.filter(|amounts| !amounts.is_empty())?;
                let sum = amounts.into_iter().fold(0, u64::saturating_add);
                Some(sum.saturating_mul(u64::from(field.times)))
            }
        }
    }
}

/// Converts a Kubernetes quantity: sizes (`20Gi`, `500M`) to GiB, others (`3`, `500m`) to the number. Rounds up.
/// `None` if negative or not a quantity.
fn amount(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => quantity(text.trim()),
        _ => None,
    }
}

fn quantity(text: &str) -> Option<u64> {
    const GIB: f64 = 1_073_741_824.0;
    if let Ok(number) = text.parse::<u64>() {
        return Some(number);
    }
    let end = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (number, unit) = match suffix {
        "" | "Gi" => (number, 1.0),
        "m" => (number, 1e-3),
        "u" => (number, 1e-6),
        "n" => (number, 1e-9),
        "k" => (number, 1e3 / GIB),
        "M" => (number, 1e6 / GIB),
        "G" => (number, 1e9 / GIB),
        "T" => (number, 1e12 / GIB),
        "P" => (number, 1e15 / GIB),
        "E" => (number, 1e18 / GIB),
        "Ki" => (number, 1.0 / 1_048_576.0),
        "Mi" => (number, 1.0 / 1024.0),
        "Ti" => (number, 1024.0),
        "Pi" => (number, 1_048_576.0),
        "Ei" => (number, GIB),
        // An exponent: the whole text is the number.
        _ if suffix.starts_with(['e', 'E']) => (text, 1.0),
        _ => return None,
    };
    whole(number.parse::<f64>().ok()? * unit)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is 0 or more, and what is too large for any quota may become the largest number there is"
)]
fn whole(number: f64) -> Option<u64> {
    (number >= 0.0).then(|| number.ceil() as u64)
}

impl<'de> Deserialize<'de> for Consumption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Consumption;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or the path of a field as { path: spec.storage.size }")
            }

            fn visit_u64<E>(self, amount: u64) -> Result<Consumption, E> {
                Ok(Consumption::Amount(amount))
            }

            fn visit_i64<E: serde::de::Error>(self, amount: i64) -> Result<Consumption, E> {
                u64::try_from(amount)
                    .map(Consumption::Amount)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(amount), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Consumption, A::Error> {
                FieldAmount::deserialize(MapAccessDeserializer::new(map)).map(Consumption::Field)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_is_a_number_or_a_field() {
        let read =
            |value: Value| serde_json::from_value::<Consumption>(value).map_err(|error| error.to_string());
        let object = json!({ "spec": {
            "size": "400Gi", "instances": 3, "disks": [{ "size": "10Gi" }, { "size": "1Ti" }], "name": "x",
        } });
        for (consumption, wanted) in [
            (json!(20), Some(20)),
            (json!({ "path": "spec.size" }), Some(400)),
            (json!({ "path": "spec.size", "times": 2 }), Some(800)),
            (json!({ "path": "spec.instances" }), Some(3)),
            (json!({ "path": "spec.disks[].size" }), Some(1034)),
            (json!({ "path": "spec.name" }), None),
            (json!({ "path": "spec.nothing" }), None),
        ] {
            let read = read(consumption.clone()).unwrap();
            assert_eq!(read.of(&object), wanted, "{consumption}");
            assert_eq!(serde_json::to_value(&read).unwrap(), consumption);
        }
        for wrong in [
            json!(-1),
            json!("20"),
            json!({ "field": "spec.size" }),
            json!(1.5),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        let said = read(json!({ "path": "spec.size", "factor": 2 })).unwrap_err();
        assert!(said.contains("factor"), "{said}");
    }

    #[test]
    fn reads_kubernetes_quantities_and_converts_sizes_to_gib() {
        for (text, wanted) in [
            ("20Gi", 20),
            ("1.5Gi", 2),
            ("512Mi", 1),
            ("2Ti", 2048),
            ("1Ei", 1_073_741_824),
            ("500M", 1),
            ("100G", 94),
            ("3", 3),
            ("500m", 1),
            ("2500m", 3),
            ("1e2", 100),
            ("0", 0),
            ("999999999999999999999", u64::MAX),
        ] {
            assert_eq!(amount(&json!(text)), Some(wanted), "{text}");
        }
        for text in ["", "-1Gi", "a lot", "Gi", "1GiB", "NaN", "1 Gi"] {
            assert_eq!(amount(&json!(text)), None, "{text}");
        }
        assert_eq!(amount(&json!(2.2)), Some(3));
    }
}
