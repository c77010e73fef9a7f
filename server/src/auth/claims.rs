//! What a provider says about a person, made safe: its claims are somebody else's words.

use std::collections::BTreeSet;

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most groups that count, and the longest name that one may have.
const GROUPS: usize = 2_000;
const LONGEST: usize = 256;

/// All claims besides those that OpenID Connect names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OtherClaims {
    #[serde(flatten)]
    pub(super) all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

impl OtherClaims {
    /// The groups in the claim of that name, or at that path of names joined by dots. A text counts as one group;
    /// whatever else is not a list of texts counts for nothing.
    pub(super) fn groups(&self, claim: &str) -> BTreeSet<String> {
        let found = self.all.get(claim).or_else(|| {
            let mut steps = claim.split('.');
            let first = self.all.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        });
        let texts: Vec<&str> = match found {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        texts
            .into_iter()
            .filter(|group| !group.is_empty() && group.len() <= LONGEST)
            .take(GROUPS)
            .map(str::to_owned)
            .collect()
    }

    /// A claim that is a text.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.all.get(claim).and_then(Value::as_str)
    }
}

/// A text fit for one line of a page and of the record: no control characters, nothing that turns the
/// writing round, and not too long. `None` when nothing is left.
pub(super) fn line(text: &str) -> Option<String> {
    let turns =
        |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !turns(*c))
        .take(200)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{OtherClaims, line};

    fn groups(claims: serde_json::Value, claim: &str) -> Vec<String> {
        let claims: OtherClaims = serde_json::from_value(claims).unwrap();
        claims.groups(claim).into_iter().collect()
    }

    #[test]
    fn groups_are_found_by_name_and_by_path() {
        assert_eq!(groups(json!({"groups": ["b", "a", "a"]}), "groups"), ["a", "b"]);
        assert_eq!(
            groups(json!({"realm_access": {"roles": ["x"]}}), "realm_access.roles"),
            ["x"]
        );
        assert_eq!(
            groups(
                json!({"https://acme.example/groups": ["x"]}),
                "https://acme.example/groups"
            ),
            ["x"]
        );
        assert_eq!(groups(json!({"role": "admin"}), "role"), ["admin"]);
    }

    #[test]
    fn what_is_no_list_of_groups_gives_none() {
        for claims in [
            json!({}),
            json!({"groups": 7}),
            json!({"groups": {"a": 1}}),
            json!({"groups": [1, null, [], ""]}),
        ] {
            assert!(groups(claims, "groups").is_empty());
        }
        assert!(groups(json!({"groups": ["x".repeat(1_000)]}), "groups").is_empty());
    }

    #[test]
    fn a_name_is_made_fit_for_one_line() {
        assert_eq!(line("Dana\r\nAdmin").as_deref(), Some("DanaAdmin"));
        assert_eq!(line("\u{202E}live").as_deref(), Some("live"));
        assert_eq!(line(" \u{7} "), None);
    }
}
