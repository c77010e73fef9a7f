//! Names and ids as newtypes, so that they cannot be mixed up. Clones of a name share its text.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The error for a text that is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?}: {rule}")]
pub struct InvalidName {
    what: &'static str,
    given: String,
    rule: &'static str,
}

const LABEL_RULE: &str =
    "must be 1 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit";
const SUBDOMAIN_RULE: &str = "must be 1 to 253 characters of a-z, 0-9, '-' and '.', each part beginning and ending with a letter or digit";

/// True if `text` is a DNS label (RFC 1123, as Kubernetes uses it).
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// True if `text` is a DNS subdomain (RFC 1123, as Kubernetes uses it): labels joined by dots.
#[must_use]
pub fn is_dns_subdomain(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|part| {
            let bytes = part.as_bytes();
            edge(bytes.first())
                && edge(bytes.last())
                && bytes
                    .iter()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $valid:path, $rule:expr) => {
        $(#[$doc])*
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Parses a name.
            ///
            /// # Errors
            /// When `text` breaks the naming rule, which the error states.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                if $valid(&text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { what: $what, given: text, rule: $rule })
                }
            }

            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name!(
    /// A control plane's name: `metadata.name` of a `ControlPlane`.
    PlaneName, "control plane name", is_dns_label, LABEL_RULE
);
name!(
    /// A tenant's name: `metadata.name` of a `Tenant`.
    TenantName, "tenant name", is_dns_label, LABEL_RULE
);
name!(
    /// An environment's name within its tenant.
    EnvironmentName, "environment name", is_dns_label, LABEL_RULE
);
name!(
    /// A publication's name: `metadata.name` of a `Publication`.
    PublicationName, "publication name", is_dns_label, LABEL_RULE
);
name!(
    /// A plan's name within its offering.
    PlanName, "plan name", is_dns_label, LABEL_RULE
);
name!(
    /// An offering's name: `<plural>.<group>` of the requested kind, like the name of its `CustomResourceDefinition`.
    /// Stable and unique over all control planes.
    OfferingName, "offering name", is_dns_subdomain, SUBDOMAIN_RULE
);
name!(
    /// A claim's name: `metadata.name` of the object on the control plane.
    ClaimName, "claim name", is_dns_subdomain, SUBDOMAIN_RULE
);

/// A request's id (UUID version 7, so ids sort by creation time).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}
