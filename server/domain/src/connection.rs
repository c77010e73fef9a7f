//! The public parts of a connection secret: the address and the user name. A value is shown only if it looks like
//! what it should be: a host that contains a password is not shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::documents::Access;

/// Shown instead of a secret value.
pub const DOTS: &str = "●●●●●●●●";

/// A key of a connection secret.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionKey {
    /// The key.
    pub key: String,
    /// Its meaning: `host`, `password`; the key itself if that is unknown.
    pub title: String,
    /// Its value if it is public: host, port, database, user, certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Returns the keys of a connection secret, with the values of the public ones.
#[must_use]
pub fn public_keys(values: &BTreeMap<String, Vec<u8>>, access: &Access) -> Vec<ConnectionKey> {
    let meanings: BTreeMap<&str, &str> = access
        .keys
        .iter()
        .map(|(meaning, key)| (key.as_str(), meaning.as_str()))
        .collect();
    let mut keys: Vec<ConnectionKey> = values
        .iter()
        .map(|(key, value)| {
            let meaning = meanings.get(key.as_str()).copied().unwrap_or(key);
            let text = std::str::from_utf8(value).ok().map(str::trim);
            ConnectionKey {
                key: key.clone(),
                title: meaning.to_owned(),
                value: text
                    .filter(|text| is_public(access, meaning, text))
                    .map(str::to_owned),
            }
        })
        .collect();
    // In the order in which people need them; long values come last.
    keys.sort_by_key(|key| {
        let order = ["host", "port", "database", "username", "password", "uri"];
        order
            .iter()
            .position(|meaning| *meaning == key.title)
            .unwrap_or(order.len())
    });
    keys
}

/// True if a value may be shown, judged by its meaning and its format.
fn is_public(access: &Access, meaning: &str, text: &str) -> bool {
    let only = |max_bytes: usize, punctuation: &str| {
        !text.is_empty()
            && text.len() <= max_bytes
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
    };
    match meaning {
        "host" => only(512, "._:,/-"),
        "port" => text.len() <= 5 && text.parse::<u16>().is_ok(),
        "database" => only(128, "._-"),
        // For buckets, the user name is half of an access key.
        "username" => access.protocol.as_deref() != Some("s3") && only(128, "._-"),
        _ => is_certificate(text),
    }
}

/// True if the text consists of certificates only.
fn is_certificate(text: &str) -> bool {
    text.len() < 64 << 10
        && text.starts_with("-----BEGIN CERTIFICATE-----")
        && text.ends_with("-----END CERTIFICATE-----")
        && text.lines().filter(|line| line.starts_with("-----")).all(|line| {
            matches!(
                line.trim(),
                "-----BEGIN CERTIFICATE-----" | "-----END CERTIFICATE-----"
            )
        })
}

/// Returns the URL scheme of a protocol.
fn scheme(access: &Access) -> Option<&'static str> {
    match access.protocol.as_deref()? {
        "postgresql" => Some("postgresql"),
        "mysql" => Some("mysql"),
        "redis" => Some("rediss"),
        "amqp" => Some("amqps"),
        _ => None,
    }
}

/// Builds the service's URL with `password`; `None` if the secret lacks a part of it.
#[must_use]
pub fn address(access: &Access, keys: &[ConnectionKey], password: &str) -> Option<String> {
    let value = |meaning: &str| {
        let key = keys.iter().find(|key| key.title == meaning)?;
        key.value.as_deref()
    };
    if !keys.iter().any(|key| key.title == "password") {
        return None;
    }
    let (scheme, host) = (scheme(access)?, value("host")?);
    let user = value("username").unwrap_or_default();
    let port = value("port").map(|port| format!(":{port}")).unwrap_or_default();
    let database = value("database")
        .map(|database| format!("/{database}"))
        .unwrap_or_default();
    Some(format!("{scheme}://{user}:{password}@{host}{port}{database}"))
}

/// Percent-encodes a password for a URL.
#[must_use]
pub fn in_address(password: &str) -> String {
    let mut encoded = String::with_capacity(password.len());
    for byte in password.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(protocol: &str) -> Access {
        Access {
            protocol: Some(protocol.to_owned()),
            ..Access::default()
        }
    }

    fn keys_of(protocol: &str, values: &[(&str, &str)]) -> Vec<ConnectionKey> {
        let values = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect();
        public_keys(&values, &access(protocol))
    }

    #[test]
    fn only_values_that_do_not_look_secret_are_shown() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let keys = keys_of(
            "postgresql",
            &[
                ("host", "orders.db.internal"),
                ("port", "5432"),
                ("username", "admin"),
                ("password", "hunter2"),
                ("uri", "postgresql://admin:hunter2@orders.db.internal"),
                ("ca.crt", certificate),
                ("token", "abc"),
            ],
        );
        let shown: Vec<_> = keys
            .iter()
            .map(|key| (key.key.as_str(), key.value.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                ("host", true),
                ("port", true),
                ("username", true),
                ("password", false),
                ("uri", false),
                ("ca.crt", true),
                ("token", false)
            ]
        );
        for (key, value) in [
            ("host", "admin:hunter2@orders.db.internal"),
            ("host", "postgres://x?password=1"),
            ("port", "hunter2"),
            ("username", "admin hunter2"),
            ("database", "x;password=hunter2"),
            (
                "ca.crt",
                "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n-----END CERTIFICATE-----",
            ),
            (
                "tls.key",
                "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            ),
        ] {
            assert_eq!(
                keys_of("postgresql", &[(key, value)])[0].value,
                None,
                "{key} {value}"
            );
        }
        assert_eq!(keys_of("s3", &[("username", "AKIA")])[0].value, None);
    }

    #[test]
    fn the_url_contains_the_encoded_password() {
        let keys = keys_of(
            "postgresql",
            &[
                ("host", "h.internal"),
                ("port", "5432"),
                ("username", "admin"),
                ("password", "p@ss/1"),
                ("database", "app"),
            ],
        );
        assert_eq!(
            address(&access("postgresql"), &keys, DOTS).unwrap(),
            "postgresql://admin:●●●●●●●●@h.internal:5432/app"
        );
        assert_eq!(
            address(&access("postgresql"), &keys, &in_address("p@ss/1")).unwrap(),
            "postgresql://admin:p%40ss%2F1@h.internal:5432/app"
        );
        assert_eq!(address(&access("kafka"), &keys, DOTS), None);
    }
}
