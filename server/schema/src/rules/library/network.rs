//! IP addresses and networks (`library.IP`, `library.CIDR`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};

use super::conversions::STRING;
use super::overload::{failed, value_type};
use crate::go_format::quote;
use crate::net::address::parse_address;

/// An address without a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ip(IpAddr);

/// An address with a prefix length.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    length: u8,
}

value_type!(Ip, "net.IP");
value_type!(Cidr, "net.CIDR");

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(Ip::cel_type().to_owned())?;
    env.add_type(Cidr::cel_type().to_owned())?;
    cel::add_overload!(env, fn ip: (CelString) -> Result<Ip>)?;
    cel::add_overload!(env, fn is_ip: (CelString) -> CelBool, name = "isIP")?;
    cel::add_overload!(env, fn is_canonical: (CelString) -> Result<CelBool>, name = "ip.isCanonical")?;
    cel::add_overload!(env, fn ip_text: (Ip) -> CelString, name = STRING)?;
    cel::add_member_overload!(env, fn family: (Ip) -> CelInt)?;
    cel::add_member_overload!(env, fn is_unspecified: (Ip) -> CelBool)?;
    cel::add_member_overload!(env, fn is_loopback: (Ip) -> CelBool)?;
    cel::add_member_overload!(env, fn is_link_local_multicast: (Ip) -> CelBool)?;
    cel::add_member_overload!(env, fn is_link_local_unicast: (Ip) -> CelBool)?;
    cel::add_member_overload!(env, fn is_global_unicast: (Ip) -> CelBool)?;
    cel::add_overload!(env, fn cidr: (CelString) -> Result<Cidr>)?;
    cel::add_overload!(env, fn is_cidr: (CelString) -> CelBool, name = "isCIDR")?;
    cel::add_overload!(env, fn cidr_text: (Cidr) -> CelString, name = STRING)?;
    cel::add_member_overload!(env, fn address: (Cidr) -> Ip, name = "ip")?;
    cel::add_member_overload!(env, fn prefix_length: (Cidr) -> CelInt)?;
    cel::add_member_overload!(env, fn masked: (Cidr) -> Cidr)?;
    cel::add_member_overload!(env, fn contains_ip: (Cidr, Ip) -> CelBool, name = "containsIP")?;
    cel::add_member_overload!(env, fn contains_ip_text: (Cidr, CelString) -> Result<CelBool>, name = "containsIP")?;
    cel::add_member_overload!(env, fn contains_cidr: (Cidr, Cidr) -> CelBool, name = "containsCIDR")?;
    cel::add_member_overload!(env, fn contains_cidr_text: (Cidr, CelString) -> Result<CelBool>, name = "containsCIDR")
}

fn ip(text: &CelString<'_>) -> Result<Ip, ExecutionError> {
    address_of(text.inner()).map(Ip).map_err(failed)
}

fn is_ip(text: &CelString<'_>) -> CelBool {
    address_of(text.inner()).is_ok().into()
}

fn is_canonical(text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let address = address_of(text.inner()).map_err(failed)?;
    Ok((address.to_string() == text.inner()).into())
}

fn ip_text(ip: &Ip) -> CelString<'static> {
    ip.0.to_string().into()
}

fn family(ip: &Ip) -> CelInt {
    CelInt::from(if ip.0.is_ipv4() { 4 } else { 6 })
}

fn is_unspecified(ip: &Ip) -> CelBool {
    ip.0.is_unspecified().into()
}

fn is_loopback(ip: &Ip) -> CelBool {
    ip.0.is_loopback().into()
}

fn is_link_local_multicast(ip: &Ip) -> CelBool {
    let found = match ip.0 {
        IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
        IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
    };
    found.into()
}

fn is_link_local_unicast(ip: &Ip) -> CelBool {
    local_unicast(ip.0).into()
}

fn local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_global_unicast(ip: &Ip) -> CelBool {
    let address = ip.0;
    let excepted = address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || local_unicast(address)
        || address == IpAddr::V4(Ipv4Addr::BROADCAST);
    (!excepted).into()
}

fn cidr(text: &CelString<'_>) -> Result<Cidr, ExecutionError> {
    network_of(text.inner()).map_err(|problem| {
        failed(format!(
            "network address parse error during conversion from string: {problem}"
        ))
    })
}

fn is_cidr(text: &CelString<'_>) -> CelBool {
    network_of(text.inner()).is_ok().into()
}

fn cidr_text(cidr: &Cidr) -> CelString<'static> {
    format!("{}/{}", cidr.address, cidr.length).into()
}

fn address(cidr: &Cidr) -> Ip {
    Ip(cidr.address)
}

fn prefix_length(cidr: &Cidr) -> CelInt {
    CelInt::from(i64::from(cidr.length))
}

fn masked(cidr: &Cidr) -> Cidr {
    Cidr {
        address: network(cidr.address, cidr.length),
        length: cidr.length,
    }
}

fn contains_ip(cidr: &Cidr, ip: &Ip) -> CelBool {
    let same = cidr.address.is_ipv4() == ip.0.is_ipv4();
    (same && network(cidr.address, cidr.length) == network(ip.0, cidr.length)).into()
}

/// Go passes the parse error on as an operand, for which there is no overload.
fn contains_ip_text(cidr: &Cidr, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let address = address_of(text.inner()).map_err(|_| failed("no such overload"))?;
    Ok(contains_ip(cidr, &Ip(address)))
}

fn contains_cidr(cidr: &Cidr, other: &Cidr) -> CelBool {
    let same = cidr.address.is_ipv4() == other.address.is_ipv4();
    let within = cidr.length <= other.length
        && network(cidr.address, cidr.length) == network(other.address, cidr.length);
    (same && within).into()
}

fn contains_cidr_text(this: &Cidr, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(contains_cidr(this, &cidr(text)?))
}

fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// `parseIPAddr`
fn address_of(text: &str) -> Result<IpAddr, String> {
    let (address, zone) = parse_address(text).map_err(|problem| {
        format!(
            "IP Address {} parse error during conversion from string: {problem}",
            quote(text)
        )
    })?;
    if zone {
        return Err(format!(
            "IP address {} with zone value is not allowed",
            quote(text)
        ));
    }
    if is_mapped(address) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)));
    }
    Ok(address)
}

/// `parseCIDR`
fn network_of(text: &str) -> Result<Cidr, String> {
    let cidr = parse_prefix(text).map_err(|problem| {
        let reason = format!("netip.ParsePrefix({}): {problem}", quote(text));
        format!("network address parse error during conversion from string: {reason}")
    })?;
    if is_mapped(cidr.address) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)));
    }
    Ok(cidr)
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
}

/// `netip.ParsePrefix`
fn parse_prefix(text: &str) -> Result<Cidr, String> {
    let Some((address, bits)) = text.rsplit_once('/') else {
        return Err("no '/'".to_owned());
    };
    let (address, zone) = parse_address(address)?;
    if zone {
        return Err("IPv6 zones cannot be present in a prefix".to_owned());
    }
    let bad = || format!("bad bits after slash: {}", quote(bits));
    if bits.len() > 1 && !matches!(bits.as_bytes()[0], b'1'..=b'9') {
        return Err(bad());
    }
    let length: i64 = bits.parse().map_err(|_| bad())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match u8::try_from(length) {
        Ok(length) if length <= most => Ok(Cidr { address, length }),
        _ => Err("prefix length out of range".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_the_addresses_with_its_prefix() {
        assert_eq!(network("10.1.2.3".parse().unwrap(), 8).to_string(), "10.0.0.0");
        assert_eq!(network("10.1.2.3".parse().unwrap(), 0).to_string(), "0.0.0.0");
        assert_eq!(
            network("2001:db8::1".parse().unwrap(), 32).to_string(),
            "2001:db8::"
        );
    }
}
