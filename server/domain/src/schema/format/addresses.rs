//! URLs and e-mail addresses.

use std::net::IpAddr;

/// Go's `url.ParseRequestURI`: an absolute URL or an absolute path.
pub(super) fn is_request_uri(text: &str) -> bool {
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
