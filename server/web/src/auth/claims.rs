//! Claims from an identity provider. They are untrusted input and may have any JSON type.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The claims of a token or of a userinfo response, as received.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims(pub(super) Map<String, Value>);

/// An invalid claim or token. Names the claim, the reason and the setting to change; contains no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct InvalidClaim {
    what: &'static str,
    why: String,
}

impl InvalidClaim {
    pub(super) fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self {
            what,
            why: why.into(),
        }
    }

    fn wrong_type(what: &'static str, wanted: &str, found: &Value) -> Self {
        Self::new(what, format!("is {}, not {wanted}", kind_of(found)))
    }
}

/// Returns the JSON type of a value in words.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Claims {
    /// Parses a JSON object.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    /// Returns a claim. `null` counts as missing.
    pub(super) fn get(&self, claim: &str) -> Option<&Value> {
        self.0.get(claim).filter(|value| !value.is_null())
    }

    /// Returns a claim that is a string. A claim of another type counts as missing.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.get(claim).and_then(Value::as_str)
    }

    /// Returns a claim that must be a string if present.
    pub(super) fn optional_text(&self, claim: &'static str) -> Result<Option<&str>, InvalidClaim> {
        match self.get(claim) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(InvalidClaim::wrong_type(claim, "a text", other)),
        }
    }

    /// Returns a claim that must be a `NumericDate` (RFC 7519) if present.
    pub(super) fn date(&self, claim: &'static str) -> Result<Option<Timestamp>, InvalidClaim> {
        let Some(value) = self.get(claim) else {
            return Ok(None);
        };
        let seconds = value
            .as_f64()
            .ok_or_else(|| InvalidClaim::wrong_type(claim, "a number of seconds", value))?;
        timestamp(seconds)
            .map(Some)
            .ok_or_else(|| InvalidClaim::new(claim, "is not a date"))
    }

    /// Returns a boolean claim. Accepts the string `true`, which some providers send.
    pub(super) fn boolean(&self, claim: &str) -> Option<bool> {
        match self.get(claim)? {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            _ => Some(false),
        }
    }

    /// Returns `aud`: a string or a list of strings.
    pub(super) fn audiences(&self) -> Result<Vec<&str>, InvalidClaim> {
        match self.get("aud") {
            None => Err(InvalidClaim::new("aud", "is missing")),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(many)) => many
                .iter()
                .map(|one| {
                    one.as_str().ok_or_else(|| {
                        InvalidClaim::new("aud", format!("has {} in its list, not only texts", kind_of(one)))
                    })
                })
                .collect(),
            Some(other) => Err(InvalidClaim::wrong_type(
                "aud",
                "a text or a list of texts",
                other,
            )),
        }
    }
}

/// Converts seconds since 1970 to a timestamp.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is out of range is refused by the timestamp"
)]
fn timestamp(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds as i64).ok()
}

/// Cleans a text for one line of a page or of the audit log: removes control and bidirectional characters, cuts at
/// 200 characters. `None` if nothing is left.
pub(super) fn line(text: &str) -> Option<String> {
    let is_bidi =
        |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !is_bidi(*c))
        .take(200)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Claims, line};

    fn claims(value: &serde_json::Value) -> Claims {
        Claims::parse(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_optional_claim_of_another_type_counts_as_missing() {
        let odd = claims(&json!({ "name": 7, "email": ["a"], "sid": null }));
        for claim in ["name", "email", "sid", "none"] {
            assert_eq!(odd.text(claim), None, "{claim}");
        }
        assert!(
            odd.optional_text("name")
                .unwrap_err()
                .to_string()
                .starts_with("name: is a number")
        );
        assert_eq!(odd.optional_text("sid").unwrap(), None);
    }

    #[test]
    fn booleans_may_be_strings() {
        for (value, yes) in [
            (json!(true), Some(true)),
            (json!("true"), Some(true)),
            (json!("True"), Some(true)),
            (json!(false), Some(false)),
            (json!("false"), Some(false)),
            (json!("yes"), Some(false)),
            (json!(1), Some(false)),
            (json!(null), None),
        ] {
            assert_eq!(claims(&json!({ "x": value })).boolean("x"), yes, "{value}");
        }
    }

    #[test]
    fn names_are_cleaned_for_one_line() {
        assert_eq!(line("Dana\r\nAdmin").as_deref(), Some("DanaAdmin"));
        assert_eq!(line("\u{202E}live").as_deref(), Some("live"));
        assert_eq!(line(" \u{7} "), None);
    }
}
