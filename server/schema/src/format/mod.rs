//! The formats that the API server checks (`k8s.io/kube-openapi/pkg/validation/strfmt`). Other formats have no effect.

mod check_digits;
mod datetime;
mod email;
mod network;

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::net::url::parse_request;
use super::schema_type::SchemaType;
use check_digits::{is_credit_card, is_isbn10, is_isbn13};
pub(crate) use datetime::{duration, go_duration, go_timestamp};
use datetime::{is_date, is_date_time};
use email::is_email;
use network::{is_cidr, is_hostname, is_mac, sloppy_ip};

/// A `format` that the API server checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    /// The name as written in the schema, for messages.
    pub(crate) name: Box<str>,
    pub(crate) rule: FormatRule,
}

/// The check of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormatRule {
    Int32,
    Int64,
    Float,
    Double,
    ObjectId,
    Uri,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid,
    Uuid3,
    Uuid4,
    Uuid5,
    Isbn,
    Isbn10,
    Isbn13,
    CreditCard,
    Ssn,
    HexColor,
    RgbColor,
    Byte,
    Password,
    Date,
    Duration,
    DateTime,
    ShortName,
    LongName,
}

impl Format {
    /// Returns the format if the API server checks it for this type.
    pub(crate) fn checked(kind: SchemaType, name: &str) -> Option<Self> {
        use FormatRule as R;
        let rule = match kind {
            SchemaType::Integer => match name {
                "int32" => R::Int32,
                "int64" => R::Int64,
                _ => return None,
            },
            SchemaType::Number => match name {
                "float" => R::Float,
                "double" => R::Double,
                _ => return None,
            },
            SchemaType::Any | SchemaType::String | SchemaType::IntOrString => {
                match name.replace('-', "").as_str() {
                    "bsonobjectid" => R::ObjectId,
                    "uri" => R::Uri,
                    "email" => R::Email,
                    "hostname" => R::Hostname,
                    "ipv4" => R::Ipv4,
                    "ipv6" => R::Ipv6,
                    "cidr" => R::Cidr,
                    "mac" => R::Mac,
                    "uuid" => R::Uuid,
                    "uuid3" => R::Uuid3,
                    "uuid4" => R::Uuid4,
                    "uuid5" => R::Uuid5,
                    "isbn" => R::Isbn,
                    "isbn10" => R::Isbn10,
                    "isbn13" => R::Isbn13,
                    "creditcard" => R::CreditCard,
                    "ssn" => R::Ssn,
                    "hexcolor" => R::HexColor,
                    "rgbcolor" => R::RgbColor,
                    "byte" => R::Byte,
                    "password" => R::Password,
                    "date" => R::Date,
                    "duration" => R::Duration,
                    "datetime" => R::DateTime,
                    "k8sshortname" => R::ShortName,
                    "k8slongname" => R::LongName,
                    _ => return None,
                }
            }
            SchemaType::Object | SchemaType::Array | SchemaType::Boolean => return None,
        };
        Some(Self {
            name: name.into(),
            rule,
        })
    }

    /// True if the string has this format.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.rule.matches(text)
    }
}

impl FormatRule {
    /// True if the string has this format.
    pub(crate) fn matches(self, text: &str) -> bool {
        use FormatRule as R;
        match self {
            R::Int32 | R::Int64 | R::Float | R::Double | R::Password => true,
            R::ObjectId => text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            R::Uri => parse_request(text).is_ok(),
            R::Email => is_email(text),
            R::Hostname => is_hostname(text),
            R::Ipv4 => text.contains('.') && sloppy_ip(text).is_some(),
            R::Ipv6 => text.contains(':') && text.parse::<Ipv6Addr>().is_ok(),
            R::Cidr => is_cidr(text),
            R::Mac => is_mac(text),
            R::Uuid => UUID.is_match(text),
            R::Uuid3 => UUID3.is_match(text),
            R::Uuid4 => UUID4.is_match(text),
            R::Uuid5 => UUID5.is_match(text),
            R::Isbn => is_isbn10(text) || is_isbn13(text),
            R::Isbn10 => is_isbn10(text),
            R::Isbn13 => is_isbn13(text),
            R::CreditCard => is_credit_card(text),
            R::Ssn => text.len() == 11 && SSN.is_match(text),
            R::HexColor => HEX_COLOR.is_match(text),
            R::RgbColor => RGB_COLOR.is_match(text),
            R::Byte => BASE64.is_match(text),
            R::Date => is_date(text),
            R::Duration => datetime::duration(text).is_some(),
            R::DateTime => is_date_time(text),
            R::ShortName => text.len() <= 63 && SHORT_NAME.is_match(text),
            R::LongName => text.len() <= 253 && LONG_NAME.is_match(text),
        }
    }
}

macro_rules! pattern {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new($text).unwrap()
        });)*
    };
}

pattern! {
    HOSTNAME = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$";
    UUID = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID3 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
    UUID4 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    UUID5 = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
    SSN = r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$";
    HEX_COLOR = r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$";
    RGB_COLOR = r"^rgb\([\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*\)$";
    BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";
    SHORT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    LONG_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    CREDIT_CARD = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11}|6[27][0-9]{14})$";
    TIME = r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";
    LOOSE_DURATION = r"([0-9]+)[\t\n\f\r ]*([A-Za-zµ]+)";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(format: &str, text: &str) -> bool {
        Format::checked(SchemaType::String, format)
            .expect("a known format")
            .accepts(text)
    }

    #[test]
    fn formats_match_the_api_server() {
        for (format, good, bad) in [
            ("date-time", "2026-01-31T00:00:00.5Z", "2026-01-31 00:00:00"),
            ("datetime", "2026-01-31t00:00:00+01:00", "2026-13-31T00:00:00Z"),
            ("date", "2024-02-29", "2023-02-29"),
            ("duration", "1h30m", "soon"),
            ("duration", "3 weeks", "3"),
            ("uuid", "123E4567-e89b-12d3-a456-426614174000", "123"),
            (
                "uuid4",
                "123e4567-e89b-42d3-a456-426614174000",
                "123e4567-e89b-12d3-a456-426614174000",
            ),
            ("uri", "https://example.com:443/a?b=c#d", "example.com"),
            ("uri", "/a/b", "https://exa mple.com/"),
            ("uri", "mailto:a@example.com", "http://[::1"),
            ("email", "Ann <ann@example.com>", "ann@"),
            ("email", "ann@example.com", "ann"),
            ("hostname", "db-1.example.com", "-db"),
            ("ipv4", "010.0.0.1", "256.0.0.1"),
            ("ipv6", "::1", "1.2.3.4"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:00:5e:00:53:01", "00:00:5e:00:53"),
            ("mac", "0000.5e00.5301", "0000.5e00.53"),
            ("byte", "aGVsbG8=", ""),
            ("isbn", "978-0321751041", "978-0321751042"),
            ("isbn10", "0321751043", "0321751044"),
            ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
            ("ssn", "111-22-3333", "11-22-3333"),
            ("hexcolor", "#FFF", "#FF"),
            ("rgbcolor", "rgb(255, 0, 12)", "rgb(256,0,0)"),
            ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
            ("k8s-short-name", "abc", "a.b"),
            ("k8s-long-name", "a.b", "A.b"),
        ] {
            assert!(accepts(format, good), "{format} takes {good:?}");
            assert!(!accepts(format, bad), "{format} refuses {bad:?}");
        }
    }

    #[test]
    fn formats_of_other_types_are_ignored() {
        assert_eq!(Format::checked(SchemaType::Array, "hostname"), None);
        assert_eq!(Format::checked(SchemaType::String, "int32"), None);
        assert_eq!(Format::checked(SchemaType::Integer, "quantity"), None);
    }
}
