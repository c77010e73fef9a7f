//! Host names, IP and MAC addresses.

use std::net::{IpAddr, Ipv6Addr};

use super::HOSTNAME;

pub(super) fn is_hostname(text: &str) -> bool {
    HOSTNAME.is_match(text) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
}

/// Go's `netutils.ParseIPSloppy`: an IP address, with leading zeros allowed.
pub(super) fn sloppy_ip(text: &str) -> Option<IpAddr> {
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

pub(super) fn is_cidr(text: &str) -> bool {
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

/// Go's `net.ParseMAC`: 6, 8 or 20 bytes, separated by colons, dashes or (in pairs) dots.
pub(super) fn is_mac(text: &str) -> bool {
    let (separator, digits) = match text.as_bytes() {
        [_, _, b':', ..] => (':', 2),
        [_, _, b'-', ..] => ('-', 2),
        [_, _, _, _, b'.', ..] => ('.', 4),
        digits => {
            return matches!(digits.len(), 12 | 16 | 40) && digits.iter().all(u8::is_ascii_hexdigit);
        }
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let bytes = groups.len() * digits / 2;
    matches!(bytes, 6 | 8 | 20)
        && groups
            .iter()
            .all(|group| group.len() == digits && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
