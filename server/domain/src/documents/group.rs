use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A group of people at an identity provider. Written as its name; as `{ provider: sso, group: name }` if there is
/// more than one provider, since groups belong to a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupRef {
    /// The provider, by its name in the configuration; `None` where there is only one.
    pub provider: Option<String>,
    /// The group, exactly as the provider's claim has it.
    pub group: String,
}

impl GroupRef {
    /// True if the group is among `groups` of a person of `provider`.
    pub fn has<'g>(&self, provider: &str, mut groups: impl Iterator<Item = &'g String>) -> bool {
        self.provider.as_deref().is_none_or(|own| own == provider) && groups.any(|group| *group == self.group)
    }
}

impl From<&str> for GroupRef {
    fn from(group: &str) -> Self {
        Self {
            provider: None,
            group: group.to_owned(),
        }
    }
}

impl fmt::Display for GroupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Some(provider) => write!(f, "{} of {provider}", self.group),
            None => f.write_str(&self.group),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Qualified {
    provider: String,
    group: String,
}

impl Serialize for GroupRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.provider {
            Some(provider) => Qualified {
                provider: provider.clone(),
                group: self.group.clone(),
            }
            .serialize(serializer),
            None => serializer.serialize_str(&self.group),
        }
    }
}

impl<'de> Deserialize<'de> for GroupRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = GroupRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a group, or { provider: …, group: … }")
            }

            fn visit_str<E: serde::de::Error>(self, group: &str) -> Result<GroupRef, E> {
                if group.is_empty() {
                    return Err(E::custom("the name of a group is empty"));
                }
                Ok(GroupRef::from(group))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GroupRef, A::Error> {
                let Qualified { provider, group } = Qualified::deserialize(MapAccessDeserializer::new(map))?;
                if group.is_empty() || provider.is_empty() {
                    return Err(A::Error::custom("provider or group is empty"));
                }
                Ok(GroupRef {
                    provider: Some(provider),
                    group,
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::GroupRef;

    #[test]
    fn a_group_is_a_name_with_or_without_a_provider() {
        let read = |value| serde_json::from_value::<GroupRef>(value);
        assert_eq!(read(json!("a/b")).unwrap(), GroupRef::from("a/b"));
        let qualified = read(json!({ "provider": "sso", "group": "a" })).unwrap();
        assert_eq!(qualified.provider.as_deref(), Some("sso"));
        for value in [json!("a"), json!({ "provider": "sso", "group": "a" })] {
            assert_eq!(serde_json::to_value(read(value.clone()).unwrap()).unwrap(), value);
        }
        for wrong in [
            json!(""),
            json!(7),
            json!({ "group": "a" }),
            json!({ "provider": "sso", "group": "" }),
            json!({ "provider": "sso", "group": "a", "role": "viewer" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn groups_of_different_providers_are_different() {
        let groups = ["a".to_owned()];
        let at = |provider: Option<&str>| GroupRef {
            provider: provider.map(str::to_owned),
            group: "a".to_owned(),
        };
        assert!(at(Some("sso")).has("sso", groups.iter()));
        assert!(!at(Some("sso")).has("partner", groups.iter()));
        assert!(at(None).has("partner", groups.iter()));
        assert!(!GroupRef::from("b").has("sso", groups.iter()));
    }
}
