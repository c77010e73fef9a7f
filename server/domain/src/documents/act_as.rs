use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

/// Whose rights Portico uses on a control plane. Written `portico`, `person`, or `person:` with the groups to pass
/// on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ActAs {
    /// Portico's own.
    #[default]
    Portico,
    /// The person's, by impersonation: the control plane's RBAC and audit log see who did it.
    Person(PassedOn),
}

/// Which of a person's SSO groups a control plane receives. With neither names nor prefixes, it receives all of them
/// except those that begin with `system:`, which belong to the control plane.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PassedOn {
    /// The sign-in provider that the groups belong to, by its name; groups of other providers are not passed on.
    /// `None` if there is only one provider.
    pub provider: Option<String>,
    /// These groups, by name.
    pub groups: Vec<String>,
    /// Groups whose name begins with one of these.
    pub group_prefixes: Vec<String>,
}

impl PassedOn {
    /// True if the control plane receives this group of the sign-in provider named `provider`.
    #[must_use]
    pub fn lets_through(&self, provider: &str, group: &str) -> bool {
        let is_own = self.provider.as_deref().is_none_or(|own| own == provider);
        is_own && (self.is_every_group() || self.names(group))
    }

    /// True if the group is listed, by its name or by a prefix.
    #[must_use]
    pub fn names(&self, group: &str) -> bool {
        self.groups.iter().any(|name| name == group)
            || self.group_prefixes.iter().any(|prefix| group.starts_with(prefix))
    }

    /// True if no group is listed, so that all of the provider's are passed on.
    #[must_use]
    pub fn is_every_group(&self) -> bool {
        self.groups.is_empty() && self.group_prefixes.is_empty()
    }
}

const VARIANTS: &[&str] = &["portico", "person"];

impl<'de> Deserialize<'de> for ActAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = ActAs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("portico, person, or person with groups or groupPrefixes below it")
            }

            fn visit_str<E: serde::de::Error>(self, way: &str) -> Result<ActAs, E> {
                match way {
                    "portico" => Ok(ActAs::Portico),
                    "person" => Ok(ActAs::Person(PassedOn::default())),
                    other => Err(E::unknown_variant(other, VARIANTS)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ActAs, A::Error> {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                enum Way {
                    Person,
                }
                let Some(Way::Person) = map.next_key()? else {
                    return Err(A::Error::missing_field("person"));
                };
                let passed_on = map.next_value::<Option<PassedOn>>()?.unwrap_or_default();
                // Refuses any further key.
                PassedOnAlone::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ActAs::Person(passed_on))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// An empty map; deserializing fails on any key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassedOnAlone {}

impl Serialize for ActAs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Portico => serializer.serialize_str("portico"),
            Self::Person(passed_on) if *passed_on == PassedOn::default() => {
                serializer.serialize_str("person")
            }
            Self::Person(passed_on) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("person", passed_on)?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn reads_a_word_or_the_groups_to_pass_on() {
        let some = PassedOn {
            provider: Some("sso".into()),
            groups: vec!["auditors".into()],
            group_prefixes: vec!["payments-".into()],
        };
        for (written, meant) in [
            (json!("portico"), ActAs::Portico),
            (json!("person"), ActAs::Person(PassedOn::default())),
            (
                json!({ "person": { "provider": "sso", "groups": ["auditors"], "groupPrefixes": ["payments-"] } }),
                ActAs::Person(some),
            ),
        ] {
            let read: ActAs = from_value(written.clone()).unwrap();
            assert_eq!(read, meant);
            assert_eq!(serde_json::to_value(&read).unwrap(), written);
        }
    }

    #[test]
    fn refuses_anything_else() {
        for written in [
            json!("Person"),
            json!({}),
            json!({ "portico": {} }),
            json!({ "person": { "group": [] } }),
            json!({ "person": {}, "also": 1 }),
            json!(true),
        ] {
            assert!(from_value::<ActAs>(written.clone()).is_err(), "{written}");
        }
    }
}
