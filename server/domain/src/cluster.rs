//! Which cluster answers for a control plane. A name and an address say where Portico asks, not who answers: addresses are
//! moved, mistyped and swapped.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest id, in bytes. A uid of Kubernetes has 36.
const MAX_BYTES: usize = 64;

/// What tells one cluster from every other: the uid of its namespace `kube-system`, which nobody can choose and which a
/// restored backup keeps. Of a kcp workspace, the uid of its `LogicalCluster`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterId(String);

/// A text is no id of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a cluster: 1 to {MAX_BYTES} letters, digits and hyphens")]
pub struct NotAClusterId;

impl ClusterId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterId {
    type Err = NotAClusterId;

    fn from_str(text: &str) -> Result<Self, NotAClusterId> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAClusterId)
        }
    }
}

impl TryFrom<String> for ClusterId {
    type Error = NotAClusterId;

    fn try_from(text: String) -> Result<Self, NotAClusterId> {
        text.parse()
    }
}

impl From<ClusterId> for String {
    fn from(id: ClusterId) -> Self {
        id.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// The cluster that is on record for a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCluster {
    /// The cluster.
    pub id: ClusterId,
    /// When it first answered, or was accepted.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for good in ["9f4a0c1e-6a7d-4f0e-8b43-0d6f0a5a2b11", "1a2b", "A"] {
            assert_eq!(good.parse::<ClusterId>().unwrap().as_str(), good);
        }
        let long = "a".repeat(65);
        for bad in ["", " ", "a b", "a/b", "ü", "a\n", &long] {
            assert_eq!(bad.parse::<ClusterId>(), Err(NotAClusterId), "{bad:?}");
        }
    }
}
