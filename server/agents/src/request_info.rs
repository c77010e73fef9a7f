//! What a call to the Kubernetes API asks for: verb, group, resource, namespace, as the API server itself reads its path
//! (`RequestInfoFactory` in k8s.io/apiserver). What the two could read differently is refused.

use http::Method;

/// A call, as rules speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    /// The verb, as in RBAC.
    pub verb: &'static str,
    /// What it is about.
    pub target: Target,
}

/// What a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Which kinds there are, their schemas, or the version.
    Discovery,
    /// Objects.
    Resource {
        /// The API group; empty for the core group.
        group: String,
        /// The resource, in the plural, with its subresource: `databases/status`.
        resource: String,
        /// The namespace; `None`: in no namespace, or in all.
        namespace: Option<String>,
    },
}

/// Why a call is refused, whatever the rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// A method that the API does not have.
    #[error("this method is never let through")]
    Method,
    /// A path that is not written plainly.
    #[error("its path is not written as the API writes it")]
    Path,
    /// A path that is not an object's.
    #[error("its path is not one of the API's objects")]
    NotAnObject,
    /// A subresource that opens a connection to a program.
    #[error("connections to programs (exec, attach, portforward, proxy) are never let through")]
    Connection,
}

/// Subresources that are connections to programs.
const CONNECTIONS: [&str; 4] = ["exec", "attach", "portforward", "proxy"];

/// Longest path with query.
const MAX_PATH_BYTES: usize = 8 << 10;

/// Reads a call. `path_and_query` is what goes over the wire.
///
/// # Errors
/// Why it is refused whatever the rules say.
pub(crate) fn request_info(method: &Method, path_and_query: &str) -> Result<RequestInfo, Refused> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    // A semicolon separates parameters for some programs, and for others does not.
    if path_and_query.len() > MAX_PATH_BYTES || query.contains([';', '#']) {
        return Err(Refused::Path);
    }
    let segments = segments(path)?;
    let verb = verb(method)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, rest) = match segments.as_slice() {
        ["version" | "healthz" | "livez" | "readyz" | "api" | "apis"] | ["openapi", ..] => {
            return discovery(verb);
        }
        ["api", "v1"] | ["apis", _] | ["apis", _, _] => return discovery(verb),
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return Err(Refused::NotAnObject),
    };
    let (namespace, resource, name, below) = match rest {
        // Nothing, and old forms, whose verb is in the path.
        [] | ["watch" | "proxy" | "redirect", ..] => return Err(Refused::NotAnObject),
        ["namespaces"] => (None, "namespaces", None, &[][..]),
        ["namespaces", name] => (Some(*name), "namespaces", Some(*name), &[][..]),
        ["namespaces", name, sub @ ("status" | "finalize")] => {
            return Ok(resource_info(
                verb,
                group,
                &format!("namespaces/{sub}"),
                Some(name),
            ));
        }
        ["namespaces", namespace, resource] => (Some(*namespace), *resource, None, &[][..]),
        ["namespaces", namespace, resource, name, below @ ..] => {
            (Some(*namespace), *resource, Some(*name), below)
        }
        [resource] => (None, *resource, None, &[][..]),
        [resource, name, below @ ..] => (None, *resource, Some(*name), below),
    };
    let resource = match below {
        [] => resource.to_owned(),
        [sub, ..] if CONNECTIONS.contains(sub) => return Err(Refused::Connection),
        [sub] => format!("{resource}/{sub}"),
        _ => return Err(Refused::NotAnObject),
    };
    let verb = match (verb, name) {
        ("get", None) if is_watch(query) => "watch",
        ("get", None) => "list",
        ("delete", None) => "deletecollection",
        (verb, _) => verb,
    };
    Ok(resource_info(verb, group, &resource, namespace))
}

fn resource_info(verb: &'static str, group: &str, resource: &str, namespace: Option<&str>) -> RequestInfo {
    RequestInfo {
        verb,
        target: Target::Resource {
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
        },
    }
}

fn discovery(verb: &'static str) -> Result<RequestInfo, Refused> {
    if verb == "get" {
        let target = Target::Discovery;
        return Ok(RequestInfo { verb, target });
    }
    Err(Refused::Method)
}

fn verb(method: &Method) -> Result<&'static str, Refused> {
    Ok(match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => return Err(Refused::Method),
    })
}

/// The segments of a path, decoded once, as Go does. Refused is every path that somebody could read differently: empty
/// segments, dots, and escaped characters that separate.
fn segments(path: &str) -> Result<Vec<String>, Refused> {
    let path = path.strip_prefix('/').ok_or(Refused::Path)?;
    path.split('/').map(segment).collect()
}

fn segment(text: &str) -> Result<String, Refused> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2).ok_or(Refused::Path)?;
            let mut decoded = [0];
            hex::decode_to_slice(digits, &mut decoded).map_err(|_| Refused::Path)?;
            bytes.extend(decoded);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    // Names of objects are plainer than this: only those of RBAC have colons, and some resources their own characters.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:@+=,".contains(byte);
    if bytes.is_empty() || bytes == b"." || bytes == b".." || !bytes.iter().all(plain) {
        return Err(Refused::Path);
    }
    String::from_utf8(bytes).map_err(|_| Refused::Path)
}

/// True if a list is a watch: as Kubernetes reads the first value of a boolean parameter, everything but `false` and `0`
/// is true. One that occurs twice is a watch if any value is.
fn is_watch(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == "watch" && !value.eq_ignore_ascii_case("false") && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, path: &str) -> Result<String, Refused> {
        let info = request_info(&Method::from_bytes(method.as_bytes()).unwrap(), path)?;
        Ok(match info.target {
            Target::Discovery => format!("{} discovery", info.verb),
            Target::Resource {
                group,
                resource,
                namespace,
            } => format!(
                "{} {group}|{resource}|{}",
                info.verb,
                namespace.unwrap_or_default()
            ),
        })
    }

    #[test]
    fn calls_are_read_as_the_api_server_reads_them() {
        for (method, path, expected) in [
            ("GET", "/version", "get discovery"),
            ("GET", "/apis/example.org/v1", "get discovery"),
            ("GET", "/openapi/v3/apis/example.org/v1", "get discovery"),
            ("GET", "/api/v1/namespaces/a/pods", "list |pods|a"),
            ("GET", "/api/v1/namespaces/a/pods/b", "get |pods|a"),
            ("HEAD", "/api/v1/namespaces/a/pods/b", "get |pods|a"),
            ("GET", "/api/v1/pods?limit=5&watch=true", "watch |pods|"),
            ("GET", "/api/v1/pods?watch=1", "watch |pods|"),
            ("GET", "/api/v1/pods?watch", "watch |pods|"),
            ("GET", "/api/v1/pods?watch=yes", "watch |pods|"),
            ("GET", "/api/v1/pods?%77atch=true", "watch |pods|"),
            ("GET", "/api/v1/pods?watch=false&watch=true", "watch |pods|"),
            ("GET", "/api/v1/pods?watch=FALSE", "list |pods|"),
            (
                "POST",
                "/apis/example.org/v1/namespaces/a/databases",
                "create example.org|databases|a",
            ),
            (
                "PUT",
                "/apis/example.org/v1/namespaces/a/databases/b/status",
                "update example.org|databases/status|a",
            ),
            (
                "PATCH",
                "/apis/example.org/v1/databases/b",
                "patch example.org|databases|",
            ),
            ("DELETE", "/api/v1/namespaces/a/pods/b", "delete |pods|a"),
            ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection |pods|a"),
            ("GET", "/api/v1/namespaces", "list |namespaces|"),
            ("GET", "/api/v1/namespaces/a", "get |namespaces|a"),
            ("DELETE", "/api/v1/namespaces/a", "delete |namespaces|a"),
            (
                "PUT",
                "/api/v1/namespaces/a/finalize",
                "update |namespaces/finalize|a",
            ),
            (
                "GET",
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
                "get rbac.authorization.k8s.io|clusterroles|",
            ),
        ] {
            assert_eq!(read(method, path).as_deref(), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn what_could_be_read_differently_is_refused() {
        for path in [
            "",
            "*",
            "api/v1/pods",
            "http://elsewhere/api/v1/pods",
            "//api/v1/pods",
            "/api/v1//pods",
            "/api/v1/pods/",
            "/api/v1/namespaces/a/../b/secrets",
            "/api/v1/namespaces/a/./pods",
            "/api/v1/namespaces/a/%2e%2e/secrets",
            "/api/v1/namespaces/a/%2E/secrets",
            "/api/v1/namespaces/a%2fsecrets",
            "/api/v1/namespaces/a/pods/b%2F..%2Fc",
            "/api/v1/namespaces/a/pods/b%5Cc",
            "/api/v1/namespaces/a/pods/b%00",
            "/api/v1/namespaces/a/pods/b%",
            "/api/v1/namespaces/a/pods/b%zz",
            "/api/v1/namespaces/a/pods/b%252e",
            "/api/v1/namespaces/a/pods/b%c3%a4",
            "/api/v1/namespaces/a/pods;x=1/b",
            "/api/v1/pods?limit=1;watch=true",
        ] {
            assert_eq!(read("GET", path), Err(Refused::Path), "{path}");
        }
        let long = format!("/api/v1/pods?continue={}", "x".repeat(MAX_PATH_BYTES));
        assert_eq!(read("GET", &long), Err(Refused::Path));
    }

    #[test]
    fn programs_and_odd_methods_are_never_reached() {
        for path in [
            "/api/v1/namespaces/a/pods/b/exec",
            "/api/v1/namespaces/a/pods/b/%65xec?command=sh",
            "/api/v1/namespaces/a/pods/b/attach",
            "/api/v1/namespaces/a/pods/b/portforward",
            "/api/v1/namespaces/a/services/b/proxy",
            "/api/v1/namespaces/a/services/b/proxy/metrics",
            "/api/v1/nodes/n/proxy/exec",
        ] {
            assert_eq!(read("POST", path), Err(Refused::Connection), "{path}");
        }
        for method in ["CONNECT", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            assert_eq!(read(method, "/api/v1/pods"), Err(Refused::Method), "{method}");
        }
        assert_eq!(read("POST", "/version"), Err(Refused::Method));
        for path in [
            "/",
            "/api/v2/pods",
            "/metrics",
            "/logs/x",
            "/debug/pprof",
            "/api/v1/watch/pods",
            "/api/v1/proxy/nodes/n",
            "/apis/g/v1/namespaces/a/things/b/sub/below",
        ] {
            let refused = read("GET", path);
            assert!(
                matches!(refused, Err(Refused::NotAnObject | Refused::Path)),
                "{path}: {refused:?}"
            );
        }
    }
}
