//! E-mail addresses.

use std::net::IpAddr;

/// Go's `mail.ParseAddress`: an address, or a name with an address in angle brackets.
pub(super) fn is_email(text: &str) -> bool {
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
