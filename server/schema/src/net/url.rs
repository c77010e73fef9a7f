//! URLs, parsed like Go's `net/url`.

use std::collections::HashMap;

use super::address::parse_address;
use crate::go_format::quote;

/// Go's limit on the number of query parameters.
const MAX_QUERY_PARAMETERS: usize = 10_000;

/// A parsed URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) opaque: String,
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    /// As written, still escaped.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) has_empty_query: bool,
    pub(crate) fragment: String,
}

impl Url {
    /// Go's `url.Parse`: like [`parse_request`], and a fragment.
    ///
    /// # Errors
    /// Go's error message.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse_request(text)?;
        let (bare, fragment) = text.split_once('#').unwrap_or((text, ""));
        let described = |problem: String| format!("parse {}: {problem}", quote(bare));
        let mut url = parse(bare, false).map_err(described)?;
        unescape(fragment, UrlPart::Path).map_err(described)?;
        fragment.clone_into(&mut url.fragment);
        Ok(url)
    }

    /// The path, escaped where necessary.
    pub(crate) fn escaped_path(&self) -> String {
        if self.path == "*" || is_escaped(&self.path) {
            return self.path.clone();
        }
        // Parsing has checked the escapes.
        escape(&unescape(&self.path, UrlPart::Path).unwrap_or_default())
    }

    /// The query parameters. Malformed ones are skipped.
    pub(crate) fn parameters(&self) -> HashMap<String, Vec<String>> {
        let mut parameters: HashMap<String, Vec<String>> = HashMap::new();
        if self.query.matches('&').count() >= MAX_QUERY_PARAMETERS {
            return parameters;
        }
        let read =
            |text| unescape(text, UrlPart::Query).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let parts = self.query.split('&');
        for part in parts.filter(|part| !part.is_empty() && !part.contains(';')) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if let (Ok(key), Ok(value)) = (read(key), read(value)) {
                parameters.entry(key).or_default().push(value);
            }
        }
        parameters
    }

    /// Host and port; the port is empty if there is none.
    pub(crate) fn host_and_port(&self) -> (&str, &str) {
        match self.host.rfind(':') {
            Some(colon) if is_port(&self.host[colon..]) => (&self.host[..colon], &self.host[colon + 1..]),
            _ => (&self.host, ""),
        }
    }
}

/// `url.ParseRequestURI`
///
/// # Errors
/// Go's error message.
pub(crate) fn parse_request(text: &str) -> Result<Url, String> {
    parse(text, true).map_err(|problem| format!("parse {}: {problem}", quote(text)))
}

/// Go's `parse`.
fn parse(text: &str, is_request: bool) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() && is_request {
        return Err("empty url".to_owned());
    }
    let mut url = Url::default();
    if text == "*" {
        "*".clone_into(&mut url.path);
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let rest = match rest.split_once('?') {
        Some((rest, "")) => {
            url.has_empty_query = true;
            rest
        }
        Some((rest, query)) => {
            query.clone_into(&mut url.query);
            rest
        }
        None => rest,
    };
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if is_request {
            return Err("invalid URI for request".to_owned());
        }
        if rest
            .split('/')
            .next()
            .is_some_and(|segment| segment.contains(':'))
        {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if (!url.scheme.is_empty() || !is_request && !rest.starts_with("///"))
        && let Some(after) = rest.strip_prefix("//")
    {
        let (authority, below) = after.split_at(after.find('/').unwrap_or(after.len()));
        path = below;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        url.host = host_of(&url.scheme, host)?;
        if let Some(user) = user {
            if !user
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c))
            {
                return Err("net/url: invalid userinfo".to_owned());
            }
            unescape(user, UrlPart::Path)?;
            url.user = Some(user.to_owned());
        }
    }
    unescape(path, UrlPart::Path)?;
    path.clone_into(&mut url.path);
    Ok(url)
}

/// The scheme (empty if there is none) and the rest.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Go's `parseHost`.
fn host_of(scheme: &str, host: &str) -> Result<String, String> {
    let port_or_error = |port: &str| {
        if is_port(port) {
            Ok(())
        } else {
            Err(format!("invalid port {} after host", quote(port)))
        }
    };
    match host.rfind('[') {
        Some(0) => {
            let end = host.rfind(']').ok_or("missing ']' in host")?;
            let port = &host[end + 1..];
            port_or_error(port)?;
            let name = &host[1..end];
            let (name, zone) = name.split_at(name.find("%25").unwrap_or(name.len()));
            let mut plain = unescape(name, UrlPart::Host)?;
            plain.extend(unescape(zone, UrlPart::Zone)?);
            let plain = String::from_utf8_lossy(&plain).into_owned();
            let (address, _) = parse_address(&plain).map_err(|problem| format!("invalid host: {problem}"))?;
            if address.is_ipv4() {
                return Err("invalid IP-literal".to_owned());
            }
            Ok(format!("[{plain}]{port}"))
        }
        Some(_) => Err("invalid IP-literal".to_owned()),
        None => {
            // For http and https the first colon starts the port.
            let colon = match scheme {
                "http" | "https" => host.find(':'),
                _ => host.rfind(':'),
            };
            port_or_error(colon.map_or("", |colon| &host[colon..]))?;
            let plain = unescape(host, UrlPart::Host)?;
            Ok(String::from_utf8_lossy(&plain).into_owned())
        }
    }
}

/// True for the empty string, and for a colon followed by any number of digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The part of a URL that a string is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UrlPart {
    Host,
    Zone,
    Path,
    Query,
}

/// Go's `unescape`.
fn unescape(text: &str, place: UrlPart) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let shown = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 3)]);
                let invalid = || Err(format!("invalid URL escape {}", quote(&shown)));
                let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
                    return invalid();
                };
                let value = u8::try_from(high << 4 | low).unwrap_or_default();
                let is_percent = value == b'%';
                if place == UrlPart::Host && high < 8 && !is_percent {
                    return invalid();
                }
                if place == UrlPart::Zone && !is_percent && value != b' ' && !is_of_host(value) {
                    return invalid();
                }
                plain.push(value);
                at += 3;
                continue;
            }
            b'+' if place == UrlPart::Query => plain.push(b' '),
            _ if matches!(place, UrlPart::Host | UrlPart::Zone) && byte < 0x80 && !is_of_host(byte) => {
                return Err(format!(
                    "invalid character {} in host name",
                    quote(&char::from(byte).to_string())
                ));
            }
            _ => plain.push(byte),
        }
        at += 1;
    }
    Ok(plain)
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)
}

/// Go's `validEncoded`.
fn is_escaped(path: &str) -> bool {
    path.bytes()
        .all(|byte| is_of_path(byte) || b"!'()*[]%".contains(&byte))
}

fn escape(plain: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(plain.len());
    for &byte in plain {
        if is_of_path(byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse_request(text).unwrap_err()
    }

    #[test]
    fn errors_are_those_of_go() {
        assert_eq!(problem(""), "parse \"\": empty url");
        assert_eq!(problem("x"), "parse \"x\": invalid URI for request");
        assert_eq!(problem(":80"), "parse \":80\": missing protocol scheme");
        let words = "parse \"http://x:y/\": invalid port \":y\" after host";
        assert_eq!(problem("http://x:y/"), words);
        let words = "parse \"http://x/%zz\": invalid URL escape \"%zz\"";
        assert_eq!(problem("http://x/%zz"), words);
    }

    #[test]
    fn hosts_keep_their_case_and_port() {
        let read = parse("https://User:pw@Example.com:8080/a%20b?x=1", true).unwrap();
        assert_eq!(read.host, "Example.com:8080");
        assert_eq!(read.host_and_port(), ("Example.com", "8080"));
        assert_eq!(parse("http://[::1]/", true).unwrap().host, "[::1]");
    }
}
