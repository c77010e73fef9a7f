//! IP addresses, parsed like Go's `net/netip`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::go_format::quote;

/// `netip.ParseAddr`: the address, and whether it has a zone.
///
/// # Errors
/// Go's error message.
pub(crate) fn parse_address(text: &str) -> Result<(IpAddr, bool), String> {
    let explained = |problem: Problem<'_>| {
        let at = problem
            .at
            .map(|at| format!(" (at {})", quote(at)))
            .unwrap_or_default();
        format!("ParseAddr({}): {}{at}", quote(text), problem.words)
    };
    let found = match text.find(['.', ':', '%']).map(|at| text.as_bytes()[at]) {
        Some(b'.') => parse_v4(text).map(|v4| (v4.into(), false)),
        Some(b':') => parse_v6(text).map(|(v6, zone)| (v6.into(), zone)),
        Some(_) => Err(Problem::of("missing IPv6 address")),
        None => Err(Problem::of("unable to parse IP")),
    };
    found.map_err(explained)
}

/// What is wrong, and the part of the address where it is.
struct Problem<'a> {
    words: &'static str,
    at: Option<&'a str>,
}

impl<'a> Problem<'a> {
    fn of(words: &'static str) -> Self {
        Self { words, at: None }
    }

    fn at(words: &'static str, at: &'a str) -> Self {
        Self { words, at: Some(at) }
    }
}

fn parse_v4(text: &str) -> Result<Ipv4Addr, Problem<'_>> {
    let mut fields = [0_u8; 4];
    let (mut place, mut value, mut digits) = (0, 0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                if digits == 1 && value == 0 {
                    return Err(Problem::of("IPv4 field has octet with leading zero"));
                }
                value = value * 10 + (u32::from(c) - u32::from('0'));
                digits += 1;
                fields[place] = u8::try_from(value).map_err(|_| Problem::of("IPv4 field has value >255"))?;
            }
            '.' => {
                if digits == 0 || at == text.len() - 1 {
                    return Err(Problem::at(
                        "IPv4 field must have at least one digit",
                        &text[at..],
                    ));
                }
                if place == 3 {
                    return Err(Problem::of("IPv4 address too long"));
                }
                (place, value, digits) = (place + 1, 0, 0);
            }
            _ => return Err(Problem::at("unexpected character", &text[at..])),
        }
    }
    if place < 3 {
        return Err(Problem::of("IPv4 address too short"));
    }
    Ok(fields.into())
}

fn parse_v6(text: &str) -> Result<(Ipv6Addr, bool), Problem<'_>> {
    let (mut rest, zone) = match text.split_once('%') {
        Some((_, "")) => return Err(Problem::of("zone must be a non-empty string")),
        Some((address, _)) => (address, true),
        None => (text, false),
    };
    let mut groups: Vec<u16> = Vec::with_capacity(8);
    let mut gap = None;
    if let Some(after) = rest.strip_prefix("::") {
        gap = Some(0);
        rest = after;
        if rest.is_empty() {
            return Ok((Ipv6Addr::UNSPECIFIED, zone));
        }
    }
    while groups.len() < 8 {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits > 4 {
            return Err(Problem::at("each group must have 4 or less digits", rest));
        }
        let Ok(group) = u16::from_str_radix(&rest[..digits], 16) else {
            return Err(Problem::at(
                "each colon-separated field must have at least one digit",
                rest,
            ));
        };
        if rest[digits..].starts_with('.') {
            if gap.is_none() && groups.len() != 6 {
                return Err(Problem::at(
                    "embedded IPv4 address must replace the final 2 fields of the address",
                    rest,
                ));
            }
            if groups.len() > 6 {
                return Err(Problem::at(
                    "too many hex fields to fit an embedded IPv4 at the end of the address",
                    rest,
                ));
            }
            let octets = parse_v4(rest)?.octets();
            groups.push(u16::from_be_bytes([octets[0], octets[1]]));
            groups.push(u16::from_be_bytes([octets[2], octets[3]]));
            rest = "";
            break;
        }
        groups.push(group);
        rest = &rest[digits..];
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else {
            return Err(Problem::at("unexpected character, want colon", rest));
        };
        if after.is_empty() {
            return Err(Problem::at("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if gap.is_some() {
                return Err(Problem::at("multiple :: in address", rest));
            }
            gap = Some(groups.len());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(Problem::at("trailing garbage after address", rest));
    }
    match gap {
        None if groups.len() < 8 => return Err(Problem::of("address string too short")),
        Some(_) if groups.len() == 8 => {
            return Err(Problem::of("the :: must expand to at least one field of zeros"));
        }
        Some(gap) => {
            let missing = 8 - groups.len();
            groups.splice(gap..gap, std::iter::repeat_n(0, missing));
        }
        None => {}
    }
    let mut segments = [0_u16; 8];
    segments.copy_from_slice(&groups);
    Ok((segments.into(), zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> String {
        match parse_address(text) {
            Ok((address, _)) => address.to_string(),
            Err(problem) => problem,
        }
    }

    #[test]
    fn addresses_are_parsed_like_go() {
        assert_eq!(reads("192.168.0.1"), "192.168.0.1");
        assert_eq!(reads("2001:DB8:0:0::1"), "2001:db8::1");
        assert_eq!(reads("::"), "::");
        assert_eq!(reads("1::"), "1::");
        assert_eq!(reads("::1.2.3.4"), "::102:304");
        let problem = "ParseAddr(\"1.2.3\"): IPv4 address too short";
        assert_eq!(reads("1.2.3"), problem);
        let problem = "ParseAddr(\"1:2\"): address string too short";
        assert_eq!(reads("1:2"), problem);
        let problem = "ParseAddr(\"1::2::3\"): multiple :: in address (at \":3\")";
        assert_eq!(reads("1::2::3"), problem);
        let problem = "ParseAddr(\"1.2..3\"): IPv4 field must have at least one digit (at \".3\")";
        assert_eq!(reads("1.2..3"), problem);
    }
}
