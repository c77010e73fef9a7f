//! The formats that the API server checks, as `k8s.io/kube-openapi/pkg/validation/strfmt` has them.
//! All others are hints without effect.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::node::Kind;

/// A format that is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schema) struct Format {
    /// As the schema has it; messages repeat it.
    pub(in crate::schema) name: Box<str>,
    pub(in crate::schema) rule: FormatRule,
}

/// What a format asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) enum FormatRule {
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
    /// The format, if the API server checks it for this type.
    pub(in crate::schema) fn checked(kind: Kind, name: &str) -> Option<Self> {
        use FormatRule as R;
        let rule = match kind {
            Kind::Integer => match name {
                "int32" => R::Int32,
                "int64" => R::Int64,
                _ => return None,
            },
            Kind::Number => match name {
                "float" => R::Float,
                "double" => R::Double,
                _ => return None,
            },
            Kind::Any | Kind::String | Kind::IntOrString => match name.replace('-', "").as_str() {
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
            },
            Kind::Object | Kind::Array | Kind::Boolean => return None,
        };
        Some(Self {
            name: name.into(),
            rule,
        })
    }

    /// Whether a text is of this format.
    pub(in crate::schema) fn accepts(&self, text: &str) -> bool {
        use FormatRule as R;
        match self.rule {
            R::Int32 | R::Int64 | R::Float | R::Double | R::Password => true,
            R::ObjectId => text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            R::Uri => is_request_uri(text),
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
            R::Ssn => SSN.is_match(text),
            R::HexColor => HEX_COLOR.is_match(text),
            R::RgbColor => RGB_COLOR.is_match(text),
            R::Byte => BASE64.is_match(text),
            R::Date => is_date(text),
            R::Duration => is_duration(text),
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

/// `time.Parse("2006-01-02", text)`
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| at == 4 || at == 7 || byte.is_ascii_digit())
        && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    if text.len() < 4 {
        return false;
    }
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    is_date(date)
        && TIME
            .captures(time)
            .is_some_and(|found| &found[1] <= "23" && &found[2] <= "59" && &found[3] <= "59")
}

/// Go's `time.ParseDuration`, or else any number with a unit somewhere in the text.
fn is_duration(text: &str) -> bool {
    const LAST: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    const OTHERS: [&str; 11] = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"];
    if is_go_duration(text) {
        return true;
    }
    let mut known = false;
    for found in LOOSE_DURATION.captures_iter(text) {
        if found[1].parse::<i64>().is_err() {
            return false;
        }
        let unit = found[2].to_lowercase();
        known |= LAST.iter().any(|last| unit.starts_with(last)) || OTHERS.contains(&unit.as_str());
    }
    known
}

/// Whether Go's `time.ParseDuration` takes the text: `1h30m`, `-1.5s`, `0`.
pub(in crate::schema) fn is_go_duration(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    let mut rest = rest;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if number.matches('.').count() > 1 || !number.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return false,
        };
        total += number.parse::<f64>().unwrap_or(f64::INFINITY) * scale;
        rest = after;
    }
    total <= 9.223_372_036_854_775e18
}

fn is_hostname(text: &str) -> bool {
    HOSTNAME.is_match(text) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
}

/// An address, leading zeros allowed, as Go's `netutils.ParseIPSloppy`.
fn sloppy_ip(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = [0_u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = part.trim_start_matches('0');
        *octet = if digits.is_empty() {
            0
        } else {
            digits.parse().ok()?
        };
    }
    parts.next().is_none().then(|| IpAddr::from(octets))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else {
        return false;
    };
    let Some(address) = sloppy_ip(address) else {
        return false;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    !prefix.is_empty()
        && prefix.len() <= 4
        && prefix.bytes().all(|byte| byte.is_ascii_digit())
        && prefix.parse::<u32>().is_ok_and(|bits| bits <= most)
}

/// `net.ParseMAC`: 6, 8 or 20 bytes, by colons, dashes or (in pairs) dots.
fn is_mac(text: &str) -> bool {
    let (separator, digits) = if text.contains(':') {
        (':', 2)
    } else if text.contains('-') {
        ('-', 2)
    } else {
        ('.', 4)
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let bytes = groups.len() * digits / 2;
    matches!(bytes, 6 | 8 | 20)
        && groups
            .iter()
            .all(|group| group.len() == digits && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn bare_isbn(text: &str) -> Vec<u8> {
    text.bytes()
        .filter(|byte| !matches!(byte, b'-' | b' ' | b'\t' | b'\n' | 0xc | b'\r'))
        .collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = bare_isbn(text);
    if digits.len() != 10 || !digits[..9].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let last = match digits[9] {
        b'X' => 10,
        digit if digit.is_ascii_digit() => u32::from(digit - b'0'),
        _ => return false,
    };
    let sum: u32 = digits[..9]
        .iter()
        .zip(1_u32..)
        .map(|(digit, weight)| weight * u32::from(digit - b'0'))
        .sum();
    (sum + 10 * last).is_multiple_of(11)
}

fn is_isbn13(text: &str) -> bool {
    let digits = bare_isbn(text);
    if digits.len() != 13 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits[..12]
        .iter()
        .enumerate()
        .map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 })
        .sum();
    (10 - sum % 10) % 10 == u32::from(digits[12] - b'0')
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !CREDIT_CARD.is_match(&digits) {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 2 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Go's `url.ParseRequestURI`: an absolute URL or an absolute path.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let Ok((scheme, rest)) = scheme(text) else {
        return false;
    };
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !rest.starts_with('/') {
        return !scheme.is_empty();
    }
    let path = match rest.strip_prefix("//") {
        Some(after) if !scheme.is_empty() || !rest.starts_with("///") => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            if !is_authority(authority) {
                return false;
            }
            path
        }
        _ => rest,
    };
    escapes_are_whole(path)
}

/// The scheme before the first colon, as Go's `getScheme`.
fn scheme(text: &str) -> Result<(&str, &str), ()> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err(()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn is_authority(authority: &str) -> bool {
    let host = match authority.rsplit_once('@') {
        None => authority,
        Some((user, host)) => {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
            if !user.bytes().all(fine) || !escapes_are_whole(user) {
                return false;
            }
            host
        }
    };
    let port = if let Some(literal) = host.strip_prefix('[') {
        let Some((_, after)) = literal.rsplit_once(']') else {
            return false;
        };
        after
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let port_is_fine =
        port.is_empty() || (port.starts_with(':') && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let bare = &host[..host.len() - port.len()];
    let fine =
        |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"%".contains(&byte);
    port_is_fine && bare.bytes().all(fine) && escapes_are_whole(bare)
}

fn escapes_are_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'%'
            || (bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
                && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit))
    })
}

/// Go's `mail.ParseAddress`: an address, or a name with an address in angle brackets.
fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    if let Some(bare) = text.strip_suffix('>') {
        let Some((name, address)) = bare.rsplit_once('<') else {
            return false;
        };
        let name = name.trim_matches([' ', '\t']);
        let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
        let words = || {
            name.split([' ', '\t'])
                .all(|word| word.is_empty() || word.chars().all(|c| is_atom(c) || c == '.'))
        };
        return is_address(address) && (quoted || words());
    }
    is_address(text)
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(is_atom))
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let quoted = local.len() >= 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local[1..local.len() - 1].replace("\\\"", "").contains('"');
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.trim_start_matches("IPv6:").parse::<IpAddr>().is_ok());
    (quoted || is_dot_atom(local)) && (literal || is_dot_atom(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(format: &str, text: &str) -> bool {
        Format::checked(Kind::String, format)
            .expect("a known format")
            .accepts(text)
    }

    #[test]
    fn formats_accept_what_the_api_server_accepts() {
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
    fn formats_of_other_types_are_hints() {
        assert_eq!(Format::checked(Kind::Array, "hostname"), None);
        assert_eq!(Format::checked(Kind::String, "int32"), None);
        assert_eq!(Format::checked(Kind::Integer, "quantity"), None);
    }
}
